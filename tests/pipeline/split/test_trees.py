"""How an image comes into the tree of a split."""

import errno

import pytest

from galaxycurate.pipeline.split.trees import _place
from galaxycurate.store.images import ImageTree


@pytest.fixture
def tree(tmp_path):
    made = ImageTree(tmp_path / "dataset")
    made.write("images/a/1.jpg", b"one")
    made.write("images/a/2.jpg", b"two")
    return made


def test_what_is_there_already_is_never_written_through(tree, tmp_path):
    target = tmp_path / "t" / "1.jpg"
    _place(tree, "images/a/1.jpg", target)
    assert target.samefile(tree.path("images/a/1.jpg"))
    with pytest.raises(FileExistsError):
        _place(tree, "images/a/2.jpg", target)
    assert tree.read("images/a/1.jpg") == b"one"


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EMLINK, errno.EPERM])
def test_where_no_link_can_be_made_the_bytes_are_copied(tree, tmp_path, monkeypatch, number):
    monkeypatch.setattr("os.link", refusing(number))
    _place(tree, "images/a/2.jpg", tmp_path / "t" / "2.jpg")
    assert (tmp_path / "t" / "2.jpg").read_bytes() == b"two"


def test_another_trouble_is_told(tree, tmp_path, monkeypatch):
    monkeypatch.setattr("os.link", refusing(errno.EIO))
    with pytest.raises(OSError, match="no link"):
        _place(tree, "images/a/2.jpg", tmp_path / "t" / "2.jpg")


def refusing(number):
    def link(*_args):
        raise OSError(number, "no link")

    return link
