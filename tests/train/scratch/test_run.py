from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from galaxycurate.errors import InputError, SettingError, UsageError
from train.fit import Place
from train.recipe.config import Augment, Config, Data, Network, Optim
from train.scratch import run, trained

RECIPE = Config(
    epochs=3,
    batch=16,
    steps_share=2,
    data=Data(size_px=32),
    augment=Augment(shift=0.05),
    optim=Optim(lr=4e-3),
)


@pytest.fixture(scope="module")
def finished(tree_root, tmp_path_factory):
    out = tmp_path_factory.mktemp("numpy-cnn")
    return out, run.fit(RECIPE, Place(tree_root, out))


def timeless(metrics: dict) -> list[dict]:
    clock = ("seconds", "images_per_s")
    return [{k: v for k, v in e.items() if k not in clock} for e in metrics["history"]]


def test_a_run_leaves_network_answers_figures_report_and_metrics(finished):
    out, metrics = finished
    assert json.loads((out / "metrics.json").read_text()) == metrics
    assert metrics["simulated"]
    assert metrics["parameters"] == 3 * 9 * 16 + 16 + 16 * 9 * 32 + 32 + 32 * 9 * 64 + 64 + 65 * 2
    assert len((out / "predictions.csv").read_text().splitlines()) == 17
    for name in (
        "confusion",
        "curves",
        "misclassified",
        *(f"activations/layer{n}" for n in (1, 2, 3)),
    ):
        assert (out / f"{name}.png").stat().st_size > 1000
    page = (out / "report.html").read_text()
    assert page.count("<img") > 10
    assert "Grad-CAM" in page
    assert "Simulated pixels" in page


def test_the_written_network_gives_the_answers_of_the_test(finished, tree_root):
    out, _ = finished
    network = trained.read(out / trained.NAME)
    files = sorted((tree_root / "test").rglob("*.jpg"))
    probability, bad = trained.ask(network, [*files, tree_root / "split.json"])
    lines = [line.split(",") for line in (out / "predictions.csv").read_text().splitlines()[1:]]
    assert {tree_root / line[0]: line[2] for line in lines} == {
        file: network.classes[p.argmax()] for file, p in zip(files, probability, strict=True)
    }
    assert bad == {tree_root / "split.json": "not an image"}


def test_a_halted_run_goes_on_and_ends_as_an_unbroken_one(finished, tree_root, tmp_path):
    out, metrics = finished
    place, lines = Place(tree_root, tmp_path), []

    def halt(line):
        lines.append(line)
        if line.startswith("epoch 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.fit(RECIPE, place, say=halt)
    again = run.fit(RECIPE, place, resume=True, say=lines.append)
    assert "going on after epoch 2" in lines
    assert timeless(again) == timeless(metrics)
    one, two = (
        trained.read(folder / trained.NAME).network.parameters() for folder in (out, tmp_path)
    )
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_a_finished_run_is_not_trained_again_and_another_is_refused(finished, tree_root):
    out, metrics = finished
    lines = []
    assert run.fit(RECIPE, Place(tree_root, out), say=lines.append) == metrics
    assert any("this run is finished" in line for line in lines)
    with pytest.raises(SettingError, match="holds another run"):
        run.fit(replace(RECIPE, seed=5), Place(tree_root, out))
    with pytest.raises(UsageError, match="nothing to resume"):
        run.fit(RECIPE, Place(tree_root, out / "empty"), resume=True)
    with pytest.raises(InputError, match="halted run"):
        trained.read(out / run.LAST)


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (replace(RECIPE, task="binary"), "task = binary"),
        (replace(RECIPE, network=Network(weights="pretrained")), "network.weights = pretrained"),
        (replace(RECIPE, views=8), "views = 8"),
        (replace(RECIPE, precision="bfloat16"), "bfloat16"),
    ],
)
def test_what_the_network_does_not_have_is_refused(config, name, tree_root, tmp_path):
    with pytest.raises(SettingError, match=name):
        run.fit(config, Place(tree_root, tmp_path))
    assert not any(tmp_path.iterdir())


NO_TORCH = """
import sys
sys.modules['torch'] = sys.modules['torchvision'] = None  # importing them fails
from pathlib import Path
from types import SimpleNamespace
from train.recipe.config import Config, Data
from train.scratch.run import fit
place = SimpleNamespace(data=Path(sys.argv[1]), out=Path(sys.argv[2]), device="auto", workers=1)
fit(Config(epochs=1, batch=16, steps_share=2, data=Data(size_px=32)), place)
"""


@pytest.mark.xfail(strict=True, reason="train.data, train.judge, train.fit still import torch")
def test_a_run_needs_no_torch(tree_root, tmp_path):
    words = [sys.executable, "-c", NO_TORCH, str(tree_root), str(tmp_path)]
    subprocess.run(words, capture_output=True, check=True)
    assert (tmp_path / "report.html").is_file()
