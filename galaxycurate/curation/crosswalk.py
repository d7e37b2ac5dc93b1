"""Which object of one reduction is which of another: stated by pairs, or found by place.

DR7 and DR8 reduced the same pixels anew and numbered the objects anew. An object keeps its run,
camcol and field; its number in the field, and now and then its deblending, changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galaxycurate.core.geometry import arc, chord, unit_vectors

EQUAL_ARCSEC = 0.1
"""Two distances that differ by less are equal: the zoo tables keep positions in 32 bits."""

_PLACE = np.int64(0x0000_FFFF_EFFF_0000)  # run, camcol and field; firstField is DR7's alone
_PRIMARY = 1

TWO_NEAR = "two objects equally near"
TWO_STATED = "the table gives it two objects"
CLAIMED = "its match is claimed by another object"


@dataclass(frozen=True)
class Candidates:
    """Which objects rows may be; a row may have none, one or several.

    Parameters
    ----------
    row : ndarray of int64, shape (m,)
    found : ndarray of int64, shape (m,)
        The other reduction's id.
    distance_arcsec : ndarray of float64, shape (m,)
        NaN where nothing was measured.
    mode, row_mode : ndarray of int64, shape (m,)
        Of the object found, and of the row's own: 1 primary, 0 unknown.
    """

    row: np.ndarray
    found: np.ndarray
    distance_arcsec: np.ndarray
    mode: np.ndarray
    row_mode: np.ndarray

    def only(self, which: np.ndarray) -> Candidates:
        """Some of them."""
        return Candidates(*(getattr(self, name)[which] for name in self.__dataclass_fields__))


@dataclass
class Matches:
    """What n rows were found to be, and by what.

    Parameters
    ----------
    source : ndarray of int64, shape (n,)
        The rows' own ids; 0 where they have none.
    found : ndarray of int64, shape (n,)
        0 while nothing is.
    how, reason : ndarray of object, shape (n,)
        By what an object was found; why none was, or which of several was taken.
    distance_arcsec : ndarray of float64, shape (n,)
    """

    source: np.ndarray
    found: np.ndarray
    how: np.ndarray
    reason: np.ndarray
    distance_arcsec: np.ndarray

    @classmethod
    def of(cls, source: np.ndarray) -> Matches:
        """Nothing is found yet."""
        n, none = source.size, np.zeros(source.size, np.int64)
        return cls(source, none, np.full(n, "", object), np.full(n, "", object), np.full(n, np.nan))

    @property
    def left(self) -> np.ndarray:
        """Rows that nothing was found for, in order."""
        return np.flatnonzero(self.found == 0)

    def take(self, candidates: Candidates, how: str, *, taken: np.ndarray) -> int:
        """Decide between candidates for the rows that are left.

        The primary object goes before others, then the nearest one. Where two are equally good, or
        an object is claimed by two rows equally well, the row is left, with the reason. A row
        without an id of its own may share an object: it is the same one, twice.

        Parameters
        ----------
        candidates : Candidates
            Rows from n on are rivals: nobody asked for them, but they have their claims.
        how : str
            Whose candidates they are.
        taken : ndarray of int64
            Ids that belong to other rows beyond doubt.

        Returns
        -------
        int
            How many rows were matched.
        """
        if not candidates.row.size:
            return 0
        n = self.source.size
        is_open = np.append(self.found == 0, True)[np.minimum(candidates.row, n)]
        best, note = _best(candidates.only(is_open))
        torn = (best.found == 0) & (best.row < n)
        self.reason[best.row[torn]] = note[torn]
        best, note = best.only(best.found != 0), note[best.found != 0]
        claims = np.append(self.source != 0, True)[np.minimum(best.row, n)]
        lost, contest = _contested(best, claims)
        given = np.concatenate([taken, self.found[(self.found != 0) & (self.source != 0)]])
        lost |= claims & np.isin(best.found, given)
        mine = best.row < n
        best, note, lost, contest = best.only(mine), note[mine], lost[mine], contest[mine]
        self.reason[best.row[lost]] = CLAIMED
        won = best.only(~lost)
        self.found[won.row] = won.found
        self.distance_arcsec[won.row] = won.distance_arcsec
        self.how[won.row] = how
        self.reason[won.row] = np.where(contest, "nearest of those that claim it", note)[~lost]
        return won.row.size


def by_pairs(source, left, right, *, distance_arcsec=None, mode=None, row_mode=None) -> Candidates:
    """What a table of pairs says of ids.

    Parameters
    ----------
    source : ndarray of int64, shape (n,)
        Ids that are looked up; 0 is none.
    left, right : ndarray of int64, shape (m,)
        The pairs; where one of the two is 0 there is none.
    distance_arcsec, mode, row_mode : ndarray, shape (m,), optional
        What the table tells of each pair; ``mode`` of the right, ``row_mode`` of the left object.

    Returns
    -------
    Candidates
    """
    order = np.argsort(left, kind="stable")
    order = order[(left[order] != 0) & (right[order] != 0)]
    first, last = (np.searchsorted(left[order], source, side) for side in ("left", "right"))
    count = np.where(source != 0, last - first, 0)
    row = np.repeat(np.arange(source.size), count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    pair = order[np.repeat(first, count) + step]
    nothing = np.zeros(left.size, np.int64)
    return Candidates(
        row,
        right[pair],
        (np.full(left.size, np.nan) if distance_arcsec is None else distance_arcsec)[pair],
        (nothing if mode is None else mode)[pair],
        (nothing if row_mode is None else row_mode)[pair],
    )


def rivals(source, found, left, right) -> np.ndarray:
    """Ids that nobody looks up and that a table of pairs gives the same objects.

    Parameters
    ----------
    source : ndarray of int64, shape (n,)
        Ids that are looked up.
    found : ndarray of int64
        What the table says of them.
    left, right : ndarray of int64, shape (m,)
        The pairs.

    Returns
    -------
    ndarray of int64
    """
    claimed = (left != 0) & (right != 0) & np.isin(right, found)
    return np.setdiff1d(left[claimed], source)


def by_position(ra, dec, other, other_ra, other_dec, *, radius_arcsec, mode=None) -> Candidates:
    """The objects near positions.

    Parameters
    ----------
    ra, dec : ndarray of float64, shape (n,)
        ICRS [deg]; NaN takes no part.
    other : ndarray of int64, shape (m,)
        Ids of the other reduction's objects.
    other_ra, other_dec : ndarray of float64, shape (m,)
        Their positions [deg].
    radius_arcsec : float
    mode : ndarray of int64, shape (m,), optional
        Theirs.

    Returns
    -------
    Candidates
    """
    from scipy.spatial import cKDTree

    here, there = np.flatnonzero(np.isfinite(ra + dec)), np.isfinite(other_ra + other_dec)
    there = np.flatnonzero(there & (other != 0))
    trees = [
        cKDTree(unit_vectors(*place), balanced_tree=False, compact_nodes=False)
        for place in ((ra[here], dec[here]), (other_ra[there], other_dec[there]))
    ]
    near = trees[0].sparse_distance_matrix(trees[1], chord(radius_arcsec), output_type="ndarray")
    row, at = here[near["i"]], there[near["j"]]
    distance = arc(near["v"])
    nothing = np.zeros(row.size, np.int64)
    return Candidates(row, other[at], distance, nothing if mode is None else mode[at], nothing)


def nearest(ra, dec, other_ra, other_dec) -> np.ndarray:
    """Distance to the nearest of some objects, however far.

    Parameters
    ----------
    ra, dec : ndarray of float64, shape (n,)
        ICRS [deg].
    other_ra, other_dec : ndarray of float64, shape (m,)

    Returns
    -------
    ndarray of float64, shape (n,)
        [arcsec]; inf where a position is unknown or there are no objects.
    """
    from scipy.spatial import cKDTree

    far = np.full(ra.size, np.inf)
    here, there = np.isfinite(ra + dec), np.isfinite(other_ra + other_dec)
    if here.any() and there.any():
        tree = cKDTree(unit_vectors(other_ra[there], other_dec[there]))
        away, _ = tree.query(unit_vectors(ra[here], dec[here]))
        far[here] = arc(away)
    return far


def same_field(one, other) -> np.ndarray:
    """Whether ids of two reductions lie in one field of one run and camcol.

    Parameters
    ----------
    one, other : ndarray of int64
        0 lies in none.

    Returns
    -------
    ndarray of bool
    """
    return (one != 0) & (other != 0) & ((one & _PLACE) == (other & _PLACE))


def _best(many: Candidates) -> tuple[Candidates, np.ndarray]:
    """One candidate a row, and a note: ``found`` is 0, and the note says why, where two are equal.

    A pair that two tables state, or one twice, is one.
    """
    distance, rank = _merit(many.distance_arcsec, many.mode)
    order = np.lexsort((distance, rank, many.found, many.row))
    fresh = (np.diff(many.row[order], prepend=-1) != 0) | (
        np.diff(many.found[order], prepend=0) != 0
    )
    order = order[fresh]
    order = order[np.lexsort((distance[order], rank[order], many.row[order]))]
    row = many.row[order]
    first = np.flatnonzero(np.diff(row, prepend=-1))
    count = np.diff(first, append=row.size)
    best = order[first]
    second = order[np.minimum(first + 1, row.size - 1)]
    by_mode = rank[best] < rank[second]
    torn = (count > 1) & ~by_mode & (distance[second] - distance[best] < EQUAL_ARCSEC)
    word = np.where(by_mode, "primary of ", "nearest of ").astype(object)
    note = np.where(count > 1, word + count.astype(str).astype(object), "")
    measured = np.isfinite(many.distance_arcsec[best])
    note = np.where(torn, np.where(measured, TWO_NEAR, TWO_STATED), note)
    chosen = many.only(best)
    chosen.found[torn] = 0
    return chosen, note


def _contested(best: Candidates, claims: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which rows lose their object to another row, and which won it from one."""
    lost, won = np.zeros(best.row.size, bool), np.zeros(best.row.size, bool)
    distance, rank = _merit(best.distance_arcsec, best.row_mode)
    order = np.lexsort((distance, rank, best.found))
    order = order[claims[order]]
    first = np.flatnonzero(np.diff(best.found[order], prepend=0))
    count = np.diff(first, append=order.size)
    head, second = order[first], order[np.minimum(first + 1, order.size - 1)]
    clear = (rank[head] < rank[second]) | (distance[second] - distance[head] >= EQUAL_ARCSEC)
    lost[order] = np.repeat(count > 1, count)
    won[head] = (count > 1) & clear
    return lost & ~won, won


def _merit(distance: np.ndarray, mode: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What decides, the smaller the better: a stated pair is as near as can be."""
    return np.nan_to_num(distance, nan=0.0), np.where(mode == _PRIMARY, 0, 1)
