from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from galaxycurate.errors import SettingError
from tests.train.shapes import write_tree
from train.fit import Place, fit
from train.infer import evaluate
from train.judge.prior import correct, correction, note
from train.learn.tasks import Binary, Classes
from train.networks.galaxy_cnn import GalaxyCNN
from train.recipe.settings import changed

COUNTS = np.array([900, 100])


def test_balanced_answers_are_turned_into_those_of_the_natural_mix():
    """By Bayes' rule on a population that is known: what is balanced gets the odds of 9 to 1."""
    added = correction(COUNTS, "balanced", "natural")
    balanced = np.log([0.5, 0.5])  # an image that tells nothing
    assert np.exp(balanced + added) / np.exp(balanced + added).sum() == pytest.approx([0.9, 0.1])
    assert correction(COUNTS, "natural", "balanced") == pytest.approx(-added)
    for sampling in ("balanced", "natural"):
        assert not correction(COUNTS, sampling, "sampled").any()
        assert not correction(COUNTS, sampling, sampling).any()


@pytest.mark.parametrize("task", [Classes, Binary])
def test_the_network_itself_is_corrected(task):
    torch.manual_seed(0)
    one = task(("a", "b"))
    model = GalaxyCNN(one.n_out).eval()
    images = torch.randn(4, 3, 16, 16)
    with torch.inference_mode():
        before = one.answers(model(images)).numpy()
    correct(model, correction(COUNTS, "balanced", "natural"), binary=task is Binary)
    with torch.inference_mode():
        after = one.answers(model(images)).numpy()
    odds = (after / before)[:, 0] / (after / before)[:, 1]
    assert odds == pytest.approx(np.full(4, 9.0), rel=1e-4)


def test_a_network_without_such_a_bias_is_refused():
    with pytest.raises(SettingError, match="does not end in one bias for each class"):
        correct(nn.Linear(3, 2, bias=False), np.array([0.1, -0.1]))
    correct(nn.Linear(3, 2, bias=False), np.zeros(2))


def test_a_word_is_said_where_the_test_is_of_another_mix():
    assert "prior=natural" in note(COUNTS, np.array([90, 10]), "balanced", "sampled")
    assert note(COUNTS, np.array([90, 10]), "balanced", "natural") == ""
    assert note(COUNTS, np.array([50, 50]), "balanced", "sampled") == ""
    assert "balanced accuracy" in note(COUNTS, np.array([50, 50]), "natural", "sampled")


def test_a_run_with_the_natural_prior_names_the_common_class_more_often(quick, tmp_path):
    """Seen at the probabilities: the odds of each test image are those of train's mix higher."""
    root = write_tree(tmp_path / "tree", counts={"train": 32, "val": 8, "test": 16})
    for path in sorted((root / "train/bar").iterdir())[4:]:
        path.unlink()
    config = replace(quick, epochs=1, precision="float32")
    found = {}
    for prior in ("sampled", "natural"):
        out = tmp_path / prior
        metrics = fit(changed(config, {"prior": prior}), Place(root, out, "cpu"))
        lines = (out / "predictions.csv").read_text().splitlines()[1:]
        shares = np.array([line.split(",")[3:] for line in lines], float)
        found[prior] = shares[:, 1] / shares[:, 0]
        again = evaluate(out / "galaxy_cnn_225.pth", root, device="cpu")
        assert again["confusion"] == metrics["test"]["confusion"]
        assert metrics["prior"]["train"] == pytest.approx([4 / 20, 16 / 20])
        assert metrics["calibration"]["fitted_on"] == "val"
    assert found["natural"] / found["sampled"] == pytest.approx(np.full(16, 4.0), rel=2e-3)
