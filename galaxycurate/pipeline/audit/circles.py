"""Circles on the sky that cover many cutouts, so that few questions ask for all their objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galaxycurate.core.geometry import separation, unit_vectors
from galaxycurate.core.healpix import cells
from galaxycurate.core.query import Query
from galaxycurate.store import sqlfiles

AT_ONCE = 40
"""Circles in one question: parameters of `sql/audit_objects.sql` and `sql/audit_fields.sql`."""

WIDEST_ARCSEC = 900.0
"""A cutout wider than this is not looked up."""

FURTHEST_ARCSEC = 1599.0
"""A circle is no larger: the questions reach no further than 1,600 arcsec, rounded."""

_ORDER, _FINEST = 8, 29
_ROUNDING_ARCSEC = 0.1


@dataclass(frozen=True)
class Circles:
    """Middles [deg] and radii [arcsec]."""

    ra: np.ndarray
    dec: np.ndarray
    reach: np.ndarray

    def __len__(self) -> int:
        return self.ra.size

    def questions(self, name: str, **values: float) -> list[Query]:
        """A file of `sql/` bound to all of them, so many at once."""
        file = sqlfiles.read(name)
        return [
            file.bind(**self._numbered(slice(k, k + AT_ONCE)), **values)
            for k in range(0, len(self), AT_ONCE)
        ]

    def _numbered(self, part: slice) -> dict[str, float]:
        columns = {"ra": self.ra, "dec": self.dec, "reach": self.reach}
        return {
            f"{name}{k:02d}": value
            for name, column in columns.items()
            for k, value in enumerate(column[part].tolist())
        }


def circles(
    ra: np.ndarray, dec: np.ndarray, reach_arcsec: np.ndarray, *, order: int = _ORDER
) -> Circles:
    """Circles that cover smaller circles, one for each HEALPix cell that has any.

    A cell whose circle would be too large to ask for is taken as its quarters.

    Parameters
    ----------
    ra, dec : ndarray of float, shape (n,)
        ICRS [deg].
    reach_arcsec : ndarray of float, shape (n,)
        Each at most `FURTHEST_ARCSEC`.
    order : int
        Of the cells.

    Returns
    -------
    Circles
        In the order of the cells, so that neighbours are asked for together.
    """
    if not ra.size:
        return Circles(np.empty(0), np.empty(0), np.empty(0))
    _, cell = np.unique(cells(ra, dec, order=order), return_inverse=True)
    n = int(cell.max()) + 1
    vectors = unit_vectors(ra, dec)
    middle = np.stack([np.bincount(cell, axis, n) for axis in vectors.T], axis=1)
    middle = middle / np.linalg.norm(middle, axis=1, keepdims=True)
    at_ra = np.round(np.degrees(np.arctan2(middle[:, 1], middle[:, 0])) % 360.0, 6) % 360.0
    at_dec = np.round(np.degrees(np.arcsin(np.clip(middle[:, 2], -1, 1))), 6)
    reach = np.zeros(n)
    np.maximum.at(reach, cell, separation(ra, dec, at_ra[cell], at_dec[cell]) + reach_arcsec)
    whole = Circles(at_ra, at_dec, np.ceil((reach + _ROUNDING_ARCSEC) * 10) / 10)
    too_large = reach > FURTHEST_ARCSEC
    if not too_large.any() or order == _FINEST:
        return whole
    again = too_large[cell]
    fine = circles(ra[again], dec[again], reach_arcsec[again], order=order + 1)
    columns = zip(vars(whole).values(), vars(fine).values(), strict=True)
    return Circles(*(np.concatenate([a[~too_large], b]) for a, b in columns))
