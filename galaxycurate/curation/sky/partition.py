"""Parts of the sky that are searched alone, each with the margin that its neighbours lend it.

A row belongs to the part whose HEALPix cell it lies in. A part reports the pairs whose first row
is its own, so that each is reported once and together they are what one search finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from galaxycurate.core.geometry import chord, unit_vectors
from galaxycurate.core.healpix import cells, centres, farthest_arcsec, rim
from galaxycurate.curation.pairs import Pairs
from galaxycurate.curation.sky.footprints import Footprints

DEEPEST = 8
"""Order of the smallest parts: a quarter of a degree wide, larger than most reaches."""

_DEEPER = 4
_HALF = 180 * 3600.0
"""All the way around; angles are not added beyond it."""
_WITH_CROWD = 1.01
"""Who reaches is lent with all of its crowd, so that the first of it is the same in all parts."""
_PAD_ARCSEC = 1e-3
"""For rows that rounding put on the other side of a cell's edge."""


@dataclass(frozen=True)
class Place:
    """A cell of HEALPix and how far the footprints reach that have their centres in it."""

    order: int
    cell: int
    reach_arcsec: float

    @property
    def centre(self) -> np.ndarray:
        """Its middle, a unit vector."""
        return unit_vectors(*centres([self.cell], order=self.order))[0]

    @property
    def extent_arcsec(self) -> float:
        """No footprint of it has a part farther from the middle."""
        return farthest_arcsec(self.order) + self.reach_arcsec + _PAD_ARCSEC


@dataclass(frozen=True)
class Part:
    """Some rows of a whole, those of one place.

    Parameters
    ----------
    order, cell : int
        Of HEALPix, nested.
    rows : ndarray of int64, shape (n,)
        Their numbers in the whole, ascending.
    footprints : Footprints
        All known.
    """

    order: int
    cell: int
    rows: np.ndarray
    footprints: Footprints

    @cached_property
    def place(self) -> Place:
        """Where it is, for its neighbours."""
        reach = float(self.footprints.reach_arcsec.max(initial=0.0))
        return Place(self.order, self.cell, reach)

    def lend(self, place: Place) -> Part:
        """The rows that may share sky with a row of another place, and few others.

        Who shares sky with something inside a cell is, if it is outside, near the cell's edge:
        within reach of one of the smaller cells along it. No shape of a cell is made use of.
        """
        from scipy.spatial import cKDTree

        vectors = unit_vectors(self.footprints.ra, self.footprints.dec)
        reach = _WITH_CROWD * (self.footprints.reach_arcsec + place.reach_arcsec) + _PAD_ARCSEC
        apart = np.linalg.norm(vectors - place.centre, axis=1)
        near = np.flatnonzero(
            apart <= chord(np.minimum(reach + farthest_arcsec(place.order), _HALF))
        )
        edge = rim(place.cell, deeper=_DEEPER)
        order = place.order + _DEEPER
        tree = cKDTree(unit_vectors(*centres(edge, order=order)))
        least, _ = tree.query(vectors[near])
        lent = near[least <= chord(np.minimum(reach[near] + farthest_arcsec(order), _HALF))]
        return Part(place.order, place.cell, self.rows[lent], self.footprints.take(lent))

    def pairs(self, lent: Sequence[Part] = (), *, min_overlap: float = 0.0) -> Pairs:
        """The pairs whose first row is one of these, in numbers of the whole.

        Parameters
        ----------
        lent : sequence of Part
            What the neighbours lend.
        min_overlap : float
            See `footprints.overlapping`.

        Returns
        -------
        Pairs
        """
        parts = [self, *lent]
        rows = np.concatenate([part.rows for part in parts])
        mine = np.arange(rows.size) < self.rows.size
        order = np.argsort(rows)
        together = Footprints.concatenate([part.footprints for part in parts]).take(order)
        found = together.overlapping(min_overlap=min_overlap)
        own = mine[order][found.first]
        rows = rows[order]
        return Pairs(rows[found.first[own]], rows[found.second[own]], found.amount[own])


def parted(footprints: Footprints, *, most_rows: int) -> list[Part]:
    """Cut a sky into parts of one order.

    Parameters
    ----------
    footprints : Footprints
        Rows without one are in no part.
    most_rows : int
        The order is the lowest at which no part has more, or `DEEPEST`.

    Returns
    -------
    list of Part
    """
    known = footprints.known.astype(np.int64)
    if not known.size:
        return []
    deep = cells(footprints.ra[known], footprints.dec[known], order=DEEPEST)
    order = next(k for k in range(DEEPEST + 1) if k == DEEPEST or _fullest(deep, k) <= most_rows)
    cell = deep >> 2 * (DEEPEST - order)
    by_cell = np.argsort(cell, kind="stable")
    number, start = np.unique(cell[by_cell], return_index=True)
    return [
        Part(order, int(which), known[some], footprints.take(known[some]))
        for which, some in zip(number, np.split(by_cell, start[1:]), strict=True)
    ]


def _fullest(deep: np.ndarray, order: int) -> int:
    return int(np.bincount(deep >> 2 * (DEEPEST - order)).max(initial=0))


def neighbours(places: Sequence[Place]) -> list[list[int]]:
    """For each place, the others whose rows may share sky with its own.

    Parameters
    ----------
    places : sequence of Place
        Of any orders.

    Returns
    -------
    list of list of int
    """
    if not places:
        return []
    centre = np.stack([place.centre for place in places])
    extent = np.array([place.extent_arcsec for place in places])
    found = []
    for k in range(len(places)):
        near = np.linalg.norm(centre - centre[k], axis=1) <= chord(
            np.minimum(extent + extent[k], _HALF)
        )
        near[k] = False
        found.append(np.flatnonzero(near).tolist())
    return found
