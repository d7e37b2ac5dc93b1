"""Cells of equal area on the sky: HEALPix, nested (Gorski et al. 2005, ApJ 622, 759)."""

from __future__ import annotations

import numpy as np


def cells(ra, dec, *, order: int) -> np.ndarray:
    """The HEALPix pixel of each position, nested numbering.

    Parameters
    ----------
    ra, dec : array_like, shape (n,)
        ICRS [deg].
    order : int
        ``nside = 2**order``: 12 * 4**order cells; at order 8 one is 13.7 arcmin wide, about as an
        SDSS field.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    nside = 1 << order
    height = np.sin(np.deg2rad(np.asarray(dec, float)))
    turn = np.mod(np.asarray(ra, float), 360.0) / 90.0
    belt = _of_belt(height, turn, nside)
    caps = _of_caps(height, turn, nside)
    face, x, y = np.where(np.abs(height) <= 2 / 3, belt, caps)
    return face * nside**2 + _spread(x) + 2 * _spread(y)


def centres(cell, *, order: int) -> tuple[np.ndarray, np.ndarray]:
    """The middles of cells, nested numbering (their section 5).

    Parameters
    ----------
    cell : array_like of int64, shape (n,)
    order : int

    Returns
    -------
    ra, dec : ndarray of float64, shape (n,)
        ICRS [deg].
    """
    nside = 1 << order
    face, inside = np.divmod(np.asarray(cell, np.int64), nside**2)
    x, y = _gather(inside), _gather(inside >> 1)
    ring = (face // 4 + 2) * nside - x - y - 1
    length = np.minimum(np.minimum(ring, 4 * nside - ring), nside)  # of a quarter of the ring
    cap = 1 - length**2 / (3 * nside**2)
    belt = 4 / 3 - 2 * ring / (3 * nside)
    height = np.where(length == nside, belt, np.where(ring < nside, cap, -cap))
    eighth = 2 * (face % 4) - face // 4 % 2 + 1 + (x - y) / length
    return np.mod(45 * eighth, 360.0), np.degrees(np.arcsin(height))


def farthest_arcsec(order: int) -> float:
    """No point of any cell is farther from the cell's middle.

    The farthest is a corner of the cells at the edge of the polar caps, next to a face's meridian.
    """
    nside = 1 << order
    middle, corner = 2 / 3, 1 - (1 - 1 / nside) ** 2 / 3
    level = np.sqrt((1 - middle**2) * (1 - corner**2)) * np.cos(np.pi / (4 * nside))
    return float(np.degrees(np.arccos(min(1.0, middle * corner + level))) * 3600)


def rim(cell: int, *, deeper: int) -> np.ndarray:
    """The cells, some orders deeper, along the inner edge of a cell.

    Parameters
    ----------
    cell : int
        Nested number, of any order.
    deeper : int
        A cell has ``4**deeper`` of those, at most ``4 * 2**deeper`` along its edge.

    Returns
    -------
    ndarray of int64
    """
    last = (1 << deeper) - 1
    x, y = (axis.ravel() for axis in np.mgrid[: last + 1, : last + 1])
    edge = (x == 0) | (y == 0) | (x == last) | (y == last)
    return (int(cell) << 2 * deeper) + _spread(x[edge]) + 2 * _spread(y[edge])


def _of_belt(height, turn, nside: int) -> np.ndarray:
    """Face, x and y of positions between the caps (their section 4.1)."""
    falling = (nside * (0.5 + turn - 0.75 * height)).astype(np.int64)
    rising = (nside * (0.5 + turn + 0.75 * height)).astype(np.int64)
    one, other = falling // nside, rising // nside
    face = np.where(one == other, one % 4 + 4, np.where(one < other, one % 4, other % 4 + 8))
    return np.stack([face, rising % nside, nside - falling % nside - 1])


def _of_caps(height, turn, nside: int) -> np.ndarray:
    """Face, x and y of positions around the poles."""
    quarter = np.minimum(3, turn.astype(np.int64))
    part = turn - quarter
    width = nside * np.sqrt(3 * (1 - np.abs(height)))
    falling = np.minimum(nside - 1, (part * width).astype(np.int64))
    rising = np.minimum(nside - 1, ((1 - part) * width).astype(np.int64))
    north = [quarter, nside - rising - 1, nside - falling - 1]
    return np.where(height > 0, north, [quarter + 8, falling, rising])


def _spread(value: np.ndarray) -> np.ndarray:
    """A zero before each bit."""
    result = np.zeros_like(value)
    for bit in range(29):
        result |= (value >> bit & 1) << 2 * bit
    return result


def _gather(value: np.ndarray) -> np.ndarray:
    """Every other bit: the inverse of `_spread`."""
    result = np.zeros_like(value)
    for bit in range(29):
        result |= (value >> 2 * bit & 1) << bit
    return result
