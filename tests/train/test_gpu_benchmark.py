from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# a bare machine: torch, NumPy and Pillow, and nothing of these
ABSENT = ("cv2", "simplejpeg", "torchvision", "matplotlib", "jinja2", "scipy", "pandas")


@pytest.mark.slow
def test_the_gpu_benchmark_runs_dry_on_a_bare_machine(tmp_path):
    for name in ABSENT:  # found before the real ones
        (tmp_path / f"{name}.py").write_text(f"raise ImportError('no {name} here')\n")
    words = [sys.executable, "benchmarks/gpu.py", "--dry", "--out", str(tmp_path / "gpu.json")]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "gpu.json").read_text())
    assert told["decoder"] == "PIL PIL"
    assert told["simulated"] is True
    for name in ("eager, images/s", "inference, images/s", "cold: end to end, s"):
        assert told[name] > 0
    assert told["naive_failed"] == "ImportError: no torchvision here"
