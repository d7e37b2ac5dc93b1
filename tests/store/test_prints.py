"""Fingerprints on the disk: kept once, whole after a kill, of one version."""

import numpy as np
import pyarrow as pa
import pytest

from galaxycurate.store import prints as store_prints
from galaxycurate.store.prints import PrintStore


def table(*keys):
    return pa.table({"key": list(keys), "value": [len(key) for key in keys]})


def test_what_was_appended_is_read_in_the_order_asked_for(tmp_path):
    store = PrintStore(tmp_path / "p", 1)
    store.append(table("a", "bb"))
    store.append(table("ccc"), {"bad": "the file is empty"})
    held, rows, flaws = store.read(["ccc", "none", "a", "bad", "a"])
    assert [held["value"][row].as_py() for row in rows if row >= 0] == [3, 1, 1]
    assert (rows >= 0).tolist() == [True, False, True, False, True]
    assert flaws == {"bad": "the file is empty"}
    assert len(held) == 2


def test_an_absent_store_holds_nothing_and_is_not_made(tmp_path):
    held, rows, flaws = PrintStore(tmp_path / "p", 1).read(["a"])
    assert (held, rows.tolist(), flaws) == (None, [-1], {})
    PrintStore(tmp_path / "p", 1, read_only=True).append(table("a"))
    PrintStore(tmp_path / "p", 1).append(None, {})
    assert not (tmp_path / "p").exists()


def test_another_version_is_not_looked_at(tmp_path):
    PrintStore(tmp_path, 1).append(table("a"))
    assert PrintStore(tmp_path, 2).read(["a"])[0] is None
    assert PrintStore(tmp_path, 1).read(["a"])[1].tolist() == [0]


def test_a_part_that_a_power_failure_cut_is_as_if_never_written(tmp_path):
    store = PrintStore(tmp_path, 1)
    store.append(table("a"))
    store.append(table("b"))
    cut = sorted(tmp_path.glob("*.parquet"))[0]
    cut.write_bytes(cut.read_bytes()[:50])
    rows = store.read(["a", "b"])[1]
    assert sorted(np.sign(rows).tolist()) in ([-1, 0], [-1, 1])
    assert not cut.exists()


def test_the_same_part_twice_is_one(tmp_path):
    store = PrintStore(tmp_path, 1)
    for _ in range(2):
        store.append(table("a", "b"))
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("killed", [False, True])
def test_many_small_parts_become_one_and_a_kill_between_loses_nothing(
    tmp_path, monkeypatch, killed
):
    monkeypatch.setattr(store_prints, "MOST_PARTS", 5)
    store = PrintStore(tmp_path, 1)
    keys = [f"key{k}" for k in range(8)]
    for key in keys:
        store.append(table(key), {f"bad {key}": "cut"})
    if killed:
        monkeypatch.setattr(type(tmp_path), "unlink", lambda *_a, **_k: None)
    store.tidy()
    monkeypatch.undo()
    assert len(list(tmp_path.glob("v1-*.parquet"))) == (9 if killed else 1)
    held, rows, flaws = store.read([*keys, *(f"bad {key}" for key in keys)])
    assert [held["key"][row].as_py() for row in rows[:8]] == keys
    assert len(flaws) == 8


def test_a_disk_that_does_not_answer_now_costs_no_part(tmp_path, monkeypatch):
    import pyarrow.parquet as pq

    PrintStore(tmp_path, 1).append(table("a"))

    def stale(*_args, **_more):
        raise OSError(116, "Stale file handle")

    with monkeypatch.context() as patch:
        patch.setattr(pq, "read_table", stale)
        assert PrintStore(tmp_path, 1).read(["a"])[0] is None
    assert PrintStore(tmp_path, 1).read(["a"])[1].tolist() == [0]


def test_a_store_that_is_only_read_keeps_even_a_cut_part(tmp_path):
    PrintStore(tmp_path, 1).append(table("a"))
    (part,) = tmp_path.iterdir()
    part.write_bytes(part.read_bytes()[:50])
    assert PrintStore(tmp_path, 1, read_only=True).read(["a"])[0] is None
    assert part.exists()
