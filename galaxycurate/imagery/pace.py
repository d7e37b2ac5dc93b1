"""How often to ask: evenly spaced starts, slower after a refusal, faster again when all is well.

A state machine without sleeping: it tells how long to wait, the caller waits. Time comes from an
injected clock, so that a day of it can be tested in a millisecond.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

WINDOW_S = 1.0
"""The served rate is measured, and the pace changed, over this long."""

SLOWEST = 0.1
"""Starts a second that no refusal goes below."""

FIRST_GUESS = 5.0
"""Starts a second after a refusal that came before a rate could be measured."""


class Pace:
    """The starts of all workers together.

    Parameters
    ----------
    rate : float
        Starts a second at most; 0 for no limit but the server's own.
    clock : callable
        Seconds, monotonic.
    """

    def __init__(self, rate: float = 0.0, *, clock: Callable[[], float] = time.monotonic):
        self.ceiling = rate or math.inf
        self.rate = self.ceiling
        self._clock = clock
        self._next_start = self._pause_end = -math.inf
        self._window_start, self._served, self._served_rate = clock(), 0, 0.0
        self._wall = math.inf  # the served rate at the last refusal
        self._last_refusal = -math.inf

    def take(self) -> float:
        """Take the next start.

        Returns
        -------
        float
            Seconds to wait for it.
        """
        now = self._clock()
        start = max(self._next_start, self._pause_end, now)
        self._next_start = start + (0.0 if math.isinf(self.rate) else 1.0 / self.rate)
        return start - now

    def pause_left(self) -> float:
        """Seconds until anybody may start again; 0 when there is no pause."""
        return max(0.0, self._pause_end - self._clock())

    def served(self) -> None:
        """A request was answered: after a window of these, go faster."""
        self._served += 1
        now = self._clock()
        span = now - self._window_start
        if span < WINDOW_S:
            return
        self._served_rate = self._served / span
        self._open_window(now)
        if now - self._last_refusal > WINDOW_S and self._served_rate > 0.7 * self.rate:
            self.rate = min(self.ceiling, self.rate * self._step())

    def refused(self, wait_s: float) -> bool:
        """The server asked us to slow down: everybody waits, then goes at 9/10 of what it served.

        Parameters
        ----------
        wait_s : float
            The pause it asked for [s].

        Returns
        -------
        bool
            Whether this opened a new pause; requests under way are refused in one burst.
        """
        now = self._clock()
        self._pause_end = max(self._pause_end, now + wait_s)
        is_new = now - self._last_refusal > WINDOW_S
        if is_new:
            self._slow_down(now)
            self._open_window(self._pause_end)
        self._last_refusal = max(now, self._pause_end)
        self._next_start = max(self._next_start, self._pause_end)
        return is_new

    def _step(self) -> float:
        """How much faster: boldly while no limit is known, carefully near the one that is."""
        if math.isinf(self._wall):
            return 1.5
        return 1.01 if self.rate > 0.95 * self._wall else 1.05

    def _slow_down(self, now: float) -> None:
        span = now - self._window_start
        seen = self._served / span if span > WINDOW_S / 3 else self._served_rate
        if max(seen, self._served_rate):
            self._wall = min(self.rate, max(seen, self._served_rate))
            self.rate = max(SLOWEST, 0.9 * self._wall)
        else:  # refused before anything could be measured
            self.rate = max(SLOWEST, min(0.9 * self.rate, FIRST_GUESS))

    def _open_window(self, now: float) -> None:
        self._window_start, self._served = now, 0
