"""Two processes that train together, started by torchrun as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from train.learn import ranks

ROOT = Path(__file__).resolve().parents[3]
ONE = [sys.executable, "-m", "train"]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m"]
TWO = [*TORCHRUN, "train"]
THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}
# SGD: Adam's first steps turn a rounding error of a gradient near zero into a whole step
TINY = [
    "epochs=1",
    "optim.method=sgd",
    "lr=0.001",
    "batch=13",
    "steps_share=2",
    "size_px=32",
    "calibration_batches=2",
]


def trained(words: list[str], tree: Path, out: Path, *settings: str) -> tuple[dict, dict, str]:
    """Weights, metrics, and what was said."""
    told = [word for one in (*TINY, "precision=float32", *settings) for word in ("--set", one)]
    done = subprocess.run(
        [*words, "fit", "--data", str(tree), "--out", str(out), "--device", "cpu", *told],
        cwd=ROOT,
        env=THREAD,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    metrics = json.loads((out / "metrics.json").read_text())
    return torch.load(out / "last.pth")["model"], metrics, done.stderr


@pytest.mark.slow
def test_two_ranks_train_the_network_of_one(tree_root, tmp_path):
    # 13 images a batch: one rank takes 7, the other 6; BatchNorm sees all 13
    one, alone, _ = trained(ONE, tree_root, tmp_path / "one", "optim.average=0.9")
    two, pair, said = trained(TWO, tree_root, tmp_path / "two", "optim.average=0.9")
    assert one.keys() == two.keys()
    for name, weights in one.items():
        if "running" not in name:  # these are no weights; the judgement below depends on them
            assert torch.allclose(weights, two[name], atol=3e-5), name
    assert said.count("epoch 1 of 1") == 1  # the second rank says nothing
    for a, b in zip(alone["history"], pair["history"], strict=True):
        assert a["loss"] == pytest.approx(b["loss"], abs=1e-5)
        assert a["val_loss"] == pytest.approx(b["val_loss"], abs=1e-4)


@pytest.mark.slow
def test_steps_of_two_ranks_are_those_of_one_to_the_last_digits():
    words = [*TORCHRUN, "tests.train.learn.beside"]
    done = subprocess.run(words, cwd=ROOT, env=THREAD, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1e-12


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
