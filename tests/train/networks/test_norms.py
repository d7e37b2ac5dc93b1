from __future__ import annotations

import numpy as np
import pytest
import torch

from train.networks.galaxy_cnn import GalaxyCNN
from train.networks.norms import recalibrate


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
