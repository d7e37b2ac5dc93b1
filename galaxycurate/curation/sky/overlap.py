"""Which cutouts share sky."""

from __future__ import annotations

import numpy as np

from galaxycurate.core.geometry import chord, overlap_fraction, reach, unit_vectors
from galaxycurate.core.ids import decode
from galaxycurate.curation.pairs import Pairs


def overlapping(ra, dec, width_arcsec, *, min_overlap: float = 0.0) -> Pairs:
    """All pairs of north-up square cutouts that share sky.

    A KD-tree on the unit sphere finds the pairs within reach (the diagonal, not the side), an exact
    clip on the tangent plane measures what they share; right at the poles and across RA 0.

    Parameters
    ----------
    ra, dec : ndarray of float, shape (n,)
        Centres, ICRS [deg].
    width_arcsec : ndarray of float, shape (n,)
        Sides. Rows with a NaN in position or width take no part.
    min_overlap : float
        Leave out pairs that share no more than this fraction of the smaller cutout.

    Returns
    -------
    Pairs
    """
    from scipy.spatial import cKDTree

    width = np.broadcast_to(np.asarray(width_arcsec, float), np.shape(ra))
    known = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec) & np.isfinite(width))
    if known.size < 2:
        return Pairs.none()
    ra, dec, width = np.asarray(ra, float)[known], np.asarray(dec, float)[known], width[known]
    tree = cKDTree(unit_vectors(ra, dec), balanced_tree=False, compact_nodes=False)
    pairs = tree.query_pairs(chord(reach(width.max())), output_type="ndarray")
    if not len(pairs):
        return Pairs.none()
    i, j = pairs.min(axis=1), pairs.max(axis=1)
    amount = overlap_fraction(ra[i], dec[i], width[i], ra[j], dec[j], width[j])
    kept = amount > max(min_overlap, 1e-9)
    order = np.lexsort((j[kept], i[kept]))
    return Pairs(known[i[kept]][order], known[j[kept]][order], amount[kept][order])


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
    return Pairs(np.array(first, np.int64), np.array(second, np.int64), np.ones(len(first)))


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
