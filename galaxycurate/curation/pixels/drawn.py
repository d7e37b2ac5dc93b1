"""What is drawn into many pictures at one place: letters, a scale bar, a logo, a hot pixel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numba import njit

from galaxycurate.curation.pixels import codes, marks
from galaxycurate.curation.pixels.prints import Prints, Ragged

FEWEST_PICTURES, FEWEST, SHARE = 50, 5, 0.02
"""A mark recurs where at least so many of at least so many pictures, and such a share of them, show
one like it at the same place.
"""

CELL, BEGIN = 4.0, (0.0, 0.5)
"""Side [pixel] of what is one place, and where the two grids begin, in sides."""

WITHIN = 8
"""Bits in which the codes of one drawing differ."""

LOOKED_AT = 64
"""Of those at a mark's place, to tell what share of them is like it."""

MOST_OF_A_PICTURE = 0.5
"""Where more of a picture's marks recur, it is a copy, not a picture with something drawn on it;
what recurs in copies alone is no drawing either.
"""


def without(prints: Prints) -> tuple[Prints, int]:
    """The same without the marks of what is drawn; and in how many pictures there was such."""
    if len(prints) < FEWEST_PICTURES:
        return prints, 0
    owner = prints.marks.owners
    recurs = recurring(prints.marks.values, owner, len(prints))
    n_recurring = np.bincount(owner[recurs], minlength=len(prints))
    copied = n_recurring > MOST_OF_A_PICTURE * prints.marks.counts
    if copied.any():
        rest = ~copied[owner]
        recurs[~rest] = False
        recurs[rest] = recurring(prints.marks.values[rest], owner[rest], len(prints))
        n_recurring = np.bincount(owner[recurs], minlength=len(prints))
    starts = np.zeros(len(prints) + 1, np.int64)
    np.cumsum(prints.marks.counts - n_recurring, out=starts[1:])
    left = Ragged(prints.marks.values[~recurs], starts)
    return replace(prints, marks=left), int(np.count_nonzero(n_recurring))


def recurring(values: np.ndarray, owner: np.ndarray, n_pictures: int) -> np.ndarray:
    """Which marks are at the same place in many pictures; bool like `values`."""
    recurs = np.zeros(values.size, bool)
    least = max(FEWEST, SHARE * n_pictures)
    code = np.ascontiguousarray(values["code"])
    for begin in BEGIN:
        column, row = (
            np.floor(values[axis] / (marks.UNIT * CELL) + begin).astype(np.int64) for axis in "xy"
        )
        cell = (row << 16) + column
        order = np.argsort(cell, kind="stable")
        starts = np.flatnonzero(np.diff(cell[order], prepend=-1, append=-1))
        _recurring(starts, order, code, owner, least, recurs)
    return recurs


@njit(cache=True)
def _recurring(starts, order, code, owner, least, recurs):
    for cell in range(starts.size - 1):
        begin, end = starts[cell], starts[cell + 1]
        if end - begin < least:
            continue
        step = max(1, (end - begin) // LOOKED_AT)
        for k in range(begin, end):
            i, like = order[k], 1
            if recurs[i]:
                continue
            for other in range(begin, end, step):
                j = order[other]
                if owner[j] != owner[i] and codes.distance(code[i], code[j]) <= WITHIN:
                    like += step
            recurs[i] = like >= least
