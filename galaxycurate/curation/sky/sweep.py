"""All pairs of positions that are close together: a sweep over zones of declination.

One sort puts the positions zone by zone (bands at least as high as the search reaches) and west to
east within each; a position then meets only the window of right ascension around it, in its own
zone and the next. Right at both poles, where the window is the whole circle, and across RA 0.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from galaxycurate.core.geometry import arc, chord, unit_vectors

TURN = 1 << 40
"""A full circle of right ascension; one step is a millionth of an arcsec."""

CROWD = 32
"""More rows than this at exactly one place are linked by a star, not each with each."""

_LOWEST_DEG = 1 / 3600
_PADDING = 2
_ROOM = 1 << 17
"""Pairs looked at together: a thread's working memory."""
_RANGES = 16
_STRETCH = 1 << 15
_MANY = 50_000
"""Positions from which on threads pay."""

Found = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Zones:
    """Positions sorted zone by zone, west to east.

    Parameters
    ----------
    rows : ndarray of int32, shape (n,)
        Which row each is.
    key : ndarray of int64, shape (n,)
        Zone (upper bits) and right ascension (lower 40), ascending.
    vectors : ndarray of float64, shape (n, 3)
    start : ndarray of int64, shape (zones + 1,)
        Where each zone begins.
    height_deg : float
    """

    rows: np.ndarray
    key: np.ndarray
    vectors: np.ndarray
    start: np.ndarray
    height_deg: float

    @classmethod
    def of(cls, ra, dec, rows, reach_arcsec: float) -> Zones:
        """Sort some rows for searches that reach so far."""
        height = max(reach_arcsec / 3600 * (1 + 1e-9), _LOWEST_DEG)
        n_zones = max(1, int(np.ceil(180 / height)))
        key = _keys(ra[rows], dec[rows], height, n_zones)
        order = np.argsort(key)
        key, rows = key[order], rows[order]
        start = np.searchsorted(key, np.arange(n_zones + 1, dtype=np.int64) << 40)
        return cls(rows, key, _vectors(ra, dec, rows), start, height)

    def windows(self, reach_arcsec: float) -> np.ndarray:
        """Half width of the window for each zone, in the units of the key: that of its worst row.

        A circle of radius r around declination d spans asin(sin r / cos d) to either side.
        """
        r = np.radians(reach_arcsec / 3600)
        bottom = -90 + self.height_deg * np.arange(self.start.size - 1)
        worst = np.minimum(90, np.maximum(np.abs(bottom), np.abs(bottom + self.height_deg)))
        level = np.cos(np.radians(worst))
        with np.errstate(divide="ignore", invalid="ignore"):
            half = np.where(level > np.sin(r), np.arcsin(np.minimum(1, np.sin(r) / level)), np.pi)
        half = np.where(r < np.pi / 2, half, np.pi)
        return np.ceil(half / (2 * np.pi) * TURN).astype(np.int64) + _PADDING


def _vectors(ra, dec, rows) -> np.ndarray:
    """Unit vectors of rows, stretch by stretch."""
    vectors = np.empty((rows.size, 3))

    def fill(begin: int, end: int) -> None:
        some = rows[begin:end]
        vectors[begin:end] = unit_vectors(ra[some], dec[some])

    _in_threads(fill, [0, *range(_STRETCH, rows.size, _STRETCH), rows.size])
    return vectors


def candidates(
    a: Zones, b: Zones, reach_arcsec: float, measure: Callable[[np.ndarray, np.ndarray], Found]
) -> list[Found]:
    """Pairs of a row of `a` with one of `b` within reach, chunk by chunk through a measure.

    Parameters
    ----------
    a, b : Zones
        Of one height; where they are one, each pair is found once.
    reach_arcsec : float
        At most the zones' height.
    measure : callable
        Gets two int32 arrays (which of `a`, which of `b`), gives arrays to keep; runs in threads.

    Returns
    -------
    list of tuples of ndarray
        What the measure gave.
    """
    n = a.rows.size
    if n == 0 or b.rows.size == 0:
        return []
    task = (a.key, a.vectors, b.key, b.vectors, b.start, a.windows(reach_arcsec),
            float(chord(reach_arcsec)) ** 2, a is b)  # fmt: skip
    edges = np.linspace(0, n, (_RANGES if n > _MANY else 1) + 1).astype(np.int64).tolist()

    def work(begin: int, end: int) -> list[Found]:
        return [measure(i, j) for i, j in _chunks(begin, end, task)]

    return [found for part in _in_threads(work, edges) for found in part]


def _in_threads(work: Callable[[int, int], Any], edges: list[int]) -> list:
    """Some work on each stretch between edges; the kernels and NumPy let go of the interpreter."""
    if len(edges) < 3:
        return [work(edges[0], edges[-1])]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(work, edges[:-1], edges[1:]))


def _chunks(begin: int, end: int, task) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Candidates of a range of rows, as many at a time as there is room for."""
    room = _ROOM
    first, second = np.empty(room, np.int32), np.empty(room, np.int32)
    while begin < end:
        stopped, found = _sweep(begin, end, *task, first, second)  # type: ignore[call-arg]
        if stopped == begin:  # one row has more neighbours than there is room
            room *= 2
            first, second = np.empty(room, np.int32), np.empty(room, np.int32)
            continue
        yield first[:found], second[:found]
        begin = stopped


def within(ra, dec, radius_arcsec: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All pairs of positions within a radius.

    Parameters
    ----------
    ra, dec : array_like of float, shape (n,)
        ICRS [deg]; rows with a NaN take no part.
    radius_arcsec : float

    Returns
    -------
    first, second : ndarray of int64, shape (m,)
        Rows, first < second, in order.
    separation_arcsec : ndarray of float64, shape (m,)

    Notes
    -----
    Rows at exactly one place, if more than `CROWD`, would make a pair each with each: the first
    stands for them all and is linked with each of the others. What one of them is close to, all
    are, so that groups are the same.
    """
    ra, dec = np.asarray(ra, np.float64), np.asarray(dec, np.float64)
    known = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec)).astype(np.int32)
    lone, stars = without_crowds(known, ra, dec)
    zones = Zones.of(ra, dec, lone, radius_arcsec)

    def measure(i, j):
        apart = np.empty(i.size)
        _chords(i, j, zones.vectors, apart)
        return pair_keys(zones.rows[i], zones.rows[j]), arc(apart)

    found = candidates(zones, zones, radius_arcsec, measure)
    found.append((pair_keys(*stars), np.zeros(stars[0].size)))
    return arranged(found)


def without_crowds(rows, *columns) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Rows less those that are alike in all columns, where more than `CROWD` of them are.

    Parameters
    ----------
    rows : ndarray of int32
        Ascending.
    *columns : ndarray of float64, shape (n,)
        Without NaN among the rows.

    Returns
    -------
    lone : ndarray of int32
        The rows with one left of each crowd, its first.
    star : two ndarrays of int32
        The first of a crowd, and each of the others.
    """
    none = np.empty(0, np.int32)
    lead = columns[0][rows]
    ordered = np.sort(lead)
    many = np.unique(ordered[CROWD:][ordered[CROWD:] == ordered[:-CROWD]])
    if not many.size:
        return rows, (none, none)
    suspects = rows[np.isin(lead, many)]
    alike = np.stack([column[suspects] for column in columns], axis=1)
    _, first, which, count = np.unique(
        alike, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    which = which.ravel()
    leader = suspects[first[which]]
    follows = (count[which] > CROWD) & (leader != suspects)
    followers = suspects[follows]
    return np.setdiff1d(rows, followers, assume_unique=True), (leader[follows], followers)


def arranged(found: list[Found]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs in order.

    Parameters
    ----------
    found : list of (ndarray of int64, ndarray of float64)
        Keys (see `pair_keys`) with an amount each; emptied, for memory.

    Returns
    -------
    first, second : ndarray of int64
    amount : ndarray of float64
    """
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    key, amount = (np.concatenate([f[k] for f in found]) for k in (0, 1))
    found.clear()
    order = np.argsort(key)
    key, amount = key[order], amount[order]
    del order
    second = key & 0xFFFFFFFF
    key >>= 32
    return key, second, amount


def pair_keys(first, second) -> np.ndarray:
    """Pairs of rows as one number: the lower row in the upper 32 bits."""
    key = np.minimum(first, second).astype(np.int64) << 32
    key |= np.maximum(first, second)
    return key


@njit("int64[:](float64[:], float64[:], float64, int64)", cache=True, nogil=True)
def _keys(ra, dec, height, n_zones):
    key = np.empty(ra.size, np.int64)
    for k in range(ra.size):
        zone = min(n_zones - 1, max(0, np.int64((dec[k] + 90.0) / height)))
        part = ra[k] / 360.0
        part -= np.floor(part)
        key[k] = (zone << 40) | min(np.int64(part * TURN), TURN - 1)
    return key


@njit("void(int32[:], int32[:], float64[:, :], float64[:])", cache=True, nogil=True)
def _chords(i, j, vectors, out):
    for k in range(i.size):
        dx = vectors[i[k], 0] - vectors[j[k], 0]
        dy = vectors[i[k], 1] - vectors[j[k], 1]
        dz = vectors[i[k], 2] - vectors[j[k], 2]
        out[k] = np.sqrt(dx * dx + dy * dy + dz * dz)


@njit(inline="always")
def _from(key, low, high, least):
    """The first of key[low:high] that is at least so much."""
    while low < high:
        middle = (low + high) >> 1
        if key[middle] < least:
            low = middle + 1
        else:
            high = middle
    return low


@njit(inline="always")
def _meet(i, p, end, last, here, key, vectors, chord2, first, second, found):
    """Note those from p to the key `last` that are close; beyond the room, they are counted."""
    x, y, z = here
    while p < end and key[p] <= last:
        dx, dy, dz = vectors[p, 0] - x, vectors[p, 1] - y, vectors[p, 2] - z
        if dx * dx + dy * dy + dz * dz <= chord2:
            if found < first.size:
                first[found], second[found] = i, p
            found += 1
        p += 1
    return found


@njit(
    "UniTuple(int64, 2)(int64, int64, int64[:], float64[:, :], int64[:], float64[:, :], int64[:],"
    "int64[:], float64, boolean, int32[:], int32[:])",
    cache=True,
    nogil=True,
)
def _sweep(begin, end, key_a, vec_a, key_b, vec_b, start, window, chord2, itself, first, second):
    """Pairs of rows from `begin` on; stops before the row that there is no room for.

    Among themselves, a row meets those after it in its zone and all of the zone above, so that each
    pair is found once; of others, all in its own zone, the one above and the one below.
    """
    found, n_zones = 0, start.size - 1
    for i in range(begin, end):
        kept = found
        here = (vec_a[i, 0], vec_a[i, 1], vec_a[i, 2])
        zone, turn = key_a[i] >> 40, key_a[i] & (TURN - 1)
        half = window[zone]
        for other in range(zone if itself else max(0, zone - 1), min(n_zones, zone + 2)):
            base, low, high = other << 40, start[other], start[other + 1]
            if low == high:
                continue
            behind = itself and other == zone  # those before this row have met it
            if 2 * half >= TURN:
                p = i + 1 if behind else low
                found = _meet(
                    i, p, high, base + TURN, here, key_b, vec_b, chord2, first, second, found
                )
                continue
            p = i + 1 if behind else _from(key_b, low, high, base + turn - half)
            found = _meet(i, p, high, base + min(turn + half, TURN - 1), here, key_b, vec_b, chord2,
                          first, second, found)  # fmt: skip
            if turn + half >= TURN:  # on past RA 0
                found = _meet(i, low, high, base + turn + half - TURN, here, key_b, vec_b, chord2,
                              first, second, found)  # fmt: skip
            if turn - half < 0 and not behind:
                p = _from(key_b, low, high, base + turn - half + TURN)
                found = _meet(
                    i, p, high, base + TURN, here, key_b, vec_b, chord2, first, second, found
                )
        if found > first.size:
            return i, kept
    return end, found
