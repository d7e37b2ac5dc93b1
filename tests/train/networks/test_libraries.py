from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from galaxycurate.errors import GalaxyCurateError
from train.networks import build
from train.recipe.config import Network

ROOT = Path(__file__).resolve().parents[3]
BUILT = "cpu" if torch.version.cuda else "cu132"  # another than torch was built for
QUICK = ("size_px=32", "calibration_batches=1", "steps_share=2")
THREE_RUNS = """
import sys
from train.cli import run

for preset, network in (("resnet18",) * 2, ("resnet18", "timm:resnet10t"), ("galaxy-cnn",) * 2):
    begun = ["--preset", preset, "--set", f"network.name={network}", *sys.argv[1:]]
    print("ended with", run(begun), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def said(tree_root, tmp_path_factory):
    """What three runs say beside a torchvision that fails as that of another build does."""
    folder = tmp_path_factory.mktemp("broken")
    package = folder / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')\n"
    )
    (package / "version.py").write_text(f"__version__ = '0.29.2+{BUILT}'\n")
    words = ["--data", str(tree_root), "--out", str(folder / "out"), "--epochs", "1"]
    words += [word for setting in QUICK for word in ("--set", setting)]
    done = subprocess.run(
        [sys.executable, "-c", THREE_RUNS, *words, "--device", "cpu"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (folder / "out" / "galaxy_cnn_225.pth").is_file()
    return done.stderr.splitlines()


@pytest.mark.parametrize("name", ["resnet18", "timm:resnet10t"])
def test_a_broken_torchvision_is_explained_in_a_line(said, name):
    (at,) = (n for n, line in enumerate(said) if line.startswith(f"train: {name} needs"))
    assert f"needs torchvision, which does not load: torch was built for {_torchs()}, " in said[at]
    assert f"torchvision for {BUILT}" in said[at]
    assert "uv pip install --reinstall torch torchvision" in said[at + 1]
    assert "galaxy-cnn" in said[at + 1]
    assert said[at + 2] == "ended with 1"


def test_presets_that_do_not_need_torchvision_still_run(said):
    assert said[-1] == "ended with 0"


def test_an_absent_torchvision_is_explained(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(GalaxyCurateError, match="resnet18 needs torchvision, which is not") as told:
        build(Network("resnet18"), 3, size_px=64)
    assert "pip install 'galaxycurate[train]'" in told.value.hint


def _torchs() -> str:
    return "cu" + torch.version.cuda.replace(".", "") if torch.version.cuda else "cpu"
