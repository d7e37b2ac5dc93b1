import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from galaxycurate.errors import InputError, StorageError
from galaxycurate.store.images import ImageTree


def test_an_image_is_written_whole_and_nothing_else_is_seen(tmp_path):
    tree = ImageTree(tmp_path)
    path = tree.relative("spiral", "1237662226208063489")
    tree.write(path, b"body")
    assert path == "images/spiral/1237662226208063489.jpg"
    assert tree.path(path).read_bytes() == b"body"
    assert tree.size(path) == 4
    assert tree.size("images/spiral/none.jpg") is None
    tree.clean()
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["1237662226208063489.jpg"]


@pytest.mark.parametrize("mode", ["copy", "hardlink", "reference"])
def test_an_adopted_image_has_the_same_bytes_in_every_mode(tmp_path, mode):
    source = tmp_path / "mine.jpeg"
    source.write_bytes(b"mine")
    tree = ImageTree(tmp_path / "dataset")
    for _ in range(2):
        tree.adopt(source, "images/a/b.jpg", mode)
    final = tree.path("images/a/b.jpg")
    assert final.read_bytes() == b"mine"
    assert final.is_symlink() == (mode == "reference")
    assert final.samefile(source) == (mode != "copy")


@pytest.mark.parametrize("mode", ["copy", "hardlink", "reference"])
def test_an_image_that_lies_in_its_place_already_stays_whole(tmp_path, mode):
    tree = ImageTree(tmp_path)
    tree.write("images/a/b.jpg", b"mine")
    tree.adopt(tree.path("images/a/b.jpg"), "images/a/b.jpg", mode)
    assert tree.path("images/a/b.jpg").read_bytes() == b"mine"
    assert not tree.path("images/a/b.jpg").is_symlink()


def test_what_is_finished_leaves_no_place_for_the_unfinished(tmp_path):
    tree = ImageTree(tmp_path)
    tree.write("images/a/b.jpg", b"body")
    tree.finish()
    assert [p.name for p in tmp_path.iterdir()] == ["images"]
    (tmp_path / ".part" / str(os.getppid())).mkdir(parents=True)
    tree.finish()
    assert (tmp_path / ".part" / str(os.getppid())).exists()


@pytest.mark.parametrize("word", ["../up", "a/b", "", ".hidden", "a b", "x\n"])
def test_a_name_that_would_leave_the_folder_is_refused(word):
    with pytest.raises(InputError, match="cannot be a file name"):
        ImageTree("/").relative("spiral", word)
    with pytest.raises(InputError, match="cannot be a file name"):
        ImageTree("/").relative(word, "x")


def gone_pid() -> int:
    """The number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait(20)
    return child.pid


def test_clean_removes_what_the_dead_left_and_nothing_of_the_living(tmp_path):
    parts = {pid: tmp_path / ".part" / str(pid) / "images/a" for pid in (gone_pid(), os.getppid())}
    for folder in parts.values():
        folder.mkdir(parents=True)
        (folder / "b.jpg").touch()
    ImageTree(tmp_path).clean()
    assert [folder.exists() for folder in parts.values()] == [False, True]


def test_threads_write_at_the_same_time(tmp_path):
    tree = ImageTree(tmp_path)
    paths = [tree.relative("a", str(n)) for n in range(400)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda path: tree.write(path, path.encode() * 999), paths))
    assert sorted(tree.paths()) == sorted(paths)
    assert all(tree.read(path) == path.encode() * 999 for path in paths)


def test_what_was_no_picture_lies_by_reason_under_an_ending_that_opens_it(tmp_path):
    tree = ImageTree(tmp_path)
    for name, body in {
        "a": b"<html>",
        "b": b"\xff\xd8\xff\x00",
        "c": b"\x00\x80",
        "d": b"",
    }.items():
        tree.quarantine("wrong size", "spiral", name, body)
    found = {p.relative_to(tmp_path).as_posix() for p in (tmp_path / "rejected").rglob("*.*")}
    assert found == {
        f"rejected/wrong-size/spiral/{n}" for n in ("a.html", "b.jpg", "c.bin", "d.txt")
    }
    assert list(tree.paths()) == []


@pytest.mark.parametrize("mode", ["write", "copy", "hardlink", "reference"])
def test_an_image_arrives_although_its_place_in_the_making_was_cleaned_away(
    tmp_path, mode, monkeypatch
):
    source, tree = tmp_path / "mine.jpg", ImageTree(tmp_path / "dataset")
    source.write_bytes(b"mine")
    rename, cleanings = os.replace, iter(range(1))

    def cleaned_first(part, final):
        for _ in cleanings:
            Path(part).unlink()
        rename(part, final)

    monkeypatch.setattr(os, "replace", cleaned_first)
    if mode == "write":
        tree.write("images/a/b.jpg", b"mine")
    else:
        tree.adopt(source, "images/a/b.jpg", mode)
    assert tree.path("images/a/b.jpg").read_bytes() == b"mine"
    assert next(cleanings, None) is None


def test_an_image_adopted_twice_leaves_nothing_in_the_making(tmp_path):
    source, tree = tmp_path / "mine.jpg", ImageTree(tmp_path / "dataset")
    source.write_bytes(b"mine")
    for _ in range(2):
        tree.adopt(source, "images/a/b.jpg", "hardlink")
    assert not [p for p in (tree.root / ".part").rglob("*") if p.is_file()]


def test_what_is_set_aside_keeps_its_bytes_and_hides_nothing_that_lies_there(tmp_path):
    tree = ImageTree(tmp_path)
    for body in (b"one", b"two", b"three"):
        tree.write("images/a/b.jpg", body)
        tree.set_aside("images/a/b.jpg")
    assert tree.size("images/a/b.jpg") is None
    aside = {p.name: p.read_bytes() for p in (tmp_path / "set_aside" / "a").iterdir()}
    assert aside == {"b.jpg": b"one", "b-2.jpg": b"two", "b-3.jpg": b"three"}


def test_setting_aside_what_is_not_there_does_nothing(tmp_path):
    ImageTree(tmp_path).set_aside("images/a/b.jpg")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "dataset").write_text("a file in the way")
    with pytest.raises(StorageError, match=r"cannot write .*dataset/images/a/b.jpg"):
        ImageTree(tmp_path / "dataset").write("images/a/b.jpg", b"body")
