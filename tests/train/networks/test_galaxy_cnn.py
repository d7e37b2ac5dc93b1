from __future__ import annotations

import pytest
import torch

from train.networks.galaxy_cnn import GalaxyCNN
from train.show.activations import activations


def test_the_layers_have_the_shapes_of_the_mission():
    model = GalaxyCNN(3).eval()
    layers = activations(model, torch.zeros(2, 3, 128, 128))
    assert [tuple(layer.shape) for _, layer in layers] == [
        (2, 40, 128, 128),
        (2, 64, 128, 128),
        (2, 96, 64, 64),
        (2, 160, 32, 32),
        (2, 256, 16, 16),
    ]


@pytest.mark.parametrize("n_classes", [2, 3, 10])
def test_the_parameters_are_counted(n_classes):
    channels = [(3, 40), (40, 64), (64, 96), (96, 160), (160, 256)]
    expected = sum(9 * a * b + 2 * b for a, b in channels) + 257 * n_classes
    assert sum(p.numel() for p in GalaxyCNN(n_classes).parameters()) == expected
    assert expected == 587_528 + 257 * n_classes


def test_the_answer_is_one_score_for_each_class():
    assert GalaxyCNN(4)(torch.zeros(5, 3, 32, 32)).shape == (5, 4)
