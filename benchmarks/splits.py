"""Splits of cutouts that share sky: at random, by components alone, and ours; leaks recounted.

Two sets: a simulated scan (a square of cutouts that follow each other by half a side), and the real
positions of SDSS galaxies, where they are found beside the repository. Run alone:
``python -m benchmarks.splits [number of cutouts]``.
"""

from __future__ import annotations

import csv
import gzip
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from galaxycurate.core.geometry import chord, overlap_fraction, reach, unit_vectors
from galaxycurate.curation.groups import groups
from galaxycurate.curation.pairs import Pairs
from galaxycurate.curation.sky.footprints import LEAST, overlapping
from galaxycurate.curation.split.assign import crossing
from galaxycurate.curation.split.divide import Division, Scene, divide

WIDTH = 256 * 0.396
SHARES = (0.8, 0.1, 0.1)
RESULTS = Path(__file__).resolve().parent / "results"
REAL = Path(__file__).resolve().parents[2] / "shared/data/sdss/catalogs"
FILE = "sdss_gl_ra_dec_z_119071.csv.gz"


def scan(n: int, step: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Simulated: a square of about n cutouts, each half a side from the next."""
    rng = np.random.default_rng(0)
    side, d = int(np.sqrt(n)), step * WIDTH / 3600
    row, column = np.divmod(np.arange(side * side), side)
    dec = 20 + d * row + rng.normal(0, d / 20, row.size)
    ra = 150 + d * column / np.cos(np.radians(20 + d * row)) + rng.normal(0, d / 20, row.size)
    return ra, dec


def real() -> tuple[np.ndarray, np.ndarray] | None:
    """The positions of 119,071 galaxies of SDSS."""
    if not (REAL / FILE).is_file():
        return None
    with gzip.open(REAL / FILE, "rt") as file:
        rows = [(float(row[0]), float(row[1])) for row in csv.reader(file)]
    return tuple(np.array(rows).T)  # type: ignore[return-value]


def measure(name: str, ra: np.ndarray, dec: np.ndarray) -> list[dict]:
    """Each way of splitting, with what it leaks and drops."""
    n = ra.size
    label = np.random.default_rng(1).choice(["spiral", "elliptical", "none"], n, p=[0.5, 0.3, 0.2])
    width, rows = np.full(n, WIDTH), np.arange(n)
    began = time.process_time()
    pairs = overlapping(ra, dec, width)
    group = groups(n, [pairs])
    found = time.process_time() - began
    recounted = recount(ra, dec)
    print(f"{name}: {len(recounted):,} pairs recounted, {len(pairs):,} found", file=sys.stderr)
    scene = Scene(label, group, rows, rows, pairs, ra, dec, width)
    alone = Scene(label, rows, rows, rows, pairs, ra, dec, width)
    ways = {
        "random": lambda: divide(alone, SHARES, guard="none", seed=42),
        "components": lambda: divide(scene, SHARES, guard="none", seed=42),
        "galaxycurate": lambda: divide(scene, SHARES, seed=42),
        "galaxycurate, 5 folds": lambda: divide(scene, [0.2] * 5, seed=42),
    }
    lines = []
    for way, made in ways.items():
        began = time.process_time()
        division = made()
        spent = time.process_time() - began
        shares = [0.2] * 5 if "folds" in way else SHARES
        lines.append({
            "set": name, "split": way, "cutouts": n, "pairs": len(pairs),
            "largest_component": int(np.bincount(group).max()), "pairs_s": round(found, 2),
            **_judge(division, label, recounted, shares), "split_s": round(spent, 2),
        })  # fmt: skip
    return lines


def recount(ra, dec) -> Pairs:
    """All pairs that share sky, by other means than the product's: a tree and a clip in NumPy."""
    near = cKDTree(unit_vectors(ra, dec)).query_pairs(
        chord(reach(WIDTH) * (1 + 1e-6)), output_type="ndarray"
    )
    shared = [
        overlap_fraction(ra[i], dec[i], WIDTH, ra[j], dec[j], WIDTH)
        for i, j in (some.T for some in np.array_split(near, len(near) // 100_000 + 1))
    ]
    amount = np.concatenate(shared)
    near = near[amount > LEAST]
    return Pairs(near[:, 0], near[:, 1], amount[amount > LEAST])


def _judge(made: Division, label, pairs, shares) -> dict:
    across = crossing(made.place, pairs)
    stays = made.place >= 0
    across = across[stays[pairs.first[across]] & stays[pairs.second[across]]]
    touched = np.zeros(label.size, bool)
    touched[pairs.first[across]] = touched[pairs.second[across]] = True
    test = made.place == len(shares) - 1
    off = max(
        abs((made.place[stays & (label == name)] == part).mean() - share)
        for name in np.unique(label)
        for part, share in enumerate(shares)
    )
    return {
        "leaking_pairs": across.size,
        "test_images_that_leak": round(float(touched[test].mean()), 4) if test.any() else None,
        "dropped": round(made.dropped / label.size, 4),
        "largest_error_of_a_class_share": round(float(off), 4),
        "tile_deg": round(made.tile_deg, 3),
    }


def main() -> None:
    """Measure and keep the lines."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 100_000
    overlapping(*scan(400), np.full(400, WIDTH))  # numba compiles or loads
    lines = measure("simulated scan", *scan(n))
    positions = real()
    if positions is None:
        print("skipped: no real positions beside the repository")
    else:
        lines += measure("SDSS galaxies", *positions)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"peak_mb": round(peak), "lines": lines}, indent=1))
    if n == 100_000:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "splits.json").write_text(json.dumps(lines, indent=1) + "\n")


if __name__ == "__main__":
    main()
