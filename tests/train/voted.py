"""Simulated galaxies whose votes follow from what is drawn: a challenge in small."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np

from tests.train.shapes import write_picture
from train.data.votes import COLUMNS, TREE


def shares(
    features: float, edge_on: float, arms: float, axis_ratio: float, odd: float = 0.1
) -> list[list[float]]:
    """What those who were asked answer to each question."""
    near = np.exp(-(((axis_ratio - np.array([1.0, 0.6, 0.2])) / 0.25) ** 2))
    return [
        [0.98 * (1 - features), 0.98 * features, 0.02],
        [edge_on, 1 - edge_on],
        [0.2, 0.8],
        [arms, 1 - arms],
        [0.1, 0.3, 0.4, 0.2],
        [odd, 1 - odd],
        (near / near.sum()).tolist(),
        [0.3, 0.0, 0.2, 0.2, 0.1, 0.2, 0.0],
        [0.6, 0.1, 0.3],
        [0.3, 0.5, 0.2],
        [0.0, 0.8, 0.05, 0.05, 0.0, 0.1],
    ]


def cumulative(told: list[list[float]]) -> np.ndarray:
    """Shares of those who were asked as fractions of all volunteers, float64 (37,)."""
    found = np.zeros(len(COLUMNS))
    for question, share in zip(TREE, told, strict=True):
        led = 1.0 if question.parent is None else found[question.parent]
        found[question.columns] = np.array(share) * led
    return found


def galaxy(rng: np.random.Generator, *, side: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """A smooth glow, a disc with two arms or an edge-on disc; some have a neighbour, which is odd.

    Returns
    -------
    image : ndarray of uint8, shape (side, side, 3)
    votes : ndarray of float64, shape (37,)
    """
    kind = rng.choice(["smooth", "spiral", "edge-on"])
    axis_ratio = {"smooth": rng.uniform(0.4, 1), "spiral": rng.uniform(0.8, 1), "edge-on": 0.15}
    q, angle = axis_ratio[kind], rng.uniform(0, np.pi)
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    r = np.hypot(u, v / q)
    glow = 170 * np.exp(-r / (side / 10))
    if kind == "spiral":
        waves = 1 + np.cos(2 * (np.arctan2(v / q, u) - 2.2 * np.log(r + 1)))
        glow += 60 * waves * np.exp(-(((r - side / 5) / (side / 12)) ** 2))
    merging = rng.random() < 0.3
    if merging:
        away, where = side / 3, rng.uniform(0, 2 * np.pi)
        distance = np.hypot(x - away * np.cos(where), y - away * np.sin(where))
        glow += 140 * np.exp(-distance / (side / 16))
    light = glow[..., None] + rng.normal(15, 4, (side, side, 3))
    told = {"smooth": (0.1, 0.1, 0.2), "spiral": (0.9, 0.05, 0.9), "edge-on": (0.85, 0.95, 0.1)}
    odd = 0.8 if merging else 0.1
    return np.clip(light, 0, 255).astype(np.uint8), cumulative(shares(*told[kind], q, odd))


def write_votes(path: Path, rows: dict[str, np.ndarray], *, key: str = "GalaxyID") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([key, *COLUMNS])
        writer.writerows([name, *(f"{v:.9f}" for v in row)] for name, row in rows.items())
    return path


def write_challenge(root: Path, count: int, *, seed: int = 0) -> Path:
    """``images_training_rev1/<id>.jpg`` and, beside it, ``training_solutions_rev1.csv``."""
    rng = np.random.default_rng(seed)
    folder, rows = root / "images_training_rev1", {}
    for number in range(count):
        image, votes = galaxy(rng)
        rows[str(100008 + 15 * number)] = votes
        write_picture(folder / f"{100008 + 15 * number}.jpg", image)
    write_votes(root / "training_solutions_rev1.csv", rows)
    (folder / "split.json").write_text(json.dumps({"origin": "simulated galaxies"}))
    return folder
