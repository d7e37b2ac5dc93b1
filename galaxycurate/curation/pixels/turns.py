"""The eight turns and mirrorings of a picture, as numbers 0 to 7.

Turn k is ``numpy.rot90(picture, k % 4)``, then mirrored left to right where ``k >= 4``.
"""

from __future__ import annotations

import numpy as np
from numba import njit


def turned(picture: np.ndarray, flip: int) -> np.ndarray:
    """A picture (h, w) or (h, w, 3), turned."""
    picture = np.rot90(picture, flip % 4)
    return np.ascontiguousarray(picture[:, ::-1] if flip >= 4 else picture)


def inverse(flip: int) -> int:
    """The turn that undoes a turn."""
    return flip if flip >= 4 else -flip % 4


def _table() -> np.ndarray:
    pattern = np.arange(9).reshape(3, 3)
    seen = {turned(pattern, flip).tobytes(): flip for flip in range(8)}
    return np.array(
        [[seen[turned(turned(pattern, first), then).tobytes()] for first in range(8)]
         for then in range(8)], np.uint8,
    )  # fmt: skip


COMPOSED = _table()
"""``COMPOSED[then, first]`` is the turn that does one after the other."""


@njit(cache=True, inline="always")
def moved(x, y, width, height, flip):
    """Where a pixel (x, y) of a picture of this size goes when the picture is turned."""
    for _ in range(flip % 4):
        x, y = y, width - 1.0 - x
        width, height = height, width
    if flip >= 4:
        x = width - 1.0 - x
    return x, y


@njit(cache=True, inline="always")
def moved_back(x, y, width, height, flip):
    """Where a pixel (x, y) of a turned picture was before; width and height before the turn."""
    if flip >= 4:
        x = (width if flip % 2 == 0 else height) - 1.0 - x
    for k in range(flip % 4):
        # undo the last quarter: (x, y) -> (y, w - 1 - x), w the width before that quarter
        before = width if (flip % 4 - 1 - k) % 2 == 0 else height
        x, y = before - 1.0 - y, x
    return x, y


@njit(cache=True, inline="always")
def stretched(x, y, width, height, by):
    """Where a pixel (x, y) goes when the picture is stretched about its middle: `by` so much
    along x, by the inverse along y. The inverse takes it back.
    """
    x, y = x - 0.5 * width, y - 0.5 * height
    return 0.5 * width + x * by, 0.5 * height + y / by
