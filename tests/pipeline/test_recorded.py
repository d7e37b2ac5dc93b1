"""What a ledger holds, read at once."""

from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.core.outcome import Outcome, Status
from galaxycurate.pipeline.recorded import Recorded


def test_seen_are_both_of_a_pair_and_no_picture_that_was_replaced_since():
    a, b, c, d = (f"images/spiral/{name}.jpg" for name in "abcd")
    outcomes = [Outcome(p, p[-5], "spiral", "x", Status.OK, sha256=p[-5] * 64) for p in (a, b, c)]
    lines = [
        Decision("1", a, DecisionKind.PAIR, partner=b, keep="both", sha256="a" * 64),
        Decision("2", c, DecisionKind.LABEL, "spiral", sha256="0" * 64),
        Decision("3", d, DecisionKind.UNSURE), Decision("4", d, DecisionKind.UNDO, undoes="3"),
    ]  # fmt: skip
    assert Recorded(outcomes=tuple(outcomes), decisions=tuple(lines)).seen == {a, b}
