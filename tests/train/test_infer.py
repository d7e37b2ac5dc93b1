from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

from galaxycurate.errors import InputError
from tests.train.shapes import write_tree
from train.asked import open_network
from train.cli import run
from train.infer import answers, evaluate
from train.learn.checkpoint import Trained, save
from train.networks.galaxy_cnn import GalaxyCNN
from train.recipe.config import Config, Data


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """An untrained network of bars and discs that averages over four turns."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("net") / "net.pth"
    config = Config(views=4, data=Data(size_px=32), precision="float32")
    model, grey = GalaxyCNN(2), np.full(3, 20, np.float32)
    with torch.no_grad():
        model.head.weight.mul_(20)  # an untrained one is of one mind about everything
    save(path, Trained(model.eval(), config, ("bar", "disc"), grey, grey, "simulated"))
    return path


def test_views_are_those_of_the_recipe_unless_others_are_asked_for(network, tree_root):
    files = sorted((tree_root / "test" / "bar").iterdir())
    asked = {n: answers(open_network(network, "cpu", views=n), files)[0] for n in (None, 1, 4)}
    assert np.array_equal(asked[None], asked[4])
    assert not np.allclose(asked[1], asked[4], atol=1e-6)
    assert evaluate(network, tree_root, device="cpu")["views"] == 4
    assert evaluate(network, tree_root, views=1, device="cpu")["views"] == 1


def test_quick_answers_name_the_same_classes_as_those_of_the_test(network, tree_root):
    files = sorted((tree_root / "test").rglob("*.jpg"))
    slow, _ = answers(open_network(network, "cpu"), files)
    quick, _ = answers(open_network(network, "cpu", quick=True), files)
    assert not np.array_equal(quick, slow)
    assert np.abs(quick - slow).max() < 0.01


def test_sky_groups_widen_the_interval(network, tmp_path):
    root = write_tree(tmp_path / "tree", counts={"train": 4, "val": 2, "test": 40})
    alone = evaluate(network, root, device="cpu")
    assert alone["resampled"] == {"what": "images", "n": 40}
    names = [path.relative_to(root).as_posix() for path in sorted((root / "test").rglob("*.jpg"))]
    lines = "".join(f"{name},{number // 10}\n" for number, name in enumerate(names))
    (root / "groups.csv").write_text("path,group\n" + lines)
    grouped = evaluate(network, root, device="cpu")
    assert grouped["resampled"] == {"what": "groups", "n": 4}
    assert grouped["accuracy"] == alone["accuracy"]
    assert grouped["split_kind"] == "sky groups, proved"
    assert grouped["intervals"]["accuracy"] != alone["intervals"]["accuracy"]


def test_a_test_of_broken_files_alone_is_refused(network, tree_root, tmp_path):
    root = tmp_path / "tree"
    shutil.copytree(tree_root, root)
    for path in (root / "test").rglob("*.jpg"):
        path.write_bytes(b"")
    with pytest.raises(InputError, match=r"no image of .* can be read"):
        evaluate(network, root, device="cpu")


def test_eval_tells_figures_and_their_scatter(network, tree_root, capsys):
    words = ["eval", str(network), "--data", str(tree_root), "--device", "cpu", "--views", "2"]
    assert run(words) == 0
    text = capsys.readouterr().out
    assert run([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    low, high = found["intervals"]["roc_auc"]
    assert f"roc auc            {found['roc_auc']:.4f}  {low:.4f} to {high:.4f}" in text
    assert "95 % of images drawn anew (16)" in text
    assert f"calibration error  {found['ece']:.4f}  {found['intervals']['ece'][0]:.4f} to" in text
    assert f"... by chance      {found['ece_by_chance']:.4f}" in text


def test_an_opened_network_has_its_device_prepared(network, monkeypatch):
    prepared = []
    monkeypatch.setattr("train.device.prepare", lambda *told: prepared.append(told))
    open_network(network, "cpu")
    assert prepared == [(torch.device("cpu"), "float32")]


def test_pictures_decoded_side_by_side_keep_their_order(network, tree_root, tmp_path):
    files = sorted((tree_root / "test").rglob("*.jpg"))
    broken = [tmp_path / f"{n}.jpg" for n in range(2)]
    for path in broken:
        path.write_bytes(b"no picture")
    asked, said = open_network(network, "cpu"), []
    found, bad = answers(asked, [broken[0], *files[:5], broken[1], *files[5:]], say=said.append)
    alone = np.concatenate([answers(asked, [file])[0] for file in files])
    assert found == pytest.approx(alone, abs=1e-6)
    assert list(bad) == broken
    assert len(said) == 2


def test_a_network_knows_the_images_that_taught_it(shown_run, tree_root, tmp_path, capsys):
    made, said = shown_run / "galaxy_cnn_225.pth", []
    assert evaluate(made, tree_root, device="cpu", say=said.append)["taught"] == 0
    assert not any("taught" in line for line in said)
    mixed = tmp_path / "mixed"  # under other names, without the folders of a split
    for name in ("train", "test"):
        for path in sorted((tree_root / name).rglob("*.jpg"))[::2]:
            place = mixed / path.parent.name / f"{name}-{path.name}"
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place)
    own = len(list(mixed.rglob("train-*")))
    assert run(["eval", str(made), "--data", str(mixed), "--device", "cpu"]) == 0
    told = capsys.readouterr()
    everything = len(list(mixed.rglob("*.jpg")))
    assert f"warning: {own} of {everything} images taught this network" in told.err
    assert f"{own} of these images taught the network: no test of it" in told.out
