"""Shifts of found pairs to fractions of a pixel, from their pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from galaxycurate.core.placing import Placing
from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import GalaxyCurateError
from galaxycurate.pipeline.dedupe.decode import decode
from galaxycurate.pipeline.dedupe.seen import Seen

LEAST_PX = 24
"""Pictures that share a narrower strip than this are left as they were found."""

MOST_OFF_PX = 4.0
"""A measured shift that is farther from the found one than this is not believed."""

_HELD = 64  # pictures in memory


def registered(
    seen: Seen, paths: Sequence[str], read: Callable[[str], bytes], *, progress: Progress = silent
) -> Seen:
    """The same matches with their shifts measured anew by phase correlation.

    Parameters
    ----------
    seen : Seen
    paths : sequence of str
        Of the dataset's images.
    read : callable
        The bytes of an image by its path.
    progress : callable

    Returns
    -------
    Seen
        Where correlation finds no peak beyond chance, a shift stays as it was.
    """
    matches = seen.matches
    picture = lru_cache(_HELD)(lambda row: _picture(read, paths[row]))
    dx, dy = matches.dx.astype(float).copy(), matches.dy.astype(float).copy()
    for k in range(len(matches)):
        if matches.tier[k] != "pixels":
            first, second = picture(int(matches.first[k])), picture(int(matches.second[k]))
            if first is not None and second is not None:
                rest = _rest(first, second, seen.placing(k))
                dx[k], dy[k] = dx[k] + rest[0], dy[k] + rest[1]
        if (k + 1) % 50 == 0 or k + 1 == len(matches):
            progress(k + 1, len(matches), "pairs registered")
    return replace(seen, matches=replace(matches, dx=dx, dy=dy))


def _picture(read: Callable[[str], bytes], path: str) -> np.ndarray | None:
    try:
        return decode(read(path)).mean(axis=2, dtype=np.float32)
    except GalaxyCurateError:
        return None


def _rest(first: np.ndarray, second: np.ndarray, placing: Placing) -> tuple[float, float]:
    """What is missing in a shift [pixel of the first], seen on what both pictures show."""
    from galaxycurate.curation.registration import shift

    corners = placing.shared(_size(first), _size(second))
    if corners is None:
        return 0.0, 0.0
    low = np.ceil(corners.min(axis=0)).astype(int)
    high = np.floor(corners.max(axis=0)).astype(int) + 1
    if (high - low).min() < LEAST_PX:
        return 0.0, 0.0
    window = first[low[1] : high[1], low[0] : high[0]]
    found = shift(window, _resampled(second, placing, low, window.shape))
    if not found.certain or found.offset > MOST_OFF_PX:
        return 0.0, 0.0
    return -found.dx, -found.dy


def _resampled(picture: np.ndarray, placing: Placing, low: np.ndarray, shape) -> np.ndarray:
    """The second picture on the pixels of a window of the first."""
    import cv2

    size = _size(picture)
    points = np.array([[0, 0], [1, 0], [0, 1]], np.float32)
    on_window = (placing.on_first(points, size) - low).astype(np.float32)
    matrix = cv2.getAffineTransform(on_window, points)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        picture, matrix, shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE
    )


def _size(picture: np.ndarray) -> tuple[int, int]:
    return picture.shape[1], picture.shape[0]
