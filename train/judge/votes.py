"""How good vote fractions are: root mean square errors, beside answering the mean for all."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from train.data.votes import COLUMNS, TREE
from train.files import named_file, replacing

RESAMPLES, AT_ONCE = 2000, 100
POINTS = 740  # of the scatter, 20 a column


def rmse(truth: np.ndarray, answers: np.ndarray) -> float:
    """The challenge's figure: the root of the mean squared error over all images and columns.

    Parameters
    ----------
    truth, answers : ndarray of float, shape (n, 37)
    """
    return float(np.sqrt(np.mean((np.asarray(answers, np.float64) - truth) ** 2)))


def summary(
    truth: np.ndarray, answers: np.ndarray, mean: np.ndarray, *, groups: np.ndarray | None = None
) -> dict:
    """The figures of a test, ready for JSON.

    Parameters
    ----------
    truth, answers : ndarray of float, shape (n, 37)
        At least one image.
    mean : ndarray of float, shape (37,)
        What answers all images alike, to compare with: the mean of the train split (the
        challenge's "all means" benchmark).
    groups : ndarray of int64, shape (n,), optional
        The sky group of each image: the bootstrap then draws groups, not images.

    Returns
    -------
    dict
        ``n``, ``rmse``, ``intervals`` (``rmse``: 95 %, bootstrap), ``resampled`` (``what`` and
        ``n``), ``baseline_rmse`` (of the mean), ``first_question`` (share of images whose leading
        answer to the first question is the volunteers').
    """
    first = TREE[0].columns
    named = answers[:, first].argmax(1) == truth[:, first].argmax(1)
    return {
        "n": len(truth),
        "rmse": rmse(truth, answers),
        "intervals": {"rmse": _interval(((answers - truth) ** 2).mean(1), groups)},
        "resampled": {
            "what": "images" if groups is None else "groups",
            "n": len(truth) if groups is None else int(np.unique(groups).size),
        },
        "baseline_rmse": rmse(truth, np.broadcast_to(mean, truth.shape)),
        "first_question": float(named.mean()),
    }


def doubt(test: dict) -> str:
    """A sentence where a network is not shown to beat the mean of train; else nothing.

    Parameters
    ----------
    test : dict
        Of `summary`.
    """
    mean, interval = test["baseline_rmse"], test["intervals"]["rmse"]
    both = f"RMSE {test['rmse']:.4f} against {mean:.4f}"
    if test["rmse"] >= mean:
        return f"The network is no better than answering the mean of train for every image: {both}."
    if interval and interval[1] >= mean:
        return (
            "It is not certain that the network is better than answering the mean of train for "
            f"every image: {both}, which lies within the 95 % interval."
        )
    return ""


def tables(truth: np.ndarray, answers: np.ndarray, mean: np.ndarray) -> dict:
    """The errors of each question and answer, and some points to draw.

    Parameters
    ----------
    truth, answers, mean : ndarray
        As for `summary`.

    Returns
    -------
    dict
        ``questions`` (question, rmse, baseline), ``rows`` (question, answer, column, rmse,
        baseline), ``scatter`` (pairs of the volunteers' and the network's fraction, of evenly
        spaced images).
    """
    error = np.sqrt(((answers - truth) ** 2).mean(0))
    plain = np.sqrt(((mean - truth) ** 2).mean(0))
    rows, questions = [], []
    for one in TREE:
        text, columns = f"{one.number} {one.text}", range(len(COLUMNS))[one.columns]
        rows += [
            {"question": text, "answer": answer, "column": COLUMNS[column], **_both(
                error[column], plain[column]
            )}
            for answer, column in zip(one.answers, columns, strict=True)
        ]  # fmt: skip
        together = [np.sqrt((some[one.columns] ** 2).mean()) for some in (error, plain)]
        questions.append({"question": text, **_both(*together)})
    return {"questions": questions, "rows": rows, "scatter": _scatter(truth, answers)}


def write_submission(path, names: Sequence[str], answers: np.ndarray) -> None:
    """Write fractions in the form of the challenge: GalaxyID, Class1.1 ... Class11.6.

    Parameters
    ----------
    path : Path or text file
        A file is written whole or not at all; an open text file is written to.
    names : sequence of str
        Files; an id is a file's name without its suffix.
    answers : ndarray of float, shape (n, 37)
    """
    if hasattr(path, "write"):
        _write_rows(path, names, answers)
        return
    with replacing(path) as part, named_file(part) as file:
        _write_rows(file, names, answers)


def _write_rows(file, names: Sequence[str], answers: np.ndarray) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["GalaxyID", *COLUMNS])
    for name, row in zip(names, answers, strict=True):
        writer.writerow([Path(name).stem, *(f"{value:.9g}" for value in row)])


def _both(error: float, plain: float) -> dict:
    return {"rmse": float(error), "baseline": float(plain)}


def _scatter(truth: np.ndarray, answers: np.ndarray) -> list[list[float]]:
    count = min(len(truth), -(-POINTS // len(COLUMNS)))
    some = np.linspace(0, len(truth) - 1, count).astype(np.int64)
    pairs = np.stack([truth[some].ravel(), answers[some].ravel()], 1)
    return np.round(pairs, 4).astype(float).tolist()


def _interval(squares: np.ndarray, groups: np.ndarray | None) -> list[float] | None:
    """The 95 % percentile interval of the root mean of squares, whole groups drawn anew."""
    _, of = np.unique(np.arange(squares.size) if groups is None else groups, return_inverse=True)
    counts, sums = np.bincount(of), np.bincount(of, weights=squares)
    if counts.size < 2:
        return None
    rng = np.random.default_rng(0)
    found = []
    for _ in range(0, RESAMPLES, AT_ONCE):
        drawn = rng.integers(0, counts.size, (AT_ONCE, counts.size), dtype=np.int32)
        found.append(np.sqrt(sums[drawn].sum(1) / counts[drawn].sum(1)))
    return np.percentile(np.concatenate(found), [2.5, 97.5]).tolist()
