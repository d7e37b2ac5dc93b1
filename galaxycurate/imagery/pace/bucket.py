"""What a run of requests tells about a server's token bucket.

Most services limit a client by a bucket: `burst` tokens at most, `rate` new ones a second, one for
each request, and a refusal when it is empty. When a bucket that was full is found empty, the
requests in between are the burst and what flowed in: one equation for two unknowns. Two such runs
of different length give both.
"""

from __future__ import annotations

from collections.abc import Callable

POINTS = 256
"""So many starts of a run are remembered, evenly thinned: memory does not grow with its length."""

HALVINGS = 20
"""Steps of a bisection: a millionth of the bracket."""


class Trace:
    """The starts from one pause to the refusal that ends the run.

    Parameters
    ----------
    began : float
        When the run began [s].
    """

    def __init__(self, began: float):
        self.began = self.end = began
        self.n = self.refused = 0
        self._points: list[tuple[float, int]] = []
        self._every = 1

    def start(self, at: float) -> None:
        """Note one request."""
        if self.n % self._every == 0:
            self._points.append((at, self.n))
        self.n += 1
        self.end = at
        if len(self._points) > POINTS:
            self._points, self._every = self._points[::2], 2 * self._every

    @property
    def served(self) -> int:
        """Requests that took a token."""
        return self.n - self.refused

    def burst(self, rate: float) -> float:
        """The smallest bucket that could have served this, if it is filled at that rate.

        From any start on, no more can be served than what the bucket holds and what flows in; a
        bucket that was full at some time and empty at the end is told exactly.
        """
        return max(
            (self.served - n - rate * (self.end - at) for at, n in self._points), default=0.0
        )


def least_rate(fits: Callable[[float], bool], low: float, high: float) -> float:
    """The lowest rate in a bracket that fits; its upper end if none does."""
    if low >= high or fits(low):
        return low
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def rates_of(one: Trace, other: Trace, low: float, high: float) -> tuple[float, float]:
    """The rates at which two runs can have emptied the same bucket.

    Parameters
    ----------
    one, other : Trace
        Runs that ended with a refusal.
    low, high : float
        The rate is sought in between [1/s].

    Returns
    -------
    tuple of float
        The least and the highest rate at which the longer run needs the burst of the shorter one,
        give or take a request; twice the lower end where there is none, since the bucket then was
        not full when a run began.
    """
    short, long = sorted((one, other), key=lambda trace: trace.end - trace.began)

    def excess(rate: float) -> float:
        return long.burst(rate) - short.burst(rate)

    if excess(high) > 1.0:
        return low, low
    least = least_rate(lambda rate: excess(rate) <= 1.0, low, high)
    return least, least_rate(lambda rate: excess(rate) <= -1.0, least, high)
