"""The test split decides nothing; and what is judged is judged as it was learnt."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import torch

from tests.train.shapes import write_picture, write_tree
from train.fit import Place, fit
from train.learn import checkpoint, training
from train.recipe.settings import changed


def test_no_pixel_of_test_has_a_say(tmp_path, quick):
    """Weights, normalisation, BatchNorm's statistics, the epoch that is kept, the temperature."""
    config = replace(quick, epochs=2)
    counts = {"train": 32, "val": 8, "test": 8}
    root = write_tree(tmp_path / "tree", counts=counts)
    first = fit(config, Place(root, tmp_path / "a", "cpu"))
    for path in (root / "test").rglob("*.jpg"):
        write_picture(path, np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    second = fit(config, Place(root, tmp_path / "b", "cpu"))
    assert first["test"]["nll"] != second["test"]["nll"]
    one, two = (checkpoint.read(tmp_path / run / "galaxy_cnn_225.pth") for run in "ab")
    weights = one.pop("state_dict"), two.pop("state_dict")
    assert torch.equal(one.pop("taught"), two.pop("taught"))
    assert one == two
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    assert first["calibration"] == second["calibration"]
    assert first["best_epoch"] == second["best_epoch"]


def test_dark_images_are_judged_as_well_as_they_are_learnt(tmp_path, quick, monkeypatch):
    """The trap of BatchNorm on dark skies: learnt in train mode, at chance in eval mode."""
    rng = np.random.default_rng(0)
    root = tmp_path / "tree"
    for split, count in (("train", 48), ("val", 8), ("test", 32)):
        for kind in ("faint", "sky"):
            for number in range(count // 2):
                image = rng.normal(5, 1, (32, 32, 3))
                image[12:20, 12:20] += 4.0 * (kind == "faint")
                path = root / split / kind / f"{number}.png"
                write_picture(path, image.clip(0, 255).round().astype(np.uint8))
    # no proof of the split: it is warned of, and goes on
    (root / "split.json").write_text(json.dumps({"origin": "simulated dark sky"}))
    # half a dozen steps: running averages of momentum 0.1 are half of what they began with
    config = changed(replace(quick, epochs=2), {"steps_share": 3, "shift": 0.0, "lr": 0.01})
    metrics = fit(config, Place(root, tmp_path / "out", "cpu"))
    learnt = metrics["history"][-1]["train_accuracy"]
    assert learnt > 0.9
    assert metrics["test"]["accuracy"] > learnt - 0.1
    monkeypatch.setattr(training, "recalibrate", lambda model, batches: model.eval())
    trapped = fit(config, Place(root, tmp_path / "trap", "cpu"))
    assert trapped["history"][-1]["train_accuracy"] == learnt
    assert trapped["test"]["accuracy"] < 0.7
