"""One engine for all cutouts: a few workers, one pace, retries that hold no worker.

Memory does not grow with the number of jobs: they are drawn from an iterator one by one, and only
those that wait for a retry are kept. Checking and writing happen on a small pool of threads.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from galaxycurate.core.outcome import Reason, Status
from galaxycurate.imagery.breaker import Breaker
from galaxycurate.imagery.check import Checked
from galaxycurate.imagery.job import Job, LaneState, Limits, Settled, Sink
from galaxycurate.imagery.pace import Pace
from galaxycurate.imagery.providers.provider import Answer, Judgement, Next, Provider
from galaxycurate.imagery.wire import Reply, Silence, Wire

BEAT_S = 0.1
DRAIN_S = 5.0
"""After Ctrl-C, what is under way gets this long to finish."""

LONGEST_BACKOFF_S = 30.0
MAX_REFUSALS = 20
"""A cutout that was refused (429, 503) more often has failed."""

_NO_ANSWER = (Reason.TRUNCATED, Reason.NOT_IMAGE, Reason.ERROR_TILE)
"""Bodies that tell of the server and not of the sky: asked for again, now and by later runs."""


def fetch(jobs: Iterator[Job], providers: Sequence[Provider], sink: Sink, limits: Limits) -> None:
    """Get cutouts until each job is settled.

    Parameters
    ----------
    jobs : iterator of Job
        Drawn from as workers come free.
    providers : sequence of Provider
        In the order in which they are asked.
    sink : Sink
    limits : Limits

    Raises
    ------
    Unreachable
        Nobody answers, or every request fails in the same way; what was settled is in the sink.
    KeyboardInterrupt
        Ctrl-C: no new request was started, those under way were settled.
    GalaxyCurateError
        Whatever the sink raised.
    """
    engine = _Engine(jobs, providers[0], sink, limits)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(engine.run())
    else:
        _run_beside(engine)
    if engine.interrupted:
        raise KeyboardInterrupt


def _run_beside(engine: _Engine) -> None:
    """Run in another thread: a notebook has a loop of its own in this one."""
    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(asyncio.run, engine.run())
        try:
            running.result()
        except KeyboardInterrupt:
            engine.interrupt()
            running.result()


@dataclass(order=True)
class _Item:
    """A job under way, ordered by when it is due again."""

    due: float
    order: int
    job: Job = field(compare=False)
    attempts: int = field(default=0, compare=False)
    refusals: int = field(default=0, compare=False)


class _Engine:
    def __init__(self, jobs: Iterator[Job], provider: Provider, sink: Sink, limits: Limits):
        self.jobs, self.provider, self.sink, self.limits = jobs, provider, sink, limits
        self.pace = Pace(provider.courteous if limits.rate is None else limits.rate)
        self.breaker = Breaker(provider.server, limits.concurrency)
        self.delayed: list[_Item] = []
        self.order = itertools.count()
        self.live = 0
        self.interrupted = False
        self.drained_by = float("inf")

    async def run(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.stop = asyncio.Event()
        with ThreadPoolExecutor(self.limits.threads, "galaxycurate-check") as self.pool:
            async with Wire.open(self.provider.server, self.limits) as self.wire:
                with _on_interrupt(self.loop, self.interrupt):
                    await self._work()
        if not self.interrupted:
            self.breaker.ended()

    def interrupt(self) -> None:
        """Start nothing more; a second time: drop what is under way, too."""
        self.drained_by = 0.0 if self.interrupted else time.monotonic() + DRAIN_S
        self.interrupted = True
        self.loop.call_soon_threadsafe(self.stop.set)

    async def _work(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                workers = [
                    group.create_task(self._worker()) for _ in range(self.limits.concurrency)
                ]
                group.create_task(self._beat(workers))
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        self.sink.beat(self.lanes())

    async def _beat(self, workers: list[asyncio.Task]) -> None:
        while (await asyncio.wait(workers, timeout=BEAT_S))[1]:
            self.sink.beat(self.lanes())
            if time.monotonic() > self.drained_by:
                for worker in workers:
                    worker.cancel()

    async def _worker(self) -> None:
        while (item := await self._next()) is not None:
            try:
                await self._attempt(item)
            finally:
                self.live -= 1

    # ---- whose turn it is

    async def _next(self) -> _Item | None:
        """The next job when the pace allows it; None when all is settled or we stop."""
        while not self.stop.is_set():
            item = self._due()
            if item is not None:
                self.live += 1
                if await self._turn():
                    return item
                self.live -= 1
            elif not self.delayed and not self.live:
                return None
            else:
                await self._sleep(0.02)
        return None

    def _due(self) -> _Item | None:
        if self.delayed and self.delayed[0].due <= time.monotonic():
            return heapq.heappop(self.delayed)
        job = next(self.jobs, None)
        return None if job is None else _Item(0.0, next(self.order), job)

    async def _turn(self) -> bool:
        """Wait for a start; a pause that comes meanwhile costs the start. False when we stop."""
        while True:
            await self._sleep(self.pace.take())
            if self.stop.is_set():
                return False
            if not self.pace.pause_left():
                return True

    async def _sleep(self, seconds: float) -> None:
        if seconds > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), seconds)

    def lanes(self) -> list[LaneState]:
        return [LaneState(self.provider.name, self.provider.server, self.pace.rate, 0)]

    # ---- one attempt

    async def _attempt(self, item: _Item) -> None:
        item.attempts += 1
        try:
            answer = await self.provider.bring(item.job, self.wire.get)
        except Silence as how:
            self.breaker.silence(str(how))
            judgement = Judgement(Next.RETRY, reason=Reason.UNREACHABLE, detail=str(how))
            return self._follow(item, Answer(judgement, "", Reply(0, "", {})), judgement)
        reply, judgement = answer.reply, answer.judgement
        if judgement.next is Next.WAIT:
            return self._wait(item, answer, judgement)
        self.pace.served()
        checked = None
        if judgement.next is Next.CHECK:
            checked = await self._check_and_keep(item.job, answer)
            judgement = _judge_picture(checked, reply)
        self._note(reply, judgement)
        return self._follow(item, answer, judgement, checked)

    async def _check_and_keep(self, job: Job, answer: Answer) -> Checked | None:
        if answer.reply.cut:
            return None
        return await self.loop.run_in_executor(self.pool, self._checked, job, answer)

    def _checked(self, job: Job, answer: Answer) -> Checked:
        body, checked = self.provider.finish(job, answer)
        if checked.flaw is None:
            origin = self.provider.origin(answer.reply.headers.get("Server", ""))
            self.sink.keep(job, body, origin)
        else:
            self.sink.reject(job, body, checked.flaw[0])
        return checked

    def _note(self, reply: Reply, judgement: Judgement) -> None:
        is_about_sky = judgement.status is Status.OK or judgement.status is Status.REJECTED
        if is_about_sky and judgement.reason is not Reason.REFUSED:
            self.breaker.good()
        else:
            self.breaker.bad(f"{reply.status} {judgement.reason}", judgement.detail)

    def _wait(self, item: _Item, answer: Answer, judgement: Judgement) -> None:
        """A refusal is about us: it costs the cutout no attempt."""
        item.attempts -= 1
        item.refusals += 1
        wait_s = 4 * self.limits.backoff_s if judgement.wait_s is None else judgement.wait_s
        if self.pace.refused(wait_s):
            self.breaker.pause(wait_s, judgement.detail)
        if item.refusals > MAX_REFUSALS:
            return self._settle(item, answer, judgement)
        return self._delay(item, 0.0)

    def _follow(self, item: _Item, answer: Answer, judgement: Judgement, checked=None) -> None:
        if judgement.next is Next.RETRY and item.attempts <= self.limits.retries:
            scale = self.limits.backoff_s * 2**item.attempts
            return self._delay(item, random.uniform(0.0, min(LONGEST_BACKOFF_S, scale)))
        return self._settle(item, answer, judgement, checked)

    def _delay(self, item: _Item, seconds: float) -> None:
        item.due = time.monotonic() + seconds
        heapq.heappush(self.delayed, item)

    def _settle(self, item: _Item, answer: Answer, judgement: Judgement, checked=None) -> None:
        is_kept, reply = judgement.status is Status.OK, answer.reply
        self.sink.settle(
            Settled(
                job=item.job,
                status=judgement.status,
                reason=judgement.reason,
                detail=judgement.detail,
                sha256=checked.sha256 if is_kept else "",
                n_bytes=checked.n_bytes if is_kept else 0,
                http=reply.status,
                etag=reply.headers.get("ETag", ""),
                attempts=max(1, item.attempts),
                provider=self.provider.name,
                request=self.provider.request(item.job),
                origin=self.provider.origin(reply.headers.get("Server", "")),
                url=answer.url,
            )
        )


def _judge_picture(checked: Checked | None, reply: Reply) -> Judgement:
    """What a 200 with an image type turned out to be."""
    if checked is None:
        return Judgement(Next.RETRY, reason=Reason.TRUNCATED, detail=reply.cut)
    if checked.flaw is None:
        return Judgement(Next.SETTLE, Status.OK)
    reason, detail = checked.flaw
    if reason in _NO_ANSWER:
        return Judgement(Next.RETRY, Status.FAILED, reason, detail)
    return Judgement(Next.SETTLE, Status.REJECTED, reason, detail)


@contextmanager
def _on_interrupt(loop: asyncio.AbstractEventLoop, handler: Callable[[], None]):
    """Ctrl-C calls the handler; only the main thread hears it, and on Windows no event loop can."""
    heard = threading.current_thread() is threading.main_thread()
    with suppress(NotImplementedError):
        if heard:
            loop.add_signal_handler(signal.SIGINT, handler)
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            if heard:
                loop.remove_signal_handler(signal.SIGINT)
