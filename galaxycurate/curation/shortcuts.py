"""Can the class be told from what is not the galaxy? Then a network will learn that instead."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from galaxycurate.curation.areas import Areas, greatest
from galaxycurate.curation.asked import Asked

LIMIT = 0.75
"""A warning is given where the nuisances together tell the classes better than this (AUC)."""

LEAST = 10
"""Images, and groups, that a class needs to be looked at."""


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
    best : str
        Of more than two classes the one that it tells best, which the AUC is of.
    """

    name: str
    auc: float
    typical: Mapping[str, float]
    best: str = ""


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
        95 % interval: groups resampled, and the class that is told best chosen anew.
    chance : float or None
        Share of shuffled labels that were told as well; None where it is out of the question, or
        the AUC is below the limit anyway.
    features : tuple of Feature
        Those that are not the same for all images, first what tells the class `best` most.
    same : tuple of str
        Those that are.
    best : str
        Of more than two classes the one that is told best.
    by_chance, by_chance_high : float
        What shuffled labels reach, the class that is told best chosen among them: the mean, and the
        upper end of 95 %. The best of many classes is above 0.5 by being chosen.
    """

    auc: float
    low: float
    high: float
    chance: float | None = None
    features: tuple[Feature, ...] = ()
    same: tuple[str, ...] = ()
    best: str = ""
    by_chance: float = 0.5
    by_chance_high: float = 0.5

    @property
    def warns(self) -> bool:
        """Whether a person should look: above `LIMIT`, and not by chance."""
        rare = self.chance is None or self.chance <= 0.05
        return self.auc > max(LIMIT, self.by_chance_high) and rare


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
    asked = Asked.of(np.stack(list(varied.values()), axis=1), truth, group, seed)
    with threadpool_limits(1):  # threads of such small trees only wait for each other
        areas = Areas.of(asked.answers(asked.both), truth, asked.groups)
        aucs = areas.each()
        auc, best = greatest(aucs), int(np.nanargmax(aucs))
        chance = asked.chance(auc) if auc > LIMIT and asked.may_be_chance(auc) else None
        alone = dict(zip(varied, asked.alone(), strict=True))
    named = classes.tolist() if len(classes) > 2 else [""] * len(classes)
    features = tuple(
        Feature(
            name,
            greatest(alone[name]),
            _typical(varied[name], truth, classes, is_name=name in nominal),
            named[int(np.nanargmax(alone[name]))],
        )
        for name in sorted(alone, key=lambda name: -alone[name][best])
    )
    return Told(
        auc, *areas.interval(seed), chance, features, same, named[best], *areas.by_chance(seed)
    )


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


def _is_same(values: np.ndarray) -> bool:
    known = np.isfinite(values)
    return not known.any() or (known.all() and bool((values == values[0]).all()))


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
