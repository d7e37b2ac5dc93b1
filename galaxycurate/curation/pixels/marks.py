"""Marks: places of a picture that another picture of the same exposure shows, too.

Two cutouts of one exposure share their noise pixel by pixel, and that survives JPEG, resampling by
a part of a pixel and another stretch. So every local maximum of the band-passed brightness is a
landmark, in blank sky as well. Those are kept that stand out farthest among their neighbours, so
that most of them are kept again when the window moves.
"""

from __future__ import annotations

import cv2
import numpy as np

from galaxycurate.curation.pixels import codes

MARK = np.dtype([("x", "<u2"), ("y", "<u2"), ("code", "<u8")])
"""Place in 1/64 pixel of the picture as it is `seen`, and code of the patch around it; the code's
highest bit tells that the patch shows an object, not noise.
"""

OBJECT = np.uint64(1 << 63)
LIGHT = 1.5
"""A patch shows an object where it scatters by so much more than the band does."""

UNIT = 64
MOST = 128
"""Marks kept of a picture."""

LARGEST = 1000
"""Longer side [pixel] above which a picture is looked at reduced."""

FINE, COARSE = 1.6, 6.0
"""Gaussian sigmas [pixel] of the band."""

KNEE = 15.0
"""Brightness [DN] above which it counts less and less: stars must not drown the noise."""

WINDOW = 7
"""Side [pixel] of the square in which a mark is the highest."""

LEAST = 1.0
"""Height of a mark in scatters of the band."""

STRONGER = 0.9
"""A neighbour is stronger where this part of its height exceeds the mark's."""

EVEN_SIDE, EVEN, EVEN_SHARE = 9, 1.0, 0.03
"""A pixel is even where the square around it varies by no more [DN]; with a larger share of them a
patch shows the border of a frame, of the coverage or of a saturated star, and is no mark.
"""

LEAST_UNEVEN = 0.4
"""Where less of a picture is left, it is a drawing itself, or pressed hard, and keeps its marks."""

_LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)
_SOFT = (KNEE * np.arcsinh(np.arange(256 * 8) / 8 / KNEE)).astype(np.float32)


def seen(width: int, height: int) -> tuple[int, int]:
    """Size at which a picture is looked at: its own up to 1,000 pixels a side, else reduced."""
    factor = -(-max(width, height) // LARGEST)
    return max(1, round(width / factor)), max(1, round(height / factor))


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Brightness of a picture [DN].

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    ndarray of float32, shape (h, w)
    """
    return cv2.transform(rgb.astype(np.float32), _LUMA)


def band(grey: np.ndarray) -> np.ndarray:
    """The brightness between two scales, bright things levelled; float32 like `grey`."""
    levelled = _SOFT[np.clip(grey * 8 + 0.5, 0, _SOFT.size - 1).astype(np.int32)]
    fine = cv2.GaussianBlur(levelled, (0, 0), FINE)
    return fine - cv2.GaussianBlur(levelled, (0, 0), COARSE)


def detect(grey: np.ndarray) -> np.ndarray:
    """The marks of a picture with their codes.

    Parameters
    ----------
    grey : ndarray of float32, shape (h, w)
        Brightness, at most `LARGEST` pixels a side.

    Returns
    -------
    ndarray of MARK
        At most `MOST`, from the top down; none of a blank picture or of one below 26 pixels.
    """
    if min(grey.shape) <= 2 * codes.REACH + 3:
        return np.empty(0, MARK)
    x, y, patches, scatter = patches_of(band(grey), uneven(grey))
    marks = np.empty(x.size, MARK)
    marks["x"], marks["y"] = np.rint(x * UNIT), np.rint(y * UNIT)
    marks["code"] = codes.encode(patches)
    marks["code"][np.sqrt(np.mean(patches**2, axis=1)) > LIGHT * scatter] |= OBJECT
    return marks[np.lexsort((marks["x"], marks["y"]))]


def uneven(grey: np.ndarray) -> np.ndarray:
    """Where a patch shows sky all over, not a drawn or a saturated area; bool like `grey`."""
    around = np.ones((EVEN_SIDE, EVEN_SIDE), np.uint8)
    even = (cv2.dilate(grey, around) - cv2.erode(grey, around) <= EVEN).astype(np.float32)
    sky = cv2.blur(even, (2 * codes.REACH + 1,) * 2) <= EVEN_SHARE
    return sky if sky.mean() >= LEAST_UNEVEN else np.ones_like(sky)


def patches_of(
    d: np.ndarray, where: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Places (float32 x, y) of the marks in a band, the patches around them; the band's scatter.

    Marks are sought in all of it, unless told `where`.
    """
    scatter = 1.4826 * float(np.median(np.abs(d))) + 1e-3
    x, y = _maxima(d, LEAST * scatter)
    if where is not None:
        x, y = x[where[y, x]], y[where[y, x]]
    keep = _outstanding(x, y, d[y, x], MOST)
    px, py = _refined(d, x[keep], y[keep])
    patches = cv2.remap(
        np.clip(d, -4 * scatter, 4 * scatter),
        (px[:, None] + codes.GRID_X).astype(np.float32),
        (py[:, None] + codes.GRID_Y).astype(np.float32),
        cv2.INTER_LINEAR,
    ) if px.size else np.empty((0, codes.GRID_X.size), np.float32)  # fmt: skip
    return px, py, patches, scatter


def _maxima(d: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
    highest = cv2.dilate(d, np.ones((WINDOW, WINDOW), np.uint8))
    found = (d >= highest) & (d > least)
    edge = codes.REACH + 1
    y, x = np.nonzero(found[edge:-edge, edge:-edge])
    return x + edge, y + edge


def _outstanding(x: np.ndarray, y: np.ndarray, height: np.ndarray, most: int) -> np.ndarray:
    """Those whose next stronger neighbour is farthest (Brown et al. 2005), as many as wanted."""
    if x.size <= most:
        return np.arange(x.size)
    order = np.argsort(-height, kind="stable")[: 8 * most]
    px, py, h = x[order].astype(np.float32), y[order].astype(np.float32), height[order]
    apart = (px[:, None] - px) ** 2 + (py[:, None] - py) ** 2
    apart[~(STRONGER * h[None, :] > h[:, None])] = np.inf
    radius = apart.min(1)
    return order[np.lexsort((np.arange(order.size), -radius))[:most]]


def _refined(d: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The tops of parabolas through three points each way."""

    def top(before: np.ndarray, at: np.ndarray, after: np.ndarray) -> np.ndarray:
        return np.clip((after - before) / 2 / np.maximum(2 * at - before - after, 1e-6), -0.5, 0.5)

    at = d[y, x]
    return (
        (x + top(d[y, x - 1], at, d[y, x + 1])).astype(np.float32),
        (y + top(d[y - 1, x], at, d[y + 1, x])).astype(np.float32),
    )
