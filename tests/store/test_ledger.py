import sqlite3
import subprocess
import sys

import pytest

from galaxycurate.core.outcome import Outcome, Status, Verdict, VerdictKind
from galaxycurate.errors import InputError, SettingError, StorageError
from galaxycurate.store.ledger import Ledger


def outcome(path, status=Status.OK, **more):
    return Outcome(path=path, name="n", label="l", request="r", status=status, **more)


def open_ledger(tmp_path):
    return Ledger.open(f"sqlite:///{tmp_path}/data/ledger.sqlite")


def test_the_newest_outcome_counts_and_the_older_stay(tmp_path):
    with open_ledger(tmp_path) as ledger:
        run = ledger.start("download", {"rate": 2})
        ledger.add_outcomes(run, [outcome("b", Status.FAILED, reason="busy"), outcome("a")])
        ledger.add_outcomes(run, [outcome("b", n_bytes=9)])
        assert [(o.path, o.status, o.n_bytes) for o in ledger.outcomes()] == [
            ("a", Status.OK, 0),
            ("b", Status.OK, 9),
        ]
        assert list(ledger.outcomes(Status.FAILED)) == []
        assert ledger.attempts() == 3


def test_verdicts_and_places_are_those_of_the_newest_run(tmp_path):
    with open_ledger(tmp_path) as ledger:
        assert ledger.verdicts() == []
        for keep in (True, False):
            run = ledger.start("dedupe", {"min_overlap": 0.1})
            verdict = Verdict("a", VerdictKind.OVERLAP, "b", 0.25, keep=keep)
            ledger.add_verdicts(run, [verdict])
            ledger.add_places(run, [("a", int(keep), ""), ("b", 0, "")])
        assert ledger.verdicts() == [verdict]
        assert ledger.places("dedupe") == {"a": (0, ""), "b": (0, "")}
        assert ledger.places("split") == {}
        assert ledger.last_run("dedupe")["parameters"] == {"min_overlap": 0.1}


def test_no_ledger_is_made_by_looking(tmp_path):
    with pytest.raises(InputError, match="nothing was downloaded or imported yet"):
        Ledger.open(f"sqlite:///{tmp_path}/data/ledger.sqlite", create=False)
    assert not (tmp_path / "data").exists()


def test_a_file_that_is_no_ledger_is_named(tmp_path):
    (tmp_path / "x.sqlite").write_text("these are not the bytes of a database " * 100)
    with pytest.raises(StorageError, match=r"x.sqlite does not open"):
        Ledger.open(f"sqlite:///{tmp_path}/x.sqlite")


def test_a_password_never_stands_in_an_error():
    with pytest.raises(StorageError) as caught:
        Ledger.open("postgresql+nodriver://me:secret@127.0.0.1/db")
    assert "secret" not in str(caught.value)
    with pytest.raises(SettingError, match="is no SQLAlchemy URL"):
        Ledger.open("just words")


def test_a_killed_process_loses_no_committed_line(tmp_path):
    code = (
        "import os, sys\nfrom galaxycurate.store.ledger import Ledger\n"
        "from galaxycurate.core.outcome import Outcome, Status\n"
        "ledger = Ledger.open(sys.argv[1])\nrun = ledger.start('download', {})\n"
        "for k in range(50):\n"
        "    ledger.add_outcomes(run, [Outcome(str(k), 'n', 'l', 'r', Status.OK)])\n"
        "os.kill(os.getpid(), 9)\n"
    )
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    assert subprocess.run([sys.executable, "-c", code, url], check=False).returncode == -9
    with Ledger.open(url) as ledger:
        assert ledger.attempts() == 50
    plain = sqlite3.connect(tmp_path / "ledger.sqlite")
    assert plain.execute("pragma integrity_check").fetchone() == ("ok",)
