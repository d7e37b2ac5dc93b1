"""A picture as a matrix: every window a kernel looks through becomes a column (im2col).

A convolution is a sum over windows,

    y[b, o, r, s] = sum over c, i, j of  w[o, c, i, j] * x[b, c, r*stride + i, s*stride + j],

and with the windows as columns it is a matrix product, which BLAS computes near the processor's
limit: Y = W X (Chellapilla, Puri and Simard 2006).
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def windows(x: np.ndarray, size: int, stride: int = 1) -> np.ndarray:
    """All windows of a batch, as a view: no number is copied.

    Parameters
    ----------
    x : ndarray, shape (b, c, h, w)
    size : int
        Side of a window [pixel].
    stride : int
        Step from one window to the next [pixel].

    Returns
    -------
    ndarray, shape (b, c, size, size, rows, columns)
        ``[b, c, i, j, r, s]`` is ``x[b, c, r*stride + i, s*stride + j]``; rows is
        (h - size) // stride + 1.
    """
    view = sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
    return view.transpose(0, 1, 4, 5, 2, 3)


def to_columns(x: np.ndarray, size: int, stride: int = 1) -> np.ndarray:
    """The windows of each image as the columns of a matrix.

    Parameters
    ----------
    x : ndarray, shape (b, c, h, w)
    size, stride : int

    Returns
    -------
    ndarray, shape (b, c * size * size, rows * columns)
    """
    view = windows(x, size, stride)
    b, c, *_, rows, across = view.shape
    return view.reshape(b, c * size * size, rows * across)


def from_columns(
    columns: np.ndarray, shape: tuple[int, ...], size: int, stride: int = 1
) -> np.ndarray:
    """Add the columns back to the pixels they came from: the transpose of `to_columns`.

    A pixel seen by nine windows receives nine summands. The loop runs over the places (i, j)
    inside the window, for all images, channels and windows at once.

    Parameters
    ----------
    columns : ndarray, shape (b, c * size * size, rows * columns)
    shape : tuple of int
        (b, c, h, w) of the batch.
    size, stride : int

    Returns
    -------
    ndarray, shape (b, c, h, w)
    """
    b, c, h, w = shape
    rows, across = (h - size) // stride + 1, (w - size) // stride + 1
    parts = columns.reshape(b, c, size, size, rows, across)
    x = np.zeros(shape, columns.dtype)
    for i in range(size):
        for j in range(size):
            here = x[:, :, i : i + stride * rows : stride, j : j + stride * across : stride]
            here += parts[:, :, i, j]
    return x


def padded(x: np.ndarray, width: int) -> np.ndarray:
    """The batch with a border of `width` zeros around each image."""
    if not width:
        return x
    b, c, h, w = x.shape
    wide = np.zeros((b, c, h + 2 * width, w + 2 * width), x.dtype)
    wide[:, :, width : width + h, width : width + w] = x
    return wide
