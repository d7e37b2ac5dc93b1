"""A server that was there and is silent now: waited for, and asked ever more seldom."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable

FEW = 10
"""So many cutouts without an answer, and no answer in between: it is not the cutouts."""

FIRST_S, LONGEST_S = 1.0, 30.0
"""Between two rounds of asking; it doubles."""

PATIENCE_S = 300.0
"""Who is silent for longer is given up: a server restarts in less."""


class Outage:
    """Silences in a row, and how long to wait because of them.

    Parameters
    ----------
    few : int
        See `FEW`; more where more are asked for at once.
    clock : callable
        Seconds, monotonic.
    """

    def __init__(self, few: int = FEW, *, clock: Callable[[], float] = time.monotonic):
        self._few, self._clock = max(FEW, few), clock
        self._silent: set[Hashable] = set()
        self._rounds, self._until, self._began = 0, -math.inf, 0.0
        self._was_there = False

    def heard(self) -> None:
        """Somebody answered."""
        self._was_there = True
        self._silent.clear()
        self._rounds, self._until = 0, -math.inf

    def silence(self, who: Hashable) -> bool:
        """No answer came for one cutout.

        Returns
        -------
        bool
            Whether the server is waited for: this silence is not the cutout's.
        """
        now = self._clock()
        if not self._silent:
            self._began = now
        self._silent.add(who)
        if not self._was_there or len(self._silent) < self._few:
            return False
        if now >= self._until:  # not one of those that were under way together
            self._until = now + min(LONGEST_S, FIRST_S * 2.0**self._rounds)
            self._rounds += 1
        return True

    def lasted_s(self) -> float:
        """Since the first of the silences [s]; 0 while the server is not waited for."""
        return self._clock() - self._began if self._rounds else 0.0

    def left_s(self) -> float:
        """Until it is asked again [s]."""
        return max(0.0, self._until - self._clock())
