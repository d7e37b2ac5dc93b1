"""Tiles: a scan that is one component, cut into pieces that can be placed."""

from __future__ import annotations

import numpy as np

from galaxycurate.curation.pairs import Pairs


def sky_tiles(ra, dec, size_deg: float) -> np.ndarray:
    """The tile of each position: zones of declination, cells of about a square in each.

    The cells of a zone divide its whole circle, so that RA 0 is a border like any other; at a pole
    they are sectors.

    Parameters
    ----------
    ra, dec : ndarray of float, shape (n,)
        ICRS [deg].
    size_deg : float
        Height of a zone, and about the width of a cell [deg].

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    zones = max(1, round(180 / size_deg))
    zone = np.clip(((np.asarray(dec, float) + 90) / 180 * zones).astype(np.int64), 0, zones - 1)
    middle = np.deg2rad((zone + 0.5) / zones * 180 - 90)
    cells = np.maximum(1, np.round(360 * np.cos(middle) / size_deg).astype(np.int64))
    cell = np.minimum(
        (np.mod(np.asarray(ra, float), 360) / 360 * cells).astype(np.int64), cells - 1
    )
    return zone << 32 | cell


def strips(n: int, pairs: Pairs, pieces: int) -> np.ndarray:
    """Pieces of a graph that has no positions: rows in the order of a walk along it, cut evenly.

    The order (reverse Cuthill-McKee) keeps partners near each other, so that few pairs cross a cut.

    Parameters
    ----------
    n : int
        Number of rows.
    pairs : Pairs
    pieces : int

    Returns
    -------
    ndarray of int64, shape (n,)
        The piece of each row.
    """
    from scipy.sparse import coo_array, csr_array
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    i = np.concatenate([pairs.first, pairs.second])
    j = np.concatenate([pairs.second, pairs.first])
    graph = csr_array(coo_array((np.ones(i.size, np.int8), (i, j)), shape=(n, n)))
    rank = np.empty(n, np.int64)
    rank[reverse_cuthill_mckee(graph, symmetric_mode=True)] = np.arange(n)
    return rank * min(pieces, n) // max(n, 1)
