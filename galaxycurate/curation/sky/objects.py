"""Rows that are one object: by its ids, by its place in several runs, by its blend."""

from __future__ import annotations

import numpy as np

from galaxycurate.core.ids import field_of
from galaxycurate.curation.pairs import Pairs

SAME_PLACE_ARCSEC = 1.0
"""Positions of one object in two runs agree better than this (0.1 arcsec is usual)."""


def same(keys) -> Pairs:
    """Pairs of rows with one key: each row with the first that has it.

    Parameters
    ----------
    keys : sequence of hashable
        One a row; 0, empty and None are no key.

    Returns
    -------
    Pairs
    """
    seen: dict[object, int] = {}
    first, second = [], []
    for row, key in enumerate(keys):
        if not key:
            continue
        if key in seen:
            first.append(seen[key])
            second.append(row)
        else:
            seen[key] = row
    return _links(first, second, 1.0)


def same_id(*columns) -> Pairs:
    """Pairs of rows with an objID in common, in whichever column it stands.

    Ids of DR7 and of DR8 and later differ in their bits, so that a table which has DR7's in its
    ``objID`` meets one which has them in ``dr7objid``.

    Parameters
    ----------
    *columns : array_like of int64, shape (n,)
        Such as ``objID`` and ``dr7objid``; 0 is unknown.

    Returns
    -------
    Pairs
        Each row with the first that has one of its ids.
    """
    if not columns:
        return Pairs.none()
    ids = np.stack([np.asarray(column, np.int64) for column in columns], axis=1)
    n = len(ids)
    links = same(ids.ravel().tolist())
    first, second = links.first // ids.shape[1], links.second // ids.shape[1]
    apart = first != second  # a row that repeats its id is no pair
    key = np.unique(first[apart] * n + second[apart])
    return _links(key // max(n, 1), key % max(n, 1), 1.0)


def in_several_runs(ra, dec, ids, *, within_arcsec: float = SAME_PLACE_ARCSEC) -> Pairs:
    """Pairs of rows at one place but not of one field: one object, seen more than once.

    Parameters
    ----------
    ra, dec : array_like of float, shape (n,)
        ICRS [deg].
    ids : array_like of int64, shape (n,)
        objIDs of one release; 0 where unknown.
    within_arcsec : float
        Two objects of one field are two, however close; what was measured in another run, camcol or
        field so close by is the same. So are pictures at one place of which no id is known.

    Returns
    -------
    Pairs
        Of many rows at exactly one place, enough to make one group of them.
    """
    from galaxycurate.curation.sky.sweep import within

    ra, dec, ids = np.asarray(ra, float), np.asarray(dec, float), np.asarray(ids, np.int64)
    rows = np.flatnonzero(np.isfinite(ra + dec))
    field = np.where(ids[rows] != 0, field_of(ids[rows]), -1 - rows)  # unknown: one of its own
    alike = np.rec.fromarrays([ra[rows], dec[rows], field])
    _, first, of = np.unique(alike, return_index=True, return_inverse=True)
    own = rows[first]  # of those at one place in one field, the first; each is of another field
    i, j, _ = within(ra[own], dec[own], within_arcsec)
    apart = field[first[i]] != field[first[j]]
    i, j = i[apart], j[apart]
    partner = np.full(own.size, -1)
    partner[np.concatenate([j, i])[::-1]] = np.concatenate([i, j])[::-1]
    follows = np.flatnonzero((own[of] != rows) & (partner[of] >= 0))
    first = np.concatenate([own[i], own[partner[of[follows]]]])
    second = np.concatenate([own[j], rows[follows]])
    order = np.lexsort((np.maximum(first, second), np.minimum(first, second)))
    return _links(first[order], second[order], 1.0)


def blends(ids, parents) -> Pairs:
    """Pairs of one blend: a child with its parent, and with its first sibling that is there.

    Parameters
    ----------
    ids : array_like of int64, shape (n,)
        objIDs.
    parents : array_like of int64, shape (n,)
        Their parentIDs; 0 where there is none.

    Returns
    -------
    Pairs
        ``amount`` is 0, for the ids tell no area.
    """
    ids, parents = np.asarray(ids, np.int64), np.asarray(parents, np.int64)
    parents = np.where(parents == ids, 0, parents)
    rows = {key: row for row, key in reversed([*enumerate(ids.tolist())]) if key}
    child = [row for row, key in enumerate(parents.tolist()) if key in rows]
    of = [rows[key] for key in parents[child].tolist()]
    siblings = same(parents.tolist())
    return _links([*of, *siblings.first.tolist()], [*child, *siblings.second.tolist()], 0.0)


def _links(first, second, amount: float) -> Pairs:
    rows = np.sort(np.array([first, second], np.int64).reshape(2, -1), axis=0)
    return Pairs(rows[0], rows[1], np.full(rows.shape[1], amount))
