"""How many requests may start in a second.

A rate is sought by climbing, worked out from what emptied the server's bucket, kept a little below,
and tried again ever more seldom, since each trial costs a pause.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from galaxycurate.imagery.pace.bucket import Trace, least_rate, rates_of

COURTESY = 2.0
"""Starts a second after a first refusal at least: the pace that SDSS is asked with anyway."""

SLOWEST = 0.1
"""Starts a second that no refusal goes below."""

CLIMB_S = 0.5
"""A rate that is sought grows e-fold in this time, or in four round trips where these are long:
news of a limit come one round trip late."""

STEP = 0.2
"""But no more than by this part from one start to the next."""

SAFE = 0.985
"""This part of a limit that was worked out is used: it is known to a hundredth or so."""

KNOWN = 0.1
"""A limit known to this part is kept; one known less well is tried earlier."""

HASTE = 1 / 6
"""But no earlier than after this part of the patience."""

PATIENCE_S = 60.0
"""Half of it is how long a limit is kept before it is tried, for each second of a pause."""

LONGEST_PATIENCE_S = 1800.0

SURPLUS = 16
"""So many served beyond what a bucket holds, twice over, and its rate must be another."""


@dataclass(frozen=True)
class _Known:
    """What was known when a refusal came."""

    rate: float
    limit: float
    burst: float
    floor: float
    patience: float
    emptied: float


class Meter:
    """Starts a second.

    Parameters
    ----------
    ceiling : float
        At most; may be infinite.
    found : float
        The limit that an earlier run found; 0 for none.

    Attributes
    ----------
    rate : float
        Now; infinite while nothing limits it.
    limit : float
        What the server was found to allow; infinite while nothing was.
    """

    def __init__(self, ceiling: float, found: float = 0.0):
        self._ceiling = ceiling
        self.limit, self._burst, self._floor = found or math.inf, found, 0.0
        self.rate = min(ceiling, SAFE * self.limit)
        self._climbing, self._age, self._patience, self._excess = False, 0.0, PATIENCE_S, 0.0
        self._reference: Trace | None = None
        self._known: _Known | None = None
        self._emptied = -math.inf

    def gap(self, is_due: bool, latency_s: float) -> float:
        """Seconds from one start to the next; the rate grows while it is what holds us back."""
        if math.isinf(self.rate):
            return 0.0
        gap = 1.0 / self.rate
        if is_due:
            self._quicken(gap, latency_s)
        return gap

    def _quicken(self, gap: float, latency_s: float) -> None:
        if self._climbing:
            rate = self.rate * math.exp(min(STEP, gap / max(CLIMB_S, 4 * latency_s)))
        elif math.isinf(self.limit):
            return
        else:
            self._age += gap
            rate = self.limit * (SAFE + (self._age / self._patience) ** 3)
        self.rate = min(self._ceiling, rate)

    def started(self, passed: float) -> None:
        """A request started, so long after the one before; no bucket of our limit serves all."""
        if math.isinf(self.limit):
            return
        self._excess = max(0.0, self._excess + 1.0 - self.limit * passed)
        self._climbing |= self._excess > 2 * self._burst + SURPLUS

    def restart(self) -> None:
        """Begin again after a pause."""
        self._excess = 0.0

    def lift(self, patience: float) -> None:
        """It is not the rate that was refused."""
        self.limit, self.rate, self._climbing = math.inf, self._ceiling, False
        self._patience = patience

    def refuse(self, run: Trace) -> None:
        """A refusal ends a run: remember what was known before it."""
        rate = self.rate if self.rate < math.inf else run.n / max(run.end - run.began, 1e-3)
        self._known = _Known(
            rate, self.limit, self._burst, self._floor, self._patience, self._emptied
        )
        self._emptied = run.end

    def patient(self, pause_s: float, *, is_same: bool, doubt: float = 0.0) -> float:
        """How long a limit is kept: longer when it was confirmed, shorter when in doubt."""
        if is_same and self._known is not None:
            return min(LONGEST_PATIENCE_S, 2 * self._known.patience)
        part = max(HASTE, min(1.0, KNOWN / max(doubt, KNOWN)))
        return min(LONGEST_PATIENCE_S, PATIENCE_S * max(1.0, pause_s) * part)

    def fit(self, run: Trace, pause_s: float) -> None:
        """Work out the rate of the bucket that a run has emptied."""
        known = self._known
        if known is None:
            return
        if self._reference is None or self._reference is run:
            self._reference = run
            guess = run.served / max(run.end + pause_s - run.began, 1e-3)
            self._climbing, self.rate = True, min(self._ceiling, max(guess, COURTESY))
            return
        least, most = self._bracket(run, known, self._reference)
        self.limit = math.sqrt(least * most)
        is_same = abs(self.limit / known.limit - 1.0) < KNOWN
        self._patience = self.patient(pause_s, is_same=is_same, doubt=most / least - 1.0)
        self._climbing, self._age = False, 0.0
        self.rate = min(self._ceiling, SAFE * self.limit)

    def _bracket(self, run: Trace, known: _Known, reference: Trace) -> tuple[float, float]:
        """The least and the highest rate that explain a refusal."""
        low, high = max(SLOWEST, (run.served - 1) / (run.end - known.emptied)), known.rate
        is_other = known.limit < math.inf and run.burst(known.limit) + 1.0 < known.burst / 2
        if is_other or high <= known.floor:  # the bucket that we knew was not empty: it has changed
            self._floor, self._burst = low, known.burst
            least = least_rate(lambda rate: run.burst(rate) <= known.burst, low, high)
            return least, least_rate(lambda rate: run.burst(rate) <= known.burst - 1.0, least, high)
        self._floor = low = min(high, max(known.floor, low))
        least, most = rates_of(reference, run, low, high)
        self._burst = reference.burst(math.sqrt(least * most))
        return least, most
