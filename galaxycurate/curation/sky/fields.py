"""What ids tell of the fields that objects lie in: the same, the next, another run's."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from galaxycurate.core.ids import decode
from galaxycurate.curation.pairs import Pairs


class FieldRelation(IntEnum):
    """How two fields lie to each other.

    SAME is one exposure: their pixels, noise and all, are the same, whatever the reduction. NEXT is
    the field before or after in one run and camcol: 128 rows of pixels belong to both. SAME_SCAN is
    further along it, SAME_RUN in another column of the camera: they share no sky. ANOTHER_RUN may
    show the same sky with other noise, and only positions can tell.
    """

    UNKNOWN = 0
    SAME = 1
    NEXT = 2
    SAME_SCAN = 3
    SAME_RUN = 4
    ANOTHER_RUN = 5


def related(ids_a, ids_b) -> np.ndarray:
    """How the fields of pairs of objects lie to each other.

    Parameters
    ----------
    ids_a, ids_b : array_like of int64, shape (n,)
        objIDs or fieldIDs of any release; 0 is unknown.

    Returns
    -------
    ndarray of int8, shape (n,)
        Values of `FieldRelation`.
    """
    ids_a, ids_b = (np.atleast_1d(np.asarray(ids, np.int64)) for ids in (ids_a, ids_b))
    a, b = decode(ids_a), decode(ids_b)
    run, camcol = a["run"] == b["run"], a["camcol"] == b["camcol"]
    steps = np.abs(a["field"] - b["field"])
    kinds = [
        ((ids_a == 0) | (ids_b == 0), FieldRelation.UNKNOWN),
        (~run, FieldRelation.ANOTHER_RUN),
        (~camcol, FieldRelation.SAME_RUN),
        (steps == 0, FieldRelation.SAME),
        (steps == 1, FieldRelation.NEXT),
    ]
    found = np.select([where for where, _ in kinds], [kind for _, kind in kinds],
                      FieldRelation.SAME_SCAN)  # fmt: skip
    return found.astype(np.int8)


def near_fields(ids, placed) -> Pairs:
    """Pairs that may share sky though nothing measures it: one field, or the next, by their ids.

    For cutouts whose footprint is unknown. All that lie in one field of a run and camcol are linked
    with each other and with those of the next field; cutouts whose footprint is known are linked
    only with unknown ones, never among themselves.

    Parameters
    ----------
    ids : array_like of int64, shape (n,)
        objIDs of any release; 0 takes no part.
    placed : array_like of bool, shape (n,)
        Whether the footprint is known.

    Returns
    -------
    Pairs
        Enough of them to make the groups; ``amount`` is 0, for it is unknown.
    """
    ids, placed = np.asarray(ids, np.int64), np.asarray(placed, bool)
    parts = decode(ids)
    scan = parts["run"] * 8 + parts["camcol"]  # another reduction of a run is the same sky
    unknown: dict[tuple[int, int], int] = {}
    links: list[tuple[int, int]] = []
    for row in np.flatnonzero((ids != 0) & ~placed).tolist():
        key = (int(scan[row]), int(parts["field"][row]))
        if key in unknown:
            links.append((unknown[key], row))
        else:
            unknown[key] = row
    for (line, field), row in unknown.items():
        if (line, field + 1) in unknown:
            links.append((row, unknown[line, field + 1]))
    for row in np.flatnonzero((ids != 0) & placed).tolist():
        for step in (-1, 0, 1):
            other = unknown.get((int(scan[row]), int(parts["field"][row]) + step))
            if other is not None:
                links.append((other, row))
    pairs = np.sort(np.array(links, np.int64).reshape(-1, 2), axis=1)
    return Pairs(pairs[:, 0], pairs[:, 1], np.zeros(len(pairs)))
