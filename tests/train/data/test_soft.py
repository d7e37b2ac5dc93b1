from dataclasses import replace

import numpy as np
import pytest

from galaxycurate.errors import InputError
from tests.train.shapes import write_tree
from train.data.soft import read_soft
from train.data.tree import read_tree
from train.fit import Place, fit
from train.recipe.settings import changed


@pytest.fixture
def root(tmp_path):
    return write_tree(tmp_path / "tree")


def write_soft(root, rows, classes="bar,disc"):
    text = "\n".join([f"path,{classes}", *(f"{path},{shares}" for path, shares in rows.items())])
    (root / "soft.csv").write_text(text + "\n")


def test_shares_add_up_to_one_and_a_file_without_votes_keeps_its_label(root):
    write_soft(
        root, {"train/bar/000.jpg": "0.6,0.2", "train/disc/000.jpg": "0,0", "gone.jpg": "1,0"}
    )
    tree = read_tree(root)
    soft = read_soft(tree)
    at = [file.as_posix() for file in tree.files].index
    assert soft.known == 1
    assert soft.shares[at("train/bar/000.jpg")] == pytest.approx([0.75, 0.25])
    assert soft.shares[at("train/disc/000.jpg")].tolist() == [0, 1]
    assert soft.shares.sum(1) == pytest.approx(np.ones(len(tree.files)))


def test_a_class_without_a_column_is_named(root):
    """Else an image of discs would teach that it is a bar, and nobody would know."""
    write_soft(root, {"train/disc/000.jpg": "0.4,0.6"}, classes="bar,Disc")
    with pytest.raises(InputError, match=r"soft.csv has no column disc\n"):
        read_soft(read_tree(root))
    write_soft(root, {"train/bar/000.jpg": "0.5,0.1,0.5"}, classes="bar,ring,disc")
    tree = read_tree(root)
    shares = read_soft(tree).shares
    row = [file.as_posix() for file in tree.files].index("train/bar/000.jpg")
    assert shares[row].tolist() == [0.5, 0.5]


def test_shares_above_one_and_a_path_twice_are_refused_with_their_line(root):
    write_soft(root, {"train/bar/000.jpg": "0.6,0.4", "train/bar/001.jpg": "0.9,0.4"})
    with pytest.raises(InputError, match=r"line 3 add up to 1.3, not to 1"):
        read_soft(read_tree(root))
    (root / "soft.csv").write_text("path,bar,disc\na.jpg,1,0\nb.jpg,1,0\na.jpg,0,1\n")
    with pytest.raises(InputError, match=r"a.jpg stands in line 2 and in line 4"):
        read_soft(read_tree(root))


def test_soft_labels_that_are_not_there_are_said(root):
    with pytest.raises(InputError, match="no soft labels") as caught:
        read_soft(read_tree(root))
    assert "galaxycurate positives --soft" in caught.value.hint
    write_soft(root, {"elsewhere/a.jpg": "1,0"})
    with pytest.raises(InputError, match="no vote fractions for the images"):
        read_soft(read_tree(root))
    write_soft(root, {"train/bar/000.jpg": "1.7,0"})
    with pytest.raises(InputError, match=r"'1.7' in line 2 is no fraction of votes"):
        read_soft(read_tree(root))


def test_a_network_learns_the_shares_and_not_the_labels(root, quick, long_run, tmp_path):
    """All volunteers were of two minds: a network that learns so much is sure of nothing."""
    files = {p.relative_to(root).as_posix(): "0.5,0.5" for p in (root / "train").rglob("*.jpg")}
    write_soft(root, files)
    out, hard, _ = long_run  # of an equal tree, without soft.csv
    config = changed(replace(quick, epochs=8), {"soft": "true"})
    soft = fit(config, Place(root, tmp_path / "soft", "cpu"))
    assert (hard["soft_labels"], soft["soft_labels"]) == (0, len(files))
    assert soft["config"]["data.soft"] is True
    surest = [sure(folder / "predictions.csv") for folder in (out, tmp_path / "soft")]
    assert surest[0] > 0.8
    assert surest[1] < 0.65
    assert soft["history"][-1]["loss"] == pytest.approx(np.log(2), abs=0.05)
    page = (tmp_path / "soft" / "report.html").read_text()
    assert f"{len(files)} images taught their vote fractions" in page


def sure(path):
    """The mean of the larger probability."""
    lines = [line.split(",")[3:] for line in path.read_text().splitlines()[1:]]
    return np.mean([max(float(a), float(b)) for a, b in lines])
