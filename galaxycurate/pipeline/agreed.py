"""How people decided, and how they agree: with each other, and with themselves."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

from galaxycurate.core.decision import Decision
from galaxycurate.curation.agreement import Agreement, agreements
from galaxycurate.curation.decisions import standing
from galaxycurate.errors import InputError
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import Settings


@dataclass(frozen=True)
class Reviewer:
    """What one person decided.

    Parameters
    ----------
    name : str
        ``somebody`` where a line names nobody.
    decisions : int
        That stand, second looks too.
    kinds : dict of str to int
    blind, again : int
        Made with label and score hidden; second looks.
    median_s : float or None
        Time for a picture [s], where it was measured.
    """

    name: str
    decisions: int
    kinds: dict[str, int]
    blind: int
    again: int
    median_s: float | None


@dataclass(frozen=True)
class Agreed:
    """All reviewers, and how they agree."""

    reviewers: list[Reviewer]
    agreements: list[Agreement]

    def as_dict(self) -> dict:
        """For JSON."""
        return asdict(self)


def agreed(settings: Settings) -> Agreed:
    """Count what people decided, and how they agree.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    Agreed

    Raises
    ------
    InputError
        Nobody decided anything yet.
    """
    with Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False) as ledger:
        decisions = ledger.decisions()
    found = compared(decisions)
    if not found.reviewers:
        raise InputError("nobody has decided anything yet", hint="galaxycurate review")
    return found


def compared(decisions: Sequence[Decision]) -> Agreed:
    """The same of decisions that were read.

    Parameters
    ----------
    decisions : sequence of Decision

    Returns
    -------
    Agreed
        Without reviewers where nothing stands.
    """
    said: dict[str, list[Decision]] = defaultdict(list)
    for decision in standing(decisions):
        said[decision.reviewer].append(decision)
    return Agreed([_reviewer(name, said[name]) for name in sorted(said)], agreements(decisions))


def _reviewer(name: str, said: list[Decision]) -> Reviewer:
    took = [one.took_ms for one in said if one.took_ms]
    return Reviewer(
        name or "somebody",
        len(said),
        dict(Counter(str(one.kind) for one in said).most_common()),
        sum(one.blind for one in said),
        sum(one.again for one in said),
        round(median(took) / 1000, 2) if took else None,
    )
