"""The funnel: what the manifests ask for, what a network is given, and why the rest is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from galaxycurate.core.outcome import Status
from galaxycurate.pipeline.recorded import Recorded
from galaxycurate.pipeline.report.rows import Rows
from galaxycurate.pipeline.status import label_of

ASKED, KEPT, LEFT, PLACED = (
    "rows in the manifests", "pictures kept", "fit for splits", "in the splits"
)  # fmt: skip
"""Its stages."""


def funnel(rows: Rows, records: Recorded) -> dict[str, int]:
    """How many cutouts each stage has; stages that did not run yet are absent."""
    stages = {ASKED: len(rows), KEPT: len(records.kept)}
    if records.dedupe_run:
        stages[LEFT] = len(_left(records))
    if records.split_run:
        stages[PLACED] = len(records.in_splits)
    return stages


def outdated(records: Recorded) -> int:
    """Images that the splits still hold and that are left out by now."""
    return len(records.in_splits.keys() - set(_left(records))) if records.split_run else 0


def lost(rows: Rows, records: Recorded) -> dict[str, dict[str, int]]:
    """Why cutouts of the stage before are not in a stage, counted; the most frequent first.

    Parameters
    ----------
    rows : Rows
    records : Recorded

    Returns
    -------
    dict of str to dict of str to int
        By stage.
    """
    why = Counter(
        f"{outcome.status}: {outcome.reason}"
        for outcome in records.outcomes
        if outcome.status is not Status.OK
    )
    if waiting := len(rows) - len(records.outcomes):
        why["not asked for yet"] = waiting
    found = {KEPT: dict(why.most_common())}
    if records.dedupe_run:
        found[LEFT] = records.decided.grounds(outcome.path for outcome in records.kept)
    if records.split_run:
        gone = set(_left(records)) - records.in_splits.keys()
        parts = {
            "guard band between the splits": len(gone & records.guard),
            "not yet split anew": len(gone - records.guard),
        }
        found[PLACED] = {name: n for name, n in parts.items() if n > 0}
    return {stage: reasons for stage, reasons in found.items() if reasons}


def classes(rows: Rows, records: Recorded) -> dict[str, dict[str, int]]:
    """Counts by label, then by stage of the funnel; what people gave another class counts there.

    Parameters
    ----------
    rows : Rows
    records : Recorded

    Returns
    -------
    dict of str to dict of str to int
    """
    of = records.decided.label_of
    stages = {
        ASKED: Counter(rows.label.tolist()),
        KEPT: _by_label((outcome.path for outcome in records.kept), label_of),
    }
    if records.dedupe_run:
        stages[LEFT] = _by_label(_left(records), of)
    if records.split_run:
        stages[PLACED] = _by_label(records.in_splits, records.decided_at_split.label_of)
    labels = sorted(set().union(*stages.values()))
    return {label: {stage: n[label] for stage, n in stages.items()} for label in labels}


def _left(records: Recorded) -> list[str]:
    out: Mapping[str, str] = records.decided.left_out
    return [outcome.path for outcome in records.kept if outcome.path not in out]


def _by_label(paths: Iterable[str], of: Callable[[str], str]) -> Counter[str]:
    return Counter(of(path) for path in paths)
