"""A small forest of decision trees, as plain arrays: no pickle, no training library."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from galaxycurate.curation.light.features import NAMES

MODEL = "galaxies.npz"


@dataclass(frozen=True)
class Forest:
    """Gradient-boosted trees that tell galaxies from all else.

    Trees are padded to the largest one; a leaf is its own child.

    Parameters
    ----------
    feature : ndarray of int16, shape (trees, nodes)
    threshold : ndarray of float32, shape (trees, nodes)
        A value up to it goes left.
    left, right : ndarray of int16, shape (trees, nodes)
    value : ndarray of float32, shape (trees, nodes)
    baseline : float
    contaminated, borderline : float
        Probabilities from which a window holds a galaxy, and perhaps holds one.
    crowded : float
        Sources in 65,536 pixels above which there is no telling.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    baseline: float
    contaminated: float
    borderline: float
    crowded: float

    def probability(self, features) -> np.ndarray:
        """Probability of being a galaxy.

        Parameters
        ----------
        features : ndarray of float32, shape (n, len(NAMES))

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        from galaxycurate.curation.light.profiles import walked

        told = np.ascontiguousarray(features, np.float32)
        raw = self.baseline + walked(told, self.feature, self.threshold, self.left, self.right,
                                     self.value)  # fmt: skip
        return 1 / (1 + np.exp(-raw))


@cache
def shipped() -> Forest:
    """The forest of this package; `benchmarks/contamination.py` makes it."""
    with resources.files(__package__).joinpath(MODEL).open("rb") as file:
        held = np.load(file, allow_pickle=False)
        arrays = {name: held[name] for name in held.files}
    names = [str(name) for name in arrays.pop("names")]
    if names != list(NAMES):
        raise RuntimeError(f"{MODEL} was made for other features: run benchmarks/contamination.py")
    scalars = {name: array.item() for name, array in arrays.items() if array.ndim == 0}
    return Forest(**{**arrays, **scalars})
