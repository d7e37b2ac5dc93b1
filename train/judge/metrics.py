"""How good the answers are: plain numpy, each number with its meaning."""

from __future__ import annotations

import math

import numpy as np


def confusion(truth: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Counts of (true, predicted).

    Parameters
    ----------
    truth, predicted : ndarray of int64, shape (n,)
    n_classes : int

    Returns
    -------
    ndarray of int64, shape (n_classes, n_classes)
        Rows are true classes.
    """
    flat = np.bincount(truth * n_classes + predicted, minlength=n_classes**2)
    return flat.reshape(n_classes, n_classes)


def wilson(hits: int, n: int, *, z: float = 1.959964) -> tuple[float, float]:
    """The Wilson score interval of a share (Wilson 1927), by default 95 %.

    Parameters
    ----------
    hits, n : int
    z : float
        Quantile of the normal distribution.

    Returns
    -------
    low, high : float
    """
    if n == 0:
        return 0.0, 1.0
    share = hits / n
    middle = share + z**2 / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def roc_auc(positive: np.ndarray, score: np.ndarray) -> float | None:
    """The chance that a positive scores above a negative; ties count half.

    Parameters
    ----------
    positive : ndarray of bool, shape (n,)
    score : ndarray of float, shape (n,)

    Returns
    -------
    float or None
        None where one of the two is missing.
    """
    positive = np.asarray(positive, bool)
    n_pos, n_neg = int(positive.sum()), int((~positive).sum())
    if not n_pos or not n_neg:
        return None
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((rank[positive].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))


def balanced_accuracy(table: np.ndarray) -> float:
    """Mean recall over the classes that are present in a confusion table."""
    total = table.sum(1)
    return float((np.diag(table)[total > 0] / total[total > 0]).mean())


def summary(truth: np.ndarray, probability: np.ndarray, classes: tuple[str, ...]) -> dict:
    """Every figure of an evaluation, ready for JSON.

    Parameters
    ----------
    truth : ndarray of int64, shape (n,)
    probability : ndarray of float, shape (n, n_classes)
    classes : tuple of str

    Returns
    -------
    dict
        ``n``, ``accuracy``, ``accuracy_interval`` (Wilson, 95 %), ``balanced_accuracy``,
        ``roc_auc`` (mean over the classes), ``classes`` (per class: n, precision, recall, f1,
        roc_auc), ``confusion`` (rows are true).
    """
    table = confusion(truth, probability.argmax(1), len(classes))
    hits = int(np.trace(table))
    each = {
        name: _one_class(table, index, roc_auc(truth == index, probability[:, index]))
        for index, name in enumerate(classes)
    }
    areas = [one["roc_auc"] for one in each.values() if one["roc_auc"] is not None]
    return {
        "n": len(truth),
        "accuracy": hits / max(len(truth), 1),
        "accuracy_interval": list(wilson(hits, len(truth))),
        "balanced_accuracy": balanced_accuracy(table),
        "roc_auc": float(np.mean(areas)) if areas else None,
        "classes": each,
        "confusion": table.tolist(),
    }


def _one_class(table: np.ndarray, index: int, area: float | None) -> dict:
    hits, n, named = int(table[index, index]), int(table[index].sum()), int(table[:, index].sum())
    return {
        "n": n,
        "precision": hits / named if named else None,
        "recall": hits / n if n else None,
        "f1": 2 * hits / (n + named) if n + named else None,
        "roc_auc": area,
    }
