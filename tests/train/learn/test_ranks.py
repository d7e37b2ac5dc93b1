"""Two processes that train together, started by torchrun as a user would."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from galaxycurate.errors import SettingError
from train.cli import run
from train.learn import compiling, ranks
from train.networks import build
from train.recipe.config import Network

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m"]
# SGD: Adam's first steps turn a rounding error of a gradient near zero into a whole step
# 13 images a batch: one rank takes 8, the other 5; BatchNorm sees all 13
TINY = [
    "epochs=1",
    "optim.method=sgd",
    "optim.average=0.9",
    "augment.mixup=0.4",
    "lr=0.001",
    "batch=13",
    "steps_share=2",
    "size_px=32",
    "calibration_batches=2",
    "precision=float32",
]


def words(tree: Path, out: Path) -> list[str]:
    told = [word for one in TINY for word in ("--set", one)]
    return ["fit", "--data", str(tree), "--out", str(out), "--device", "cpu", *told]


def trained(out: Path) -> tuple[dict, dict]:
    """Weights and metrics."""
    metrics = json.loads((out / "metrics.json").read_text())
    return torch.load(out / "last.pth")["model"], metrics


@pytest.fixture(scope="module")
def pair(tree_root, tmp_path_factory):
    """The folder of two ranks' run, and what they answered and said."""
    out = tmp_path_factory.mktemp("two")
    done = subprocess.run(
        [*TORCHRUN, "tests.train.learn.beside", *words(tree_root, out)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return out, done.stdout, done.stderr


def test_two_ranks_train_the_network_of_one(pair, tree_root, tmp_path):
    out, _, said = pair
    assert run(words(tree_root, tmp_path)) == 0
    (one, alone), (two, both) = trained(tmp_path), trained(out)
    assert one.keys() == two.keys()
    for name, weights in one.items():
        if "running" not in name:  # these are no weights; the judgement below depends on them
            assert torch.allclose(weights, two[name], atol=3e-5), name
    assert said.count("epoch 1 of 1") == 1  # the second rank says nothing
    for a, b in zip(alone["history"], both["history"], strict=True):
        assert a["loss"] == pytest.approx(b["loss"], abs=1e-5)
        assert a["val_loss"] == pytest.approx(b["val_loss"], abs=1e-4)


def test_steps_of_two_ranks_are_those_of_one_to_the_last_digits(pair):
    _, told, _ = pair
    assert float(told.splitlines()[0]) < 1e-12


def test_shares_cover_every_batch_once(monkeypatch):
    rows = np.arange(26).reshape(2, 13)
    monkeypatch.setattr(ranks, "size", lambda: 3)
    shares = []
    for number in range(3):
        monkeypatch.setattr(ranks, "rank", lambda number=number: number)
        shares.append(ranks.mine(rows))
    assert np.concatenate(shares, axis=1).tolist() == rows.tolist()
    assert [share.shape[1] for share in shares] == [5, 4, 4]


def test_one_process_needs_no_others():
    with ranks.joined("cpu") as leads:
        assert leads
    assert ranks.mine(np.arange(5)).tolist() == [0, 1, 2, 3, 4]
    assert ranks.gathered(np.arange(3)).tolist() == [0, 1, 2]


@pytest.fixture
def as_rank(monkeypatch):
    """Be one of several processes, without any communication."""

    def be(rank: int, size: int) -> None:
        monkeypatch.setattr(ranks, "size", lambda: size)
        monkeypatch.setattr(ranks, "rank", lambda: rank)

    return be


@pytest.mark.parametrize(("batch", "size"), [(12, 2), (13, 2), (24, 3), (13, 4), (240, 8), (5, 1)])
def test_every_image_meets_the_partner_that_it_has_in_one_process(as_rank, batch, size):
    partner = {}
    for number in range(size):
        as_rank(number, size)
        own = ranks.mirrored(batch)
        partner |= dict(zip(own.tolist(), own[::-1].tolist(), strict=True))
    assert partner == {place: batch - 1 - place for place in range(batch)}


def test_a_batch_too_small_for_the_processes_is_refused(as_rank):
    as_rank(0, 8)
    with pytest.raises(SettingError, match="a batch of 13 images is too small for 8") as caught:
        ranks.mirrored(13)
    assert "--nproc-per-node 7" in caught.value.hint


def test_norms_that_do_more_than_batchnorm_are_refused(as_rank):
    pytest.importorskip("timm")
    model = build(Network("timm:test_efficientnet"), 3, size_px=64)
    assert ranks.share_norms(model) is model  # one process shares nothing
    as_rank(0, 2)
    with pytest.raises(SettingError, match="BatchNormAct2d") as caught:
        ranks.share_norms(model)
    assert "one process" in caught.value.hint


@pytest.mark.parametrize(
    ("norm", "shape"),
    [(nn.BatchNorm1d, (6, 4)), (nn.BatchNorm1d, (6, 4, 5)), (nn.BatchNorm3d, (6, 4, 2, 3, 2))],
)
def test_a_shared_norm_of_any_shape_is_batchnorm(norm, shape):
    images, plain = torch.randn(shape), norm(4)
    shared = ranks.SharedBatchNorm.like(copy.deepcopy(plain))
    assert torch.allclose(shared(images), plain(images), atol=1e-5)
    assert torch.allclose(shared.running_var, plain.running_var, atol=1e-6)
    assert torch.allclose(shared.eval()(images), plain.eval()(images), atol=1e-5)


@pytest.mark.parametrize(("others", "agreed"), [(0, False), (1, False), (2, True)])
def test_ranks_compile_all_or_none(as_rank, monkeypatch, others, agreed):
    as_rank(0, 4)
    monkeypatch.setattr(ranks, "summed", lambda vote: vote + others)
    assert compiling._agreed(True, torch.device("cpu")) is agreed
