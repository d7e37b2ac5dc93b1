from __future__ import annotations

import csv
import json
import os
from dataclasses import replace

import numpy as np
import pytest

from galaxycurate.errors import InputError, SettingError
from tests.train.shapes import picture, write_picture, write_tree
from train.cli import run
from train.data.tree import read_tree
from train.fit import Place
from train.folds import folds, plan_folds
from train.recipe.settings import changed

COUNT = 40  # images of each class


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Bars and discs without splits; one in twenty lies in the wrong class."""
    root = tmp_path_factory.mktemp("folder")
    rng = np.random.default_rng(1)
    for kind, other in (("bar", "disc"), ("disc", "bar")):
        for number in range(COUNT):
            name = f"{kind}_{number:03d}.png"
            write_picture(root / (other if number < 2 else kind) / name, picture(kind, rng))
    return root


@pytest.fixture(scope="module")
def short(quick):
    return replace(changed(quick, {"lr": 0.003}), epochs=5)


@pytest.fixture(scope="module")
def finished(folder, short, tmp_path_factory):
    out = tmp_path_factory.mktemp("folds")
    said: list[str] = []
    found = folds(short, Place(folder, out, "cpu"), count=4, say=said.append)
    return out, found, said


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_image_is_judged_once_by_a_network_that_did_not_learn_from_it(finished, folder):
    out, found, _ = finished
    told = rows(out / "out_of_fold.csv")
    assert sorted(row["path"] for row in told) == sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*.png")
    )
    for row in told:
        with (out / f"fold-{row['fold']}" / "predictions.csv").open() as file:
            assert row["path"] in file.read()
    assert found["pooled"]["n"] == len(told) == 2 * COUNT
    right = sum(row["label"] == row["class"] for row in told) / len(told)
    assert found["pooled"]["accuracy"] == pytest.approx(right)


def test_the_scatter_is_that_of_the_folds(finished):
    out, found, _ = finished
    each = [
        json.loads((out / f"fold-{k}" / "metrics.json").read_text())["test"] for k in (1, 2, 3, 4)
    ]
    told = found["metrics"]["balanced_accuracy"]
    assert told["each"] == pytest.approx([one["balanced_accuracy"] for one in each])
    assert told["mean"] == pytest.approx(np.mean(told["each"]))
    assert told["std"] == pytest.approx(np.std(told["each"], ddof=1))


def test_planted_wrong_labels_stand_at_the_top_of_the_list(finished):
    pytest.importorskip("cleanlab")
    out, found, _ = finished
    told = rows(out / "label_noise.csv")
    planted = [
        f"{a}/{b}_{n:03d}.png" for a, b in (("bar", "disc"), ("disc", "bar")) for n in (0, 1)
    ]
    wrong = [row for row in told[:5] if row["path"] in planted]
    assert len(wrong) >= 0.8 * len(planted)
    assert {row["issue"] for row in wrong} == {"yes"}
    assert [int(row["rank"]) for row in told] == list(range(1, len(told) + 1))
    assert found["label_noise"]["doubted"] == len(told)


def test_a_finished_fold_is_not_trained_again(finished, folder, short):
    out, found, _ = finished
    networks = list(out.glob("fold-*/*.pth"))
    before = {path: path.stat().st_mtime_ns for path in networks}
    said: list[str] = []
    assert folds(short, Place(folder, out, "cpu"), count=4, say=said.append) == found
    assert sum("this run is finished" in line for line in said) == 4
    assert {path: path.stat().st_mtime_ns for path in networks} == before


def test_a_folder_without_groups_is_warned_of(finished):
    _, found, said = finished
    assert found["split_kind"] == "k-fold, no groups known"
    assert any("tells of no groups" in line for line in said)


def test_groups_and_equal_pictures_stay_in_one_fold(tmp_path, quick):
    root, rng = tmp_path / "tree", np.random.default_rng(0)
    listed = ["path,group"]
    for kind in ("bar", "disc"):
        for number in range(18):
            image = picture(kind, rng, side=16)
            write_picture(root / kind / f"{number}.png", image)
            listed.append(f"{kind}/{number}.png,{number // 2}")
        write_picture(root / kind / "copy.png", image)
    (root / "groups.csv").write_text("\n".join(listed) + "\n")
    plan = plan_folds(quick, Place(root, tmp_path / "out", "cpu"), 3, lambda line: None)
    for fold in plan:
        side = dict(zip([f.as_posix() for f in fold.tree.files], fold.tree.split, strict=True))
        for number in range(0, 18, 2):
            # a group goes across classes, too
            names = [f"{kind}/{n}.png" for kind in ("bar", "disc") for n in (number, number + 1)]
            assert len({side[name] for name in names}) == 1
        assert side["bar/copy.png"] == side["bar/17.png"]
        assert fold.tree.split_kind == "k-fold, groups whole (groups.csv)"


def test_folds_of_galaxycurate_split_are_taken_as_they_are(tmp_path, quick):
    tree = write_tree(tmp_path / "whole", counts={"train": 12, "val": 12, "test": 12})
    facts = json.loads((tree / "split.json").read_text())
    parts = ["train", "val", "test"]
    for k in range(3):
        target = tmp_path / "data" / f"fold-{k + 1}"
        for part, split in zip(parts, np.roll(["train", "val", "test"], k), strict=True):
            for path in (tree / part).rglob("*.jpg"):
                link = target / split / path.parent.name / f"{part}_{path.name}"
                link.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, link)
        (target / "split.json").write_text(json.dumps({**facts, "splits": {}, "fold": f"fold-{k}"}))
    place = Place(tmp_path / "data", tmp_path / "out", "cpu")
    plan = plan_folds(quick, place, None, lambda line: None)
    assert [fold.name for fold in plan] == ["fold-1", "fold-2", "fold-3"]
    assert {fold.held for fold in plan} == {"test"}
    assert plan[0].tree.split_kind == "k-fold, sky groups, proved"
    with pytest.raises(InputError, match="holds 3 folds, not 5"):
        plan_folds(quick, place, 5, lambda line: None)
    for k in (1, 2, 3):  # a test set that was kept aside is the same in all folds
        for path in (tmp_path / f"data/fold-{k}/test").rglob("*.jpg"):
            path.unlink()
        for kind in ("bar", "disc"):
            os.link(tree / f"test/{kind}/000.jpg", tmp_path / f"data/fold-{k}/test/{kind}/a.jpg")
    assert {fold.held for fold in plan_folds(quick, place, None, lambda line: None)} == {"val"}


def test_what_cannot_be_folded_is_refused(tmp_path, folder, quick):
    place = Place(folder, tmp_path / "out", "cpu")
    with pytest.raises(SettingError, match="--folds 2"):
        plan_folds(quick, place, 2, lambda line: None)
    with pytest.raises(InputError, match=r"has 40 groups of images, too few for 50 folds") as bad:
        plan_folds(quick, place, 50, lambda line: None)
    assert bad.value.hint == "--folds 40"
    with pytest.raises(SettingError, match="folds judge classes"):
        folds(changed(quick, {"task": "votes"}), place)


def test_the_command_tells_mean_and_scatter(finished, folder, capsys):
    out, found, _ = finished
    words = ["folds", "--data", str(folder), "--out", str(out), "--folds", "4", "--device", "cpu"]
    words += ["--epochs", "5", "--batch", "16", "--lr", "0.003"]
    for setting in ("steps_share=2", "size_px=32", "calibration_batches=2"):
        words += ["--set", setting]
    assert run(words) == 0
    told = capsys.readouterr().out
    mean = found["metrics"]["accuracy"]["mean"]
    assert f"accuracy           {mean:.4f} +- " in told
    assert "doubted labels" in told
    assert f"next: open {out}/report.html" in told
    review = f"galaxycurate review --queue noise --noise {out}/label_noise.csv"
    assert (review in told) == (found["label_noise"]["doubted"] > 0)
    assert f"out-of-fold accuracy {found['pooled']['accuracy']:.4f}" in told


def test_labels_are_those_of_the_folder(finished, folder):
    out, _, _ = finished
    tree = read_tree(folder)
    label = {f.as_posix(): tree.classes[k] for f, k in zip(tree.files, tree.label, strict=True)}
    assert all(label[row["path"]] == row["label"] for row in rows(out / "out_of_fold.csv"))


def test_refused_words_leave_what_was_found(finished, folder, quick):
    out, _, _ = finished
    with pytest.raises(SettingError, match="--folds 2"):
        folds(quick, Place(folder, out, "cpu"), count=2)
    assert (out / "folds.json").is_file()


def test_folds_end_with_a_report(finished):
    out, found, _ = finished
    page = (out / "report.html").read_text()
    assert f"{found['pooled']['accuracy']:.4f}" in page
    assert "4 folds together" in page


def test_folds_of_numpy_share_a_cache_and_are_resumed(folder, tmp_path, capsys):
    out, cache = tmp_path / "out", tmp_path / "cache"
    words = ["folds", "--preset", "numpy-cnn", "--data", str(folder), "--out", str(out)]
    words += ["--set", "size_px=32", "--epochs", "1", "--folds", "3", "--device", "cpu"]
    words += ["--cache", str(cache)]
    assert run([*words, "--resume"]) == 2
    assert not out.exists()
    assert run(words) == 0
    assert any(cache.iterdir())
    assert not (out / "cache").exists()
    assert len(list(out.glob("fold-*/numpy_cnn.npz"))) == 3
    capsys.readouterr()
    assert run([*words, "--resume", "--json"]) == 0
    told, said = capsys.readouterr()
    assert json.loads(told)["folds"] == 3
    assert said.count("this run is finished") == 3
