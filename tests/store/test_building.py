"""What a dead process left of a folder is known from what a living one builds."""

import fcntl
import threading
import time

import pytest

from galaxycurate.errors import StorageError
from galaxycurate.store import building as module
from galaxycurate.store.building import abandoned, building, clear, held, standing


def leave(parent, name="out"):
    """What a kill in the middle of a build leaves."""
    (parent / f".{name}.new").mkdir()
    (parent / f".{name}.new" / "half").write_bytes(b"12345")
    (parent / f".{name}.lock").write_text("1")


def test_a_folder_that_is_being_built_is_not_abandoned(tmp_path):
    with building(tmp_path / "out", "a test"):
        assert abandoned(tmp_path) == {}


def test_what_was_left_is_told_with_its_bytes_and_goes(tmp_path):
    leave(tmp_path)
    assert abandoned(tmp_path) == {tmp_path / "out": 5}
    clear(tmp_path / "out")
    assert not any(tmp_path.iterdir())


def test_a_folder_that_was_moved_aside_comes_back(tmp_path):
    leave(tmp_path)
    (tmp_path / ".out.old").mkdir()
    (tmp_path / ".out.old" / "whole").touch()
    assert standing(tmp_path / "out") == tmp_path / ".out.old"
    (tmp_path / ".out.old" / "whole").write_bytes(b"123")
    assert abandoned(tmp_path) == {tmp_path / "out": 5}  # the older one is no waste
    clear(tmp_path / "out")
    assert standing(tmp_path / "out") == tmp_path / "out"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["whole"]
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_hidden_folders_of_somebody_else_are_not_ours(tmp_path):
    (tmp_path / ".mine.new").mkdir()  # without a lock of ours
    (tmp_path / ".app.lock").touch()  # without a folder
    (tmp_path / ".lock").touch()
    assert abandoned(tmp_path) == {}
    assert abandoned(tmp_path / "nowhere") == {}


def test_an_older_folder_whose_place_is_taken_is_waste(tmp_path):
    leave(tmp_path)
    for name in (".out.old", "out"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "whole").write_bytes(b"123")
    assert abandoned(tmp_path) == {tmp_path / "out": 8}
    clear(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_somebody_builds_is_not_cleared(tmp_path):
    with building(tmp_path / "out", "a test") as part:
        with pytest.raises(StorageError, match=r"building .*out/ is under way already"):
            clear(tmp_path / "out")
        assert part.is_dir()


def test_a_mere_look_at_a_lock_refuses_nobody(tmp_path):
    lock = tmp_path / "a.lock"
    lock.touch()
    with lock.open("r+") as look:
        fcntl.flock(look, fcntl.LOCK_EX | fcntl.LOCK_NB)
        late = threading.Timer(1.5 * module.PAUSE_S, fcntl.flock, (look, fcntl.LOCK_UN))
        late.start()
        with held(lock, "a test"):
            assert lock.is_file()
        late.join()


def test_who_holds_a_lock_is_told_after_a_moment(tmp_path):
    with held(tmp_path / "a.lock", "the first"):
        began = time.monotonic()
        with pytest.raises(StorageError, match="the second is under way already"):
            held(tmp_path / "a.lock", "the second").__enter__()
        assert time.monotonic() - began >= (module.TRIES - 1) * module.PAUSE_S


@pytest.mark.parametrize("has_another", [False, True])
def test_a_lock_on_a_file_that_its_holder_removed_holds_nothing(tmp_path, monkeypatch, has_another):
    lock, real, others = tmp_path / "a.lock", fcntl.flock, []

    def flock(file, how):
        """The last holder ends between the opening and the locking, and another one begins."""
        if not others:
            lock.unlink()
            others.append(lock.open("a+") if has_another else None)
            if has_another:
                real(others[0], how)
        real(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    if has_another:
        with pytest.raises(StorageError, match="is under way already"):
            held(lock, "a test").__enter__()
        others[0].close()
    else:
        with held(lock, "a test"):
            assert lock.is_file()
