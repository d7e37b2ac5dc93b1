"""What people decided of a dataset, for its report."""

from __future__ import annotations

from collections import Counter

from galaxycurate.pipeline.agreed import compared
from galaxycurate.pipeline.recorded import Recorded
from galaxycurate.pipeline.report.facts import PeopleFacts


def people_facts(records: Recorded) -> PeopleFacts | None:
    """Counts and agreement, or None where nobody decided anything.

    Parameters
    ----------
    records : Recorded

    Returns
    -------
    PeopleFacts or None
    """
    said = compared(records.decisions)
    if not said.reviewers:
        return None
    paths = [outcome.path for outcome in records.kept]
    settled = records.decided.settled
    grounds = Counter(settled[path].ground for path in paths if path in thrown_out(records))
    return PeopleFacts(
        agreed=said,
        counts=records.decided.counted(paths),
        why=dict(grounds.most_common()),
        unsplit=records.since_split if records.split_run else 0,
    )


def thrown_out(records: Recorded) -> dict[str, str]:
    """Why people left pictures out, in words, by path; disputed ones among them."""
    return {path: one.why for path, one in records.decided.settled.items() if not one.use}
