"""Footprints of cutouts on the sky, and which of them share some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from galaxycurate.core.geometry import unit_vectors
from galaxycurate.curation.pairs import Pairs
from galaxycurate.errors import InputError

Column = Any
"""Given as what NumPy takes for a column, held as one of float64 and of the length of all."""

LEAST = 1e-9
"""A smaller shared fraction is the arithmetic's, not the sky's."""

NEARLY = 0.99
"""Footprints that share more are so nearly one that a crowd of them is linked through its first."""
_SMALLEST_CELL_DEG = 1e-5

WIDEST_ARCSEC = 40 * 3600.0
"""A wider cutout may have corners on the far side of its neighbour's plane."""


@dataclass(frozen=True)
class Footprints:
    """Rectangles on the sky, each drawn on the plane that touches the sky at its centre (TAN).

    Width and height are lengths on that plane: pixel scale at the centre times pixels, which is
    what a FITS header's CDELT and NAXIS say. A side of w radians spans the angle 2 arctan(w / 2),
    and a corner at the distance d on the plane lies arctan(d) from the centre; for a cutout of 101
    arcsec that is d to 8 digits, for one of a degree it is less by a part in 20,000.

    Parameters
    ----------
    ra, dec : array_like of float, shape (n,)
        Centres, ICRS [deg].
    width_arcsec : float or array_like of float, shape (n,)
        At most 40 degrees.
    height_arcsec : float or array_like of float, shape (n,), optional
        The same as the width by default.
    rotation_deg : float or array_like of float, shape (n,)
        Direction of the upward side, east of north [deg].

    Raises
    ------
    InputError
        A cutout is too wide, or columns differ in length.

    Notes
    -----
    Rows with a NaN, or with no area, take no part.
    """

    ra: Column
    dec: Column
    width_arcsec: Column
    height_arcsec: Column = None
    rotation_deg: Column = 0.0

    def __post_init__(self) -> None:
        given = {n: getattr(self, n) for n in self.__dataclass_fields__}
        if given["height_arcsec"] is None:
            given["height_arcsec"] = given["width_arcsec"]
        shape = np.atleast_1d(np.asarray(self.ra)).shape
        try:
            columns = {n: np.broadcast_to(np.asarray(v, float), shape) for n, v in given.items()}
        except ValueError as error:
            raise InputError(f"positions and sizes differ in length: {error}") from error
        for name, column in columns.items():
            object.__setattr__(self, name, column)
        sides = columns["width_arcsec"], columns["height_arcsec"]
        widest = max((float(np.nanmax(s, initial=0.0)) for s in sides), default=0.0)
        if widest > WIDEST_ARCSEC:
            raise InputError(
                f"a cutout is {widest / 3600:,.0f} degrees wide, and {WIDEST_ARCSEC / 3600:.0f} "
                "is the most that can be compared",
                hint="sizes are in arcsec: pixel scale times pixels",
            )

    def __len__(self) -> int:
        return self.ra.size

    @classmethod
    def concatenate(cls, many: Sequence[Footprints]) -> Footprints:
        """Those of several, one after the other."""
        names = cls.__dataclass_fields__
        return cls(*(np.concatenate([getattr(f, n) for f in many]) for n in names))

    def take(self, rows) -> Footprints:
        """Those of some rows."""
        return Footprints(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    @cached_property
    def known(self) -> np.ndarray:
        """The rows that have a footprint, int32."""
        numbers = self.ra + self.dec + self.rotation_deg
        there = np.isfinite(numbers) & (self.width_arcsec > 0) & (self.height_arcsec > 0)
        return np.flatnonzero(there).astype(np.int32)

    @property
    def reach_arcsec(self) -> np.ndarray:
        """How far each footprint reaches from its centre: the angle to its corners."""
        half = np.radians(np.hypot(self.width_arcsec, self.height_arcsec) / 7200)
        return np.degrees(np.arctan(half)) * 3600

    def shapes(self, rows) -> np.ndarray:
        """Half width, half height, cosine and sine of the rotation, as `clip` wants them."""
        columns = self.width_arcsec, self.height_arcsec, self.rotation_deg
        if all(column.strides == (0,) for column in columns) and self.ra.size:
            return np.broadcast_to(_shapes(*(c[:1] for c in columns)), (len(rows), 4))
        return _shapes(*(c[rows] for c in columns))

    def overlapping(self, *, min_overlap: float = 0.0) -> Pairs:
        """All pairs that share sky; see `overlapping`."""
        from galaxycurate.curation.sky import sweep

        columns = self.ra, self.dec, self.width_arcsec, self.height_arcsec, self.rotation_deg
        lone, star = sweep.without_crowds(self.known, *columns)
        least = max(min_overlap, LEAST)
        near = np.sort(self.crowds(lone)[1])
        alone = np.setdiff1d(lone, near, assume_unique=True) if near.size else lone
        found = [part for a, b in self._levels(alone, near) for part in self._meeting(a, b, least)]
        if star[0].size and least < 1:
            found.append((sweep.pair_keys(*star), np.ones(star[0].size)))
        return Pairs(*sweep.arranged(found))

    def crowds(self, rows=None) -> tuple[np.ndarray, np.ndarray]:
        """Rows of nearly one footprint, where more than 32 are.

        A crowd is looked for in a cell of the sky, so small that alike cutouts in it share `NEARLY`
        all; whoever shares less with the first of its cell is not led by it.

        Parameters
        ----------
        rows : ndarray of int32, optional
            Look among these, ascending; all by default.

        Returns
        -------
        first, led : ndarray of int32, shape (m,)
            The first of a crowd, and each of the others, which are not compared with each other.
        """
        from galaxycurate.curation.sky import sweep

        columns = self.width_arcsec, self.height_arcsec, self.rotation_deg
        rows = self.known if rows is None else rows
        _, (first, led) = sweep.without_crowds(rows, self._cells(), *columns)
        follows = self.shared_fraction(first, led) > NEARLY
        return first[follows], led[follows]

    def _cells(self) -> np.ndarray:
        """The number of the cell that each centre lies in, a whole number below 2**53."""
        least = np.fmin(self.width_arcsec, self.height_arcsec) / 3600
        size = np.fmax((1 - NEARLY) / 2.5 * least, _SMALLEST_CELL_DEG)
        zone = np.floor((self.dec + 90) / size)
        level = np.cos(np.radians((zone + 0.5) * size - 90))
        around = np.fmax(np.round(360 * level / size), 1)
        return zone * 2**26 + np.floor(np.mod(self.ra, 360) / 360 * around)

    def _levels(self, rows, led):
        """Which rows to compare with which: by octaves of size, each with itself and the smaller.

        One wide cutout among a million small ones is compared with all; the small ones among
        themselves search no further than they reach. Those that are led are not compared with each
        other.
        """
        octave = np.frexp(self.reach_arcsec)[1] if rows.size else np.empty(0)
        values = np.unique(octave[rows])
        levels = [rows[octave[rows] == value] for value in values] if values.size > 1 else [rows]
        among = [led[octave[led] == value] for value in values] if led.size else [led] * len(levels)
        for k, large in enumerate(levels):
            for j, small in enumerate(levels[: k + 1]):
                ways = [(small, large), (among[j], large)]
                ways += [(small, among[k])] if j < k else []
                yield from ((a, b) for a, b in ways if a.size and b.size)

    def _meeting(self, small, large, least: float) -> list[tuple]:
        """Pairs of a small one and a large one, or of a level with itself."""
        from galaxycurate.curation.sky import clip, sweep

        reach = [self.reach_arcsec[rows].max() for rows in (small, large)]
        b = sweep.Zones.of(self.ra, self.dec, large, 2 * reach[1])
        a = b if small is large else sweep.Zones.of(self.ra, self.dec, small, 2 * reach[1])
        shapes = [self.shapes(zones.rows) for zones in (a, b)]

        def measure(i, j):
            key, amount = np.empty(i.size, np.int64), np.empty(i.size)
            kept = clip.shares(i, j, a.rows, a.vectors, shapes[0], b.rows, b.vectors, shapes[1],
                               least, key, amount)  # fmt: skip
            return key[:kept].copy(), amount[:kept].copy()

        return sweep.candidates(a, b, sum(reach) * (1 + 1e-12), measure)

    def shared_fraction(self, first, second) -> np.ndarray:
        """What pairs of rows share, as a fraction of the smaller of the two.

        Parameters
        ----------
        first, second : array_like of int, shape (m,)

        Returns
        -------
        ndarray of float64, shape (m,)
            0 to 1; NaN for rows without a footprint.
        """
        from galaxycurate.curation.sky import clip

        first, second = np.asarray(first), np.asarray(second)
        amount = np.full(first.size, np.nan)
        there = self._there(first, second)
        i, j = first[there].astype(np.int32), second[there].astype(np.int32)
        pair = np.arange(i.size, dtype=np.int32)
        key, out = np.empty(i.size, np.int64), np.empty(i.size)
        clip.shares(pair, pair, i, *self._geometry(i), j, *self._geometry(j), -1.0, key, out)
        amount[there] = out
        return amount

    def shared_arcsec2(self, first, second) -> np.ndarray:
        """The area on the sphere that pairs of rows share.

        Parameters
        ----------
        first, second : array_like of int, shape (m,)

        Returns
        -------
        ndarray of float64, shape (m,)
            [arcsec^2]; NaN for rows without a footprint.
        """
        from galaxycurate.curation.sky import clip

        first, second = np.asarray(first), np.asarray(second)
        area = np.full(first.size, np.nan)
        there = self._there(first, second)
        out = np.empty(int(there.sum()))
        clip.solid_angles(*self._geometry(first[there]), *self._geometry(second[there]), out)
        area[there] = out * np.degrees(3600) ** 2
        return area

    def _there(self, first, second) -> np.ndarray:
        known = np.zeros(len(self), bool)
        known[self.known] = True
        return known[first] & known[second]

    def _geometry(self, rows) -> tuple[np.ndarray, np.ndarray]:
        return unit_vectors(self.ra[rows], self.dec[rows]), self.shapes(rows)


def _shapes(width_arcsec, height_arcsec, rotation_deg) -> np.ndarray:
    turn = np.radians(rotation_deg)
    halves = np.radians(width_arcsec / 7200), np.radians(height_arcsec / 7200)
    return np.stack([*halves, np.cos(turn), np.sin(turn)], axis=1)


def overlapping(
    ra, dec, width_arcsec, *, min_overlap: float = 0.0, height_arcsec=None, rotation_deg=0.0
) -> Pairs:
    """All pairs of cutouts that share sky.

    A sweep over zones of declination finds the pairs within reach (the diagonal, not the side), an
    exact clip on the tangent plane measures what they share; right at the poles and across RA 0.

    Parameters
    ----------
    ra, dec, width_arcsec, height_arcsec, rotation_deg
        See `Footprints`. Rows with a NaN take no part.
    min_overlap : float
        Leave out pairs that share no more than this fraction of the smaller cutout.

    Returns
    -------
    Pairs
        In order of first, then second.

    Notes
    -----
    More than 32 footprints that are exactly alike (place, sides and rotation) would make a pair
    each with each: the first of them stands for all, and is linked with each of the others. What
    one of them shares sky with, all do, so that groups are the same, and a pair torn by a split is
    still seen. More than 32 that are nearly alike (of one size in one small cell of the sky, and
    sharing more than 99 % with the first of them) are linked with that one as well as with all that
    are in no such crowd, but not with each other, nor with the others of a second crowd: groups are
    the same but where two crowds share less than a fiftieth.
    """
    footprints = Footprints(ra, dec, width_arcsec, height_arcsec, rotation_deg)
    return footprints.overlapping(min_overlap=min_overlap)
