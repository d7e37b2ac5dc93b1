"""The newest audit in numbers."""

from __future__ import annotations

from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.core.outcome import Outcome, Status, Verdict, VerdictKind
from galaxycurate.pipeline.recorded import Recorded
from galaxycurate.pipeline.report.audited import audit_facts


def test_what_people_looked_at_is_asked_once_for_all_pictures(monkeypatch):
    """Each time it reads all decisions: asked for each picture it would take minutes of many."""
    outcomes = tuple(
        Outcome(f"images/a/{k}.jpg", f"{k}", "a", "x", Status.OK, sha256=f"{k:064x}")
        for k in range(30)
    )
    audit = tuple(Verdict(one.path, VerdictKind.BORDERLINE) for one in outcomes[:20])
    looked = tuple(
        Decision(f"{k:032x}", one.path, DecisionKind.UNSURE, sha256=one.sha256)
        for k, one in enumerate(outcomes[:5])
    )
    asked = []
    ask = Recorded.seen.fget
    monkeypatch.setattr(Recorded, "seen", property(lambda self: (asked.append(1), ask(self))[1]))
    records = Recorded(outcomes=outcomes, audit=audit, audit_run={}, decisions=looked)
    assert audit_facts(records).unsure == 15
    assert len(asked) == 1
