"""Every layer, forward and backward, against torch and against differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from train.scratch import Conv2d, Dense, Dropout, Flatten, GlobalAverage, MaxPool2d, ReLU
from train.scratch.windows import from_columns, to_columns, windows

PRECISIONS = [(np.float64, 1e-10), (np.float32, 1e-5)]
IMAGES = (3, 4, 11, 10)
PAIRS = {
    "conv": (Conv2d(4, 5), lambda: nn.Conv2d(4, 5, 3, padding=1), IMAGES),
    "conv, valid": (Conv2d(4, 5, 5, 1, 0), lambda: nn.Conv2d(4, 5, 5), IMAGES),
    "conv, stride 2": (Conv2d(4, 5, 3, 2, 0), lambda: nn.Conv2d(4, 5, 3, 2), IMAGES),
    "conv, stride 3, wide border": (
        Conv2d(4, 2, 4, 3, 2),
        lambda: nn.Conv2d(4, 2, 4, 3, 2),
        IMAGES,
    ),
    "conv, 1 x 1": (Conv2d(4, 6, 1, 1, 0), lambda: nn.Conv2d(4, 6, 1), IMAGES),
    "pool": (MaxPool2d(2), lambda: nn.MaxPool2d(2), IMAGES),
    "pool of 3": (MaxPool2d(3), lambda: nn.MaxPool2d(3), IMAGES),
    "relu": (ReLU(), nn.ReLU, IMAGES),
    "flatten": (Flatten(), nn.Flatten, IMAGES),
    "average": (
        GlobalAverage(),
        lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        IMAGES,
    ),
    "dense": (Dense(7, 4), lambda: nn.Linear(7, 4), (6, 7)),
}


@pytest.mark.parametrize(("dtype", "atol"), PRECISIONS)
@pytest.mark.parametrize("name", PAIRS)
def test_forward_and_backward_are_those_of_torch(name, dtype, atol):
    layer, make, shape = PAIRS[name]
    rng = np.random.default_rng(1)
    layer.begin(rng, dtype)
    theirs = _with_weights_of(layer, make())
    x = rng.normal(size=shape).astype(dtype)
    there = torch.from_numpy(x).requires_grad_()
    y, wanted = layer.forward(x), theirs(there)
    dy = rng.normal(size=y.shape).astype(dtype)
    wanted.backward(torch.from_numpy(dy))
    assert y.dtype == dtype
    _close(y, wanted.detach(), atol)
    _close(layer.backward(dy), there.grad, atol)
    for (ours, gradient), parameter in zip(
        layer.gradients.items(), theirs.parameters(), strict=True
    ):
        _close(gradient.T if ours == "matrix" else gradient, parameter.grad, atol)
        assert gradient.dtype == dtype


@pytest.mark.parametrize(("size", "stride"), [(3, 1), (3, 2), (2, 2), (1, 1), (4, 3)])
def test_a_window_is_what_the_loops_of_a_textbook_read(size, stride):
    x = np.random.default_rng(0).normal(size=(2, 3, 9, 8))
    view = windows(x, size, stride)
    for place in np.ndindex(view.shape):
        b, c, i, j, r, s = place
        assert view[place] == x[b, c, r * stride + i, s * stride + j]
    assert np.shares_memory(view, x)


@pytest.mark.parametrize(("size", "stride"), [(3, 1), (3, 2), (2, 2), (1, 1), (4, 3)])
def test_adding_columns_back_is_the_transpose_of_taking_them(size, stride):
    """<C, columns(x)> = <back(C), x> for any C and x."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 9, 8))
    columns = to_columns(x, size, stride)
    any_columns = rng.normal(size=columns.shape)
    back = from_columns(any_columns, x.shape, size, stride)
    assert np.vdot(any_columns, columns) == pytest.approx(np.vdot(back, x), rel=1e-12)


@pytest.mark.parametrize("size", [2, 3])
def test_among_equal_values_the_first_wins_as_in_torch(size):
    x = np.random.default_rng(0).integers(0, 2, (2, 3, 12, 12)).astype(np.float64)
    layer, there = MaxPool2d(size), torch.from_numpy(x).requires_grad_()
    y, wanted = layer.forward(x), nn.functional.max_pool2d(there, size)
    wanted.backward(torch.arange(wanted.numel()).reshape(wanted.shape).double())
    _close(y, wanted.detach(), 0)
    _close(layer.backward(np.arange(y.size).reshape(y.shape).astype(float)), there.grad, 0)


def test_dropout_silences_its_share_keeps_the_mean_and_is_silent_outside_training():
    layer, x = Dropout(0.3), np.ones((400, 500), np.float32)
    y = layer.forward(x, np.random.default_rng(0))
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert y.mean() == pytest.approx(1, abs=0.01)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(layer.backward(x), y)
    assert layer.forward(x) is x
    assert layer.backward(x) is x


def test_first_weights_keep_the_spread_of_a_signal_through_relu():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(8, 16, 16, 16))
    for _ in range(6):
        layer = Conv2d(16, 16, 3, 1, 1)
        layer.begin(rng, np.float64)
        x = ReLU().forward(layer.forward(x))
    assert 0.2 < x.std() < 2


def _with_weights_of(layer, module: nn.Module) -> nn.Module:
    with torch.no_grad():
        for (name, array), parameter in zip(
            layer.weights.items(), module.parameters(), strict=True
        ):
            parameter.data = torch.from_numpy((array.T if name == "matrix" else array).copy())
    return module


def _close(ours: np.ndarray, theirs: torch.Tensor, atol: float) -> None:
    """Within `atol` of the largest number, or of 1 where all are smaller."""
    scale = max(1.0, float(theirs.abs().max()))
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=atol * scale)
