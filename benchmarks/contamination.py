"""How the galaxy detector of `galaxycurate audit` is made and what it finds.

    python -m benchmarks.contamination [--data FOLDER] [--windows N] [--ship]

Galaxies of known magnitude are pasted into empty windows (see `benchmarks/injections.py`), sources
are measured as `curation/light` does, and gradient-boosted trees learn which are galaxies. Every
figure is measured *out of fold*: of two folds, each with its own real fields, point spreads,
galaxies and seeds, one trains and the other is judged. The trees that are shipped are trained on
both; their thresholds are those of the folds. A window is *contaminated* from the score that 2 % of
the truly empty windows reach, *borderline* from that which 8 % reach.
"""

from __future__ import annotations

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks import injections as inj
from galaxycurate.curation.light.detect import detect
from galaxycurate.curation.light.features import NAMES, measure
from galaxycurate.curation.light.flux import planes
from galaxycurate.curation.light.forest import MODEL, Forest

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data"
SHIPPED = HERE.parent / "galaxycurate" / "curation" / "light" / MODEL
FIGURES = HERE.parent / "docs" / "figures"
FALSE_ALARMS, PERHAPS = 0.02, 0.08
BINS = ((15.5, 18), (18, 19), (19, 20), (20, 21), (21, 22))
SEED = 6
FIELDS_PER_JOB, GALAXIES_PER_FIELD = 5, 5
PER_JOB = 4 * FIELDS_PER_JOB * GALAXIES_PER_FIELD
KINDS = (("3918", "sim", "5405"), ("4510", "sim", "5405"))
"""Of the two folds; the crowded field lends a half to each."""


@dataclass(frozen=True)
class Seen:
    """A window as measured: features of its sources, which are galaxies (-1: neither), truth."""

    fold: int
    kind: str
    features: np.ndarray
    label: np.ndarray
    mag_r: float
    outside: bool
    real: bool
    signal: float
    staged: bool


@cache
def field_of(data: str, key: str, fold: int) -> inj.Field:
    """A real field; of the crowded one a half."""
    found = inj.real_field(Path(data), key)
    if key == "5405":
        half = found.flux.shape[2] // 2
        found.flux = found.flux[:, :, fold * half :][:, :, :half]
        found.forbidden = found.forbidden[:, :half]
    return found


def made(job: tuple[str, int, str, int]) -> list[Seen]:
    """`PER_JOB` windows of one kind, every other one with a galaxy.

    Each galaxy is pasted in twice, every second time on purpose at the border: to learn from, for
    such windows are not counted in any figure.
    """

    data, fold, kind, number = job
    rng = np.random.default_rng([SEED, fold, KINDS[fold].index(kind), number])
    cutouts = sorted((Path(data) / "images/gz1_dr7").glob("*.jpeg"))[fold::2]
    out = []
    for _ in range(FIELDS_PER_JOB):
        if kind == "sim":
            source = inj.simulated_field(float(rng.uniform(1.0, 1.6)), rng)
        else:
            source = field_of(data, kind, fold)
        for k, galaxy in enumerate(inj.galaxies(GALAXIES_PER_FIELD, source.psf, rng, cutouts)):
            out += [seen(inj.window(source, rng, g), fold, kind) for g in (None, galaxy, None)]
            staged = inj.window(source, rng, galaxy, edge=k % 2 == 0)
            out.append(seen(staged, fold, kind, staged=k % 2 == 0))
    return out


def seen(window: inj.Window, fold: int, kind: str, *, staged: bool = False) -> Seen:
    """Measure a window; a source is a galaxy where most of its light is the galaxy's."""
    light = planes(window.rgb, scheme="sdss")
    sources = detect(light)
    features = measure(light, sources, inj.PIXSCALE)
    label, signal = np.zeros(len(sources), np.int8), 0.0
    if window.light is not None:
        rows = np.arange(1, len(sources) + 1)
        flat = sources.segments.ravel()
        of_galaxy = np.bincount(flat, window.light.ravel(), len(rows) + 1)[1:]
        of_all = np.bincount(flat, sources.light.ravel(), len(rows) + 1)[1:]
        share = of_galaxy / np.maximum(of_all, 1e-6)
        label = np.where(share > 0.5, 1, np.where(share > 0.15, -1, 0)).astype(np.int8)
        signal = float(np.sqrt((window.light**2).sum()) / sources.noise)
    return Seen(
        fold, kind, features, label, window.mag_r, window.outside, window.real, signal, staged
    )  # fmt: skip


def everything(data: Path, n: int, workers: int = 2) -> list[Seen]:
    """All windows of both folds."""
    jobs = [
        (str(data), fold, kind, k)
        for fold, kinds in enumerate(KINDS) for kind in kinds
        for k in range((n if kind != "5405" else n // 24) // PER_JOB)
    ]  # fmt: skip
    for fold, kinds in enumerate(KINDS):
        for kind in set(kinds) - {"sim"}:
            field_of(str(data), kind, fold)  # read once; the workers are forked
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        return [one for some in pool.map(made, jobs) for one in some]


def train(windows: list[Seen], seed: int = 0) -> Forest:
    """Boosted trees on the sources of windows, as arrays."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    x = np.concatenate([w.features for w in windows])
    y = np.concatenate([w.label for w in windows])
    model = HistGradientBoostingClassifier(
        max_iter=120, learning_rate=0.12, max_leaf_nodes=24, min_samples_leaf=40,
        l2_regularization=3.0, max_features=0.4, random_state=seed, early_stopping=False,
    )  # fmt: skip
    model.fit(x[y >= 0], y[y >= 0])
    return exported(model)


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
    depth = max(int(tree["depth"].max()) for tree in nodes)
    baseline = float(np.ravel(model._baseline_prediction)[0])
    return Forest(feature, threshold, left, right, value, depth, baseline, 1.0, 1.0)


def scores(forest: Forest, windows: list[Seen]) -> np.ndarray:
    """Highest galaxy probability of each window, 0 without sources."""
    counts = [len(w.features) for w in windows]
    features = np.concatenate([w.features for w in windows])
    blocks = np.array_split(features, len(features) // 5000 + 1)
    told = np.concatenate([forest.probability(block) for block in blocks])
    parts = np.split(told, np.cumsum(counts)[:-1])
    return np.array([p.max() if p.size else 0.0 for p in parts])


def out_of_fold(windows: list[Seen]) -> np.ndarray:
    """Scores of each window by the trees of the other fold."""
    fold = np.array([w.fold for w in windows])
    out = np.zeros(len(windows))
    for k in (0, 1):
        forest = train([w for w in windows if w.fold != k])
        out[fold == k] = scores(forest, [w for w in windows if w.fold == k])
    return out


def table(windows: list[Seen], score: np.ndarray, kinds: set[str]) -> dict:
    """Completeness by magnitude at 2 % false alarms, and where the galaxy was."""
    empty = np.array([np.isnan(w.mag_r) for w in windows])
    mag = np.array([w.mag_r for w in windows])
    outside, real = (np.array([getattr(w, n) for w in windows]) for n in ("outside", "real"))
    shown = np.array([w.signal > 5 for w in windows])
    among = np.array([w.kind in kinds and not w.staged for w in windows])
    threshold = float(np.quantile(score[empty & among], 1 - FALSE_ALARMS))
    found = score > threshold
    rows = []
    for low, high in ((15.5, 19), *BINS):
        here = among & ~empty & (mag >= low) & (mag < high)
        parts = {
            "all": here, "inside": here & ~outside, "outside": here & outside,
            "outside, 5 sigma in the window": here & outside & shown,
            "all, 5 sigma in the window": here & shown,
            "galaxy zoo": here & real, "galsim": here & ~real,
        }  # fmt: skip
        told = {k: [round(float(found[v].mean()), 4), int(v.sum())] for k, v in parts.items()}
        rows.append({"r": [low, high], **told})
    return {
        "kinds": sorted(kinds), "empty windows": int((empty & among).sum()),
        "threshold": threshold, "completeness": rows,
    }  # fmt: skip


def ship(told: Forest, windows: list[Seen], score: np.ndarray) -> None:
    """Write the arrays of a forest with the thresholds measured out of fold."""
    empty = np.array([np.isnan(w.mag_r) and w.kind != "5405" for w in windows])
    limits = (float(np.quantile(score[empty], 1 - f)) for f in (FALSE_ALARMS, PERHAPS))
    contaminated, borderline = limits
    arrays = {name: getattr(told, name) for name in ("feature", "threshold", "left", "right")}
    np.savez_compressed(
        SHIPPED, **arrays, value=told.value, depth=told.depth, baseline=told.baseline,
        contaminated=contaminated, borderline=borderline, names=np.array(NAMES),
    )  # fmt: skip


def plot(windows: list[Seen], score: np.ndarray, threshold: float, path: Path) -> None:
    """Completeness against magnitude, inside and outside, real and simulated sky."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    edges = np.arange(15.5, 22.01, 0.5)
    middle = (edges[1:] + edges[:-1]) / 2
    mag = np.array([w.mag_r for w in windows])
    mag[[w.staged for w in windows]] = np.nan
    outside = np.array([w.outside for w in windows])
    real = np.array([w.kind in ("3918", "4510") for w in windows])
    sim = np.array([w.kind == "sim" for w in windows])
    lines = (
        ("real sky, centre in the window", real & ~outside, "C0-o"),
        ("real sky, centre up to 10 px outside", real & outside, "C0--s"),
        ("simulated sky, centre in the window", sim & ~outside, "C1-o"),
        ("simulated sky, centre up to 10 px outside", sim & outside, "C1--s"),
    )
    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for name, chosen, style in lines:
        bins = [chosen & (mag >= a) & (mag < b) for a, b in pairwise(edges)]
        axes.plot(middle, [(score[b] > threshold).mean() for b in bins], style, ms=4, label=name)
    axes.set(xlabel="r [mag] of the galaxy pasted in", ylabel="share found", ylim=(0, 1.02))
    axes.set_title("Galaxies found in negatives at 2 % false alarms (256 px, JPEG quality 75)")
    axes.legend(loc="lower left")
    axes.grid(alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130, metadata={"Software": None})


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--windows", type=int, default=3000, help="of each kind and fold")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--ship", action="store_true", help="write model, figure and results")
    args = parser.parse_args(argv or [])
    if not args.data.is_dir():
        print(f"no real frames: {args.data}")
        return
    windows = everything(args.data, args.windows, args.workers)
    score = out_of_fold(windows)
    results = [table(windows, score, k) for k in ({"3918", "4510"}, {"sim"}, {"5405"})]
    results.append(table(windows, score, {"3918", "4510", "sim"}))
    print(json.dumps(results, indent=1))
    if args.ship:
        ship(train(windows), windows, score)
        plot(windows, score, results[-1]["threshold"], FIGURES / "completeness.png")
        (HERE / "results" / "contamination.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
