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
