import hashlib

import pytest
import sqlalchemy as sa

from galaxycurate.errors import InputError, SettingError, StorageError, UsageError
from galaxycurate.store import formats
from galaxycurate.store.keeping import keep
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.registry import Registry
from tests.store.test_manifest import COLUMNS, HEADER, made


def fewer(**changes):
    rows = {name: values[:1] for name, values in COLUMNS.items()}
    return Manifest.build(Header(**{**vars(HEADER), **changes}), rows, where="test")


@pytest.mark.parametrize("ending", sorted(formats.ENDINGS))
def test_a_colleague_pulls_the_identical_file_in_every_format(db, tmp_path, ending):
    pushed = made().write(tmp_path / "mine" / f"m{ending}")
    with Registry.open(db) as registry:
        assert registry.push(pushed)
    with Registry.open(db) as registry:
        entry, path = registry.pull("m", tmp_path / "theirs")
    assert path == tmp_path / "theirs" / f"m{ending}"
    assert path.read_bytes() == pushed.path.read_bytes()
    assert Manifest.read(path).header == HEADER
    assert (entry.sha256, entry.rows, entry.query_sha256) == (pushed.sha256, 2, "ab" * 32)
    assert entry.labels == {"negative": 1, "spiral": 1}


def test_the_same_content_is_kept_once_and_another_is_a_new_version(db, tmp_path):
    old = made().write(tmp_path / "m.parquet")
    with Registry.open(db) as registry:
        assert [registry.push(old), registry.push(old)] == [True, False]
        new = fewer().write(tmp_path / "m.parquet")
        assert registry.push(new)
        assert [(e.name, e.sha256) for e in registry.entries()] == [
            ("m.parquet", old.sha256),
            ("m.parquet", new.sha256),
        ]
        assert registry.pull("m.parquet", tmp_path / "new")[0].sha256 == new.sha256
        _, path = registry.pull(old.sha256[:8], tmp_path / "old")
    assert Manifest.read(path).table.equals(made().table)


def test_keeping_a_manifest_shares_it_once(db, tmp_path, monkeypatch):
    monkeypatch.setenv("GALAXYCURATE_DB", db)
    first = keep(made(), tmp_path / "m.parquet", db=db)
    keep(made(), tmp_path / "m.parquet", db=db)
    second = keep(fewer(), tmp_path / "m.parquet", db=db)
    with Registry.open(db) as registry:
        assert [e.sha256 for e in registry.entries()] == [first.sha256, second.sha256]


def test_a_manifest_is_written_where_the_database_is_away(tmp_path):
    path = tmp_path / "m.parquet"
    with pytest.raises(StorageError, match=r"the team's database .* does not open") as caught:
        keep(made(), path, db="postgresql+psycopg://me:secret@127.0.0.1:1/team")
    assert caught.value.hint == (
        f"{path} is written; share it with: galaxycurate manifests push {path}"
    )
    assert len(Manifest.read(path)) == 2


def test_plain_sql_reads_the_headers(db, tmp_path):
    keep(made(), tmp_path / "m.parquet", db=db)
    with sa.create_engine(db).connect() as plain:
        row = plain.execute(sa.text(
            "select name, rows, release, archive, query, query_sha256, created_utc, command, "
            "labels ->> 'spiral' as spirals from manifest")).mappings().one()  # fmt: skip
    assert row["name"] == "m.parquet"
    assert (row["rows"], int(row["spirals"]), row["release"]) == (2, 1, "dr17")
    assert {k: row[k] for k in ("archive", "query", "query_sha256", "created_utc", "command")} == {
        k: getattr(HEADER, k)
        for k in ("archive", "query", "query_sha256", "created_utc", "command")
    }


def test_a_pull_never_replaces_another_file_and_repeats_quietly(db, tmp_path):
    keep(made(), tmp_path / "m.parquet", db=db)
    there = fewer().write(tmp_path / "theirs" / "m.parquet")
    with Registry.open(db) as registry:
        with pytest.raises(UsageError, match=r"m.parquet is another manifest"):
            registry.pull("m", tmp_path / "theirs")
        assert Manifest.read(there.path).sha256 == there.sha256
        before = (tmp_path / "m.parquet").stat().st_mtime_ns
        assert registry.pull("m", tmp_path)[1].stat().st_mtime_ns == before


@pytest.mark.parametrize("word", ["n", "abcdef12", "", "m.csv", "../m"])
def test_a_name_that_nobody_pushed_is_told(db, tmp_path, word):
    keep(made(), tmp_path / "m.parquet", db=db)
    with (
        Registry.open(db) as registry,
        pytest.raises(InputError, match=f"no manifest of the team is called '{word}'"),
    ):
        registry.pull(word, tmp_path)


def test_damaged_bytes_make_no_file(db, tmp_path):
    keep(made(), tmp_path / "m.parquet", db=db)
    with sa.create_engine(db).begin() as plain:
        plain.execute(sa.text("update manifest set body = :b"), {"b": b"PAR1"})
    with Registry.open(db) as registry, pytest.raises(StorageError, match="was damaged"):
        registry.pull("m", tmp_path / "theirs")
    assert not (tmp_path / "theirs").exists()


def test_a_name_from_the_database_leads_out_of_no_folder(db, tmp_path):
    kept = keep(made(), tmp_path / "m.parquet", db=db)
    with sa.create_engine(db).begin() as plain:
        plain.execute(sa.text("update manifest set name = '../../evil.parquet'"))
    with Registry.open(db) as registry:
        path = registry.pull(kept.sha256, tmp_path / "deep" / "er")[1]
    assert path == tmp_path / "deep" / "er" / "evil.parquet"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == kept.sha256


def test_without_a_database_the_setting_is_named():
    with pytest.raises(SettingError, match="db is empty") as caught:
        Registry.open("")
    assert "GALAXYCURATE_DB" in caught.value.hint
