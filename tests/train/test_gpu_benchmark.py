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
    for name in (
        "eager, images/s",
        "float16 with a scaler, images/s",
        "inference, images/s",
        "cold: 6 epochs with their evaluations, s",
        "cold: end to end, s",
    ):
        assert told[name] > 0
    assert [name for name in told if name.startswith("cold: test (no report: no ")]
    failed = {name: reason for name, reason in told.items() if name.endswith("_failed")}
    assert failed == {"naive_failed": "ImportError: no torchvision here"}


@pytest.mark.slow
def test_the_cold_run_ends_with_a_report_where_one_can_be_drawn(capsys):
    from benchmarks import gpu

    assert not gpu.main(["--dry", "--only", "cold"])
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["cold: test and report, s"] > 0


def test_a_figure_that_fails_makes_the_benchmark_fail(monkeypatch, capsys):
    from benchmarks import gpu

    def broken(*_):
        raise RuntimeError("no such figure")

    monkeypatch.setattr(gpu, "_limits", broken)
    monkeypatch.setattr(gpu, "_naive", broken)
    rest = ["eager", "float16", "inference", "cold"]
    assert gpu.main(["--dry", "--skip", *rest, "naive"]) == 1
    said = capsys.readouterr().out
    assert "limits_failed RuntimeError: no such figure" in said
    assert said.endswith("not measured: limits\n")
    # torchvision is not asked for
    assert gpu.main(["--dry", "--skip", *rest, "limits"]) == 0
