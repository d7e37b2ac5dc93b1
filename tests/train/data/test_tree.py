from __future__ import annotations

import json

import numpy as np
import pytest

from galaxycurate.errors import InputError
from tests.train.shapes import picture, write_picture, write_tree
from train.data.tree import read_tree


def test_a_split_tree_is_read_with_its_facts(tree_root):
    tree = read_tree(tree_root)
    assert tree.classes == ("bar", "disc")
    assert tree.counts("train") == {"bar": 32, "disc": 32}
    assert tree.origin == "simulated discs and bars"
    assert tree.warnings == ()


def test_the_label_follows_the_folder(tree_root):
    tree = read_tree(tree_root)
    for path, label, split in zip(tree.files, tree.label, tree.split, strict=True):
        assert path.parts[:2] == (split, tree.classes[label])


def test_a_folder_without_splits_is_split_at_random_and_says_so(tmp_path):
    rng = np.random.default_rng(0)
    for kind in ("bar", "disc"):
        for number in range(20):
            write_picture(tmp_path / kind / f"{number}.png", picture(kind, rng, side=16))
    tree = read_tree(tmp_path, seed=3)
    assert tree.counts("test") == tree.counts("val") == {"bar": 2, "disc": 2}
    assert "split at random (seed 3)" in tree.warnings[0]
    assert (tree.split == read_tree(tmp_path, seed=3).split).all()
    assert (tree.split != read_tree(tmp_path, seed=4).split).any()


def test_an_unknown_leak_check_is_said(tmp_path):
    root = write_tree(tmp_path, counts={"train": 4, "val": 2, "test": 2})
    facts = json.loads((root / "split.json").read_text())
    (root / "split.json").unlink()
    assert "no check for leaks between splits is known" in read_tree(root).warnings[0]
    (root / "split.json").write_text(json.dumps({**facts, "leaking_pairs": 7}))
    assert "7 leaking pairs" in read_tree(root).warnings[0]


def test_missing_images_are_counted_against_split_json(tmp_path):
    root = write_tree(tmp_path, counts={"train": 4, "val": 2, "test": 2})
    (root / "train" / "bar" / "000.jpg").unlink()
    (warning,) = read_tree(root).warnings
    assert warning == "split.json counts 2 images in train/bar, 1 are there"


@pytest.mark.parametrize(
    "facts",
    [
        {"leaking_pairs": "3"},
        {"leaking_pairs": [1]},
        {"leaking_pairs": -1},
        {"leaking_pairs": 0, "without_footprint": "all"},
        {"splits": ["train"]},
        {"splits": {"train": {"bar": None}}},
        {"leaking_pairs": 0, "seconds": float("nan")},
    ],
)
def test_a_split_json_of_other_kinds_is_refused(tmp_path, facts):
    root = write_tree(tmp_path, counts={"train": 4, "val": 2, "test": 2})
    (root / "split.json").write_text(json.dumps(facts))
    with pytest.raises(InputError, match="is no account of a split: it has"):
        read_tree(root)


@pytest.mark.parametrize("content", ["3", "[1, 2]", "{not json"])
def test_a_split_json_without_facts_proves_nothing(tmp_path, content):
    root = write_tree(tmp_path, counts={"train": 4, "val": 2, "test": 2})
    (root / "split.json").write_text(content)
    tree = read_tree(root)
    assert "split.json holds no facts: no check for leaks" in tree.warnings[0]
    assert tree.split_kind == "folders, unproved"


def test_a_class_that_a_side_lacks_is_said(tmp_path):
    root = write_tree(tmp_path, counts={"train": 4, "val": 2, "test": 2})
    (root / "split.json").unlink()
    (root / "test/bar/000.jpg").unlink()
    assert read_tree(root).warnings[1:] == (
        "test has no images of bar: how these fare stays unknown",
    )


def test_a_link_that_leads_nowhere_stays_in_the_list(tmp_path):
    root = write_tree(tmp_path, counts={"train": 4, "val": 2, "test": 2})
    (root / "train/bar/lost.jpg").symlink_to(root / "gone.jpg")
    assert read_tree(root).counts("train") == {"bar": 3, "disc": 2}


def test_hidden_and_foreign_files_are_no_images(tmp_path):
    root = write_tree(tmp_path, counts={"train": 4, "val": 2, "test": 2})
    for name in (".001.part.jpg", "notes.txt"):
        (root / "train" / "bar" / name).write_bytes(b"x")
    assert read_tree(root).counts("train") == {"bar": 2, "disc": 2}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: (root / "test").rename(root / "tests"), "has no images in test/"),
        (lambda root: (root / "train/bar").rename(root / "train/.bar"), "no images of bar"),
    ],
)
def test_a_tree_that_cannot_be_tested_is_refused(tmp_path, spoil, message):
    root = write_tree(tmp_path, counts={"train": 4, "val": 2, "test": 2})
    spoil(root)
    with pytest.raises(InputError, match=message):
        read_tree(root)


def test_one_class_alone_is_refused(tmp_path):
    write_picture(tmp_path / "disc" / "a.png", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(InputError, match="only the class disc"):
        read_tree(tmp_path)
