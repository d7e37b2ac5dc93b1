"""What splits leave out: dedupe's drops and the audit's."""

import pytest

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


def test_a_run_that_found_nothing_counts_and_one_that_died_while_writing_does_not(tmp_path):
    """The newest run is the newest that was written: with its verdicts, even with none."""
    bad = Verdict("a", VerdictKind.CONTAMINATED, keep=False)

    def dying():
        yield bad
        raise OSError(28, "No space left on device")

    with Ledger.open(f"sqlite:///{tmp_path}/ledger.sqlite") as ledger:
        ledger.record("audit", {}, verdicts=[bad])
        with pytest.raises(OSError, match="No space"):
            ledger.record("audit", {}, verdicts=dying())
        assert left_out(ledger) == {"a": "contaminated"}
        ledger.record("audit", {})
        assert left_out(ledger) == {}


def add(ledger, command, *lines):
    ledger.add_verdicts(
        ledger.start(command, {}),
        [Verdict(path, kind, keep=keep, evidence=f"why {path}") for path, kind, keep in lines],
    )
