"""The 37 vote fractions of the Galaxy Zoo challenge: the tree of questions, as data.

A fraction is that of all volunteers, not of those who were asked: it holds the fraction of the
answer that led to its question (Kaggle's page "The Galaxy Zoo Decision Tree"; the questions are
those of Willett et al. 2013, MNRAS 435, 2835, table 2). So the answers to a question add up to the
fraction of that answer, and those of the first question to 1. The sixth is asked of everyone but
those who saw a star or artifact; the challenge divided it by their number, so that it adds up to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Question:
    """A question of the tree.

    Attributes
    ----------
    number : int
        1 to 11.
    text : str
    answers : tuple of str
    after : (int, int) or None
        Question and answer, counted from 1, that lead to it; None: it is asked of all.
    first : int
        Column of its first answer.
    """

    number: int
    text: str
    answers: tuple[str, ...]
    after: tuple[int, int] | None
    first: int

    @property
    def columns(self) -> slice:
        """The columns of its answers."""
        return slice(self.first, self.first + len(self.answers))

    @property
    def parent(self) -> int | None:
        """The column of the answer that leads to it."""
        return TREE[self.after[0] - 1].first + self.after[1] - 1 if self.after else None


_ASKED = (
    ("smooth, or features?", ("smooth", "features or disc", "star or artifact"), None),
    ("edge-on?", ("yes", "no"), (1, 2)),
    ("a bar?", ("yes", "no"), (2, 2)),
    ("a spiral pattern?", ("yes", "no"), (2, 2)),
    # asked after "no spiral" and after the number of arms: of all who saw no edge-on disc
    ("how prominent a bulge?", ("none", "just noticeable", "obvious", "dominant"), (2, 2)),
    ("anything odd?", ("yes", "no"), None),
    ("how round?", ("completely", "in between", "cigar-shaped"), (1, 1)),
    (
        "what is odd?",
        ("ring", "lens or arc", "disturbed", "irregular", "other", "merger", "dust lane"),
        (6, 1),
    ),
    ("a bulge, edge-on?", ("rounded", "boxy", "none"), (2, 1)),
    ("how tight are the arms?", ("tight", "medium", "loose"), (4, 1)),
    ("how many arms?", ("1", "2", "3", "4", "more than 4", "can't tell"), (4, 1)),
)


def _tree() -> tuple[Question, ...]:
    found, first = [], 0
    for number, (text, answers, after) in enumerate(_ASKED, start=1):
        found.append(Question(number, text, answers, after, first))
        first += len(answers)
    return tuple(found)


TREE = _tree()
COLUMNS = tuple(
    f"Class{one.number}.{answer}" for one in TREE for answer in range(1, len(one.answers) + 1)
)
KINDS = TREE[0].answers
"""What stands for a class where one is needed: the leading answer to the first question."""


def misses(fractions: np.ndarray) -> np.ndarray:
    """By how much the answers to each question miss the sum that they should have.

    Parameters
    ----------
    fractions : ndarray of float, shape (n, 37)

    Returns
    -------
    ndarray of float64, shape (n, 11)
    """
    table = np.asarray(fractions, np.float64)
    asked = [1.0 if one.parent is None else table[:, one.parent] for one in TREE]
    sums = [table[:, one.columns].sum(1) for one in TREE]
    return np.stack([s - a for s, a in zip(sums, asked, strict=True)], 1)
