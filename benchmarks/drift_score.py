"""What a search found, held against the pairs that a set truly has."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SIDE = 256
OVERLAPS = (0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.95, 1.0)
Q50 = 57.7
SHARED = (0, 1, 2, 3, 4, 6, 9, 14, 20, 40, 1000)


@dataclass(frozen=True)
class Found:
    """Pairs with how sure each is; registration where the tool tells it.

    Parameters
    ----------
    first, second : ndarray of int64, shape (n,)
        Numbers of the pictures, first < second.
    strength : ndarray of float64, shape (n,)
        Larger is surer.
    accepted : ndarray of bool, shape (n,)
        What the tool counts as found by default.
    dx, dy, flip : ndarray, shape (n,), optional
        As in `galaxycurate.curation.pairs.Matches`.
    """

    first: np.ndarray
    second: np.ndarray
    strength: np.ndarray
    accepted: np.ndarray
    dx: np.ndarray | None = None
    dy: np.ndarray | None = None
    flip: np.ndarray | None = None


@dataclass(frozen=True)
class Truth:
    """The true pairs of a set, with columns as `truth.csv` has them."""

    n: int
    first: np.ndarray
    second: np.ndarray
    kind: np.ndarray
    overlap: np.ndarray
    shared: np.ndarray
    dx: np.ndarray
    dy: np.ndarray
    flip: np.ndarray

    @classmethod
    def read(cls, folder: Path) -> Truth:
        """Of a set's folder; shifts and flips are turned to the first picture's frame."""
        with (folder / "images.csv").open(newline="") as lines:
            n = sum(1 for _ in csv.DictReader(lines))
        with (folder / "truth.csv").open(newline="") as lines:
            rows = list(csv.DictReader(lines))
        a, b = (np.array([int(r[c]) for r in rows], np.int64) for c in "ab")
        d = np.array([[float(r["dx"]), float(r["dy"])] for r in rows]).reshape(-1, 2)
        op = np.array([int(r["op"]) for r in rows], np.int64)
        swapped = a > b
        # b is the window at a + d, turned by op: its own turn back, or a turned likewise
        back = np.where((op == 0) | (op >= 4), op, 4 - op)
        other = np.array([turned(-v, k) for v, k in zip(d, op, strict=True)]).reshape(-1, 2)
        shift = np.where(swapped[:, None], other, d)
        kind = np.array([_kind(r, folder) for r in rows])
        return cls(
            n, np.minimum(a, b), np.maximum(a, b), kind,
            np.array([float(r["overlap"]) for r in rows]),
            np.array([int(r["shared_sources"]) for r in rows]),
            shift[:, 0], shift[:, 1], np.where(swapped, op, back),
        )  # fmt: skip

    @property
    def key(self) -> np.ndarray:
        return self.first * self.n + self.second

    @property
    def drifted(self) -> np.ndarray:
        """Those that share an exposure in part, not turned."""
        return np.isin(self.kind, ("drift crop", "drift resampled"))


def _kind(row: dict[str, str], folder: Path) -> str:
    if row["kind"] == "drift":
        return f"drift {row['mode']}"
    if row["kind"] == "recompress":  # the bench goes down to quality 30
        files = (folder / "images" / f"{int(row[name]):06d}.jpg" for name in "ab")
        return f"recompress {'q >= 50' if max(map(_coarseness, files)) <= Q50 else 'q < 50'}"
    return row["kind"]


def _coarseness(path: Path) -> float:
    """Mean step of a JPEG's quantization of brightness; 57.6 at quality 50."""
    from PIL import Image

    with Image.open(path) as image:
        return float(np.mean(image.quantization[0]))


def turned(vector: np.ndarray, op: int) -> np.ndarray:
    """A vector (x, y down) as numpy.rot90 by op % 4 turns it, x negated where op >= 4."""
    x, y = vector
    for _ in range(op % 4):
        x, y = y, -x
    return np.array([-x if op >= 4 else x, y])


def strongest(truth: Truth, found: Found, precision: float = 0.99) -> np.ndarray:
    """Mask of the longest list, surest first, of which at most 1 - `precision` are false."""
    good = np.isin(found.first * truth.n + found.second, truth.key)
    order = np.argsort(-found.strength, kind="stable")
    strength, right = found.strength[order], np.cumsum(good[order])
    last = np.r_[strength[1:] != strength[:-1], True] if strength.size else np.empty(0, bool)
    enough = np.flatnonzero(last & (right >= precision * np.arange(1, strength.size + 1)))
    least = strength[enough[-1]] if enough.size else np.inf
    return found.strength >= least


def score(truth: Truth, found: Found, taken: np.ndarray) -> dict:
    """Recall by kind and overlap, precision and false pairs of the `taken` ones."""
    key = (found.first * truth.n + found.second)[taken]
    hit, good = np.isin(truth.key, key), np.isin(key, truth.key)
    return {
        "pairs": int(key.size),
        "false_pairs": int((~good).sum()),
        "precision": round(float(good.mean()), 5) if key.size else None,
        "recall": {k: _share(hit[truth.kind == k]) for k in sorted(set(truth.kind))},
        "drift_by_overlap": binned(truth.overlap, hit, truth.drifted, OVERLAPS),
        "indep_by_overlap": binned(truth.overlap, hit, truth.kind == "drift indep", OVERLAPS),
        "indep_by_shared": binned(truth.shared, hit, truth.kind == "drift indep", SHARED),
        "indep_3_shared": _share(hit[(truth.kind == "drift indep") & (truth.shared >= 3)]),
    }


def binned(value: np.ndarray, hit: np.ndarray, of: np.ndarray, edges: tuple) -> dict:
    """``low-high: [recall, pairs]`` for each bin that has pairs; a bin holds its upper edge."""
    bins = np.digitize(value, edges, right=True)
    return {
        f"{edges[k - 1]:g}-{edges[k]:g}": _share(hit[of & (bins == k)])
        for k in range(1, len(edges))
        if (of & (bins == k)).any()
    }


def registration(truth: Truth, found: Found) -> dict:
    """How far the told shifts are from the true ones [pixel], and how many flips are wrong."""
    if found.dx is None:
        return {}
    key = found.first * truth.n + found.second
    _, mine, theirs = np.intersect1d(key, truth.key, return_indices=True)
    off = np.hypot(found.dx[mine] - truth.dx[theirs], found.dy[mine] - truth.dy[theirs])
    turn = found.flip[mine] == truth.flip[theirs]
    return {
        kind: {
            "median_px": round(float(np.median(off[of & turn])), 3),
            "p95_px": round(float(np.quantile(off[of & turn], 0.95)), 3),
            "wrong_flip": int((of & ~turn).sum()),
        }
        for kind in sorted(set(truth.kind))
        if (of := truth.kind[theirs] == kind).any() and (of & turn).any()
    }


def _share(hit: np.ndarray) -> list:
    """Share found, and of how many."""
    return [round(float(hit.mean()), 4) if hit.size else None, int(hit.size)]
