import os
import sqlite3
import subprocess
import sys

import pytest

from galaxycurate.core.outcome import Outcome, Reason, Status, Verdict, VerdictKind
from galaxycurate.errors import InputError, SettingError, StorageError
from galaxycurate.store.database import Database
from galaxycurate.store.ledger import Ledger
from tests import postgres


def outcome(path, status=Status.OK, **more):
    return Outcome(path=path, name="n", label="l", request="r", status=status, **more)


def test_the_newest_outcome_counts_and_the_older_stay(db):
    with Ledger.open(db) as ledger:
        run = ledger.start("download", {"rate": 2})
        ledger.add_outcomes(run, [outcome("b", Status.FAILED, reason="busy"), outcome("a")])
        ledger.add_outcomes(run, [outcome("b", n_bytes=9)])
        assert [(o.path, o.status, o.n_bytes) for o in ledger.outcomes()] == [
            ("a", Status.OK, 0),
            ("b", Status.OK, 9),
        ]
        assert list(ledger.outcomes(Status.FAILED)) == []
        assert ledger.attempts() == 3


def test_verdicts_and_places_are_those_of_the_newest_run(db):
    with Ledger.open(db) as ledger:
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


def test_a_run_is_recorded_with_all_that_it_found_or_not_at_all(db):
    found = Verdict("a", VerdictKind.CONTAMINATED, keep=False, sha256="ab" * 32)

    def broken():
        yield ("a", 1, "")
        raise OSError(28, "No space left on device")

    with Ledger.open(db) as ledger:
        ledger.record("audit", {"pixels": True}, verdicts=[found], places=[("a", 1, "")])
        first = ledger.last_run("audit")
        with pytest.raises(OSError, match="No space"):
            ledger.record("audit", {}, verdicts=[], places=broken())
        with pytest.raises(StorageError):
            ledger.record("audit", {}, verdicts=[found], places=[("a", None, "")])
        assert ledger.last_run("audit") == first
        assert ledger.verdicts("audit") == [found]
        assert ledger.places("audit") == {"a": (1, "")}


def test_verdicts_from_before_they_named_their_picture_come_back(db):
    verdict = Verdict("a", VerdictKind.CLEAN)
    with Ledger.open(db) as ledger:
        ledger.record("audit", {}, verdicts=[verdict])
        with ledger._database.begin() as old:
            old.exec_driver_sql("alter table verdict drop column sha256")
    with Ledger.open(db, create=False) as ledger:
        assert ledger.verdicts("audit") == [verdict]


def test_no_ledger_is_made_by_looking(db, tmp_path):
    with pytest.raises(InputError, match="nothing was downloaded or imported yet"):
        Ledger.open(db, create=False)
    assert not Database.open(db, what="ledger").holds("run")
    assert not (tmp_path / "data").exists()


def test_datasets_that_share_a_database_do_not_mix(db):
    with Ledger.open(db, "north") as north, Ledger.open(db, "south") as south:
        for ledger, status in ((north, Status.OK), (south, Status.FAILED)):
            run = ledger.start("dedupe", {"status": status})
            ledger.add_outcomes(run, [outcome("a", status)])
            ledger.add_places(run, [("a", run, "")])
        assert [o.status for o in north.outcomes()] == [Status.OK]
        assert [o.status for o in south.outcomes()] == [Status.FAILED]
        assert north.attempts() == south.attempts() == 1
        assert north.last_run("dedupe")["parameters"] == {"status": "ok"}
        assert north.places("dedupe") != south.places("dedupe")
        assert north.changed_since("split")
        north.start("split", {})
        assert not north.changed_since("split")
        assert south.changed_since("split")
    with pytest.raises(InputError, match="there is no ledger of west at "):
        Ledger.open(db, "west", create=False)


WORDS = ["a", "B", "_", "Z", "a b", "é", "e", "ab", "a/1", "a10", "a9", "\U0001f30c", "\uffee"]


def test_paths_come_in_the_order_of_python(db):
    with Ledger.open(db) as ledger:
        ledger.add_outcomes(ledger.start("download", {}), map(outcome, WORDS))
        assert [o.path for o in ledger.outcomes()] == sorted(WORDS)


def test_long_large_and_odd_values_come_back(db):
    path = "images/" + "x" * 900
    odd = outcome(path, Status.REJECTED, reason=Reason.BLANK, n_bytes=2**40,
                  detail="'; drop table run; -- %s %(a)s \\ \n é \U0001f30c")  # fmt: skip
    verdict = Verdict(path, VerdictKind.CONFLICT, path, 1 / 3, keep=False, evidence="e" * 5000)
    with Ledger.open(db) as ledger:
        run = ledger.start("dedupe", {"folder": path})
        ledger.add_outcomes(run, [odd, outcome("n", detail="a\0b")])
        ledger.add_verdicts(run, [verdict])
        ledger.add_places(run, [(path, 2**40, "train")])
        assert list(ledger.outcomes()) == [odd, outcome("n", detail="a\ufffdb")]
        assert ledger.verdicts() == [verdict]
        assert ledger.places("dedupe") == {path: (2**40, "train")}


WRITER = """
import sys
from galaxycurate.core.outcome import Outcome, Status
from galaxycurate.store.database import Database
from galaxycurate.store.ledger import Ledger
assert not Database.open(sys.argv[1], what="ledger").holds("run")  # loads what connecting needs
print("ready", flush=True)
sys.stdin.readline()
with Ledger.open(sys.argv[1], "shared") as ledger:
    run = ledger.start("download", {})
    for k in range(40):
        lines = [Outcome(f"{sys.argv[2]}-{k}-{n}", "n", "l", "r", Status.OK) for n in range(5)]
        ledger.add_outcomes(run, [*lines, Outcome("both", "n", "l", "r", Status.OK)])
"""


def test_processes_make_the_tables_and_write_at_the_same_time(db):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, db, str(n)], text=True,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for n in range(3)
    ]  # fmt: skip
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        assert writer.communicate(timeout=60)[1] == ""
    with Ledger.open(db, "shared", create=False) as ledger:
        assert ledger.attempts() == 3 * 40 * 6
        assert len(list(ledger.outcomes())) == 3 * 40 * 5 + 1


BEFORE = """
create table run (id integer not null primary key, time_utc varchar(32) not null,
    command varchar(32) not null, parameters text not null);
create index ix_run_command on run (command);
create table outcome (id integer not null primary key, run integer not null references run (id),
    time_utc varchar(32) not null, path varchar(400) not null, name text not null,
    label text not null, request text not null, status text not null, reason text not null,
    detail text not null, sha256 text not null, n_bytes integer not null, url text not null,
    provider text not null, http integer not null, etag text not null, attempts integer not null,
    manifest text not null);
create index ix_outcome_path on outcome (path);
create table verdict (id integer not null primary key, run integer not null references run (id),
    path varchar(400) not null, kind varchar(32) not null, partner varchar(400) not null,
    amount float not null, keep boolean not null, evidence text not null);
create table place (id integer not null primary key, run integer not null references run (id),
    path varchar(400) not null, "group" integer not null, split varchar(16) not null);
insert into run values (1, '2026-01-01', 'dedupe', '{"min_overlap": 0.1}');
insert into outcome values
    (1, 1, '2026-01-01', 'b', 'n', 'l', 'r', 'ok', '', '', '', 7, '', '', 0, '', 1, '');
insert into place values (1, 1, 'b', 4, '');
"""


@pytest.mark.parametrize("dataset", ["", "/home/me/dataset"])
@pytest.mark.parametrize("create", [True, False])
def test_a_ledger_from_before_datasets_had_names_opens(tmp_path, dataset, create):
    file = tmp_path / "ledger.sqlite"
    with sqlite3.connect(file) as plain:
        plain.executescript(BEFORE)
    plain.close()
    with Ledger.open(f"sqlite:///{file}", dataset, create=create) as ledger:
        assert list(ledger.outcomes()) == [outcome("b", n_bytes=7)]
        assert ledger.places("dedupe") == {"b": (4, "")}
        ledger.add_outcomes(ledger.start("download", {}), [outcome("a")])
    with Ledger.open(f"sqlite:///{file}", dataset) as ledger:
        assert [o.path for o in ledger.outcomes()] == ["a", "b"]
    with pytest.raises(InputError):
        Ledger.open(f"sqlite:///{file}", "another", create=False)


def test_a_ledger_from_before_pictures_had_a_size_opens(db):
    with Ledger.open(db) as ledger:
        ledger.add_outcomes(ledger.start("download", {}), [outcome("a", pixscale=0.4, took_ms=3)])
        with ledger._database.begin() as old:
            for name in ("pixscale", "size_px", "took_ms"):
                old.exec_driver_sql(f"alter table outcome drop column {name}")
    with Ledger.open(db, create=False) as ledger:
        assert list(ledger.outcomes()) == [outcome("a")]
        sized = outcome("b", pixscale=0.396127, size_px=256, took_ms=120)
        ledger.add_outcomes(ledger.start("download", {}), [sized])
        assert list(ledger.outcomes()) == [outcome("a"), sized]
        assert list(ledger.lines("path", "size_px")) == [[("a", 0), ("b", 256)]]


def test_a_wrong_password_or_database_is_told_without_the_password(postgres_server):
    wrong = postgres_server.url().replace(postgres.QUOTED, "secr%40et")
    for url, words in (
        (wrong, "password authentication failed"),
        (postgres_server.url("nowhere"), 'database "nowhere" does not exist'),
        (postgres_server.url().replace(str(postgres_server.port), "1"), "refused"),
    ):
        with pytest.raises(StorageError, match=words) as caught:
            Ledger.open(url)
        told = f"{caught.value} {caught.value.hint} {caught.value.__cause__}"
        assert "***" in told
        assert "config show" in told
        for secret in ("secr", "night", postgres.QUOTED):
            assert secret not in told


def test_a_missing_or_wrong_password_is_told_where_it_belongs(postgres_server, monkeypatch):
    for name in ("PGPASSFILE", "PGPASSWORD"):
        monkeypatch.setenv(name, "")
    for password in ("", ":wrong"):
        url = postgres_server.url().replace(f":{postgres.QUOTED}", password)
        with pytest.raises(StorageError, match="password") as caught:
            Ledger.open(url)
        assert "~/.pgpass" in caught.value.hint


def test_a_server_that_stops_midway_is_told_and_one_that_comes_back_is_used(postgres_server):
    with Ledger.open(postgres_server.database("midway")) as ledger:
        run = ledger.start("download", {})
        ledger.add_outcomes(run, [outcome("a")])
        postgres_server.stop()
        with pytest.raises(StorageError, match=r"the ledger .* does not open") as caught:
            ledger.add_outcomes(run, [outcome("b")])
        assert caught.value.hint.startswith("is the server up? ")
        assert caught.value.hint.endswith("run the same command to continue")
        postgres_server.start()
        ledger.add_outcomes(run, [outcome("c")])
        assert [o.path for o in ledger.outcomes()] == ["a", "c"]
        reading = ledger.outcomes()
        postgres_server.run("select pg_terminate_backend(pid) from pg_stat_activity "
                            "where datname = 'midway'")  # fmt: skip
        assert [o.path for o in reading] == ["a", "c"]


def test_a_statement_that_is_cut_says_to_run_again(postgres_server):
    with Ledger.open(postgres_server.database("cut")) as ledger:
        ledger.add_outcomes(ledger.start("download", {}), map(outcome, map(str, range(20_000))))
        reading = ledger.outcomes()
        next(reading)
        postgres_server.run("select pg_terminate_backend(pid) from pg_stat_activity "
                            "where datname = 'cut'")  # fmt: skip
        with pytest.raises(StorageError, match="broke off") as caught:
            list(reading)
        assert "run the same command" in caught.value.hint


def test_a_colleague_without_the_right_to_write_is_told(postgres_server):
    url = postgres_server.database("guarded")
    Ledger.open(url).start("download", {})
    postgres_server.run("create role guest login password 'g'")
    guest = url.replace(f"team:{postgres.QUOTED}", "guest:g")
    with pytest.raises(StorageError, match="permission denied for table run"):
        Ledger.open(guest).start("download", {})


def test_a_file_that_is_no_ledger_is_named(tmp_path):
    (tmp_path / "x.sqlite").write_text("these are not the bytes of a database " * 100)
    with pytest.raises(StorageError, match=r"x.sqlite does not open"):
        Ledger.open(f"sqlite:///{tmp_path}/x.sqlite")


def test_words_of_a_newer_version_are_told_as_such(db):
    with Ledger.open(db) as ledger:
        ledger.add_outcomes(ledger.start("download", {}), [outcome("a", status="quarantined")])
        ledger.record("dedupe", {}, verdicts=[Verdict("a", "warped")])
        newer = "which galaxycurate .* does not know: a newer one wrote it"
        with pytest.raises(StorageError, match=f"a Status 'quarantined', {newer}") as told:
            list(ledger.outcomes())
        assert told.value.hint == "pip install --upgrade galaxycurate"
        with pytest.raises(StorageError, match=f"a VerdictKind 'warped', {newer}"):
            ledger.verdicts()


@pytest.fixture
def frozen(tmp_path, monkeypatch):
    """A folder with a ledger in which nobody may write, whoever runs the test."""
    folder = tmp_path / "frozen"
    with Ledger.open(f"sqlite:///{folder}/ledger.sqlite") as ledger:
        ledger.add_outcomes(ledger.start("import", {}), [outcome("images/a/1.jpg")])
    os_access = os.access
    monkeypatch.setattr(os, "access", lambda path, *a: path != folder and os_access(path, *a))
    return folder


def test_a_ledger_where_nobody_may_write_can_be_read_and_nothing_appears_beside_it(frozen):
    with Ledger.open(f"sqlite:///{frozen}/ledger.sqlite", create=False) as ledger:
        assert [one.path for one in ledger.outcomes()] == ["images/a/1.jpg"]
        with pytest.raises(StorageError, match=r"cannot write .*ledger.sqlite: Read-only") as told:
            ledger.start("dedupe", {})
        assert told.value.hint == "choose a folder that you may write to"
    assert [path.name for path in frozen.iterdir()] == ["ledger.sqlite"]


def test_a_ledger_that_was_left_midway_is_not_read_without_its_last_lines(frozen):
    (frozen / "ledger.sqlite-wal").write_bytes(b"lines that are not in the file yet")
    with pytest.raises(StorageError, match="left in the middle of its work") as told:
        Ledger.open(f"sqlite:///{frozen}/ledger.sqlite")
    assert told.value.hint == "copy the whole folder to where you may write"


def test_a_password_never_stands_in_an_error():
    with pytest.raises(StorageError) as caught:
        Ledger.open("postgresql+nodriver://me:secret@127.0.0.1/db")
    assert "secret" not in str(caught.value)
    with pytest.raises(SettingError, match="is no SQLAlchemy URL"):
        Ledger.open("just words")
    with pytest.raises(SettingError, match="is no SQLAlchemy URL") as told:
        Ledger.open("postgresql:/me:secret@127.0.0.1/db")
    assert "secret" not in str(told.value)


def test_a_killed_process_loses_no_committed_line(db):
    code = (
        "import os, sys\nfrom galaxycurate.store.ledger import Ledger\n"
        "from galaxycurate.core.outcome import Outcome, Status\n"
        "ledger = Ledger.open(sys.argv[1])\nrun = ledger.start('download', {})\n"
        "for k in range(50):\n"
        "    ledger.add_outcomes(run, [Outcome(str(k), 'n', 'l', 'r', Status.OK)])\n"
        "os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, db], check=False).returncode == -9
    with Ledger.open(db) as ledger:
        assert ledger.attempts() == 50
    if db.startswith("sqlite"):
        plain = sqlite3.connect(db.removeprefix("sqlite:///"))
        assert plain.execute("pragma integrity_check").fetchone() == ("ok",)
