"""Hypotheses: what pairs of alike marks say of two pictures, each said once.

Marks that are alike propose a pair of pictures, a turn and a shift. With each goes a decoy: the
places of the later picture stretched along x and pressed along y. Objects that resemble each other
do so as well there, but no part of a shared sky, however small the picture, lies right on itself:
decoys tell how high chance scores (`galaxycurate.curation.pixels.decoys`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from galaxycurate.curation.pixels import turns
from galaxycurate.curation.pixels.join import Alike

CELL = 6.0
"""Shifts [pixel] as near as this are one hypothesis."""

STRETCH = 2.0
"""Of a decoy: so strong that of a true pair one mark lies right, not its neighbours."""


class Places(NamedTuple):
    """Marks on their pictures.

    Parameters
    ----------
    x, y : ndarray of float32
        [pixel] of the picture as it is seen.
    owner : ndarray of int32
        The picture of each mark.
    width, height : ndarray of float32
        Of each picture, as it is seen.
    """

    x: np.ndarray
    y: np.ndarray
    owner: np.ndarray
    width: np.ndarray
    height: np.ndarray


class Hypotheses(NamedTuple):
    """Pairs of pictures, and how the second may lie on the first.

    ``decoy`` tells that the second is stretched first.
    """

    first: np.ndarray
    second: np.ndarray
    flip: np.ndarray
    decoy: np.ndarray
    dx: np.ndarray
    dy: np.ndarray

    def take(self, rows: slice | np.ndarray) -> Hypotheses:
        """Some of them."""
        return Hypotheses(*(column[rows] for column in self))


def hypotheses(found: Alike, places: Places) -> Hypotheses:
    """Each pair, turn and shift once, with its decoys."""
    both = [_said(found, places, decoy) for decoy in (False, True)]
    first, second, flip, decoy, dx, dy = (np.concatenate(c) for c in zip(*both, strict=True))
    pair = first.astype(np.int64) * places.width.size + second
    _, number = np.unique(pair, return_inverse=True)
    cells = [np.floor(shift / CELL).astype(np.int64) + (1 << 9) for shift in (dx, dy)]
    told = ((((number << 3) + flip) * 2 + decoy) << 20) + (cells[0] << 10) + cells[1]
    one = np.unique(told, return_index=True)[1]
    return Hypotheses(first[one], second[one], flip[one], decoy[one], dx[one], dy[one])


def _said(found: Alike, places: Places, decoy: bool) -> tuple[np.ndarray, ...]:
    a, b = places.owner[found.first], places.owner[found.second]
    dx, dy = _shifts(
        found.first, found.second, found.flip, places.x, places.y,
        places.width[b], places.height[b], decoy,
    )  # fmt: skip
    return a, b, found.flip.copy(), np.full(a.size, decoy), dx, dy


@njit(cache=True)
def _shifts(first, second, flip, x, y, width, height, decoy):
    dx, dy = np.empty(first.size, np.float32), np.empty(first.size, np.float32)
    for k in range(first.size):
        p, q = first[k], second[k]
        u, v = np.float64(x[q]), np.float64(y[q])
        if decoy:
            u, v = turns.stretched(u, v, width[k], height[k], STRETCH)
        u, v = turns.moved(u, v, width[k], height[k], flip[k])
        dx[k], dy[k] = x[p] - u, y[p] - v
    return dx, dy
