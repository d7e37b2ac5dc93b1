"""What must not be torn apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from galaxycurate.curation.pairs import Pairs


def groups(n: int, pairs: Sequence[Pairs]) -> np.ndarray:
    """Connected components over all pairs, by union-find: no memory beyond the answer.

    Parameters
    ----------
    n : int
        Number of rows.
    pairs : sequence of Pairs

    Returns
    -------
    ndarray of int64, shape (n,)
        Group of each row, numbered from 0 in the order of their first rows.

    Raises
    ------
    IndexError
        A pair tells of a row that is not there.
    """
    from galaxycurate.curation.unionfind import join, number

    group = np.arange(n, dtype=np.int64)
    for some in pairs:
        if not len(some):
            continue
        rows = [np.asarray(column, np.int64) for column in (some.first, some.second)]
        least, most = min(r.min() for r in rows), max(r.max() for r in rows)
        if least < 0 or most >= n:
            raise IndexError(f"pairs of rows {least} to {most}, of {n} rows")
        join(group, *rows)
    number(group)
    return group
