"""What must not be torn apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from galaxycurate.curation.pairs import Pairs


def groups(n: int, pairs: Sequence[Pairs]) -> np.ndarray:
    """Connected components over all pairs.

    Parameters
    ----------
    n : int
        Number of rows.
    pairs : sequence of Pairs

    Returns
    -------
    ndarray of int64, shape (n,)
        Group of each row, numbered from 0 in the order of their first rows.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    i = np.concatenate([p.first for p in pairs]) if pairs else np.empty(0, np.int64)
    j = np.concatenate([p.second for p in pairs]) if pairs else np.empty(0, np.int64)
    graph = coo_matrix((np.ones(i.size, np.int8), (i, j)), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    _, first = np.unique(component, return_index=True)
    rank = np.empty(first.size, np.int64)
    rank[component[np.sort(first)]] = np.arange(first.size)
    return rank[component]
