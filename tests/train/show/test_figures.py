from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from train.show.figures import (
    activation_figure,
    confusion_figure,
    curves_figure,
    layers_figure,
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
        worst_figure(PICTURES, ["$a", "b$_^"], 2),
        curves_figure([{"epoch": 1, "loss": 0.1, "val_rmse": 0.2}], 1),
        layers_figure(PICTURES[0], [("a", np.zeros((2, 8, 8))), ("b", np.zeros((9, 4, 4)))]),
        activation_figure(PICTURES, ["a", "b"], np.zeros((2, 40, 8, 8), np.float32), 1),
    ],
)
def test_every_figure_is_drawn_whatever_the_run(figure, tmp_path):
    save_figure(tmp_path / "figures" / "a.png", figure, dpi=50)
    with Image.open(tmp_path / "figures" / "a.png") as image:
        assert min(image.size) > 40


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


def test_worst_images_leave_no_empty_rows():
    heights = [worst_figure(PICTURES[[0] * n], ["a"] * n, 9).get_figheight() for n in (0, 3, 6, 9)]
    assert heights == sorted(heights)
    assert heights[0] <= 1
    assert len(worst_figure(PICTURES[:1], ["a"], 1).axes) == 3


def test_negative_values_of_a_map_are_seen():
    layer = np.zeros((1, 1, 8, 8), np.float32)
    layer[..., :4] = -5
    sheet = layers_figure(PICTURES[0], [("conv", layer[0])]).axes[0].images[0].get_array()
    tile = sheet[3:-3, 137:265]
    assert np.abs(tile[:, :40].mean((0, 1)) - tile[:, -40:].mean((0, 1))).max() > 0.5
