"""A tiny ImageFolder of simulated discs and bars that a network learns in seconds."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

COUNTS = {"train": 64, "val": 16, "test": 16}


def picture(kind: str, rng: np.random.Generator, *, side: int = 64) -> np.ndarray:
    """A round or an elongated glow on a noisy sky, uint8 (side, side, 3)."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2 - rng.normal(0, 2, (2, 1, 1))
    angle = rng.uniform(0, np.pi)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    long, short = (9.0, 9.0) if kind == "disc" else (18.0, 2.5)
    glow = 180 * np.exp(-0.5 * ((u / long) ** 2 + (v / short) ** 2))
    noisy = glow[..., None] + rng.normal(20, 5, (side, side, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def write_picture(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


def write_tree(root: Path, *, seed: int = 0, counts=None) -> Path:
    """Discs and bars in train, val and test, with a split.json that says simulated."""
    rng = np.random.default_rng(seed)
    counts = counts or COUNTS
    for split, count in counts.items():
        for kind in ("bar", "disc"):
            for number in range(count // 2):
                write_picture(root / split / kind / f"{number:03d}.jpg", picture(kind, rng))
    facts = {
        "origin": "simulated discs and bars",
        "splits": {s: {"bar": n // 2, "disc": n // 2} for s, n in counts.items()},
        "groups": sum(counts.values()),
        "leaking_pairs": 0,
        "seed": seed,
        "manifest_sha256": [],
    }
    (root / "split.json").write_text(json.dumps(facts))
    return root
