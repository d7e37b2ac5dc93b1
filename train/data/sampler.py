"""The order of an epoch: every class as often as every other."""

from __future__ import annotations

import numpy as np


def balanced_order(label: np.ndarray, n: int, *, rng: np.random.Generator) -> np.ndarray:
    """Draw indices so that each class comes equally often.

    Equal in purpose to torch's WeightedRandomSampler with weights 1/count, with less scatter: a
    class is dealt out in full, in random order, before any of its images comes a second time.

    Parameters
    ----------
    label : ndarray of int64, shape (k,)
    n : int
        How many indices.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (n,)
        Indices into `label`; class counts differ by one at most.
    """
    classes = np.unique(label)
    quota = np.full(classes.size, n // classes.size)
    quota[rng.permutation(classes.size)[: n % classes.size]] += 1
    drawn = [
        _deal(np.flatnonzero(label == name), count, rng)
        for name, count in zip(classes, quota, strict=True)
    ]
    return rng.permutation(np.concatenate(drawn))


def _deal(rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    rounds = [rng.permutation(rows) for _ in range(-(-count // rows.size))]
    return np.concatenate([rows[:0], *rounds])[:count]
