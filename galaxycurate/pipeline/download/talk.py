"""How a download goes, in words: counts, speed, time left, the pace of each provider."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping

from galaxycurate.core.outcome import Status
from galaxycurate.imagery.job import LaneState

SPEED_S = 20.0
"""The speed that is told is that of so many seconds."""


class Speed:
    """Cutouts a second, lately."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()
        self._started = time.monotonic()

    def at(self, n: int) -> float:
        """The speed now that ``n`` are settled."""
        now = time.monotonic()
        self._seen.append((now, n))
        while now - self._seen[0][0] > SPEED_S:
            self._seen.popleft()
        then, before = self._seen[0]
        if now - then < 1.0:
            then, before = self._started, 0
        return (n - before) / max(now - then, 1e-3)


def counted(ends: Mapping[Status, Counter[str]]) -> list[str]:
    """How many were kept, rejected and failed, the last two with their reasons."""
    said = [f"{ends[Status.OK].total():,} kept"]
    for status in (Status.REJECTED, Status.FAILED):
        if ends[status]:
            reasons = ", ".join(f"{n:,} {reason}" for reason, n in ends[status].most_common())
            said.append(f"{ends[status].total():,} {status} ({reasons})")
    return said


def paces_of(lanes: Iterable[LaneState]) -> dict[str, str]:
    """How it goes with each provider: ``2.0/s, 4 at once``, ``paused 12 s``, or given up."""
    return {lane.provider: _pace(lane) for lane in lanes}


def _pace(lane: LaneState) -> str:
    if lane.down:
        return f"given up ({lane.down})"
    if lane.paused_s >= 1:
        return f"paused {lane.paused_s:.0f} s"
    rate = f"{lane.rate:.1f}/s, " if lane.rate < 1e6 else ""
    return f"{rate}{lane.window:.0f} at once"


def duration(seconds: float) -> str:
    """Seconds, minutes or hours."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"
