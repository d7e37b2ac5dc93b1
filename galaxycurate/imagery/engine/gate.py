"""Asking one server politely: each GET waits for its turn, and again when it is refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from galaxycurate.imagery.engine.item import Item
from galaxycurate.imagery.engine.patience import Patience
from galaxycurate.imagery.engine.waiting import Waiting
from galaxycurate.imagery.engine.wire import Reply, Silence, Wire
from galaxycurate.imagery.job import Limits
from galaxycurate.imagery.pace.pace import Pace
from galaxycurate.imagery.providers.provider import retry_after_s

MAX_REFUSALS = 20
"""A request that was refused (429, 503) more often has failed."""


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
    silence, pause : callable
        Told how no answer came; how long a pause [s] was asked for, and in which words.
    """

    def __init__(
        self,
        pace: Pace,
        limits: Limits,
        *,
        is_closed: Callable[[], bool],
        silence: Callable[[str], None],
        pause: Callable[[float, str], None],
    ):
        self.pace, self.limits, self.patience = pace, limits, Patience(limits.gap_s)
        self._is_closed, self._silence, self._pause = is_closed, silence, pause
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
            if reply.status not in (429, 503):
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
        except Silence as how:
            self._lost(item, started)
            if how.late and gap_s < self.limits.gap_s:
                self.patience.took(gap_s)  # at least: where all are late, that is usual now
            else:
                self._silence(str(how))
            raise
        except BaseException:
            self._lost(item, started)
            raise
        self._replied(reply, item, time.monotonic() - started)
        return reply

    def _lost(self, item: Item, started: float) -> None:
        item.took_s += time.monotonic() - started
        self.pace.lost()
        self._freed()

    def _replied(self, reply: Reply, item: Item, took_s: float) -> None:
        item.took_s += took_s
        if reply.status in (429, 503):
            wait_s = retry_after_s(reply.headers.get("Retry-After", ""))
            if self.pace.refused(reply.status, wait_s):
                said = f"http {reply.status} {reply.phrase}".strip()
                self._pause(wait_s or 0.0, said)
        elif reply.cut:
            self.pace.lost()
        else:
            self.pace.served(took_s)
            self.patience.took(took_s)
        self._freed()

    async def _turn(self) -> None:
        """Wait for a start; a pause that comes meanwhile costs the start."""
        while not self._is_closed():
            wait_s = self.pace.take()
            if wait_s is None:
                await self._room.wait()
                continue
            if wait_s > 0:
                await self._starts.wait(wait_s)
            if not (self.pace.pause_left() or self._is_closed()):
                return
            self.pace.withdraw()
            self._freed()
        raise Closed("nothing more is asked")

    def _freed(self) -> None:
        """There is room in the window."""
        self._room.call(max(1, self.pace.window - self.pace.in_flight))
