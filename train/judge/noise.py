"""Which labels are probably wrong: confident learning on out-of-fold probabilities.

A network that never saw an image, and is sure of another class than its label, is often right.
Confident learning (Northcutt et al. 2021, cleanlab) estimates how many labels of each class are
wrong, and which.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galaxycurate.errors import InputError
from train.files import named_file, replacing

NAME = "label_noise.csv"
COLUMNS = (
    "rank", "path", "objID", "label", "suggested", "p_label", "p_suggested", "score", "issue",
)  # fmt: skip
_OBJID = re.compile(r"(?<!\d)\d{17,19}(?!\d)")


@dataclass(frozen=True)
class Doubts:
    """Images whose label the network doubts, the worst first.

    Attributes
    ----------
    rows : ndarray of int64, shape (m,)
    suggested : ndarray of int64, shape (m,)
        The class that the network names.
    score : ndarray of float64, shape (m,)
        The label's probability less that of the suggested class: -1 to 0, or above where
        confident learning doubts a label that the network would still name.
    issue : ndarray of bool, shape (m,)
        Whether confident learning counts the label as wrong.
    """

    rows: np.ndarray
    suggested: np.ndarray
    score: np.ndarray
    issue: np.ndarray


def doubts(label: np.ndarray, probability: np.ndarray) -> Doubts:
    """Rank the labels that out-of-fold probabilities speak against.

    Parameters
    ----------
    label : ndarray of int64, shape (n,)
    probability : ndarray of float, shape (n, n_classes)
        From networks that did not learn the image, see `train.folds`.

    Returns
    -------
    Doubts
        All images that confident learning finds, or whose most probable class is another.

    Raises
    ------
    InputError
        cleanlab is not installed.
    """
    issue = _issues(label, probability)
    own = probability[np.arange(label.size), label]
    others = probability.copy()
    others[np.arange(label.size), label] = -1
    suggested = others.argmax(1)
    score = own - others.max(1)
    rows = np.flatnonzero(issue | (score < 0))
    rows = rows[np.argsort(score[rows], kind="stable")]
    return Doubts(rows, suggested[rows], score[rows], issue[rows])


def write_doubts(
    path: Path,
    found: Doubts,
    files: Sequence[str],
    classes: Sequence[str],
    label: np.ndarray,
    probability: np.ndarray,
) -> None:
    """Write the ranked list that ``galaxycurate review`` opens.

    Its columns: ``rank`` (from 1, the worst first), ``path`` (relative to the data folder),
    ``objID`` (text, from the file's name; empty where it holds none), ``label`` (the folder's
    class), ``suggested`` (the network's), ``p_label`` and ``p_suggested`` (their out-of-fold
    probabilities), ``score`` (the first less the second), ``issue`` (``yes`` where confident
    learning counts the label as wrong, ``no`` where the network merely disagrees).

    Parameters
    ----------
    path : Path
    found : Doubts
    files : sequence of str, length n
    classes : sequence of str
    label : ndarray of int64, shape (n,)
    probability : ndarray of float, shape (n, n_classes)
    """
    with replacing(path) as part, named_file(part) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        lines = zip(found.rows, found.suggested, found.score, found.issue, strict=True)
        for rank, (row, suggested, score, issue) in enumerate(lines, start=1):
            known = _OBJID.search(Path(files[row]).stem)
            both = probability[row, label[row]], probability[row, suggested]
            writer.writerow(
                [
                    rank,
                    files[row],
                    known[0] if known else "",
                    classes[label[row]],
                    classes[suggested],
                    *(f"{value:.6f}" for value in (*both, score)),
                    "yes" if issue else "no",
                ]
            )


def _issues(label: np.ndarray, probability: np.ndarray) -> np.ndarray:
    try:
        from cleanlab.filter import find_label_issues
    except ImportError as error:
        raise InputError(
            "label noise is not looked for: cleanlab is not installed",
            hint="pip install cleanlab",
        ) from error
    return np.asarray(find_label_issues(label, probability, n_jobs=1), bool)
