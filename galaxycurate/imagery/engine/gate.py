"""Asking one server politely: each GET waits for its turn, and again when it is refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from galaxycurate.imagery.engine import outage
from galaxycurate.imagery.engine.item import Item
from galaxycurate.imagery.engine.outage import Outage
from galaxycurate.imagery.engine.patience import Patience
from galaxycurate.imagery.engine.waiting import Waiting
from galaxycurate.imagery.engine.wire import Garbled, Reply, Silence, Wire
from galaxycurate.imagery.job import Limits
from galaxycurate.imagery.pace.pace import Pace
from galaxycurate.imagery.providers.provider import REFUSALS, retry_after_s

MAX_REFUSALS = 20
"""A request that was refused more often has failed."""


class Closed(Silence):
    """Nothing was asked: the lane takes no more questions."""


class Gate:
    """The way through which a lane's requests leave.

    Parameters
    ----------
    pace : Pace
    limits : Limits
    is_closed : callable
        Whether no more may leave.
    heard, silence, gone, garbled, pause : callable
        Told that a whole reply came; how none came; how none has come for long; what came instead;
        how long the pause still is [s], in which words it was asked for, and whether it is a new
        one (``is_new``).
    """

    def __init__(
        self,
        pace: Pace,
        limits: Limits,
        *,
        is_closed: Callable[[], bool],
        heard: Callable[[], None],
        silence: Callable[[str], None],
        gone: Callable[[float, str], None],
        garbled: Callable[[str], None],
        pause: Callable[..., None],
    ):
        self.pace, self.limits, self.patience = pace, limits, Patience(limits.gap_s)
        self._is_closed, self._heard, self._pause = is_closed, heard, pause
        self._silence, self._gone, self._garbled = silence, gone, garbled
        self.outage = Outage(limits.concurrency)
        self._starts, self._room = Waiting(), Waiting()
        pace.on_room = self._freed

    def wake(self) -> None:
        """Let all that wait look again whether it is closed."""
        self._starts.call_all()
        self._room.call_all()

    async def ask(
        self, wire: Wire, item: Item, url: str, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """A polite GET (`providers.provider.Ask`); a refusal is about us and costs no attempt."""
        for _ in range(MAX_REFUSALS):
            reply = await self._get(wire, item, url, headers)
            if reply.status not in REFUSALS:
                break
        return reply

    async def _get(
        self, wire: Wire, item: Item, url: str, headers: Mapping[str, str] | None
    ) -> Reply:
        await self._turn()
        gap_s = self.patience.allowed(item.attempts, is_last=item.attempts > self.limits.retries)
        started = time.monotonic()
        try:
            reply = await wire.get(url, gap_s, headers)
        except Garbled as how:
            self._lost(item, started)
            self._garbled(str(how))
            raise
        except Silence as how:
            self._lost(item, started)
            if how.late and gap_s < self.limits.gap_s:
                self.patience.took(gap_s)  # at least: where all are late, that is usual now
            else:
                self._silent(item, str(how))
            raise
        except BaseException:
            self._lost(item, started)
            raise
        self._replied(reply, item, time.monotonic() - started)
        return reply

    def _silent(self, item: Item, how: str) -> None:
        """While a server is waited for, its silence costs a cutout no attempt."""
        if not self.outage.silence(item):
            self._silence(how)
        elif self.outage.lasted_s() > outage.PATIENCE_S:
            self._gone(self.outage.lasted_s(), how)
        else:
            item.attempts -= 1

    def _lost(self, item: Item, started: float) -> None:
        item.took_s += time.monotonic() - started
        self.pace.lost()
        self._freed()

    def _replied(self, reply: Reply, item: Item, took_s: float) -> None:
        item.took_s += took_s
        self.outage.heard()
        if reply.status in REFUSALS:
            self._refused(reply)
        elif reply.cut:
            self.pace.lost()
        else:
            self.pace.served(took_s)
            self.patience.took(took_s)
            self._heard()
        self._freed()

    def _refused(self, reply: Reply) -> None:
        wait_s = retry_after_s(reply.headers.get("Retry-After", ""))
        is_new = self.pace.refused(reply.status, wait_s)
        said = f"http {reply.status} {reply.phrase}".strip()
        self._pause(self.pace.pause_left(), said, is_new=is_new)

    async def _turn(self) -> None:
        """Wait for a start; a pause that comes meanwhile costs the start."""
        while not self._is_closed():
            if (left_s := self.outage.left_s()) > 0:
                await self._starts.wait(left_s)
                continue
            wait_s = self.pace.take()
            if wait_s is None:
                await self._room.wait()
                continue
            due = self.pace.due
            while wait_s > 0:  # again where a timer went off before the end of a pause
                await self._starts.wait(wait_s)
                wait_s = self.pace.pause_left() if self._may_go(due) else 0.0
            if self._may_go(due):
                return
            self.pace.withdraw(due)
            self._freed()
        raise Closed("nothing more is asked")

    def _may_go(self, due: float) -> bool:
        return self.pace.may(due) and not self._is_closed()

    def _freed(self) -> None:
        """There is room in the window."""
        self._room.call(max(1, self.pace.window - self.pace.in_flight))
