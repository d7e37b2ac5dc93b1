"""The tools that others use for near duplicates, by the bench's `neardup_tools.py`.

Each runs in a process of its own, in the interpreter that has it, under a limit of time.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np

from benchmarks.drift_score import Found
from benchmarks.drift_sets import BENCH

DEFAULT = {
    "imagehash_phash": -10.0, "imagehash_dhash": -10.0, "imagehash_whash": -10.0,
    "imagededup_phash": -10.0, "imagededup_dhash": -10.0, "imagededup_whash": -10.0,
    "pdq": -31.0, "fastdup": 0.9, "sift_translation_vote": 4.0,
}  # fmt: skip
"""Score from which a tool's own settings call a pair alike (minus the Hamming distance, cosine);
of voting, which is no tool, four votes."""

NEEDS = {
    "imagehash": "imagehash, PIL", "imagededup": "imagededup", "pdq": "pdqhash, cv2",
    "fastdup": "fastdup", "sift": "faiss, cv2",
}  # fmt: skip


def importable(python: Path, tool: str) -> bool:
    """Whether that interpreter has what the tool needs."""
    words = [str(python), "-c", f"import {NEEDS[tool.split('_')[0]]}"]
    return subprocess.run(words, capture_output=True).returncode == 0


def run(python: Path, tool: str, folder: Path, out: Path, limit_s: float) -> dict | None:
    """Wall and CPU seconds, peak MB; None where it failed or took longer. Pairs lie in `out`."""
    words = [str(python), str(BENCH / "neardup_tools.py"), "--bench", str(folder)]
    env = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        told = subprocess.run(
            [*words, "--tool", tool, "--out", str(out)],
            capture_output=True, text=True, timeout=limit_s, env=env,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        print(f"  {tool}: more than {limit_s:g} s")
        return None
    if told.returncode:
        print(f"  {tool}: {told.stderr.strip().splitlines()[-1:]}")
        return None
    line = json.loads(told.stdout.strip().splitlines()[-1])
    return {key: line[key] for key in ("wall", "cpu", "peak_mb")}


def read(tool: str, path: Path) -> Found:
    """The pairs that a tool wrote."""
    rows = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2).reshape(-1, 3)
    a, b = rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64)
    return Found(
        np.minimum(a, b), np.maximum(a, b), rows[:, 2], rows[:, 2] >= DEFAULT.get(tool, 0.0)
    )
