"""One thing that waits for a decision."""

from __future__ import annotations

from dataclasses import dataclass

from galaxycurate.core.outcome import Verdict


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that waits for a decision.

    Parameters
    ----------
    path : str
    partner : str
        The other picture of a pair.
    why : str
        Why it waits, in words.
    suggested : str
        The class that a network names.
    verdict : Verdict or None
        What the queue is about.
    again : bool
        A second look at what the same person decided before.
    """

    path: str
    partner: str = ""
    why: str = ""
    suggested: str = ""
    verdict: Verdict | None = None
    again: bool = False
