from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from galaxycurate.errors import InputError
from train.scratch import (
    SGD,
    Adam,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    MaxPool2d,
    Network,
    ReLU,
    cross_entropy,
    load,
    save,
    softmax,
)
from train.show.gradcam import enlarged, gradcam


def layers(*, dropout: float = 0.0) -> list:
    return [
        Conv2d(3, 4), MaxPool2d(), ReLU(), Conv2d(4, 6, 3, 2, 0), ReLU(),
        Flatten(), Dense(6 * 3 * 3, 8), ReLU(), Dropout(dropout), Dense(8, 3),
    ]  # fmt: skip


def in_torch(network: Network) -> nn.Module:
    theirs = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(4, 6, 3, 2), nn.ReLU(),
        nn.Flatten(), nn.Linear(6 * 3 * 3, 8), nn.ReLU(), nn.Dropout(0), nn.Linear(8, 3),
    )  # fmt: skip
    for (name, array), parameter in zip(
        network.parameters().items(), theirs.parameters(), strict=True
    ):
        parameter.data = torch.from_numpy((array.T if "matrix" in name else array).copy())
    return theirs


def batch(dtype=np.float32, n: int = 5):
    rng = np.random.default_rng(3)
    shares = rng.dirichlet([1, 1, 1], n)
    return rng.normal(size=(n, 3, 14, 14)).astype(dtype), shares.astype(dtype)


@pytest.mark.parametrize(("dtype", "atol"), [(np.float64, 1e-10), (np.float32, 1e-5)])
def test_a_whole_network_gives_the_loss_and_every_gradient_of_torch(dtype, atol):
    network = Network(layers(), dtype=dtype)
    theirs = in_torch(network)
    x, shares = batch(dtype)
    there = torch.from_numpy(x).requires_grad_()
    wanted = nn.functional.cross_entropy(theirs(there), torch.from_numpy(shares))
    wanted.backward()
    loss, gradient = cross_entropy(network.forward(x), shares)
    assert loss == pytest.approx(wanted.item(), abs=atol)
    np.testing.assert_allclose(network.backward(gradient), there.grad.numpy(), rtol=0, atol=atol)
    for (name, ours), parameter in zip(
        network.gradients().items(), theirs.parameters(), strict=True
    ):
        ours = ours.T if "matrix" in name else ours
        np.testing.assert_allclose(ours, parameter.grad.numpy(), rtol=0, atol=atol)


def test_every_gradient_is_the_slope_that_a_small_step_measures():
    network = Network(layers(dropout=0.4), dtype=np.float64)
    x, shares = batch(np.float64)

    def loss() -> float:  # the same generator drops the same numbers
        return cross_entropy(network.forward(x, np.random.default_rng(0)), shares)[0]

    _, gradient = cross_entropy(network.forward(x, np.random.default_rng(0)), shares)
    to_images = network.backward(gradient)
    told = network.gradients() | {"images": to_images}
    rng = np.random.default_rng(1)
    for name, array in (network.parameters() | {"images": x}).items():
        direction = rng.normal(size=array.shape)
        array += 1e-6 * direction
        above = loss()
        array -= 2e-6 * direction
        slope = (above - loss()) / 2e-6
        array += 1e-6 * direction
        assert slope == pytest.approx(np.vdot(told[name], direction), rel=1e-5, abs=1e-9), name


def test_probabilities_are_those_of_the_scores_whatever_the_number_of_images():
    network = Network(layers(dropout=0.5))
    x, _ = batch(n=130)
    probability = network.probabilities(x)
    np.testing.assert_allclose(probability, softmax(network.forward(x)), atol=1e-6)
    np.testing.assert_allclose(probability.sum(1), 1, atol=1e-12)
    assert network.probabilities(x[:0]).shape == (0, 3)


def test_softmax_and_its_loss_survive_scores_of_a_thousand():
    scores = np.array([[1000.0, 0.0, -1000.0]])
    assert softmax(scores).tolist() == [[1, 0, 0]]
    loss, gradient = cross_entropy(scores, np.array([[0.0, 1.0, 0.0]]))
    assert loss == pytest.approx(1000)
    assert gradient.tolist() == [[1, -1, 0]]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (SGD(0.1, 0.9, 0.01), lambda w: torch.optim.SGD(w, 0.1, 0.9, weight_decay=0.01)),
        (SGD(0.1, 0.0), lambda w: torch.optim.SGD(w, 0.1)),
        (SGD(0.1, nesterov=True), lambda w: torch.optim.SGD(w, 0.1, 0.9, nesterov=True)),
        (Adam(0.01, weight_decay=0.01), lambda w: torch.optim.Adam(w, 0.01, weight_decay=0.01)),
        (
            Adam(0.01, weight_decay=0.1, decoupled=True),
            lambda w: torch.optim.AdamW(w, 0.01, weight_decay=0.1),
        ),
    ],
)
def test_steps_are_those_of_torch(ours, theirs):
    network = Network(layers(), dtype=np.float64)
    other = in_torch(network)
    optimizer = theirs(other.parameters())
    x, shares = batch(np.float64)
    for _ in range(5):
        network.backward(cross_entropy(network.forward(x), shares)[1])
        ours.step(network.parameters(), network.gradients())
        optimizer.zero_grad()
        nn.functional.cross_entropy(other(torch.from_numpy(x)), torch.from_numpy(shares)).backward()
        optimizer.step()
    for (name, array), parameter in zip(
        network.parameters().items(), other.parameters(), strict=True
    ):
        array = array.T if "matrix" in name else array
        np.testing.assert_allclose(array, parameter.detach().numpy(), rtol=0, atol=1e-10)


def test_the_maps_of_every_convolution_can_be_looked_at():
    maps = Network(layers()).activations(batch()[0])
    assert [one.shape for one in maps] == [(5, 4, 7, 7), (5, 6, 3, 3)]
    assert all((one >= 0).all() for one in maps)


def test_the_evidence_is_where_torch_finds_it():
    network, (x, _) = Network(layers(), seed=4, dtype=np.float64), batch(np.float64)
    label = np.arange(5) % 3
    theirs = gradcam(in_torch(network), torch.from_numpy(x), label)
    ours = enlarged(network.evidence(x, label), x.shape[-1])
    assert ours.any()
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


def test_a_saved_network_answers_as_before_and_keeps_its_facts(tmp_path):
    network, (x, _) = Network(layers(dropout=0.25), seed=4), batch()
    mean = np.array([1.0, 2.0, 3.0])
    save(tmp_path / "net.npz", network, classes=["a", "b", "c"], mean=mean)
    again, facts = load(tmp_path / "net.npz")
    assert again.layers == network.layers
    np.testing.assert_array_equal(again.probabilities(x), network.probabilities(x))
    assert facts["classes"] == ["a", "b", "c"]
    np.testing.assert_array_equal(facts["mean"], mean)
    assert [path.name for path in tmp_path.iterdir()] == ["net.npz"]


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_a_file_that_is_no_network_is_named(tmp_path, content):
    path = tmp_path / "net.npz"
    if content is None:
        np.savez(path, other=np.ones(3))
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"net\.npz is no network of numpy-cnn"):
        load(path)
    with pytest.raises(InputError, match="cannot read"):
        load(tmp_path / "absent.npz")


def test_numpy_is_all_it_needs():
    code = (
        "import sys; import train.scratch; "
        "print(sorted({'torch', 'torchvision', 'scipy'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
