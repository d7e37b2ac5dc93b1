"""How many requests may be under way at once.

The window grows with each answer while it is what holds us back, and stays where more at once only
makes the answers slower. A cap that refusals have told is kept below, and tried again seldom.
"""

from __future__ import annotations

import math

GENTLE = 4
"""Requests at once at the start, and again after a pause, and however slow the answers are: fewer
than a browser opens for one page."""

QUEUEING = 1.5
"""Answers that take so many times the best are waiting in the server's queue for the rest of it."""

ROUND = 16
"""Answers at least that a time is averaged over: half of their scatter is then an eighth."""

FORGET_S = 10.0
"""A window that was narrowed for slow answers is measured afresh after this long."""


class Window:
    """Requests at once.

    Parameters
    ----------
    most : int
        As many as there are connections.
    found : int
        The cap that an earlier run found; 0 for none.
    keep_s : float
        That one is not tried before this time [s].

    Attributes
    ----------
    size : int
        Now.
    cap, found : int
        The largest allowed now, and the one that refusals have told, which is less while a larger
        one is tried.
    latency_s : float
        Of an answer, averaged over the last round; 0 before the first one.
    held_back : bool
        Set when a start had to wait for a place.
    """

    def __init__(self, most: int, found: int = 0, keep_s: float = 0.0):
        self._most = most
        self.cap = self.found = min(found or most, most)
        self.size = self.cap if found else min(GENTLE, self.cap)
        self.latency_s, self.held_back = 0.0, False
        self._keep_s = keep_s if found else math.inf
        self._growing, self._measured_at, self._best_s = True, -math.inf, math.inf
        self._sum_s, self._n, self._round, self._n_lost = 0.0, 0, ROUND, 0
        self._is_slow = False

    @property
    def is_capped(self) -> bool:
        """Whether refusals have told a cap."""
        return self.found < self._most

    @property
    def is_trial(self) -> bool:
        """Whether more than what was found is tried."""
        return self.cap > self.found

    def served(self, seconds: float, now: float) -> None:
        """An answer came, so long after its start."""
        self._n_lost = 0
        if now > self._keep_s and self.size == self.cap < self._most:
            self.found = self.cap  # it was borne
            self.cap, self._keep_s = self.cap + 1, now + 4 * self.latency_s
        if self._growing:
            self._widen()
        if seconds:
            self._time(seconds, now)

    def lost(self) -> None:
        """No answer came: when it is so for a whole window, half of it."""
        self._n_lost += 1
        if self._n_lost >= max(ROUND, self.size):
            self._n_lost, self.size = 0, max(1, self.size // 2)

    def restart(self, size: int) -> None:
        """Begin with so many again, after a pause."""
        self.size, self._growing, self.held_back = max(1, min(self.cap, size)), True, False

    def keep(self, cap: int, until: float) -> None:
        """A cap was found; it is not tried before a time."""
        self.cap = self.found = cap
        self._keep_s = until

    def free(self) -> None:
        """No cap explains what was refused."""
        self.cap = self.found = self._most
        self._keep_s = math.inf

    def _widen(self) -> None:
        if self.held_back:
            self.size, self.held_back = min(self.cap, self.size + 1), False

    def _time(self, seconds: float, now: float) -> None:
        """Average the answers of a round; two slow ones narrow the window, others widen it."""
        self._sum_s, self._n = self._sum_s + seconds, self._n + 1
        self.latency_s = self.latency_s or seconds
        if self._n < self._round:
            return
        self.latency_s = self._sum_s / self._n
        self._sum_s, self._n, self._round = 0.0, 0, max(ROUND, self.size)
        self._best_s = min(self._best_s, self.latency_s)
        slow = self.latency_s / (QUEUEING * self._best_s)
        was_slow, self._is_slow = self._is_slow, slow > 1.0
        if self._is_slow and was_slow:
            self._growing = False
            self.size = min(self.size, max(GENTLE, int(self.size / min(2.0, slow))))
        elif not self._growing:
            self._widen()
        self._forget(now)

    def _forget(self, now: float) -> None:
        """What was the best once need not be possible now."""
        if self._growing or self.size == self.cap:
            self._measured_at = now
        elif now - self._measured_at > FORGET_S:
            self._measured_at, self._best_s = now, math.inf
            self.size = min(self.size, max(GENTLE, self.size // 2))
