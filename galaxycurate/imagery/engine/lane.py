"""The way to one provider: its own connections, pace, patience, breaker and workers.

A worker takes a cutout, asks for it and hands on what came; nothing that waits (a retry, a check)
holds a worker, but a refusal does: while the server wants no requests there is nothing to do.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from galaxycurate.core.outcome import Reason, Status
from galaxycurate.errors import Unreachable
from galaxycurate.imagery.check import Checked
from galaxycurate.imagery.engine.breaker import Breaker
from galaxycurate.imagery.engine.gate import Closed, Gate
from galaxycurate.imagery.engine.item import Item
from galaxycurate.imagery.engine.waiting import Waiting
from galaxycurate.imagery.engine.wire import Garbled, Reply, Silence, Wire
from galaxycurate.imagery.job import LaneState, Limits, Settled
from galaxycurate.imagery.pace.pace import Pace
from galaxycurate.imagery.providers.provider import Answer, Judgement, Next, Provider

LONGEST_BACKOFF_S = 30.0

_NO_ANSWER = (Reason.TRUNCATED, Reason.NOT_IMAGE, Reason.ERROR_TILE)
"""Bodies that tell of the server and not of the sky: asked for again, now and by later runs."""


class Hall(Protocol):
    """What a lane needs of the engine that it is part of."""

    stopped: bool

    def draw(self, lane: Lane) -> Item | None:
        """A new item for this lane, None while there is none."""

    @property
    def check(self) -> Callable[[Lane, Item, Answer], Awaitable[None]]:
        """Look at what came; `Lane.judge` hears of it."""

    def ended(self, lane: Lane, item: Item, how: Settled) -> None:
        """The lane is done with an item."""

    def given_up(self, lane: Lane, item: Item) -> None:
        """The lane closed before it was done with an item."""

    def over(self) -> bool:
        """Nothing more will come."""


class Lane:
    """One provider at work.

    Parameters
    ----------
    provider : Provider
    pace : Pace
        May be known from an earlier run, or shared.
    limits : Limits
    hall : Hall
    """

    def __init__(self, provider: Provider, pace: Pace, limits: Limits, hall: Hall):
        self.provider, self.pace, self.limits, self.hall = provider, pace, limits, hall
        self.breaker = Breaker(provider.server, limits.concurrency)
        self.gate = Gate(
            pace,
            limits,
            is_closed=self._is_closed,
            heard=self.breaker.heard,
            silence=partial(self._guard, self.breaker.silence),
            gone=partial(self._guard, self.breaker.gone),
            garbled=partial(self._guard, self.breaker.bad, "not HTTP"),
            pause=partial(self._guard, self.breaker.pause),
        )
        self.down: Unreachable | None = None
        self.idle = Waiting()
        self._ready: deque[Item] = deque()
        self._delayed: dict[Item, asyncio.TimerHandle] = {}

    async def run(self, wire: Wire) -> None:
        """Be one of the lane's workers until nothing more can come."""
        while (item := await self._next()) is not None:
            await self._attempt(item, wire)

    def put(self, item: Item) -> None:
        """Take over an item that another lane could not settle, or one that is due again."""
        self._ready.append(item)
        self.idle.call()

    def judge(self, item: Item, answer: Answer, checked: Checked | None = None) -> None:
        """Decide what becomes of an item of which all is known: again, or this lane's end of it."""
        judgement = answer.judgement
        if judgement.next is Next.CHECK:
            judgement = _judge_picture(checked, answer.reply)
        self._tell_breaker(answer.reply.status, judgement)
        if judgement.next is Next.RETRY and item.attempts <= self.limits.retries:
            return self._delay(item)
        return self.hall.ended(self, item, self._end(item, answer, judgement, checked))

    def wake(self) -> None:
        """Let everybody look again whether there is work, or an end."""
        self.idle.call_all()
        self.gate.wake()

    def state(self) -> LaneState:
        """For progress."""
        pace, learned = self.pace, self.pace.learned()
        return LaneState(
            provider=self.provider.name,
            server=self.provider.server,
            rate=pace.rate,
            window=pace.window,
            in_flight=pace.in_flight,
            paused_s=max(pace.pause_left(), self.gate.outage.left_s()),
            served=pace.n_served,
            refused=pace.n_refused,
            rate_found=learned.rate,
            window_found=learned.window,
            down=str(self.down or ""),
        )

    def gave_up(self, item: Item) -> Settled:
        """This lane's end of an item that it could not finish, because it is closed."""
        said = Judgement(Next.SETTLE, reason=Reason.UNREACHABLE, detail=str(self.down or ""))
        return self._end(item, Answer(said, "", Reply(0, "", {})), said, None)

    # ---- whose turn it is

    async def _next(self) -> Item | None:
        while not self._is_closed():
            item = self._ready.popleft() if self._ready else self.hall.draw(self)
            if item is not None:
                return item
            if self.hall.over():
                return None
            await self.idle.wait()
        return None

    def _is_closed(self) -> bool:
        return self.down is not None or self.hall.stopped

    # ---- one attempt

    async def _attempt(self, item: Item, wire: Wire) -> None:
        item.attempts += 1
        item.took_s = 0.0
        try:
            answer = await self.provider.bring(item.job, partial(self.gate.ask, wire, item))
        except Closed:
            item.attempts -= 1
            return self.hall.given_up(self, item)
        except Garbled as how:
            said = Judgement(Next.RETRY, reason=Reason.NOT_IMAGE, detail=str(how))
            return self.judge(item, Answer(said, "", Reply(0, "", {})))
        except Silence as how:
            said = Judgement(Next.RETRY, reason=Reason.UNREACHABLE, detail=str(how))
            return self.judge(item, Answer(said, "", Reply(0, "", {})))
        if answer.judgement.next is Next.CHECK and not answer.reply.cut:
            return await self.hall.check(self, item, answer)
        return self.judge(item, answer)

    # ---- what becomes of it

    def _tell_breaker(self, status: int, judgement: Judgement) -> None:
        if not status or judgement.next is Next.WAIT:
            return  # silences and refusals were counted as they came
        is_about_sky = judgement.status is Status.OK or judgement.status is Status.REJECTED
        if is_about_sky and judgement.reason is not Reason.REFUSED:
            self.breaker.good()
        else:
            self._guard(self.breaker.bad, f"{status} {judgement.reason}", judgement.detail)

    def _guard(self, tell: Callable, *what: object, **more: object) -> None:
        try:
            tell(*what, **more)
        except Unreachable as error:
            self._close(error)

    def _close(self, error: Unreachable) -> None:
        """Ask nothing more; what waits here is for the next lane."""
        if self.down is not None:
            return
        self.down = error
        waiting = [*self._ready, *self._delayed]
        for timer in self._delayed.values():
            timer.cancel()
        self._ready.clear()
        self._delayed.clear()
        for item in waiting:
            self.hall.given_up(self, item)
        self.wake()

    def _delay(self, item: Item) -> None:
        """Let it wait; random over the whole span, so that what failed together is not repeated
        together. The span begins with the attempt: who was waited for long has waited.
        """
        if self._is_closed():
            return self.hall.given_up(self, item)
        scale = min(LONGEST_BACKOFF_S, self.limits.backoff_s * 2 ** (item.attempts - 1))
        seconds = max(0.0, random.uniform(0.0, scale) - item.took_s)
        self._delayed[item] = asyncio.get_running_loop().call_later(seconds, self._due, item)
        return None

    def _due(self, item: Item) -> None:
        del self._delayed[item]
        self.put(item)

    def _end(
        self, item: Item, answer: Answer, judgement: Judgement, checked: Checked | None
    ) -> Settled:
        is_kept, reply, provider = judgement.status is Status.OK, answer.reply, self.provider
        return Settled(
            job=item.job,
            status=judgement.status,
            reason=judgement.reason,
            detail=judgement.detail,
            sha256=checked.sha256 if checked and is_kept else "",
            n_bytes=checked.n_bytes if checked and is_kept else 0,
            http=reply.status,
            etag=reply.headers.get("ETag", ""),
            attempts=item.attempts,
            provider=provider.name,
            request=provider.request(item.job),
            origin=provider.origin(reply.headers.get("Server", "")),
            url=answer.url or provider.url(item.job),
            took_s=item.took_s,
        )


def _judge_picture(checked: Checked | None, reply: Reply) -> Judgement:
    """What a reply of 200 turned out to be; None was cut before anybody looked."""
    if checked is None:
        return Judgement(Next.RETRY, reason=Reason.TRUNCATED, detail=reply.cut)
    if checked.flaw is None:
        return _KEPT
    reason, detail = checked.flaw
    if reason in _NO_ANSWER:
        return Judgement(Next.RETRY, Status.FAILED, reason, detail)
    return Judgement(Next.SETTLE, Status.REJECTED, reason, detail)


_KEPT = Judgement(Next.SETTLE, Status.OK)
