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


@pytest.mark.parametrize("word", ["../up", "a/b", "", ".hidden", "a b", "x\n"])
def test_a_name_that_would_leave_the_folder_is_refused(word):
    with pytest.raises(InputError, match="cannot be a file name"):
        ImageTree("/").relative("spiral", word)
    with pytest.raises(InputError, match="cannot be a file name"):
        ImageTree("/").relative(word, "x")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "dataset").write_text("a file in the way")
    with pytest.raises(StorageError, match=r"cannot write .*dataset/images/a/b.jpg"):
        ImageTree(tmp_path / "dataset").write("images/a/b.jpg", b"body")
