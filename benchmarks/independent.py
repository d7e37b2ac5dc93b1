"""How well other exposures of one sky are found, against shared sources and overlap.

    python -m benchmarks.independent BENCH [--figure docs/figures/independent.svg]

BENCH is a folder of simulated cutouts with truth.csv (columns a, b, mode, shared_sources, overlap,
dx, dy, op), of which the rows of mode ``indep`` are second exposures with noise and seeing of their
own. Prints one line of JSON; the figure is drawn where matplotlib is installed.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from galaxycurate.curation.pixels.constellations import search_sources
from galaxycurate.curation.pixels.fingerprint import fingerprint
from galaxycurate.curation.pixels.prints import Prints

SHARED = (0, 1, 2, 3, 4, 5, 6, 8, 11, 16, 100)
OVERLAP = (0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0)


def measure(bench: Path, *, flips: bool = True) -> dict:
    """Recall, precision and registration on one benchmark folder."""
    with (bench / "truth.csv").open(newline="") as file:
        truth = list(csv.DictReader(file))
    paths = sorted((bench / "images").iterdir())
    prints = Prints.of([fingerprint(np.asarray(Image.open(path))) for path in paths])
    began = time.process_time()
    found = search_sources(prints, flips=flips)
    took = time.process_time() - began
    at = {pair: k for k, pair in enumerate(zip(found.first, found.second, strict=True))}
    true = {(min(p), max(p)) for p in ((int(row["a"]), int(row["b"])) for row in truth)}
    second = [row for row in truth if row["mode"] == "indep"]
    rows = [at.get(tuple(sorted((int(row["a"]), int(row["b"]))))) for row in second]
    hit = np.array([k is not None for k in rows])
    shared = np.array([int(row["shared_sources"]) for row in second])
    overlap = np.array([float(row["overlap"]) for row in second])
    error = [
        _error(found, k, row) for k, row in zip(rows, second, strict=True) if k is not None
    ]  # fmt: skip
    return {
        "images": len(prints), "pairs": len(found), "search_cpu_s": round(took, 1),
        "precision": round(float(np.mean([pair in true for pair in at])), 4),
        "recall_3_shared": round(float(hit[shared >= 3].mean()), 4),
        "pairs_3_shared": int((shared >= 3).sum()),
        "error_px": [round(float(v), 3) for v in np.percentile(error, [50, 95])],
        "by_shared": _curve(shared, hit, SHARED),
        "by_overlap_3_shared": _curve(overlap[shared >= 3], hit[shared >= 3], OVERLAP),
    }  # fmt: skip


def _error(found, k: int, row: dict) -> float:
    sign = 1 if int(row["a"]) == found.first[k] else -1
    return float(
        np.hypot(found.dx[k] - sign * float(row["dx"]), found.dy[k] - sign * float(row["dy"]))
    )


def _curve(values: np.ndarray, hit: np.ndarray, edges: tuple) -> list[tuple[float, float, int]]:
    """(lower edge, recall, number) of each bin that has pairs."""
    curve = []
    for low, high in pairwise(edges):
        of = (values >= low) & (values < high)
        if of.any():
            curve.append((low, round(float(hit[of].mean()), 3), int(of.sum())))
    return curve


def draw(result: dict, path: Path) -> None:
    """The two curves beside each other."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8, 3), sharey=True, layout="constrained")
    curves = ("by_shared", "by_overlap_3_shared")
    labels = ("shared sources (r < 22.3), at least", "overlap, at least (3 or more shared)")
    for ax, name, label in zip(axes, curves, labels, strict=True):
        low, recall, number = zip(*result[name], strict=True)
        ax.plot(range(len(low)), recall, "o-", color="#1f5fa8")
        for k, n in enumerate(number):
            ax.annotate(str(n), (k, recall[k]), (0, -12), textcoords="offset points", fontsize=7)
        ax.set_xticks(range(len(low)), [str(v) for v in low])
        ax.set(xlabel=label, ylim=(0, 1.05))
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("recall")
    figure.suptitle(
        f"Second exposures found among {result['images']} simulated cutouts, "
        f"precision {result['precision']:.3f}", fontsize=10,
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench", type=Path)
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--no-flips", action="store_true")
    asked = parser.parse_args()
    result = measure(asked.bench, flips=not asked.no_flips)
    print(json.dumps(result))
    if asked.figure:
        draw(result, asked.figure)


if __name__ == "__main__":
    main()
