"""Every picture against those before it: an index of a part of them at a time, to bound memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from galaxycurate.core.progress import Progress

BYTES_A_KEY = 32
CROWD = 512
"""Pictures of one bucket that are met: those just before the one that asks."""
PARTNERS = 64
"""Partners kept of a picture, the surest."""
LANES = 16
_BLOCK = 4096
_INDEXED_LEAST = 1024

Index = Callable[[np.ndarray, int, int], tuple]
"""Of (rows, keyed sources, bucket mask)."""
Ask = Callable[[np.ndarray, np.ndarray, tuple, int, int], tuple[np.ndarray, np.ndarray]]
"""Of (queries, rows, index, keyed sources, bucket mask): best partners and their counts."""


@dataclass(frozen=True)
class Keying:
    """How many of a picture's brightest sources make keys: fewer, the more pictures there are.

    ``work`` bounds the number of pictures times the fourth power of their keyed sources, which is
    what a picture costs.
    """

    least: int
    most: int
    work: float

    def sources(self, n: int) -> int:
        """Of each of n pictures."""
        return int(np.clip((self.work / max(n, 1)) ** 0.25, self.least, self.most))


def sweep(
    queries: np.ndarray,
    n: int,
    keying: Keying,
    memory_mb: int,
    index: Index,
    ask: Ask,
    progress: Progress,
) -> np.ndarray:
    """Best partners of each queried picture among all n before it.

    Returns
    -------
    ndarray of float64, shape (m, 8)
        First, second, flip, dx, dy, score, number matched, scale; sorted by first and second.
    """
    keyed = keying.sources(n)
    keys_each = keyed * (keyed - 1) // 2
    chunk = max(_INDEXED_LEAST, int(memory_mb * 1e6 / 2 / BYTES_A_KEY / keys_each))
    parts = [np.empty((0, 8))]
    for start in range(0, n, chunk):
        rows = np.arange(start, min(start + chunk, n))
        mask = (1 << int(np.clip(np.log2(rows.size * keys_each + 1), 10, 26))) - 1
        indexed = index(rows, keyed, mask)
        later = queries[queries > start]
        for block in range(0, later.size, _BLOCK):
            some = later[block : block + _BLOCK]
            parts.append(_rows(some, *ask(some, rows, indexed, keyed, mask)))
            done = start + rows.size * (block + some.size) // later.size
            progress(done, n, "pictures compared")
    found = np.concatenate(parts)
    return found[np.lexsort((found[:, 1], found[:, 0]))]


def _rows(queries: np.ndarray, best: np.ndarray, counts: np.ndarray) -> np.ndarray:
    filled = np.arange(best.shape[1]) < counts[:, None]
    second = np.broadcast_to(queries[:, None], filled.shape)[filled]
    return np.column_stack([best[filled][:, 0], second, best[filled][:, 1:]])
