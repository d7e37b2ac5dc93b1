"""What the images of a data set look like on average."""

from __future__ import annotations

import numpy as np


def channel_statistics(images: np.ndarray, rows: np.ndarray, *, at_most: int = 4096):
    """Mean and standard deviation of each channel.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, side, side, 3)
    rows : ndarray of int64, shape (k,)
    at_most : int
        Evenly spaced rows are enough beyond this number.

    Returns
    -------
    mean, std : ndarray of float32, shape (3,)
        [0..255]; std is at least 1.
    """
    if rows.size > at_most:
        rows = rows[np.linspace(0, rows.size - 1, at_most).astype(np.int64)]
    total, squares, count = np.zeros(3), np.zeros(3), 0
    for start in range(0, rows.size, 256):
        values = images[rows[start : start + 256]].reshape(-1, 3).astype(np.float64)
        total += values.sum(0)
        squares += (values**2).sum(0)
        count += len(values)
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 1.0))
    return mean.astype(np.float32), std.astype(np.float32)
