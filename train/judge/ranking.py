"""How well scores put the positives before the others: areas and curves of ROC and PR."""

from __future__ import annotations

import numpy as np

POINTS = 200  # of a curve, at most


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


def pr_auc(positive: np.ndarray, score: np.ndarray) -> float | None:
    """Average precision: the precision at each threshold, weighted by the recall it adds.

    The area under the precision-recall curve in steps; no line is drawn between its points, which
    would be too good (Davis & Goadrich 2006).

    Parameters
    ----------
    positive : ndarray of bool, shape (n,)
    score : ndarray of float, shape (n,)

    Returns
    -------
    float or None
        None where there is no positive.
    """
    hits, named = _cumulated(positive, score)
    if not hits.size or not hits[-1]:
        return None
    return float(np.sum(np.diff(hits, prepend=0) * (hits / named)) / hits[-1])


def roc_curve(positive: np.ndarray, score: np.ndarray) -> dict[str, list[float]] | None:
    """Points of the ROC curve from (0, 0) to (1, 1), at most `POINTS`.

    Returns
    -------
    dict or None
        ``fpr`` and ``tpr``, lists of the same length; None where one of the two is missing.
    """
    hits, named = _cumulated(positive, score)
    if not hits.size or not hits[-1] or hits[-1] == named[-1]:
        return None
    false = named - hits
    fpr = np.concatenate([[0.0], false / false[-1]])
    tpr = np.concatenate([[0.0], hits / hits[-1]])
    kept = _thinned(fpr, tpr)
    return {"fpr": fpr[kept].tolist(), "tpr": tpr[kept].tolist()}


def pr_curve(positive: np.ndarray, score: np.ndarray) -> dict[str, list[float]] | None:
    """Points of the precision-recall curve, by rising recall, at most `POINTS`.

    Returns
    -------
    dict or None
        ``recall`` and ``precision``, lists of the same length; None where there is no positive.
    """
    hits, named = _cumulated(positive, score)
    if not hits.size or not hits[-1]:
        return None
    recall, precision = hits / hits[-1], hits / named
    kept = _thinned(recall, precision)
    return {"recall": recall[kept].tolist(), "precision": precision[kept].tolist()}


def _cumulated(positive: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positives, and all, at or above each threshold, from the highest one down."""
    order = np.argsort(-np.asarray(score), kind="stable")
    ranked, hit = np.asarray(score)[order], np.asarray(positive, bool)[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)) if ranked.size else []
    return np.cumsum(hit)[last], np.asarray(last, np.int64) + 1


def _thinned(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Indices of at most `POINTS` points, evenly spaced along the curve, both ends among them."""
    if x.size <= POINTS:
        return np.arange(x.size)
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    return np.unique(np.searchsorted(way, np.linspace(0, way[-1], POINTS)).clip(0, x.size - 1))
