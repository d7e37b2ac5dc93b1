"""How good the answers are: plain numpy, each number with its meaning."""

from __future__ import annotations

import math

import numpy as np

from train.judge.bootstrap import intervals
from train.judge.calibration import (
    brier,
    calibrated,
    ece,
    ece_by_chance,
    ece_interval,
    nll,
    reliability,
)
from train.judge.ranking import pr_auc, pr_curve, roc_auc, roc_curve


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


def balanced_accuracy(table: np.ndarray) -> float:
    """Mean recall over the classes that are present in a confusion table."""
    total = table.sum(1)
    return float((np.diag(table)[total > 0] / total[total > 0]).mean())


def macro_f1(table: np.ndarray) -> float:
    """Mean F1 over the classes that are present, as truth or as answer."""
    total = table.sum(0) + table.sum(1)
    return float((2 * np.diag(table)[total > 0] / total[total > 0]).mean())


def matthews(table: np.ndarray) -> float | None:
    """Matthews' correlation of truth and answer, for any number of classes (Gorodkin 2004).

    None where all images are of one class, or all answers.
    """
    n, true, named = float(table.sum()), table.sum(1).astype(float), table.sum(0).astype(float)
    spread = (n**2 - (true**2).sum()) * (n**2 - (named**2).sum())
    if spread <= 0:
        return None
    return float((np.trace(table) * n - true @ named) / math.sqrt(spread))


def kappa(table: np.ndarray) -> float | None:
    """Cohen's kappa: the agreement beyond what chance gives (Cohen 1960)."""
    n = float(table.sum())
    chance = float(table.sum(1) @ table.sum(0)) / n**2
    return None if chance >= 1 else float((np.trace(table) / n - chance) / (1 - chance))


def top(truth: np.ndarray, probability: np.ndarray, count: int) -> float:
    """Share of the images whose true class is among the `count` most probable ones."""
    best = np.argsort(-probability, axis=1, kind="stable")[:, :count]
    return float((best == truth[:, None]).any(1).mean())


def summary(
    truth: np.ndarray,
    probability: np.ndarray,
    classes: tuple[str, ...],
    *,
    groups: np.ndarray | None = None,
    temperature: float | None = None,
) -> dict:
    """Every figure of an evaluation, ready for JSON.

    Parameters
    ----------
    truth : ndarray of int64, shape (n,)
        At least one image.
    probability : ndarray of float, shape (n, n_classes)
    classes : tuple of str
    groups : ndarray of int64, shape (n,), optional
        The sky group of each image: the bootstrap then draws groups, not images.
    temperature : float, optional
        Of `train.judge.calibration.fit_temperature`, on val; adds ``calibrated``.

    Returns
    -------
    dict
        ``n``; ``accuracy`` and ``accuracy_interval`` (Wilson, 95 %); ``balanced_accuracy``,
        ``macro_f1``, ``roc_auc`` and ``pr_auc`` (means over the classes), ``matthews``,
        ``kappa``, ``top_2`` (of more than three classes), ``nll``, ``brier``, ``ece`` and
        ``ece_by_chance``; ``intervals`` (bootstrap, 95 %, of the first five of these figures and
        of ``ece``) and ``resampled`` (what was drawn: how many ``images`` or ``groups``);
        ``classes`` (per class: n, precision, recall, f1, roc_auc, pr_auc); ``confusion`` (rows
        are true); ``reliability`` (see `train.judge.calibration.reliability`); ``curves`` (per
        class: ``roc`` with fpr and tpr, ``pr`` with recall and precision); ``calibrated``. What is
        not defined is None.
    """
    table = confusion(truth, probability.argmax(1), len(classes))
    hits = int(np.trace(table))
    each = {
        name: _one_class(table, index, truth == index, probability[:, index])
        for index, name in enumerate(classes)
    }
    return {
        "n": len(truth),
        "accuracy": hits / len(truth),
        "accuracy_interval": list(wilson(hits, len(truth))),
        "balanced_accuracy": balanced_accuracy(table),
        "macro_f1": macro_f1(table),
        "roc_auc": _mean([one["roc_auc"] for one in each.values()]),
        "pr_auc": _mean([one["pr_auc"] for one in each.values()]),
        "matthews": matthews(table),
        "kappa": kappa(table),
        **({"top_2": top(truth, probability, 2)} if len(classes) > 3 else {}),
        "nll": nll(truth, probability),
        "brier": brier(truth, probability),
        "ece": ece(truth, probability),
        "ece_by_chance": ece_by_chance(probability),
        "intervals": {
            **intervals(truth, probability, groups=groups),
            "ece": ece_interval(truth, probability, groups=groups),
        },
        "resampled": {
            "what": "images" if groups is None else "groups",
            "n": len(truth) if groups is None else int(np.unique(groups).size),
        },
        "classes": each,
        "confusion": table.tolist(),
        "reliability": reliability(truth, probability),
        "curves": {
            name: _curves(truth == index, probability[:, index])
            for index, name in enumerate(classes)
        },
        **({"calibrated": calibrated(truth, probability, temperature)} if temperature else {}),
    }


def _one_class(table: np.ndarray, index: int, mine: np.ndarray, score: np.ndarray) -> dict:
    hits, n, named = int(table[index, index]), int(table[index].sum()), int(table[:, index].sum())
    return {
        "n": n,
        "precision": hits / named if named else None,
        "recall": hits / n if n else None,
        "f1": 2 * hits / (n + named) if n + named else None,
        "roc_auc": roc_auc(mine, score),
        "pr_auc": pr_auc(mine, score),
    }


def _curves(mine: np.ndarray, score: np.ndarray) -> dict:
    return {"roc": roc_curve(mine, score), "pr": pr_curve(mine, score)}


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
