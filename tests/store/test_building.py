"""What a dead process left of a folder is known from what a living one builds."""

from galaxycurate.store.building import abandoned, building, clear


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
    assert list(abandoned(tmp_path)) == [tmp_path / "out"]
    clear(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["whole"]
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_hidden_folders_of_somebody_else_are_not_ours(tmp_path):
    (tmp_path / ".mine.new").mkdir()  # without a lock of ours
    (tmp_path / ".app.lock").touch()  # without a folder
    (tmp_path / ".lock").touch()
    assert abandoned(tmp_path) == {}
    assert abandoned(tmp_path / "nowhere") == {}
