"""Areas under ROC curves: of each class, of the one that is told best, and what chance reaches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_DRAWS = 300
_EDGES = (2.5, 97.5)  # percent: 95 % lie between


def class_aucs(answers: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The area under each class's ROC curve against the rest.

    Parameters
    ----------
    answers : ndarray of float64, shape (n, n_classes)
    truth : ndarray of int64, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n_classes,)
        NaN of a class that is absent, and of one that has no rest.
    """
    return Areas.of(answers, truth, np.arange(len(truth))).each()


def greatest(aucs: np.ndarray) -> float:
    """The area of the class that is told best; that of guessing where none is known."""
    known = aucs[np.isfinite(aucs)]
    return float(known.max()) if known.size else 0.5


@dataclass(frozen=True)
class Areas:
    """Answers about images, by which each class is told from the rest.

    Parameters
    ----------
    ranks : tuple of ndarray of int64, shape (n,)
        By class, of the answers: ties have one rank.
    truth : ndarray of int64, shape (n,)
    groups : ndarray of int64, shape (n,)
        0 to the number of groups less one.
    """

    ranks: tuple[np.ndarray, ...]
    truth: np.ndarray
    groups: np.ndarray

    @classmethod
    def of(cls, answers: np.ndarray, truth: np.ndarray, groups: np.ndarray) -> Areas:
        """Rank the answers."""
        return cls(
            tuple(np.unique(one, return_inverse=True)[1] for one in answers.T), truth, groups
        )

    def each(self, *, truth: np.ndarray | None = None, weight: np.ndarray | None = None):
        """The area of each class, perhaps of other labels, or of images that count otherwise."""
        truth = self.truth if truth is None else truth
        weight = np.ones(len(truth)) if weight is None else weight
        return np.array([_area(rank, truth == k, weight) for k, rank in enumerate(self.ranks)])

    def interval(self, seed: int) -> tuple[float, float]:
        """95 % of the greatest area: groups resampled, and the class chosen anew each time.

        The greatest of several gains by being chosen, and its resamples gain once more. That is
        taken off again: the interval is mirrored (the basic bootstrap, Davison and Hinkley 1997).
        """
        rng, n = np.random.default_rng(seed), int(self.groups.max()) + 1
        draws = (
            np.bincount(rng.integers(0, n, n), minlength=n)[self.groups] for _ in range(_DRAWS)
        )
        found = [greatest(self.each(weight=draw.astype(float))) for draw in draws]
        low, high = np.percentile(found, _EDGES)
        auc = greatest(self.each())
        return float(np.clip(2 * auc - high, 0, auc)), float(np.clip(2 * auc - low, auc, 1))

    def by_chance(self, seed: int) -> tuple[float, float]:
        """The mean of the greatest area, and the upper end of its 95 %, of labels that are shuffled
        among the groups: the answers stay, and the class is chosen anew each time.
        """
        rng, first = np.random.default_rng(seed), first_of_each(self.truth, self.groups)
        dealt = (rng.permutation(first)[self.groups] for _ in range(_DRAWS))
        found = [greatest(self.each(truth=labels)) for labels in dealt]
        return float(np.mean(found)), float(np.percentile(found, _EDGES[1]))


def first_of_each(truth: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The class of each group's first image."""
    return truth[np.unique(groups, return_index=True)[1]]


def _area(rank: np.ndarray, positive: np.ndarray, weight: np.ndarray) -> float:
    """The share of pairs in the right order, ties as halves (Mann and Whitney 1947)."""
    yes = np.bincount(rank, weight * positive)
    no = np.bincount(rank, weight * ~positive)
    pairs = yes.sum() * no.sum()
    return float(yes @ (np.cumsum(no) - no / 2) / pairs) if pairs else float("nan")
