"""How long to wait for an answer: what is usual for this server decides, not the worst case."""

from __future__ import annotations

from collections import deque

LEAST_S = 1.0
"""Nobody is given up sooner, however fast the others were."""

UNKNOWN_S = 10.0
"""For the first attempts, before it is known what is usual."""

USUAL, MORE = 10.0, 4.0
"""Times the 95th percentile of the answers so far; times what the attempt before had."""

KNOWN = 10
_RECENT, _EVERY = 256, 32


class Patience:
    """Time-outs that follow a server's answers.

    A connection that hangs is given up early and its picture asked for again; each further attempt
    waits longer, the last one as long as allowed, so that a slow but honest server succeeds.

    Parameters
    ----------
    longest_s : float
        Silence that ends an attempt in any case [s].
    """

    def __init__(self, longest_s: float):
        self.longest_s = longest_s
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._n = 0
        self._first_s = min(longest_s, UNKNOWN_S)

    def took(self, seconds: float) -> None:
        """A whole answer came that long after it was asked for."""
        self._recent.append(seconds)
        self._n += 1
        if self._n == KNOWN or self._n % _EVERY == 0:
            usual = sorted(self._recent)[int(0.95 * (len(self._recent) - 1))]
            self._first_s = min(self.longest_s, max(LEAST_S, USUAL * usual))

    def allowed(self, attempt: int, *, is_last: bool = False) -> float:
        """Silence that is borne in the nth attempt.

        Parameters
        ----------
        attempt : int
            From 1.
        is_last : bool
            No other will follow.

        Returns
        -------
        float
            Seconds, before the first byte and between two.
        """
        return (
            self.longest_s
            if is_last
            else min(self.longest_s, self._first_s * MORE ** (attempt - 1))
        )
