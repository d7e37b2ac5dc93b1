from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from galaxycurate.errors import GalaxyCurateError
from train.cli import run
from train.data.decode import decode, window_of
from train.data.feed import Feed
from train.export import export
from train.judge.evaluate import probabilities
from train.learn import checkpoint
from train.networks import build
from train.recipe.config import Network
from train.recipe.presets import preset
from train.recipe.settings import changed

CLASSES = ("elliptical", "spiral galaxy")


def untrained(path, name: str = "galaxy-cnn", size_px: int = 32, **values):
    """A checkpoint of a network as it begins, of either task."""
    config = changed(preset(name), {"size_px": size_px, "crop_px": 0, **values})
    torch.manual_seed(0)
    n_out = 1 if config.task == "binary" else 2
    model = build(config.network, n_out, size_px=size_px).eval()
    mean, std = np.array([20, 30, 40], np.float32), np.array([5, 6, 7], np.float32)
    trained = checkpoint.Trained(model, config, CLASSES, mean, std, "simulated discs", 3)
    checkpoint.save(path, trained)
    return trained


def images_of(tree_root, trained) -> np.ndarray:
    files = sorted((tree_root / "test").rglob("*.jpg"))[:5]
    return np.stack([decode(file, window_of(trained.config.data)) for file in files])


def wanted_of(trained, images: np.ndarray) -> np.ndarray:
    """What predict answers: through the feed of training and judging."""
    feed = Feed(images, trained.mean, trained.std, torch.device("cpu"))
    return probabilities(trained.model, feed, np.arange(len(images)), task=trained.task)


@pytest.mark.parametrize("name", ["galaxy-cnn", "galaxy10-binary"])
def test_onnx_answers_as_predict_does(name, tree_root, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    pytest.importorskip("onnxscript", reason="the onnx extra is not installed")
    trained = untrained(tmp_path / "net.pth", name)
    made = export(tmp_path / "net.pth", "onnx")
    assert made.path == tmp_path / "net.onnx"
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ".pth"] == ["net.onnx"]
    session = onnxruntime.InferenceSession(made.path, providers=["CPUExecutionProvider"])
    (given,), (told,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.type, given.shape[1:]) == ("images", "tensor(uint8)", [32, 32, 3])
    assert (told.name, told.type) == ("probabilities", "tensor(float)")
    images = images_of(tree_root, trained)
    for count in (1, 5):  # any number of images at once
        found = session.run(None, {"images": images[:count]})[0]
        np.testing.assert_allclose(found, wanted_of(trained, images[:count]), atol=1e-5)
    written = session.get_modelmeta().custom_metadata_map
    assert json.loads(written["classes"]) == list(CLASSES)
    assert written["origin"] == "simulated discs"
    assert written["preset"] == name
    assert json.loads(written["window"])["size_px"] == 32


@pytest.mark.parametrize("name", ["keras-cnn", "tiny-4"])
def test_pt2_answers_as_predict_does(name, tree_root, tmp_path):
    trained = untrained(tmp_path / "net.pth", name)
    made = export(tmp_path / "net.pth", "pt2", tmp_path / "there" / "net.pt2")
    facts = {"facts.json": ""}
    program = torch.export.load(made.path, extra_files=facts)
    images = images_of(tree_root, trained)
    found = program.module()(torch.from_numpy(images)).detach().numpy()
    np.testing.assert_allclose(found, wanted_of(trained, images), atol=1e-5)
    assert json.loads(json.loads(facts["facts.json"])["classes"]) == list(CLASSES)


def test_the_file_is_held_against_the_network_before_it_appears(tmp_path, monkeypatch):
    from train import export as module

    untrained(tmp_path / "net.pth", "tiny-4")
    told = module._ask_pt2
    monkeypatch.setattr(module, "_ask_pt2", lambda *given: told(*given) + 0.01)
    with pytest.raises(GalaxyCurateError, match="would answer otherwise than the network"):
        export(tmp_path / "net.pth", "pt2")
    assert [p.name for p in tmp_path.iterdir()] == ["net.pth"]


@pytest.mark.parametrize("absent", ["onnx", "onnxscript"])
def test_a_missing_onnx_is_a_line_and_a_hint(absent, tmp_path, monkeypatch, capsys):
    untrained(tmp_path / "net.pth", "tiny-4")
    monkeypatch.setitem(sys.modules, absent, None)
    assert run(["export", str(tmp_path / "net.pth")]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[-2].endswith(f"exporting to ONNX needs {absent}, which is not installed")
    assert "pip install 'galaxycurate[onnx]'" in said[-1]
    assert not (tmp_path / "net.onnx").exists()


def test_the_command_tells_what_the_file_takes_and_answers(tmp_path, capsys):
    untrained(tmp_path / "net.pth", "tiny-4")
    assert run(["export", str(tmp_path / "net.pth"), "--to", "pt2"]) == 0
    out, err = capsys.readouterr()
    assert "takes    uint8 (images, 32, 32, 3), RGB" in out
    assert "probabilities: elliptical, spiral galaxy" in out
    assert "its answers are the network's to " in out
    assert "learnt from simulated pixels" in err
    assert run(["export", str(tmp_path / "net.pth"), "--to", "pt2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["task"] == "classes"


def test_wrong_uses_of_export_touch_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for words, said in (
        (["export", "absent.pth"], "no such checkpoint: absent.pth"),
        (["export", "absent.pth", "--to", "tf"], "--to takes one of onnx, pt2, not tf"),
    ):
        assert run(words) == 2
        assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_weights_are_not_fetched_again_for_an_export(tmp_path):
    """A checkpoint that began from elsewhere carries all its weights."""
    trained = untrained(tmp_path / "net.pth", "tiny-4")
    config = replace(trained.config, network=Network("tiny-4", weights="gone.pth"))
    checkpoint.save(tmp_path / "net.pth", replace(trained, config=config))
    assert export(tmp_path / "net.pth", "pt2").path.is_file()
