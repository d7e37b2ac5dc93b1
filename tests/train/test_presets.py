"""Every preset of networks: its recipe is the mission's, it learns, is judged and exported."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from train.cli import fit as fit_face
from train.cli.words import Parser
from train.export import export
from train.fit import Place, fit
from train.infer import evaluate
from train.learn import checkpoint
from train.networks import build
from train.recipe.config import Network
from train.recipe.presets import about, names, preset
from train.recipe.settings import changed

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
OURS = ("galaxy-cnn", "keras-cnn", "galaxy10-binary", "tiny-4", "resnet18")
QUICK = {"epochs": 1, "size_px": 32, "crop_px": 0, "batch": 16, "steps_share": 2}


@pytest.mark.parametrize("name", OURS)
def test_a_preset_learns_is_judged_and_exported(name, tree_root, tmp_path):
    config = changed(preset(name), {**QUICK, "calibration_batches": 2})
    metrics = fit(config, Place(tree_root, tmp_path, "cpu"))
    written = tmp_path / checkpoint.name_of(config)
    assert metrics["test"]["n"] == 16
    assert metrics["config"]["preset"] == name
    found = evaluate(written, tree_root, device="cpu")
    assert found["confusion"] == metrics["test"]["confusion"]
    assert export(written, "pt2").difference < 1e-4


def test_the_files_are_named_after_the_mission_and_the_presets():
    assert [checkpoint.name_of(preset(name)) for name in OURS] == [
        "galaxy_cnn_225.pth",
        "keras-cnn.pth",
        "galaxy10-binary.pth",
        "tiny-4.pth",
        "resnet18.pth",
    ]


def test_the_recipes_are_those_of_the_mission():
    keras, binary, tiny, resnet = (preset(name) for name in OURS[1:])
    assert (keras.data.size_px, keras.augment.flip, keras.augment.rotation_deg) == (224, True, 0)
    assert keras.data.zoom > 1
    assert (binary.task, binary.data.size_px) == ("binary", 256)
    assert binary.network.dropout > 0
    assert (tiny.data.size_px, tiny.epochs) == (128, 12)
    assert (resnet.data.crop_px, resnet.data.size_px) == (180, 180)
    moved = resnet.augment
    assert moved.flip
    assert min(moved.rotation_deg, moved.perspective, moved.brightness, moved.saturation) > 0


@pytest.mark.parametrize("name", names())
def test_every_preset_says_what_it_is_and_has_its_command_on_the_page(name):
    assert len(about(name)) > 20
    page = (ROOT / "docs" / "training.md").read_text()
    assert f"| `{name}` |" in page
    (command,) = re.findall(rf"^ *python -m train (--preset {name} --data .*)$", page, re.M)
    asked = Parser(prog="train")
    fit_face.words(asked)
    assert fit_face.recipe(asked.parse_args(command.split())) == preset(name)


def test_a_run_that_began_from_a_checkpoint_goes_on_without_it(tree_root, tmp_path):
    """What was borrowed is in the run's own files by then."""
    torch.save(build(Network("tiny-4"), 2, size_px=32).state_dict(), tmp_path / "first.pth")
    said: list[str] = []
    place = Place(tree_root, tmp_path / "out", "cpu")
    weights = {"network.weights": str(tmp_path / "first.pth"), "calibration_batches": 1}
    config = changed(preset("tiny-4"), {**QUICK, **weights})
    fit(config, place, say=said.append)
    assert any(line.startswith("tiny-4 begins with 8 of 8 tensors of ") for line in said)
    (tmp_path / "first.pth").unlink()
    longer = fit(changed(config, {"epochs": 2}), place, resume=True, say=said.append)
    assert len(longer["history"]) == 2
    assert "going on after epoch 1" in said
