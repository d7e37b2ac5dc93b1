from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from train.show.figures import (
    activation_figure,
    confusion_figure,
    curves_figure,
    save_figure,
    worst_figure,
)

EPOCH = {"epoch": 1, "loss": 0.5, "train_accuracy": 0.8}
PICTURES = np.full((2, 16, 16, 3), 60, np.uint8)


@pytest.mark.parametrize(
    "figure",
    [
        confusion_figure(np.eye(5, dtype=np.int64), tuple("abcde"), "simulated pixels"),
        confusion_figure(np.zeros((2, 2), np.int64), ("a", "b")),
        curves_figure([EPOCH], 1),
        curves_figure([{**EPOCH, "val_loss": 0.4, "val_balanced_accuracy": 0.9}], 1),
        worst_figure(PICTURES, ["a", "b"], 2),
        worst_figure(PICTURES[:0], [], 0),
        activation_figure(PICTURES, ["a", "b"], np.zeros((2, 40, 8, 8), np.float32), 1),
    ],
)
def test_every_figure_is_drawn_whatever_the_run(figure, tmp_path):
    save_figure(tmp_path / "figures" / "a.png", figure, dpi=50)
    with Image.open(tmp_path / "figures" / "a.png") as image:
        assert min(image.size) > 100


def test_a_title_says_simulated():
    figure = confusion_figure(np.eye(2, dtype=np.int64), ("a", "b"), "simulated pixels")
    assert "(simulated pixels)" in figure.axes[0].get_title()


def test_the_maps_that_vary_most_come_first():
    layer = np.zeros((2, 40, 8, 8), np.float32)
    layer[:, 7, 2:4] = 5
    layer[:, 30, 2:4] = 9
    figure = activation_figure(PICTURES, ["a", "b"], layer, 1)
    named = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert named[:3] == ["input", "map 31", "map 8"]
