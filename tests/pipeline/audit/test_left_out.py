"""What splits leave out: dedupe's drops and the audit's."""

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.pipeline.audit.left_out import left_out
from galaxycurate.store.ledger import Ledger


def test_drops_of_both_commands_are_joined_and_only_the_newest_runs_count(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.sqlite") as ledger:
        add(ledger, "audit", ("old", VerdictKind.CONTAMINATED, False))
        add(
            ledger, "audit", ("b", VerdictKind.CONTAMINATED, False),
            ("c", VerdictKind.CLEAN, True), ("a", VerdictKind.UNREADABLE, False),
        )  # fmt: skip
        add(
            ledger, "dedupe", ("a", VerdictKind.EXACT_FILE, False),
            ("d", VerdictKind.OVERLAP, True),
        )  # fmt: skip
        assert left_out(ledger) == {"a": "exact file: why a", "b": "contaminated: why b"}


def add(ledger, command, *lines):
    ledger.add_verdicts(
        ledger.start(command, {}),
        [Verdict(path, kind, keep=keep, evidence=f"why {path}") for path, kind, keep in lines],
    )
