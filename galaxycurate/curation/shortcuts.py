"""Can the class be told from what is not the galaxy? Then a network will learn that instead."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

LIMIT = 0.75
"""A warning is given where the nuisances together tell the classes better than this (AUC)."""

LEAST = 10
"""Images, and groups, that a class needs to be looked at."""

_FOLDS = 5
_FAR = 5.0  # standard deviations of guessing: chance is not asked beyond
_SHUFFLES = 19  # the least that tell one in twenty
_RESAMPLES = 300


@dataclass(frozen=True)
class Feature:
    """One nuisance by itself.

    Parameters
    ----------
    name : str
    auc : float
        How well it tells the classes, on images that the tree was not grown on.
    typical : mapping of str to float
        By class its median, or of numbers that are names the most frequent; NaN where unknown.
    """

    name: str
    auc: float
    typical: Mapping[str, float]


@dataclass(frozen=True)
class Told:
    """How well some nuisances together tell the classes.

    Parameters
    ----------
    auc : float
        Area under the ROC curve, cross-validated by groups: 0.5 is guessing, 1 is certainty. Of
        more than two classes that of the one which is told best from the rest: among many that are
        alike, a mean would hide the one that was made otherwise.
    low, high : float
        95 % interval, groups resampled.
    chance : float or None
        Share of shuffled labels that were told as well; None where it is out of the question, or
        the AUC is below the limit anyway.
    features : tuple of Feature
        Those that are not the same for all images, the most telling first.
    same : tuple of str
        Those that are.
    best : str
        Of more than two classes the one that is told best.
    """

    auc: float
    low: float
    high: float
    chance: float | None = None
    features: tuple[Feature, ...] = ()
    same: tuple[str, ...] = ()
    best: str = ""

    @property
    def warns(self) -> bool:
        """Whether a person should look: above `LIMIT`, and not by chance."""
        return self.auc > LIMIT and (self.chance is None or self.chance <= 0.05)


def tell(
    nuisances: Mapping[str, np.ndarray],
    label: np.ndarray,
    group: np.ndarray,
    *,
    nominal: Collection[str] = (),
    seed: int = 42,
) -> Told:
    """Try to tell the classes by nuisances alone.

    A logistic regression and boosted shallow trees answer together. No group is in a training fold
    and in the fold that is asked; classes weigh the same, however many images they have.

    Parameters
    ----------
    nuisances : mapping of str to ndarray, shape (n,)
        NaN where unknown, which may tell, too.
    label : ndarray of str, shape (n,)
        Each of at least `LEAST` images in as many groups (`enough`).
    group : ndarray of int64, shape (n,)
        What may not be torn apart.
    nominal : collection of str
        Nuisances whose numbers are names.
    seed : int

    Returns
    -------
    Told

    Raises
    ------
    ValueError
        There are fewer than two classes.
    """
    import sklearn.ensemble  # noqa: F401  # before its threads are limited
    from threadpoolctl import threadpool_limits

    classes, truth = np.unique(np.asarray(label, str), return_inverse=True)
    if len(classes) < 2:
        raise ValueError("one class alone cannot be told from another")
    columns = {name: np.asarray(values, float) for name, values in nuisances.items()}
    varied = {name: values for name, values in columns.items() if not _is_same(values)}
    same = tuple(name for name in columns if name not in varied)
    if not varied:
        return Told(0.5, 0.5, 0.5, same=same)
    asked = _Asked.of(np.stack(list(varied.values()), axis=1), truth, group, seed)
    with threadpool_limits(1):  # threads of such small trees only wait for each other
        (told, best), alone = asked.together(), asked.alone()
    aucs = dict(zip(varied, alone, strict=True))
    ranked = tuple(
        Feature(name, aucs[name], _typical(varied[name], truth, classes, is_name=name in nominal))
        for name in sorted(aucs, key=lambda name: -aucs[name])
    )
    name = str(classes[best]) if len(classes) > 2 else ""
    return replace(told, features=ranked, same=same, best=name)


def enough(label: np.ndarray, group: np.ndarray) -> list[str]:
    """The classes that have enough images and groups to be looked at.

    Parameters
    ----------
    label : ndarray of str, shape (n,)
    group : ndarray of int64, shape (n,)

    Returns
    -------
    list of str
        By name.
    """
    names = np.unique(label)
    return [str(name) for name in names if len(np.unique(group[label == name])) >= LEAST]


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
    weight = np.ones(len(truth))
    columns = enumerate(answers.T)
    return np.array([_area(_ranks(column), truth == k, weight) for k, column in columns])


def _ranks(column: np.ndarray) -> np.ndarray:
    return np.unique(column, return_inverse=True)[1]


def _area(rank: np.ndarray, positive: np.ndarray, weight: np.ndarray) -> float:
    """The share of pairs in the right order, ties as halves (Mann and Whitney 1947)."""
    yes = np.bincount(rank, weight * positive)
    no = np.bincount(rank, weight * ~positive)
    pairs = yes.sum() * no.sum()
    return float(yes @ (np.cumsum(no) - no / 2) / pairs) if pairs else float("nan")


def _is_same(values: np.ndarray) -> bool:
    known = np.isfinite(values)
    return not known.any() or (known.all() and bool((values == values[0]).all()))


@dataclass(frozen=True)
class _Asked:
    """Numbers, classes and groups, and the folds in which they are learnt and asked."""

    values: np.ndarray
    truth: np.ndarray
    groups: np.ndarray
    seed: int
    folds: list

    @classmethod
    def of(cls, values: np.ndarray, truth: np.ndarray, group: np.ndarray, seed: int) -> _Asked:
        """Number the groups, and deal them out to the folds."""
        from sklearn.model_selection import StratifiedGroupKFold

        groups = np.unique(group, return_inverse=True)[1]
        folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
        return cls(values, truth, groups, seed, list(folds.split(truth, truth, groups)))

    def answers(self, make: Callable) -> np.ndarray:
        """Probabilities of images that the classifier did not learn from."""
        answers = np.zeros((len(self.truth), int(self.truth.max()) + 1))
        for learn, ask in self.folds:
            if len(np.unique(self.truth[learn])) > 1:
                model = make().fit(self.values[learn], self.truth[learn])
                answers[np.ix_(ask, model.classes_)] = model.predict_proba(self.values[ask])
        return answers

    def both(self):
        """Logistic regression for slopes, shallow trees for steps and unknown values."""
        from sklearn.ensemble import HistGradientBoostingClassifier, VotingClassifier
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        linear = make_pipeline(
            SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
            StandardScaler(),
            LogisticRegression(max_iter=500, class_weight="balanced"),
        )
        trees = HistGradientBoostingClassifier(
            max_iter=30, max_depth=3, learning_rate=0.15, class_weight="balanced",
            min_samples_leaf=int(np.clip(len(self.truth) // 20, 5, 20)), early_stopping=False,
            random_state=self.seed,
        )  # fmt: skip
        return VotingClassifier([("linear", linear), ("trees", trees)], voting="soft")

    def tree(self):
        """A few leaves, for one feature alone."""
        from sklearn.tree import DecisionTreeClassifier

        least = int(np.clip(len(self.truth) // 50, 3, 20))
        return DecisionTreeClassifier(
            max_leaf_nodes=8, min_samples_leaf=least, class_weight="balanced",
            random_state=self.seed,
        )  # fmt: skip

    def together(self) -> tuple[Told, int]:
        """How well all features tell the class that they tell best, and which that is."""
        answers = self.answers(self.both)
        aucs = class_aucs(answers, self.truth)
        best = int(np.nanargmax(aucs))
        auc = float(aucs[best])
        low, high = self.interval(answers[:, best], self.truth == best)
        chance = self.chance(auc) if auc > LIMIT and self.may_be_chance(auc) else None
        return Told(auc, min(low, auc), max(high, auc), chance), best

    def alone(self) -> list[float]:
        """Each feature's own AUC."""
        columns = (replace(self, values=column[:, None]) for column in self.values.T)
        return [one.greatest(one.tree) for one in columns]

    def greatest(self, make: Callable) -> float:
        """The AUC of the class that is told best."""
        return float(np.nanmax(class_aucs(self.answers(make), self.truth)))

    def interval(self, answers: np.ndarray, is_it: np.ndarray) -> tuple[float, float]:
        """95 % of one class's AUC, groups resampled."""
        rng = np.random.default_rng(self.seed)
        n, rank = int(self.groups.max()) + 1, _ranks(answers)
        found = []
        for _ in range(_RESAMPLES):
            weight = np.bincount(rng.integers(0, n, n), minlength=n)[self.groups].astype(float)
            found.append(_area(rank, is_it, weight))
        low, high = np.nanpercentile(found, [2.5, 97.5])
        return float(low), float(high)

    def may_be_chance(self, auc: float) -> bool:
        """Whether so few groups might reach it by guessing (deviation: Mann and Whitney 1947)."""
        first = self.truth[np.unique(self.groups, return_index=True)[1]]
        n = np.bincount(first)
        least, others = n.min(), n.sum() - n.min()
        deviation = np.sqrt((n.sum() + 1) / (12 * max(least, 1) * max(others, 1)))
        return bool(auc - 0.5 < _FAR * deviation)

    def chance(self, auc: float) -> float:
        """How often labels that were dealt out to the groups anew are told as well."""
        rng = np.random.default_rng(self.seed)
        first = self.truth[np.unique(self.groups, return_index=True)[1]]
        for done in range(1, _SHUFFLES + 1):
            dealt = replace(self, truth=rng.permutation(first)[self.groups])
            if dealt.greatest(dealt.both) >= auc:
                return 2 / (1 + done)  # that is above 0.05 however it goes on
        return 1 / (1 + _SHUFFLES)


def _typical(values, truth, classes, *, is_name: bool) -> dict[str, float]:
    found = dict.fromkeys(classes.tolist(), float("nan"))
    for k, name in enumerate(found):
        known = values[(truth == k) & np.isfinite(values)]
        if known.size and is_name:
            names, counts = np.unique(known, return_counts=True)
            found[name] = float(names[counts.argmax()])
        elif known.size:
            found[name] = float(np.median(known))
    return found
