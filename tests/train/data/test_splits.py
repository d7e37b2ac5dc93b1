from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from galaxycurate.errors import InputError
from tests.train.shapes import picture, write_picture, write_tree
from train.cli import run
from train.data.splits import divide, equal_across, fold_splits, joined, leaks, read_groups
from train.data.tree import read_tree
from train.fit import Place, fit
from train.recipe.settings import changed


def objid(run_: int, camcol: int, field: int, obj: int) -> int:
    return 1 << 59 | 301 << 48 | run_ << 32 | camcol << 29 | field << 16 | obj


def test_each_class_is_shared_out_evenly():
    label = np.repeat([0, 1, 2], [200, 50, 3])
    part = divide(label, None, [0.8, 0.1, 0.1], seed=0)
    counts = np.array([np.bincount(label[part == p], minlength=3) for p in range(3)])
    assert counts[:, :2].tolist() == [[160, 40], [20, 5], [20, 5]]
    assert counts[:, 2].tolist() == [1, 1, 1]  # even a class of three is tested
    assert (divide(label, None, [0.8, 0.1, 0.1], seed=0) == part).all()
    assert (divide(label, None, [0.8, 0.1, 0.1], seed=1) != part).any()


def test_at_random_only_the_number_counts():
    label = np.repeat([0, 1], [500, 500])
    part = divide(label, None, [0.8, 0.1, 0.1], seed=0, stratified=False)
    assert np.bincount(part).tolist() == [800, 100, 100]
    assert abs((label[part == 2] == 0).sum() - 50) > 0


def test_groups_stay_whole_and_the_shares_hold():
    rng = np.random.default_rng(0)
    label, groups = rng.integers(0, 3, 2000), rng.integers(0, 300, 2000)
    groups[:300] = 0
    part = divide(label, groups, [0.2] * 5, seed=0)
    assert all(np.unique(part[groups == g]).size <= 1 for g in range(300))
    for c in range(3):
        shares = np.bincount(part[label == c]) / (label == c).sum()
        assert shares == pytest.approx([0.2] * 5, abs=0.02)


def test_every_fold_tests_what_the_others_learn():
    part = np.arange(20) % 4
    splits = fold_splits(part, 4)
    assert (sum((split == "test").astype(int) for split in splits) == 1).all()
    assert (sum((split == "val").astype(int) for split in splits) == 1).all()
    assert all(((split == "test") & (split == "val")).sum() == 0 for split in splits)


def test_groups_are_those_that_are_listed(tmp_path):
    files = [Path(f"train/a/{n}.jpg") for n in range(4)]
    lines = "path,group\ntrain/a/0.jpg,7\ntrain/a/2.jpg,7\nelsewhere.jpg,7\n"
    (tmp_path / "groups.csv").write_text(lines)
    found = read_groups(tmp_path, files)
    assert found.said == "groups.csv"
    assert found.of[0] == found.of[2]
    assert np.unique(found.of).size == 3
    (tmp_path / "groups.csv").write_text("file,number\na,1\n")
    with pytest.raises(InputError, match=r"has no column path, group\n"):
        read_groups(tmp_path, files)


def test_an_empty_group_is_no_group_and_a_table_of_other_images_is_refused(tmp_path):
    files = [Path(f"train/a/{n}.jpg") for n in range(3)]
    lines = "\ufeffpath,group\ntrain/a/0.jpg,\ntrain/a/1.jpg,\ntrain/a/2.jpg\n"
    (tmp_path / "groups.csv").write_text(lines, encoding="utf-8")
    assert np.unique(read_groups(tmp_path, files).of).size == 3
    with pytest.raises(InputError, match="names none of the 1 images beside it"):
        read_groups(tmp_path, [Path("test/b.jpg")])


@pytest.mark.parametrize(
    "content", [b"path,group\n\xff.jpg,1\n", b'path,group\n"a\0' + b"b" * 200_000]
)
def test_a_table_that_is_none_is_refused(tmp_path, content):
    (tmp_path / "groups.csv").write_bytes(content)
    with pytest.raises(InputError, match="is no CSV table in UTF-8"):
        read_groups(tmp_path, [Path("a.jpg")])


def test_ids_of_one_field_or_the_next_are_one_group(tmp_path):
    ids = [
        objid(745, 3, 524, 602),
        objid(745, 3, 524, 17),
        objid(745, 3, 525, 9),
        objid(745, 4, 524, 5),  # another camcol
        objid(745, 3, 527, 5),  # a field between
        objid(752, 3, 526, 5),  # another run
    ]
    files = [Path(f"a/J1_{one}_gri.jpeg") for one in ids] + [Path("a/12.jpg"), Path("a/13.jpg")]
    found = read_groups(tmp_path, files)
    assert found.said == "fields by objID"
    assert found.of[0] == found.of[1] == found.of[2]
    assert np.unique(found.of).size == 6
    assert read_groups(tmp_path, files[-2:]) is None


def test_owners_of_equal_pictures_become_one_group():
    groups = np.array([0, 1, 1, 2, 3, 4])
    prints = [b"x", b"y", b"x", b"z", b"z", b"w"]
    found = joined(groups, prints)
    assert found[0] == found[1] == found[2]
    assert found[3] == found[4]
    assert np.unique(found).size == 3


def test_equal_pictures_on_two_sides_are_counted_once_a_side():
    split = np.array(["train", "train", "val", "test", "test", "test"])
    prints = [b"x", b"x", b"x", b"x", b"x", b"y"]
    assert equal_across(prints, split) == [(2, 0), (3, 0)]
    files = [Path(f"{s}/{n}.jpg") for n, s in enumerate(split)]
    assert leaks(files, {}, [(2, 0), (3, 0)]) == (
        "2 pictures stand on two sides: val/2.jpg = train/0.jpg, test/3.jpg = train/0.jpg"
    )
    assert leaks(files, {"leaking_pairs": 0}, []) == ""
    assert "and 7 more" in leaks(files, {}, [(2, 0)] * 10)


@pytest.fixture
def leaky(tmp_path):
    """A tree with one train picture in test, too."""
    root = write_tree(tmp_path / "tree", counts={"train": 16, "val": 4, "test": 8})
    shutil.copy(root / "train/bar/001.jpg", root / "test/bar/002.jpg")
    return root


def test_training_refuses_a_picture_on_two_sides(leaky, quick, tmp_path, capsys):
    place = Place(leaky, tmp_path / "out", "cpu")
    with pytest.raises(InputError) as caught:
        fit(replace(quick, epochs=1), place)
    assert "1 picture stands on two sides: test/bar/002.jpg = train/bar/001.jpg" in str(
        caught.value
    )
    assert "--allow-leaks" in caught.value.hint
    assert not list(place.out.glob("*.pth"))
    assert run(["--data", str(leaky), "--out", str(place.out), "--set", "size_px=32"]) == 2
    assert "its test would be too good" in capsys.readouterr().err


def test_training_refuses_what_split_json_counts(leaky, quick, tmp_path):
    (leaky / "test/bar/002.jpg").unlink()
    facts = json.loads((leaky / "split.json").read_text())
    (leaky / "split.json").write_text(json.dumps({**facts, "leaking_pairs": 7}))
    with pytest.raises(InputError, match=r"split.json counts 7 leaking pairs"):
        fit(replace(quick, epochs=1), Place(leaky, tmp_path / "out", "cpu"))


def write_groups(root: Path, **group: str) -> None:
    """Each image of the tree in a group of its own, but for those named by their class and side."""
    files = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.jpg"))
    rows = [f"{name},{group.get(name.split('/')[0], name)}" for name in files]
    (root / "groups.csv").write_text("\n".join(["path,group", *rows]) + "\n")


def test_training_refuses_a_group_on_two_sides(leaky, quick, tmp_path):
    (leaky / "test/bar/002.jpg").unlink()
    write_groups(leaky, train="7", val="7")
    place, config = Place(leaky, tmp_path / "out", "cpu"), replace(quick, epochs=1)
    with pytest.raises(InputError) as caught:
        fit(config, place)
    assert "1 group of groups.csv stands on two sides: val/bar/000.jpg and train/bar/000.jpg" in (
        str(caught.value)
    )
    said: list[str] = []
    allowed = fit(changed(config, {"allow_leaks": True}), place, say=said.append)
    assert allowed["data"]["split_kind"] == "folders, leaking"
    assert any(line.startswith("warning: the split leaks: 1 group of") for line in said)


def test_fields_on_two_sides_are_a_guess_and_not_refused(quick, tmp_path):
    root = write_tree(tmp_path / "tree", counts={"train": 16, "val": 4, "test": 8})
    for number, path in enumerate(sorted(root.rglob("*.jpg"))):
        path.rename(path.with_name(f"{objid(745, 3, 524, number)}.jpg"))
    assert read_tree(root).groups.said == "fields by objID"
    metrics = fit(replace(quick, epochs=1), Place(root, tmp_path / "out", "cpu"))
    assert metrics["data"]["split_kind"] == "sky groups, proved"


def test_a_finished_run_learns_of_other_groups_without_training(quick, tmp_path):
    root = write_tree(tmp_path / "tree", counts={"train": 16, "val": 4, "test": 8})
    place, config, said = Place(root, tmp_path / "out", "cpu"), replace(quick, epochs=1), []
    first = fit(config, place)
    facts = json.loads((root / "split.json").read_text())
    (root / "split.json").write_text(json.dumps({**facts, "without_footprint": 3}))
    again = fit(config, place, say=said.append)
    assert again["history"] == first["history"]  # with its seconds: nothing was trained
    assert first["data"]["split_kind"] == "sky groups, proved"
    assert "sky of 3 images not measured" in again["data"]["split_kind"]
    write_groups(root)
    assert fit(config, place)["fingerprint"] != again["fingerprint"]
    fit(config, place, say=said.append)
    assert sum("this run is finished" in line for line in said) == 1


def test_whoever_allows_leaks_trains_and_is_warned(leaky, quick, tmp_path):
    said: list[str] = []
    config = changed(replace(quick, epochs=1), {"allow_leaks": True})
    metrics = fit(config, Place(leaky, tmp_path / "out", "cpu"), say=said.append)
    assert metrics["data"]["test_images_also_in_train_or_val"] == 1
    assert any(line.startswith("warning: the split leaks: 1 picture") for line in said)


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        (None, "folders, unproved"),
        ({"origin": "elsewhere"}, "folders, unproved"),
        ({"leaking_pairs": 0}, "sky groups, proved"),
        (
            {"leaking_pairs": 0, "without_footprint": 8},
            "groups kept whole, sky of 8 images not measured",
        ),
        ({"leaking_pairs": 0, "fold": "fold-2"}, "k-fold, sky groups, proved"),
        ({"leaking_pairs": 3}, "folders, leaking"),
        (
            {"leaking_pairs": 0, "splits": {"train": {"bar": 9}}},
            "sky groups, changed since they were proved",
        ),
    ],
)
def test_the_kind_of_a_split_is_told(tmp_path, facts, kind):
    root = write_tree(tmp_path / "tree", counts={"train": 4, "val": 2, "test": 2})
    (root / "split.json").unlink()
    if facts is not None:
        (root / "split.json").write_text(json.dumps(facts))
    assert read_tree(root).split_kind == kind


def test_a_folder_is_divided_as_it_is_asked(tmp_path):
    rng = np.random.default_rng(0)
    for kind in ("bar", "disc"):
        for number in range(20):
            name = f"{objid(100, 1, number * 3 // 2, number)}.png"
            write_picture(tmp_path / kind / name, picture(kind, rng, side=16))
    tree = read_tree(tmp_path)
    assert tree.split_kind == "stratified at random, groups whole (fields by objID)"
    sides = {}
    for group, split in zip(tree.groups.of, tree.split, strict=True):
        sides.setdefault(group, set()).add(split)
    assert all(len(split) == 1 for split in sides.values())
    assert read_tree(tmp_path, stratified=False).split_kind.startswith("random, groups whole")
