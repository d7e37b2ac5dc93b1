"""What the newest audit found, counted, and which of it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.pipeline.audit.judged import WORST_FIRST
from galaxycurate.pipeline.recorded import Recorded
from galaxycurate.pipeline.report.facts import AuditFacts
from galaxycurate.pipeline.search import LABEL
from galaxycurate.pipeline.status import audit_left_out, label_of

SHOWN = (
    VerdictKind.CONTAMINATED, VerdictKind.OFF_CENTRE, VerdictKind.CUT, VerdictKind.SECOND_GALAXY,
    VerdictKind.STAR_OVER, VerdictKind.BORDERLINE,
)  # fmt: skip
"""Verdicts that the report shows pictures of, the worst first."""


def audit_facts(records: Recorded) -> AuditFacts | None:
    """The newest audit in numbers, or None where there was none.

    Parameters
    ----------
    records : Recorded

    Returns
    -------
    AuditFacts or None
    """
    if records.audit_run is None:
        return None
    counts: dict[str, Counter[str]] = {}
    worst, seen = worst_of_each(records.audit), records.seen  # which reads all lines of people
    for verdict in worst:
        counts.setdefault(label_of(verdict.path), Counter())[str(verdict.kind)] += 1
    return AuditFacts(
        counts={label: _ordered(counts[label]) for label in sorted(counts)},
        told=dict(Counter(verdict.tier for verdict in worst if verdict.tier).most_common()),
        left_out=audit_left_out(records),
        catalogue=str(records.audit_run.get("archive") or ""),
        current=records.is_audited,
        unsure=sum(path not in seen for path in _used(records, worst, _UNSURE)),
        flagged=len(_used(records, worst, _FLAGGED)),
    )


_UNSURE = (VerdictKind.BORDERLINE,)
_FLAGGED = tuple(kind for kind in WORST_FIRST if kind not in (VerdictKind.CLEAN, *_UNSURE))


def _used(records: Recorded, worst: Iterable[Verdict], kinds: Collection[VerdictKind]) -> list[str]:
    """The pictures counted under some kinds that are there, and not left out."""
    used = {outcome.path for outcome in records.kept} - records.decided.left_out.keys()
    return [verdict.path for verdict in worst if verdict.kind in kinds and verdict.path in used]


def worst_of_each(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The verdict that each picture is counted under."""
    found: dict[str, Verdict] = {}
    for verdict in verdicts:
        there = found.get(verdict.path)
        if there is None or _rank(verdict) < _rank(there):
            found[verdict.path] = verdict
    return list(found.values())


def suspected(records: Recorded) -> Iterator[tuple[str, list[Verdict]]]:
    """What the audit holds against pictures: negatives before galaxies, the worst kind first.

    Parameters
    ----------
    records : Recorded

    Yields
    ------
    str
        A title.
    list of Verdict
        The brightest object first; those of which only light is known after them, the surest first.
    """
    there = {outcome.path for outcome in records.kept}
    found: dict[tuple[bool, int, str], list[Verdict]] = {}
    for verdict in worst_of_each(records.audit):
        if verdict.kind in SHOWN and verdict.path in there:
            label = label_of(verdict.path)
            key = label != LABEL, SHOWN.index(verdict.kind), label
            found.setdefault(key, []).append(verdict)
    for (_is_galaxy, rank, label), some in sorted(found.items()):
        ordered = sorted(some, key=lambda v: (v.mag_r or 99.0, -v.score, v.path))
        yield f"{label}: {SHOWN[rank]}", ordered


def _rank(verdict: Verdict) -> int:
    kinds = WORST_FIRST
    return kinds.index(verdict.kind) if verdict.kind in kinds else len(kinds)


def _ordered(counts: Counter[str]) -> dict[str, int]:
    return {str(kind): counts[str(kind)] for kind in WORST_FIRST if counts[str(kind)]}
