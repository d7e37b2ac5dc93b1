"""Decisions out of a CSV file: those of a page that worked without this machine, or by hand.

Everything is checked before anything is written, and a file may be applied twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from galaxycurate.core.outcome import Status
from galaxycurate.curation.decisions import is_current
from galaxycurate.pipeline.decision_file import rows_of
from galaxycurate.pipeline.decision_known import Known
from galaxycurate.pipeline.decision_line import decisions_of
from galaxycurate.pipeline.review.wanted import cleaned
from galaxycurate.store.files import sha256_of
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import Settings


@dataclass
class Applied:
    """What a file of decisions came to.

    Parameters
    ----------
    lines : int
        Decisions in it, each once.
    new : int
        Those that the ledger had not.
    kinds : dict of str to int
        The new ones by kind.
    reviewers : dict of str to int
        The new ones by reviewer.
    outdated : int
        Of all lines, those on another picture than the one that is there now: they are kept, and
        say nothing.
    unkept : int
        On pictures that are not in the dataset (rejected, failed): they change nothing.
    is_dry : bool
        Whether nothing was written.
    """

    lines: int = 0
    new: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    reviewers: dict[str, int] = field(default_factory=dict)
    outdated: int = 0
    unkept: int = 0
    is_dry: bool = False

    def as_dict(self) -> dict:
        """For JSON."""
        return dict(vars(self))


def apply(
    settings: Settings,
    file: Path,
    *,
    reviewer: str = "",
    classes: Sequence[str] = (),
    dry_run: bool = False,
) -> Applied:
    """Append the decisions of a file to the ledger: all of them, or none.

    Parameters
    ----------
    settings : Settings
    file : Path
        UTF-8, with a line of names. Lines without a uid get one of what they say, so that the same
        file again changes nothing.
    reviewer : str
        Of lines that name none.
    classes : sequence of str
        New ones, besides those of the dataset.
    dry_run : bool
        Check and count only.

    Returns
    -------
    Applied

    Raises
    ------
    LayoutError
        A column is missing, unknown, or there twice.
    InputError
        The file is missing or cannot be read, or a line is wrong; the message names line and
        column.
    """
    rows = rows_of(Path(file))
    with Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False) as ledger:
        outcomes = {one.path: one for one in ledger.outcomes()}
        known = Known(outcomes, ledger.decisions(), tuple(classes), settings.ledger_dataset)
        decisions = list(decisions_of(rows, known, cleaned(reviewer)))
        new = [one for one in decisions if one.uid not in known.lines]
        n = len(new)
        if new and not dry_run:
            about = {"applied": Path(file).name, "sha256": sha256_of(Path(file))}
            n = ledger.decide(ledger.start("review", about), new)
    sha256 = {path: one.sha256 for path, one in outcomes.items()}
    return Applied(
        lines=len(decisions),
        new=n,
        kinds=dict(Counter(str(one.kind) for one in new).most_common()),
        reviewers=dict(Counter(one.reviewer or "somebody" for one in new).most_common()),
        outdated=sum(not is_current(one, sha256) for one in decisions),
        unkept=sum(outcomes[one.path].status is not Status.OK for one in new),
        is_dry=dry_run,
    )
