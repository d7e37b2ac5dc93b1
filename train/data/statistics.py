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
    seen = np.zeros((3, 256), np.int64)  # how often each channel has each value: exact sums
    for row in rows:
        for channel, counts in enumerate(seen):
            counts += np.bincount(images[row, ..., channel].ravel(), minlength=256)
    share, value = seen / seen[0].sum(), np.arange(256.0)
    mean = share @ value
    std = np.sqrt(np.maximum(share @ value**2 - mean**2, 1.0))
    return mean.astype(np.float32), std.astype(np.float32)
