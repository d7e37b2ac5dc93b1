"""Pairs of images that show the same thing, and how one lies on the other."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows with what they share.

    Parameters
    ----------
    first, second : ndarray of int64, shape (n,)
        Rows, first < second.
    amount : ndarray of float64, shape (n,)
        Shared area as a fraction of the smaller cutout, 1 for twins, 0 where it is unknown.
    """

    first: np.ndarray
    second: np.ndarray
    amount: np.ndarray

    def __len__(self) -> int:
        return self.first.size

    @classmethod
    def none(cls) -> Pairs:
        """No pairs at all."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


@dataclass(frozen=True)
class Matches(Pairs):
    """Pairs that pixels tell of, each with its registration and how sure it is.

    A pixel (x, y) of the second picture, turned by its flip, lies at ``scale * (x, y) + (dx, dy)``
    of the first, both counted from the upper left pixel's middle, y down.

    Parameters
    ----------
    dx, dy : ndarray of float64, shape (n,)
        [pixel] of the first picture.
    flip : ndarray of int8, shape (n,)
        ``numpy.rot90(second, flip % 4)``, then mirrored left to right where ``flip >= 4``.
    scale : ndarray of float64, shape (n,)
        Pixels of the first picture to one of the second.
    score : ndarray of float64, shape (n,)
        How strong the evidence is, larger is surer; comparable within a tier only.
    fdr : ndarray of float64, shape (n,)
        Estimated share of false pairs among those of the tier that score as high (target-decoy).
    tier : ndarray of str, shape (n,)
        Which evidence: ``pixels`` (decoded alike), ``noise`` (same exposure), ``sources`` (stars
        and galaxies only: another exposure), ``resized``.
    met, expected : ndarray of int64, shape (n,), optional
        Landmarks (of the noise, or stars and galaxies) that both pictures show, and how many the
        shared part has in the picture with fewer; 0 where none are counted.
    """

    dx: np.ndarray
    dy: np.ndarray
    flip: np.ndarray
    scale: np.ndarray
    score: np.ndarray
    fdr: np.ndarray
    tier: np.ndarray
    met: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    expected: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def __post_init__(self) -> None:
        for name in ("met", "expected"):
            if getattr(self, name).size != self.first.size:
                object.__setattr__(self, name, np.zeros(self.first.size, np.int64))
