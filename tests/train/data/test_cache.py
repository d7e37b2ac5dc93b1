from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from galaxycurate.errors import StorageError
from tests.train.shapes import write_tree
from train.data import filling
from train.data.cache import fingerprints, load_pixels, shared_pictures
from train.data.decode import Window, decode, decoded
from train.data.tree import read_tree


@pytest.fixture
def root(tmp_path):
    return write_tree(tmp_path / "tree", counts={"train": 8, "val": 2, "test": 4})


def test_every_row_is_the_decoded_file(root, tmp_path):
    tree = read_tree(root)
    pixels = load_pixels(tree, tmp_path / "cache", Window(32))
    for row, path in enumerate(tree.files):
        assert (pixels.images[row] == decode(root / path, Window(32))).all()


def test_broken_files_are_listed_with_a_reason(root, tmp_path):
    tree = read_tree(root)
    (root / tree.files[1]).write_bytes(b"")
    (root / tree.files[3]).write_bytes(b"<html>busy</html>")
    first = load_pixels(tree, tmp_path / "cache", Window(32))
    again = load_pixels(tree, tmp_path / "cache", Window(32))
    assert first.bad == again.bad == {1: "the file is empty", 3: "not an image"}


def test_the_cache_is_used_until_a_file_changes(root, tmp_path):
    told: list[str] = []
    tree = read_tree(root)
    load_pixels(tree, tmp_path / "cache", Window(32), say=told.append)
    load_pixels(tree, tmp_path / "cache", Window(32), say=told.append)
    assert len(told) == 1
    shutil.copy(root / tree.files[0], root / tree.files[1])
    pixels = load_pixels(tree, tmp_path / "cache", Window(32), say=told.append)
    assert len(told) == 2
    assert (pixels.images[0] == pixels.images[1]).all()
    assert len(list((tmp_path / "cache").iterdir())) == 3  # the old one was removed


def test_zoom_and_size_make_another_cache(root, tmp_path):
    tree = read_tree(root)
    keys = {
        load_pixels(tree, tmp_path / "cache", Window(size, zoom=zoom)).key
        for size, zoom in ((32, 1.0), (32, 2.0), (16, 1.0))
    }
    assert len(keys) == 3


def test_equal_pictures_on_two_sides_are_counted(root, tmp_path):
    tree = read_tree(root)
    test, train = tree.rows("test"), tree.rows("train")
    shutil.copy(root / tree.files[train[0]], root / tree.files[test[0]])
    pixels = load_pixels(tree, tmp_path / "cache", Window(32))
    assert shared_pictures(fingerprints(pixels.images), tree.split) == 1


def test_pictures_twice_in_test_are_no_leak():
    images = np.zeros((3, 4, 4, 3), np.uint8)
    images[2] += 1
    prints = fingerprints(images)
    assert shared_pictures(prints, np.array(["test", "test", "train"])) == 0


def test_an_unwritable_folder_is_named(root, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot write the decoded images"):
        load_pixels(read_tree(root), tmp_path / "file" / "cache", Window(32))


def test_a_renamed_and_grown_tree_decodes_only_what_is_new(root, tmp_path, monkeypatch):
    tree = read_tree(root)
    before = load_pixels(tree, tmp_path / "cache", Window(32))
    first = {path.name: before.images[row].copy() for row, path in enumerate(tree.files)}
    moved = root.rename(tmp_path / "elsewhere")
    content = (moved / tree.files[0]).read_bytes()
    (moved / "train/bar/new.jpg").write_bytes(content + b"\0")
    fresh = []
    monkeypatch.setattr(filling, "decoded", lambda *a: fresh.append(a) or decoded(*a))
    again = read_tree(moved)
    pixels = load_pixels(again, tmp_path / "cache", Window(32))
    assert len(fresh) == 1
    for row, path in enumerate(again.files):
        if path.name in first and path in tree.files:
            assert (pixels.images[row] == decode(moved / path, Window(32))).all()


@pytest.mark.parametrize("kind", ["pixels", "digests", "listing"])
@pytest.mark.parametrize("content", [b"", None])
def test_a_cache_that_is_cut_off_is_made_anew(root, tmp_path, kind, content):
    tree = read_tree(root)
    (root / tree.files[1]).write_bytes(b"")
    before = load_pixels(tree, tmp_path / "cache", Window(32))
    whole = before.images.copy()
    ends = {"pixels": "[0-9a-f].npy", "digests": "_digests.npy", "listing": ".json"}
    (path,) = (tmp_path / "cache").glob(f"pixels_*{ends[kind]}")
    path.write_bytes(path.read_bytes()[:-7] if content is None else content)
    (root / tree.files[0]).touch()  # another key: the digests are looked into
    for fresh in (False, True):
        if fresh:
            (path,) = (tmp_path / "cache").glob(f"pixels_*{ends[kind]}")
            path.write_bytes(path.read_bytes()[:-7] if content is None else content)
        after = load_pixels(tree, tmp_path / "cache", Window(32))
        assert (after.images == whole).all()
        assert after.bad == {1: "the file is empty"}


def test_a_file_that_vanishes_or_a_link_to_nowhere_is_told_as_unreadable(root, tmp_path):
    (root / "train/bar/lost.jpg").symlink_to(root / "gone.jpg")
    tree = read_tree(root)
    (root / tree.files[0]).unlink()
    bad = load_pixels(tree, tmp_path / "cache", Window(32)).bad
    assert {tree.files[row].name: why for row, why in bad.items()} == {
        "000.jpg": "unreadable: No such file or directory",
        "lost.jpg": "unreadable: No such file or directory",
    }


def test_a_name_that_is_no_utf_8_is_decoded(root, tmp_path):
    try:
        shutil.copy(root / "train/bar/000.jpg", os.fsencode(root / "train/bar") + b"/\xff.jpg")
    except OSError:
        pytest.skip("this disk takes no such names")
    tree = read_tree(root)
    assert not load_pixels(tree, tmp_path / "cache", Window(32)).bad


SHORT = """
import resource, sys
from train.data.filling import write_whole
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
with open(sys.argv[1], "wb", buffering=0) as file:
    assert file.write(bytes(1500)) == 1000  # the disk's end: no error, but fewer bytes
    file.seek(0)
    try:
        write_whole(file, [memoryview(bytes(700)), memoryview(bytes(800))])
    except OSError as error:
        print(error.strerror)
"""


def test_a_picture_that_the_disk_takes_half_of_is_an_error(tmp_path):
    words = [sys.executable, "-c", SHORT, str(tmp_path / "file")]
    home = Path(__file__).resolve().parents[3]
    done = subprocess.run(words, cwd=home, capture_output=True, text=True, check=True)
    assert done.stdout == "File too large\n"


BUILD = """
import sys, time
from pathlib import Path
from train.data import filling
from train.data.cache import load_pixels
from train.data.decode import Window
from train.data.tree import read_tree
filling.BLOCK, filling.SAFE_EVERY_S = 4, 0.0
slow, decoded = float(sys.argv[3]), filling.decoded
filling.decoded = lambda *a: (time.sleep(slow), print("row", flush=True), decoded(*a))[2]
tree = read_tree(Path(sys.argv[1]))
load_pixels(tree, Path(sys.argv[2]), Window(32), workers=1, say=lambda line: print(line))
"""


def build(root: Path, folder: Path, pause: float) -> subprocess.Popen:
    """A process that decodes slowly and says "row" for each file."""
    words = [sys.executable, "-c", BUILD, str(root), str(folder), str(pause)]
    home = Path(__file__).resolve().parents[3]
    return subprocess.Popen(words, cwd=home, stdout=subprocess.PIPE, text=True)


def test_a_killed_build_goes_on_where_it_was(root, tmp_path):
    process = build(root, tmp_path / "cache", 0.02)
    for _ in range(14):
        process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    tree, told = read_tree(root), []
    pixels = load_pixels(tree, tmp_path / "cache", Window(32), say=told.append)
    assert told[0].startswith("going on with the cache: ")
    assert int(told[0].split()[5]) >= 4
    for row, path in enumerate(tree.files):
        assert (pixels.images[row] == decode(root / path, Window(32))).all()
    assert not [path for path in (tmp_path / "cache").iterdir() if path.name.startswith(".")]


def test_two_processes_decode_each_file_once(root, tmp_path):
    both = [build(root, tmp_path / "cache", 0.01) for _ in range(2)]
    said = "".join(process.communicate(timeout=120)[0] for process in both)
    assert all(process.returncode == 0 for process in both)
    assert said.count("row\n") == len(read_tree(root).files)


def test_a_cache_that_another_process_fills_is_not_swept(root, tmp_path):
    """The tree changes while one process fills its cache; another one fills the newer cache."""
    process = build(root, tmp_path / "cache", 0.05)
    process.stdout.readline()
    (root / "test/bar/new.jpg").write_bytes((root / "test/bar/000.jpg").read_bytes())
    load_pixels(read_tree(root), tmp_path / "cache", Window(32))
    process.communicate(timeout=120)
    assert process.returncode == 0
    assert not [path for path in (tmp_path / "cache").iterdir() if path.name.startswith(".")]
