"""How far the figures of a test would scatter on other images of the same sky: the bootstrap.

Images are drawn anew with replacement (Efron 1979), whole groups where these are known: images
that share sky are no independent trials, and resampling them one by one would promise too much.

A resample is a weight for each image, and every figure is a function of weighted counts: of (true,
predicted), or of (score, is of the class). So hundreds of resamples are judged at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from train.judge.ranking import pr_auc, roc_auc

RESAMPLES = 2000
LEVEL = 0.95
SCORES = 2048  # different scores of a class that are told apart in the resamples
AT_ONCE = 4_000_000  # weights in memory


def intervals(
    truth: np.ndarray,
    probability: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> dict[str, list[float] | None]:
    """Percentile intervals of accuracy, balanced accuracy, macro F1, ROC AUC and PR AUC.

    Parameters
    ----------
    truth : ndarray of int64, shape (n,)
    probability : ndarray of float, shape (n, n_classes)
    groups : ndarray of int64, shape (n,), optional
        The sky group of each image; without them images are drawn one by one.
    resamples : int
    level : float
        Share of the resamples within the interval.
    seed : int

    Returns
    -------
    dict of str to [low, high] or None
        None where there are fewer than two groups, or the figure is not defined.
    """
    of = numbered(groups, truth.size)
    figures = _Figures(truth, probability)
    if of.size == 0 or of.max() < 1:
        return dict.fromkeys(figures.names)
    rng = np.random.default_rng(seed)
    found = np.concatenate([figures.of(w) for w in weights(of, resamples, rng)], axis=1)
    found += figures.offset[:, None]
    rows = zip(figures.names, found, strict=True)
    return {name: _interval(values, level) for name, values in rows}


def _interval(values: np.ndarray, level: float) -> list[float] | None:
    values = values[np.isfinite(values)]
    if not values.size:
        return None
    edges = np.percentile(values, [50 * (1 - level), 50 * (1 + level)])
    return np.clip(edges, 0, 1).tolist()


def numbered(groups: np.ndarray | None, n: int) -> np.ndarray:
    """The number of each image's group, from 0; its own where no groups are known."""
    return np.unique(np.arange(n) if groups is None else groups, return_inverse=True)[1]


def weights(of: np.ndarray, resamples: int, rng) -> Iterator[np.ndarray]:
    """How often each image is drawn, a few resamples at a time.

    Parameters
    ----------
    of : ndarray of int64, shape (n,)
        Of `numbered`.
    resamples : int
    rng : Generator

    Yields
    ------
    ndarray of float32, shape (n, r)
    """
    count = int(of.max()) + 1
    step = max(1, AT_ONCE // of.size)
    for start in range(0, resamples, step):
        some = min(step, resamples - start)
        picked = rng.integers(0, count, (some, count), dtype=np.int32)
        picked += np.arange(some, dtype=np.int32)[:, None] * count
        drawn = np.bincount(picked.ravel(), minlength=some * count).reshape(some, count)
        yield np.ascontiguousarray(drawn.astype(np.float32).T)[of]


class _Figures:
    """The figures of a test as functions of the images' weights."""

    names = ("accuracy", "balanced_accuracy", "macro_f1", "roc_auc", "pr_auc")

    def __init__(self, truth: np.ndarray, probability: np.ndarray):
        self.k = probability.shape[1]
        self.table = _Cells(truth * self.k + probability.argmax(1), self.k**2)
        levels = [_levels(scores) for scores in probability.T]
        self.ranks = [
            _Cells(level * 2 + (truth == c), 2 * int(level.max() + 1))
            for c, level in enumerate(levels)
        ]
        # scores that share a level move an area a little: its interval is laid around the exact one
        mine = [(truth == c, scores) for c, scores in enumerate(probability.T)]
        exact = [_mean([area(*one) for one in mine]) for area in (roc_auc, pr_auc)]
        self.offset = np.zeros(len(self.names))
        self.offset[3:] = exact - self.of(np.ones((truth.size, 1), np.float32))[3:, 0]

    def of(self, weights: np.ndarray) -> np.ndarray:
        """Each figure of each resample, shape (5, r); NaN where it is not defined."""
        with np.errstate(invalid="ignore", divide="ignore"):
            counted = self.table.counts(weights).reshape(self.k, self.k, -1)
            areas = np.array([_areas(cells.counts(weights)) for cells in self.ranks])
            means = np.nansum(areas, 0) / np.isfinite(areas).sum(0)
            return np.concatenate([_of_table(counted), means])


class _Cells:
    """Sums of weights over the images of each cell."""

    def __init__(self, cell: np.ndarray, size: int):
        self.size = size
        self.order = np.argsort(cell, kind="stable")
        self.filled, self.starts = np.unique(cell[self.order], return_index=True)

    def counts(self, weights: np.ndarray) -> np.ndarray:
        """Of weights (n, r): float64, shape (size, r)."""
        summed = np.zeros((self.size, weights.shape[1]))
        summed[self.filled] = np.add.reduceat(weights[self.order], self.starts, axis=0)
        return summed


def _of_table(counted: np.ndarray) -> np.ndarray:
    """Accuracy, balanced accuracy and macro F1 of confusion tables (k, k, r)."""
    hits = np.einsum("iir->ir", counted)
    true, named = counted.sum(1), counted.sum(0)
    recall, f1 = hits / true, 2 * hits / (true + named)
    present = [np.nansum(one, 0) / np.isfinite(one).sum(0) for one in (recall, f1)]
    return np.array([hits.sum(0) / true.sum(0), *present])


def _areas(counted: np.ndarray) -> np.ndarray:
    """ROC and PR area of counts (levels x {not, of the class}, r), levels rising: shape (2, r)."""
    others, mine = counted[::2], counted[1::2]
    below = np.cumsum(others, 0) - others
    roc = (mine * (below + others / 2)).sum(0) / (mine.sum(0) * others.sum(0))
    hits = np.cumsum(mine[::-1], 0)
    precision = np.nan_to_num(hits / np.cumsum((mine + others)[::-1], 0))
    pr = (mine[::-1] * precision).sum(0) / mine.sum(0)
    return np.array([roc, pr])


def _levels(scores: np.ndarray) -> np.ndarray:
    """The rank of each score among the different ones; beyond `SCORES` several share a level."""
    values, level = np.unique(scores, return_inverse=True)
    if values.size <= SCORES:
        return level
    rank = np.argsort(np.argsort(scores, kind="stable"), kind="stable")
    first = np.full(values.size, scores.size)
    np.minimum.at(first, level, rank)  # equal scores stay on one level
    return np.unique(first[level] * SCORES // scores.size, return_inverse=True)[1]


def _mean(values: list[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else float("nan")
