from __future__ import annotations

import errno
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from galaxycurate.errors import StorageError
from tests.train.shapes import write_tree
from train.files import LOCK, alone_in, replacing
from train.place import Place

HOME = Path(__file__).resolve().parents[2]
HOLD = """
import sys
from pathlib import Path
from train.files import alone_in
with alone_in(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds ``out``."""
    words = [sys.executable, "-c", HOLD, str(tmp_path / "out")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(words, cwd=HOME, text=True, **pipes) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_file_where_the_run_was_to_be_is_named_as_such(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(StorageError, match=r"cannot write to .*out: a file is there") as told:
        alone_in(tmp_path / "out").__enter__()
    assert told.value.hint == "choose another folder with --out"


@pytest.mark.parametrize("network", ["galaxy-cnn", "numpy-cnn"])
def test_a_second_run_in_one_folder_is_refused_until_the_first_is_gone(
    holder, quick, tmp_path, network
):
    from train.fit import fit
    from train.recipe.config import Network

    root = write_tree(tmp_path / "tree", counts={"train": 16, "val": 4, "test": 8})
    config = replace(quick, epochs=1, network=Network(name=network))
    place = Place(root, tmp_path / "out", "cpu")
    with pytest.raises(StorageError, match="another process trains in"):
        fit(config, place)
    assert [path.name for path in place.out.iterdir()] == [LOCK]
    holder.kill()  # the file stays, the lock does not
    holder.wait()
    torn = place.out / f".last.{holder.pid}.part.pth"
    torn.write_bytes(b"half")
    fit(config, place)
    assert not torn.exists()
    assert not (place.out / LOCK).exists()


def test_what_an_interrupted_cache_holds_is_not_swept(tmp_path):
    part = tmp_path / ".pixels_0123abcd_0123456789abcdef.part"
    part.write_bytes(b"rows")
    with alone_in(tmp_path):
        assert part.exists()


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_read(quick, tmp_path):
    from train.fit import fit

    (tmp_path / "out").write_text("in the way")
    with pytest.raises(StorageError, match="cannot write to"):
        fit(quick, Place(tmp_path / "no tree", tmp_path / "out", "cpu"))


def test_a_folder_that_a_failed_run_made_goes_again(tmp_path):
    with pytest.raises(ValueError, match="no tree"), alone_in(tmp_path / "out"):
        raise ValueError("no tree")
    assert not (tmp_path / "out").exists()


def write_and_fail(path: Path) -> None:
    with replacing(path) as part:
        part.mkdir()  # it cannot be unlinked
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_the_error_is_what_happened_and_not_what_happened_to_the_clean_up(tmp_path):
    with pytest.raises(StorageError, match="No space left"):
        write_and_fail(tmp_path / "a.txt")
