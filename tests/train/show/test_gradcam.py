from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from tests.train.shapes import picture
from train.asked import open_network
from train.show.gradcam import enlarged, gradcam, overlay


class Planted(nn.Module):
    """Its first map is the red channel, its second the blue; the scores are their sums."""

    def __init__(self, scores: list[list[float]], *, frozen: bool = False):
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1, bias=False)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(2, len(scores), bias=False)
        with torch.no_grad():
            self.conv.weight[:, :, 0, 0] = torch.tensor([[1.0, 0, 0], [0, 0, 1.0]])
            self.head.weight[:] = torch.tensor(scores)
        self.requires_grad_(not frozen)

    def forward(self, images):
        return self.head(self.pool(self.conv(images)).flatten(1))


def two_spots() -> torch.Tensor:
    """A red spot at the top left, a blue one at the bottom right."""
    images = torch.zeros(1, 3, 16, 16)
    images[0, 0, 2:5, 2:5] = 1
    images[0, 2, 10:13, 10:13] = 1
    return images


@pytest.mark.parametrize("frozen", [False, True])
def test_the_heat_lies_on_what_the_class_was_made_of(frozen):
    model = Planted([[1.0, -1.0], [-1.0, 1.0]], frozen=frozen).eval()
    for label, spot in ((0, slice(2, 5)), (1, slice(10, 13))):
        expected = np.zeros((16, 16))
        expected[spot, spot] = 1
        assert np.allclose(gradcam(model, two_spots(), np.array([label]))[0], expected)


def test_a_single_score_speaks_for_the_second_class_and_against_the_first():
    model = Planted([[-1.0, 1.0]]).eval()
    first, second = (gradcam(model, two_spots(), np.array([label]))[0] for label in (0, 1))
    assert first[3, 3] == second[11, 11] == 1
    assert first[11, 11] == second[3, 3] == 0


def test_where_nothing_speaks_for_a_class_there_is_no_heat():
    model = Planted([[-1.0, -1.0], [1.0, 1.0]]).eval()
    assert not gradcam(model, two_spots(), np.array([0])).any()
    assert not enlarged(np.full((1, 4, 4), -3.0), 16).any()


def test_asking_leaves_no_gradients_and_no_hooks():
    model = Planted([[1.0, -1.0], [-1.0, 1.0]]).eval()
    gradcam(model, two_spots(), np.array([0]))
    assert all(p.grad is None for p in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())


def test_the_heat_of_a_trained_network_lies_on_the_disc_wherever_it_stands(shown_run):
    network = open_network(shown_run / "galaxy_cnn_225.pth", "cpu")
    rng = np.random.default_rng(5)
    places = [(dy, dx) for dy in (-10, 0, 10) for dx in (-10, 0, 10)]
    images = np.stack([np.roll(picture("disc", rng), place, (0, 1)) for place in places])
    disc = np.full(len(images), network.classes.index("disc"))
    found = [_in_box(*both) for both in zip(images, network.heat(images, disc), strict=True)]
    share, area = np.array(found).T
    assert share.mean() > 1.5 * area.mean()
    assert (share > 1.2 * area).all()


def test_an_overlay_keeps_the_image_where_it_is_cold():
    image = np.full((8, 8, 3), 90, np.uint8)
    heat = np.zeros((8, 8), np.float32)
    heat[4:] = 1
    mixed = overlay(image, heat)
    assert (mixed[:4] == 90).all()
    assert (mixed[4:] != 90).any(axis=2).all()


def _in_box(image: np.ndarray, heat: np.ndarray) -> tuple[float, float]:
    """Share of the heat inside the object's box, and the box's share of the image."""
    y, x = np.nonzero(image.mean(2) > 60)
    box = heat[y.min() : y.max() + 1, x.min() : x.max() + 1]
    return box.sum() / heat.sum(), box.size / heat.size
