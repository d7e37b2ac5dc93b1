"""Values between the pixels of an image: cubic splines, and means where a picture is coarser."""

from __future__ import annotations

import numpy as np

from galaxycurate.core.projection import project

_PAD_PX = 12  # a spline's memory of a pixel falls by 0.27 with each step: 1e-7 here
_AT_ONCE = 1 << 19  # samples in memory


def sample(image: np.ndarray, matrix: np.ndarray, shape: tuple[int, int], n: int = 1) -> np.ndarray:
    """An image on the pixels of a picture.

    Each pixel is the mean of ``n`` x ``n`` values of a cubic spline, evenly spread over it. Where
    they are one pixel of the image apart, that is the exact mean over the picture's pixel, as an
    image's pixels are means over their own area.

    Parameters
    ----------
    image : ndarray of float or uint8, shape (rows, columns)
    matrix : ndarray, shape (3, 3)
        From the picture's ``(column, row, 1)`` to homogeneous pixels of the image.
    shape : tuple of int
        Of the picture: height, width.
    n : int
        See `samples_per_side`.

    Returns
    -------
    ndarray of float32, shape `shape`
        What lies outside the image is its mirror picture: the caller must know.
    """
    from scipy.ndimage import map_coordinates, spline_filter

    height, width = shape
    out = np.zeros(shape, np.float32)
    top, left, part = _part(image, *reach(matrix, shape))
    if not part.size:
        return out
    spline = spline_filter(part, order=3, output=np.float32, mode="mirror")
    cols = _between(0, width, n)
    step = max(1, _AT_ONCE // (cols.size * n))
    for row in range(0, height, step):
        rows = _between(row, min(row + step, height), n)
        x, y = project(matrix, rows, cols)
        at = [np.nan_to_num(y - top, nan=0.0), np.nan_to_num(x - left, nan=0.0)]
        values = map_coordinates(spline, at, np.float32, order=3, mode="mirror", prefilter=False)
        out[row : row + step] = values.reshape(-1, n, width, n).mean(axis=(1, 3))
    return out


def samples_per_side(pixscale: float, of_image: float) -> int:
    """How many samples a side make the mean over a pixel of a picture; 1 where it is finer."""
    return max(1, round(pixscale / of_image))


def reach(
    matrix: np.ndarray, shape: tuple[int, int], *, edge: float = 0.5
) -> tuple[float, float, float, float]:
    """The part of an image that a picture shows.

    Parameters
    ----------
    matrix, shape
        As of `sample`.
    edge : float
        How far beyond the centres of its outermost pixels the picture is taken to end [pixel].

    Returns
    -------
    top, bottom, left, right : float
        Of its corners: a projective map keeps lines straight.
    """
    x, y = project(matrix, *(np.array([-edge, size - 1 + edge]) for size in shape))
    return float(y.min()), float(y.max()), float(x.min()), float(x.max())


def _between(first: int, last: int, n: int) -> np.ndarray:
    return (np.arange(first * n, last * n) + 0.5) / n - 0.5


def _part(image, top, bottom, left, right) -> tuple[int, int, np.ndarray]:
    """What of an image is needed, and where it begins."""
    edges = np.array([top - _PAD_PX, bottom + _PAD_PX + 1, left - _PAD_PX, right + _PAD_PX + 1])
    if not np.isfinite(edges).all():
        return 0, 0, np.empty((0, 0))
    rows, cols = image.shape
    y0, y1 = np.clip(edges[:2], 0, rows).astype(int)
    x0, x1 = np.clip(edges[2:], 0, cols).astype(int)
    return int(y0), int(x0), image[y0:y1, x0:x1]
