from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from galaxycurate.errors import InputError, SettingError, UsageError
from train.infer import answers
from train.place import Place
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
    probability, bad = answers(network, [*files, tree_root / "split.json"])
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
        (replace(RECIPE, augment=Augment(mixup=0.2)), "augment.mixup = 0.2"),
        (replace(RECIPE, prior="natural"), "prior = natural"),
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
from train.cli import run
tree, out = sys.argv[1:]
words = ['--set', 'size_px=32', '--set', 'zoom=1', '--epochs', '1', '--batch', '16']
assert run(['--preset', 'numpy-cnn', '--data', tree, '--out', out, *words]) == 0
net = f'{out}/numpy_cnn.npz'
assert run(['eval', net, '--data', tree]) == 0
assert run(['predict', net, f'{tree}/test/bar']) == 0
assert run(['explain', net, f'{tree}/test/bar/000.jpg', '--out', f'{out}/explained']) == 0
assert run(['report', out]) == 0
assert run(['eval', net, '--data', tree, '--views', '8']) == 2
"""


def test_every_command_that_it_needs_works_without_torch(tree_root, tmp_path):
    words = [sys.executable, "-c", NO_TORCH, str(tree_root), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path / 'numpy_cnn.npz'}" in done.stdout
    assert "numpy-cnn has no views = 8" in done.stderr
    assert (tmp_path / "explained" / "index.html").is_file()


def test_the_library_runs_it_by_its_preset(tree_root, tmp_path):
    from train.fit import fit

    config = replace(RECIPE, epochs=1, network=Network(name="numpy-cnn"))
    assert fit(config, Place(tree_root, tmp_path, "cpu"))["checkpoint"] == "numpy_cnn.npz"
