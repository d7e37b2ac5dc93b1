"""One pace for many processes: whoever holds it leases starts to the others, half a second's worth.

Both sides are without network: `SharedPace` is told what each desk reports and says who may start
when; `LeasedPace` stands at a desk in the place of a `Pace` and sends its reports by a callable.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress

from galaxycurate.imagery.pace.pace import PAUSE_S, Learned, Pace

LEASE_S = 0.5
"""Starts are not given away longer ahead than this (but for one): the pace may change meanwhile."""

Given = list[tuple[str, float]]
"""Who may start, and after how many seconds."""


class SharedPace:
    """A pace and those who ask for its starts; not for two threads at once.

    Parameters
    ----------
    pace : Pace
    clock : callable
        Seconds, monotonic.
    """

    def __init__(self, pace: Pace, clock: Callable[[], float] = time.monotonic):
        self.pace, self._clock = pace, clock
        self._wants: dict[str, int] = {}  # who has waited longest comes first
        self._given: Counter[str] = Counter()
        self._held: Counter[str] = Counter()
        self._not_before = -math.inf

    def hear(self, desk: str, news: Mapping) -> float:
        """Take note of what a desk reports.

        Parameters
        ----------
        desk : str
        news : mapping
            As `LeasedPace` sends it.

        Returns
        -------
        float
            The pause [s] that everybody must be told of; 0 where there is no news of one.
        """
        for seconds in news["served"]:
            self.pace.served(seconds)
        for _ in range(news["lost"]):
            self.pace.lost()
        for status, wait_s in news["refused"]:
            self.pace.refused(status, wait_s)
        self._withdraw(news["withdrawn"])
        told = len(news["served"]) + news["lost"] + len(news["refused"]) + news["withdrawn"]
        self._held[desk] -= told
        want = news["want"] - (self._given[desk] - news["received"])  # some are on their way
        if want > 0:
            self._wants[desk] = want
        else:
            self._wants.pop(desk, None)
        return self.pace.pause_left() if news["refused"] else 0.0

    def give(self) -> tuple[Given, float | None]:
        """Give starts to those who want them, in turn.

        Returns
        -------
        list of tuple of str and float
        float or None
            Ask again after so many seconds, or at the next news.
        """
        given: Given = []
        while self._wants:
            ahead = max(self._not_before - self._clock(), self.pace.pause_left() - LEASE_S)
            if ahead > 0:
                return given, ahead
            wait_s = self.pace.take()
            if wait_s is None:
                break
            desk = next(iter(self._wants))
            want = self._wants.pop(desk)
            if want > 1:
                self._wants[desk] = want - 1
            self._given[desk] += 1
            self._held[desk] += 1
            self._not_before = self._clock() + wait_s - LEASE_S
            given.append((desk, wait_s))
        return given, None

    def gone(self, desk: str) -> None:
        """A desk will not report any more: what it held is free."""
        self._wants.pop(desk, None)
        self._given.pop(desk, None)
        self._withdraw(self._held.pop(desk, 0))

    def _withdraw(self, n: int) -> None:
        for _ in range(n):
            self.pace.withdraw()


class LeasedPace(Pace):
    """The pace of one desk: that of a `SharedPace` elsewhere.

    ``stopped`` tells that nothing more may start; `on_stop` is called then, on any thread.

    Parameters
    ----------
    post : callable
        Calls a function soon on the thread that may send.
    send : callable
        Takes a message for `SharedPace.hear`.
    """

    def __init__(self, post: Callable[[Callable[[], None]], object], send: Callable[[dict], None]):
        self.rate, self.window, self.due = math.inf, 0, -math.inf
        self.in_flight = self.n_served = self.n_refused = 0
        self.stopped = False
        self._post, self._send = post, send
        self._lock = threading.Lock()
        self._starts: deque[float] = deque()
        self._waiting: set[asyncio.Task | None] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pause_end = -math.inf
        self._received, self._is_posted, self._is_closed = 0, False, False
        self._news = _no_news()
        self._say()  # who is known hears of an end

    def take(self) -> float | None:
        """Take the next leased start; called on an event loop, each waiting task counts once."""
        with self._lock:
            if self._starts:
                self._waiting.discard(asyncio.current_task())
                self.in_flight += 1
                self.due = self._starts.popleft()
                return max(0.0, self.due - time.monotonic())
            self._waiting.add(asyncio.current_task())
            self._loop = asyncio.get_running_loop()
            self._say()
            return None

    def pause_left(self) -> float:
        """Seconds until anybody may start again; 0 when there is no pause."""
        return max(0.0, self._pause_end - time.monotonic())

    def served(self, seconds: float = 0.0) -> None:
        """A whole answer came."""
        with self._lock:
            self.n_served += 1
            self._news["served"].append(seconds)
            self._freed()

    def lost(self) -> None:
        """No answer came."""
        with self._lock:
            self._news["lost"] += 1
            self._freed()

    def withdraw(self, due: float | None = None) -> None:
        """A start that was taken will not be made."""
        with self._lock:
            self._news["withdrawn"] += 1
            self._freed()

    def refused(self, status: float, wait_s: float | None = None) -> bool:
        """The server asked us to slow down: this desk waits at once, the others when they hear."""
        with self._lock:
            is_new = not self.pause_left()
            self.n_refused += 1
            self._news["refused"].append((int(status), wait_s))
            self._freed()
            self._pause(wait_s or PAUSE_S)
        return is_new

    def learned(self) -> Learned:
        """Nothing of its own."""
        return Learned()

    def lease(self, starts: list[float], *, pause_s: float = 0.0, stopped: bool = False) -> None:
        """What the holder says: starts [s from now], a pause, the end; called on any thread."""
        now = time.monotonic()
        with self._lock:
            if pause_s:
                self._pause(pause_s)
            self._received += len(starts)
            self._starts.extend(now + wait_s for wait_s in starts)
            self.window = self.in_flight + len(self._starts)
            self.stopped |= stopped
            if self.stopped:
                self._give_back()
            elif starts and self._loop is not None:
                with suppress(RuntimeError):  # the loop is closed: `close` gives them back
                    self._loop.call_soon_threadsafe(self.on_room)
        if stopped:
            self.on_stop()

    def close(self) -> None:
        """Give back what was not used."""
        with self._lock:
            self._waiting.clear()
            self._is_closed = True
            self._give_back()

    def _pause(self, seconds: float) -> None:
        self._pause_end = max(self._pause_end, time.monotonic() + seconds)
        self._give_back()

    def _give_back(self) -> None:
        self._news["withdrawn"] += len(self._starts)
        self._starts.clear()
        self._say()

    def _freed(self) -> None:
        self.in_flight -= 1
        self._say()

    def _say(self) -> None:
        """Report soon; what comes meanwhile goes with it."""
        if not self._is_posted:
            self._is_posted = True
            self._post(self._flush)

    def _flush(self) -> None:
        with self._lock:
            self._is_posted = False
            news, self._news = self._news, _no_news()
            news["want"] = max(0, len(self._waiting) - len(self._starts))
            news["received"], news["closed"] = self._received, self._is_closed
        self._send(news)


def _no_news() -> dict:
    return {"served": [], "refused": [], "lost": 0, "withdrawn": 0}
