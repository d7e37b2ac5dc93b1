"""Every picture against those before it: an index of a part of them at a time, to bound memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import comb

import numpy as np

from galaxycurate.core.progress import Progress
from galaxycurate.curation.pixels.starfield import Index, Rules

BYTES_A_KEY = 32
CROWD = 512
"""Pictures of one bucket that are met: those just before the one that asks."""
PARTNERS = 32
"""Partners kept of a picture, the surest; with as many beyond doubt it looks for no more."""
DECOYS = 5000
"""Pictures at most that are compared as decoys, too: enough to draw the tail of chance."""
THREADS = max(1, min(8, os.cpu_count() or 1))
_BLOCK = 512
_INDEXED_LEAST = 1024

Make = Callable[[np.ndarray, Rules], Index]
"""Of (rows, rules): their keys."""
Ask = Callable[[np.ndarray, Index, Rules], tuple[np.ndarray, np.ndarray]]
"""Of (queries, index, rules): best partners and their counts."""


@dataclass(frozen=True)
class Keying:
    """How many of a picture's brightest sources make keys: fewer, the more pictures there are.

    ``work`` bounds the number of pictures times the fourth power of their keyed sources, which is
    what a picture costs; ``size`` sources make a key.
    """

    least: int
    most: int
    work: float
    size: int = 2

    def sources(self, n: int) -> int:
        """Of each of n pictures."""
        return int(np.clip((self.work / max(n, 1)) ** 0.25, self.least, self.most))


def rules(flips: bool, floor: float, shear: float) -> Rules:
    """Of a whole sweep; what depends on the number of pictures is filled in there."""
    return Rules(8 if flips else 1, 0, 0, CROWD, floor, PARTNERS, shear)


def decoys_of(queries: np.ndarray, least: int = 1) -> tuple[np.ndarray, float]:
    """Which pictures are compared as decoys, one in so many at least, and which part they are."""
    step = max(least, -(-queries.size // DECOYS))
    return queries[step - 1 :: step], 1 / step


def sweep(
    queries: np.ndarray,
    n: int,
    keying: Keying,
    memory_mb: int,
    make: Make,
    ask: Ask,
    rules: Rules,
    progress: Progress,
) -> np.ndarray:
    """Best partners of each queried picture among all n before it.

    Returns
    -------
    ndarray of float64, shape (m, 8)
        First, second, flip, dx, dy, score, number matched, scale; sorted by first and second.
    """
    keyed = keying.sources(n)
    keys_each = comb(keyed, keying.size)
    chunk = max(_INDEXED_LEAST, int(memory_mb * 1e6 / 2 / BYTES_A_KEY / keys_each))
    parts = [np.empty((0, 8))]
    for start in range(0, n, chunk):
        rows = np.arange(start, min(start + chunk, n))
        mask = (1 << int(np.clip(np.log2(rows.size * keys_each + 1), 10, 26))) - 1
        asking = rules._replace(keyed=keyed, mask=mask)
        indexed = make(rows, asking)
        later = queries[queries > start]
        blocks = [later[k : k + _BLOCK] for k in range(0, later.size, _BLOCK)]

        def compared(some: np.ndarray, indexed=indexed, asking=asking) -> np.ndarray:
            return _rows(some, *ask(some, indexed, asking))

        with ThreadPoolExecutor(THREADS) as pool:
            for k, found in enumerate(pool.map(compared, blocks), 1):
                parts.append(found)
                progress(start + rows.size * k // len(blocks), n, "pictures compared")
    found = np.concatenate(parts)
    return found[np.lexsort((found[:, 1], found[:, 0]))]


def _rows(queries: np.ndarray, best: np.ndarray, counts: np.ndarray) -> np.ndarray:
    filled = np.arange(best.shape[1]) < counts[:, None]
    second = np.broadcast_to(queries[:, None], filled.shape)[filled]
    return np.column_stack([best[filled][:, 0], second, best[filled][:, 1:]])
