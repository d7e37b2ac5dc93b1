"""How the galaxy detector of `galaxycurate audit` is made and what it finds.

    python -m benchmarks.contamination [--data FOLDER] [--windows N] [--ship]

Galaxies of known magnitude are pasted into empty windows (see `benchmarks/windows.py`), sources are
measured as `curation/light` does, and gradient-boosted trees learn which are galaxies. Every figure
is measured *out of fold*: of two folds, each with its own real fields, point spreads, galaxies and
seeds, one trains and the other is judged. The trees that are shipped are trained on both; their
thresholds are those of the folds. A window is *contaminated* from the score that 2 % of the truly
empty windows reach, *borderline* from that which 8 % reach.
"""

from __future__ import annotations

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of the trees wait for one another

import numpy as np

from benchmarks.completeness import FALSE_ALARMS, Score, plot, table
from benchmarks.windows import CROWDED, Seen, everything
from galaxycurate.curation.light.features import NAMES
from galaxycurate.curation.light.forest import MODEL, Forest

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data"
SHIPPED = HERE.parent / "galaxycurate" / "curation" / "light" / MODEL
FIGURES = HERE.parent / "docs" / "figures"
RESULTS = HERE / "results"
PERHAPS = 0.08
ROOM = 1.5
"""Windows may hold so many times more sources than the fullest that the trees learned from."""

BRIGHT, AT_BORDER = 235, 1.0
"""Drawn peak, and distance from the border [stellar widths], of galaxies that weigh twice."""

WEIGHTS = ((19, 3.0), (20, 4.0), (21, 2.0), (np.inf, 0.3))
"""Of galaxies to a magnitude: the aims end at r = 21, and the fainter ones, the most, would decide
which alarms are worth while."""

SETS = (("3918", "4510"), ("sim",), ("3918", "4510", "sim"))


def train(windows: list[Seen], seed: int = 0) -> Forest:
    """Boosted trees on the sources of windows, as arrays; crowded ones teach nothing."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    windows = [w for w in windows if w.kind != CROWDED]
    x = np.concatenate([w.features for w in windows])
    y = np.concatenate([w.label for w in windows])
    mag_r = np.repeat([w.mag_r for w in windows], [len(w.label) for w in windows])
    model = HistGradientBoostingClassifier(
        max_iter=400, learning_rate=0.07, max_leaf_nodes=24, min_samples_leaf=30,
        l2_regularization=3.0, max_features=0.3, random_state=seed, early_stopping=False,
    )  # fmt: skip
    model.fit(x[y >= 0], y[y >= 0], sample_weight=weights(x, y, mag_r)[y >= 0])
    return exported(model)


def weights(features: np.ndarray, label: np.ndarray, mag_r: np.ndarray) -> np.ndarray:
    """Galaxies whose cores are as bright as saturated stars are few, those at the border, too."""
    limits, worth = zip(*WEIGHTS, strict=True)
    of_magnitude = np.array(worth)[np.searchsorted(limits, mag_r, side="right").clip(max=3)]
    bright = features[:, NAMES.index("peak")] >= BRIGHT
    border = features[:, NAMES.index("edge")] < AT_BORDER
    return np.where(label == 1, of_magnitude * (1 + bright + border), 1.0)


def exported(model) -> Forest:
    """The trees of scikit-learn's `HistGradientBoostingClassifier` as padded arrays."""
    nodes = [stage[0].nodes for stage in model._predictors]
    shape = len(nodes), max(map(len, nodes))
    feature, left, right = (np.zeros(shape, np.int16) for _ in range(3))
    threshold, value = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for k, tree in enumerate(nodes):
        leaf, own = tree["is_leaf"].astype(bool), np.arange(len(tree))
        here = k, slice(len(tree))
        feature[here] = np.where(leaf, 0, tree["feature_idx"])
        threshold[here] = np.where(leaf, np.inf, tree["num_threshold"])
        left[here] = np.where(leaf, own, tree["left"])
        right[here] = np.where(leaf, own, tree["right"])
        value[here] = np.where(leaf, tree["value"], 0)
    baseline = float(np.ravel(model._baseline_prediction)[0])
    return Forest(feature, threshold, left, right, value, baseline, 1.0, 1.0, np.inf)


def scores(forest: Forest, windows: list[Seen]) -> np.ndarray:
    """Highest galaxy probability of each window, 0 without sources."""
    counts = [len(w.features) for w in windows]
    told = forest.probability(np.concatenate([w.features for w in windows]))
    parts = np.split(told, np.cumsum(counts)[:-1])
    return np.array([p.max() if p.size else 0.0 for p in parts])


def trained(windows: list[Seen], workers: int) -> list[Forest]:
    """The trees that judge each fold, trained on the other one, and those of both."""
    sets = [[w for w in windows if w.fold != k] for k in (0, 1, None)]
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        return list(pool.map(train, reversed(sets)))[::-1]


def out_of_fold(windows: list[Seen], forests: list[Forest]) -> np.ndarray:
    """Scores of each window by the trees of the other fold."""
    fold, out = np.array([w.fold for w in windows]), np.zeros(len(windows))
    for k in (0, 1):
        out[fold == k] = scores(forests[k], [w for w in windows if w.fold == k])
    return out


def limits(windows: list[Seen], score: np.ndarray) -> dict[str, float]:
    """Thresholds by the empty windows, and how full a window may be."""
    told = Score.of(windows, score)
    empty = told.among(SETS[-1]) & told.empty
    density = [len(w.features) for w in windows if w.kind != CROWDED]
    return {
        "contaminated": float(np.quantile(score[empty], 1 - FALSE_ALARMS)),
        "borderline": float(np.quantile(score[empty], 1 - PERHAPS)),
        "crowded": ROOM * max(density),
    }


def crowded(windows: list[Seen], most: float) -> dict:
    """What becomes of the crowded windows."""
    density = np.array([len(w.features) for w in windows if w.kind == CROWDED])
    return {
        "limit": most, "windows": len(density), "sources": [int(density.min()), int(density.max())],
        "too crowded to judge": round(float((density > most).mean()), 3),
    }  # fmt: skip


def ship(told: Forest, limit: dict[str, float]) -> None:
    """Write the arrays of a forest with its thresholds."""
    names = ("feature", "threshold", "left", "right", "value")
    arrays = {name: getattr(told, name) for name in names}
    np.savez_compressed(SHIPPED, **arrays, baseline=told.baseline, **limit, names=np.array(NAMES))


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--windows", type=int, default=2500, help="of each kind and fold")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--ship", action="store_true", help="write model, figure and results")
    args = parser.parse_args(argv or [])
    if not args.data.is_dir():
        print(f"no real frames: {args.data}")
        return
    windows = everything(args.data, args.windows, args.workers)
    report(windows, trained(windows, args.workers), args.data, write=args.ship)


def report(windows: list[Seen], forests: list[Forest], data: Path, *, write: bool) -> None:
    """Measure, print; with `write` also ship the trees of both folds."""
    from benchmarks.listed_galaxies import compare, false_alarms_on_stars

    score = out_of_fold(windows, forests)
    limit = limits(windows, score)
    results = {
        "windows": len(windows), "limits": limit,
        "injections": [table(windows, score, kinds) for kinds in SETS],
        "crowded": crowded(windows, limit["crowded"]),
        "3918-3-213": compare(data, forests[0], limit["contaminated"]),
        "4510-4-30": false_alarms_on_stars(data, forests[1], limit["contaminated"]),
    }  # fmt: skip
    print(json.dumps(results, indent=1))
    if write:
        ship(forests[-1], limit)
        plot(windows, score, limit["contaminated"], FIGURES / "completeness.png")
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "contamination.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
