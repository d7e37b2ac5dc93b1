"""Where a browser keeps what is not in the ledger yet."""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from galaxycurate.errors import UsageError
from galaxycurate.store.settings import Settings
from galaxycurate.web.review.place import dataset_id, listening, own_port


def test_a_dataset_has_one_name_however_its_folder_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {dataset_id(Settings(dataset=f"{at}dataset")) for at in ("", "./", f"{tmp_path}/")}
    assert len(names) == 1


def test_every_ledger_and_dataset_has_a_name_of_its_own_without_its_password(tmp_path):
    here = Settings(dataset=str(tmp_path / "a" / "dataset"))
    shared = replace(here, db="postgresql://anna:secret@host/db", dataset_name="galaxies")
    others = [
        replace(here, dataset=str(tmp_path / "b" / "dataset")), shared,
        replace(shared, dataset_name="stars"), replace(shared, db="postgresql://anna@host/db2"),
    ]  # fmt: skip
    assert len({dataset_id(one) for one in (here, *others)}) == 5
    changed = replace(shared, db="postgresql://anna:changed@host/db")
    assert dataset_id(changed) == dataset_id(shared)


def test_a_reviewer_of_a_dataset_always_gets_the_same_port():
    ports = {own_port(dataset, who) for dataset in "abc" for who in ("anna", "ben")}
    assert len(ports) == 6
    assert all(20_000 <= port < 30_000 for port in ports)
    assert own_port("a", "anna") == own_port("a", "anna")


def test_where_the_own_port_is_taken_the_next_free_one_serves():
    with ExitStack() as open_ones:
        first, second = (
            open_ones.enter_context(listening(0, own_port("test", "anna"))) for _ in range(2)
        )
        taken, other = (one.getsockname() for one in (first, second))
        assert taken[0] == other[0] == "127.0.0.1"
        assert taken[1] < other[1] < taken[1] + 20
        with pytest.raises(UsageError, match=f"port {taken[1]} cannot be used"):
            listening(taken[1], own_port("test", "ben"))
