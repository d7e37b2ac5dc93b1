"""The guard band: which images to leave out so that no two splits share sky."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from galaxycurate.curation.pairs import Pairs

_ANY = 1 << 30


def guard_band(place, pairs: Pairs, worth=None) -> np.ndarray:
    """The images to drop so that no pair lies across two parts; as few as between two can be.

    Between two parts the pairs are a bipartite graph, where the fewest rows that touch every pair
    are found exactly (a minimum cut; König's theorem); of the solutions that one which takes most
    from the part with the lower number. The smaller parts are settled first, so that what is
    dropped for them counts for the first part, too.

    Parameters
    ----------
    place : ndarray of int64, shape (n,)
        The part of each row, the one that can spare most is 0; below 0 for rows left out.
    pairs : Pairs
    worth : ndarray of int64, shape (n,), optional
        As how many rows each counts; 1 by default.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    place = np.asarray(place, np.int64)
    worth = np.ones(place.size, np.int64) if worth is None else np.asarray(worth)
    i, j = _across(place, pairs)
    dropped = np.zeros(place.size, bool)
    parts = np.unique(place[np.concatenate([i, j])]).tolist()
    for low, high in sorted(combinations(parts, 2), reverse=True):
        here = (place[i] == low) & (place[j] == high) & ~dropped[i] & ~dropped[j]
        dropped[_fewest(i[here], j[here], worth)] = True
    _restore(dropped, i, j, place)
    return dropped


def _across(place, pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """Pairs across parts, the row of the lower part first."""
    i, j = pairs.first, pairs.second
    apart = (place[i] != place[j]) & (place[i] >= 0) & (place[j] >= 0)
    i, j = i[apart], j[apart]
    turned = place[i] > place[j]
    return np.where(turned, j, i), np.where(turned, i, j)


def _fewest(i: np.ndarray, j: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """The rows of least worth that touch every pair of a bipartite graph, most of them from `i`.

    Water runs from a source into each row of `i`, along the pairs, and out of each row of `j`, as
    much as a row is worth: what is full when no more can run are the rows.
    """
    from scipy.sparse import coo_array, csr_array
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    if not i.size:
        return np.empty(0, np.int64)
    left, a = np.unique(i, return_inverse=True)
    right, b = np.unique(j, return_inverse=True)
    b = b + left.size
    source, sink = left.size + right.size, left.size + right.size + 1
    tail = np.concatenate([np.repeat(source, left.size), a, np.arange(left.size, source)])
    head = np.concatenate([np.arange(left.size), b, np.repeat(sink, right.size)])
    room = np.concatenate([worth[left], np.repeat(_ANY, a.size), worth[right]]).astype(np.int32)
    pipes = csr_array(coo_array((room, (tail, head)), shape=(sink + 1,) * 2))
    ways = pipes - maximum_flow(pipes, source, sink).flow
    ways.eliminate_zeros()
    reached = np.zeros(sink + 1, bool)
    reached[breadth_first_order(ways, source, return_predecessors=False)] = True
    return np.concatenate([left[~reached[: left.size]], right[reached[left.size : source]]])


def _restore(dropped: np.ndarray, i: np.ndarray, j: np.ndarray, place: np.ndarray) -> None:
    """Take back rows all of whose partners were dropped for another pair of parts."""
    rows = np.flatnonzero(dropped)
    rows = rows[np.argsort(-place[rows], kind="stable")]
    ends, others = np.concatenate([i, j]), np.concatenate([j, i])
    order = np.argsort(ends, kind="stable")
    ends, others = ends[order], others[order]
    first, last = np.searchsorted(ends, rows), np.searchsorted(ends, rows, side="right")
    for row, a, b in zip(rows.tolist(), first.tolist(), last.tolist(), strict=True):
        if dropped[others[a:b]].all():
            dropped[row] = False
