from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from train.networks.galaxy_cnn import GalaxyCNN
from train.networks.norms import folded, recalibrate


def test_recalibration_frees_the_network_of_the_trap_of_dark_images():
    """Running averages that lag behind the data leave a good network at chance."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    truth = torch.from_numpy(rng.integers(0, 2, 64))
    dark = torch.from_numpy(rng.normal(0.02, 0.002, (64, 3, 16, 16)).astype(np.float32))
    dark[truth == 1, :, 4:12, 4:12] += 0.02
    model = GalaxyCNN(2)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(12):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(dark), truth).backward()
        optimizer.step()

    def accuracy() -> float:
        model.eval()
        with torch.inference_mode():
            return float((model(dark).argmax(1) == truth).double().mean())

    before = accuracy()
    recalibrate(model, dark.split(16))
    assert before < 0.7
    assert accuracy() > 0.95


def test_recalibration_takes_the_plain_mean_and_leaves_weights_and_momentum():
    model = GalaxyCNN(2)
    weights = [p.clone() for p in model.parameters()]
    images = torch.randn(4, 8, 3, 16, 16)
    recalibrate(model, images)
    convolution, norm = model.blocks[0][0], model.blocks[0][1]
    with torch.inference_mode():
        means = torch.stack([convolution(some).mean((0, 2, 3)) for some in images])
    torch.testing.assert_close(norm.running_mean, means.mean(0), atol=1e-5, rtol=1e-4)
    assert norm.momentum == pytest.approx(0.1)
    assert not model.training
    assert all(torch.equal(a, b) for a, b in zip(weights, model.parameters(), strict=True))


def trained_network() -> GalaxyCNN:
    """A network whose BatchNorm has statistics and weights unlike its first ones."""
    torch.manual_seed(3)
    model = GalaxyCNN(3)
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.uniform_(norm.bias, -0.5, 0.5)
    recalibrate(model, [torch.randn(16, 3, 32, 32) for _ in range(2)])
    return model


def test_a_folded_network_gives_the_same_scores_without_batchnorm():
    model, images = trained_network(), torch.randn(8, 3, 32, 32)
    fast = folded(model)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in fast.modules())
    assert any(isinstance(m, nn.BatchNorm2d) for m in model.modules())
    with torch.inference_mode():
        assert torch.allclose(fast(images), model(images), atol=1e-5)


def test_a_folded_bfloat16_network_changes_probabilities_by_less_than_0_02():
    model, images = trained_network(), torch.randn(64, 3, 32, 32)
    with torch.inference_mode():
        exact = model(images).softmax(1)
        fast = folded(model, torch.bfloat16)(images)
    assert fast.dtype == torch.float32
    assert (fast.softmax(1) - exact).abs().max() < 0.02


def test_a_network_that_cannot_be_traced_is_left_as_it_is():
    class Turning(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = trained_network()

        def forward(self, images):
            return self.inner(images if images.sum() > 0 else -images)

    model, images = Turning().eval(), torch.ones(2, 3, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(folded(model)(images), model(images), atol=1e-6)


def test_recalibration_leaves_dropout_off_and_repeats_to_the_bit():
    torch.manual_seed(0)
    images = torch.randn(2, 8, 3, 16, 16)
    plain = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.Dropout(0.0), nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4)
    )
    dropping = copy.deepcopy(plain)
    dropping[1].p = 0.9
    before = torch.get_rng_state()
    for model in (plain, dropping):
        recalibrate(model, images)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(plain[3].running_mean, dropping[3].running_mean)
    assert torch.equal(plain[3].running_var, dropping[3].running_var)
    assert not any(module.training for module in dropping.modules())
