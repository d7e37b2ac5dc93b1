"""Sources that are no light of the sky: scale bars, letters, cross hairs, drawn on many pictures.

They lie at one place, equally bright and of one colour, in pictures that share nothing else. A copy
shares all its sources with its original: a picture most of whose sources recur, all strong ones
among them, is a copy, and its sources are kept. The galaxies that all pictures have in their middle
differ in brightness.
"""

from __future__ import annotations

import numpy as np

from galaxycurate.curation.pixels import sources
from galaxycurate.curation.pixels.prints import Prints

PICTURES = 50
"""In fewer, what recurs may be chance."""
SHARE, LEAST = 0.02, 4
"""Part of the pictures, and number of them, in which a drawn source recurs."""
COPIED, STRONG = 0.75, 128
"""Part of a picture's sources that recur where it is a copy; none does not that is so strong."""
CELL_PX, CELL_BRIGHTNESS, CELL_COLOUR = 1.0, 12, 24
"""Sides of the cells in which sources recur [pixel, stored steps]."""


def drawn(prints: Prints) -> np.ndarray:
    """Which sources are drawn on many pictures.

    Parameters
    ----------
    prints : Prints

    Returns
    -------
    ndarray of bool, shape (sources,)
    """
    found, owner = prints.sources.values, prints.sources.owners
    recurring = np.zeros(found.size, bool)
    if len(prints) < PICTURES:
        return recurring
    most = max(LEAST, SHARE * len(prints))
    for half in (0.0, 0.5):
        recurring |= _many(_cells(found, half), np.ones(found.size, bool), most)
    all_of, recur, strong = (
        np.bincount(owner[some], minlength=len(prints))
        for some in (slice(None), recurring, ~recurring & (found["snr"] > STRONG))
    )
    copied = (recur > COPIED * all_of) & (strong == 0)
    alone = ~copied[owner]
    recurring[:] = False
    for half in (0.0, 0.5):
        recurring |= _many(_cells(found, half), alone, most)
    return recurring & alone


def _cells(found: np.ndarray, half: float) -> np.ndarray:
    """Numbers of the cells of place, brightness and colour, slid by a part of a cell."""
    number = np.zeros(found.size, np.int64)
    for name, step in (
        ("x", CELL_PX * sources.PER_PIXEL), ("y", CELL_PX * sources.PER_PIXEL),
        ("brightness", CELL_BRIGHTNESS), ("colour", CELL_COLOUR),
    ):  # fmt: skip
        number = number * 1100 + np.floor(found[name] / step + half).astype(np.int64)
    return number


def _many(cells: np.ndarray, counted: np.ndarray, most: float) -> np.ndarray:
    """Which lie in a cell that more than so many of those counted lie in."""
    kinds, kind = np.unique(cells, return_inverse=True)
    return (np.bincount(kind.ravel()[counted], minlength=kinds.size) > most)[kind.ravel()]
