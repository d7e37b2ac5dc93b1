"""Repeated positions: rows of a catalogue that point at the same place of the sky."""

from __future__ import annotations

import numpy as np

from galaxycurate.core.geometry import chord, separation, unit_vectors
from galaxycurate.errors import InputError

MOST_PARTNERS = 100
"""Of one row; the sky has never so many, a column with zeros for the unknown has."""


def close_pairs(ra, dec, *, within_arcsec: float = 1.0):
    """All pairs of positions that are closer than a distance.

    A KD-tree on the unit sphere finds them, right at the poles and across RA 0; their separations
    are exact.

    Parameters
    ----------
    ra, dec : array_like of float, shape (n,)
        ICRS [deg]; rows with a NaN take no part.
    within_arcsec : float

    Returns
    -------
    i, j : ndarray of int64, shape (m,)
        Rows, i < j, in order.
    separation_arcsec : ndarray of float64, shape (m,)

    Raises
    ------
    InputError
        So many rows lie at one place that they are no positions of galaxies.
    """
    from scipy.spatial import cKDTree

    ra, dec = np.asarray(ra, float), np.asarray(dec, float)
    known = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec))
    if known.size < 2:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    places = unit_vectors(ra[known], dec[known])
    tree = cKDTree(places, balanced_tree=False, compact_nodes=False)
    limit = chord(within_arcsec) * (1 + 1e-6)  # cut exactly below
    pairs = (int(tree.count_neighbors(tree, limit)) - known.size) // 2
    if pairs > MOST_PARTNERS * known.size or (
        pairs > MOST_PARTNERS
        and tree.query_ball_point(places, limit, return_length=True).max() > MOST_PARTNERS + 1
    ):  # the sum first: it is known at once, however many lie at one place
        raise InputError(
            f'{pairs:,} pairs of {known.size:,} positions are within {within_arcsec:g}": '
            "they are no positions of galaxies",
            hint="are unknown positions written as 0? leave those cells empty",
        )
    found = tree.query_pairs(limit, output_type="ndarray")
    i, j = known[found.min(axis=1)], known[found.max(axis=1)]
    apart = separation(ra[i], dec[i], ra[j], dec[j])
    close = apart < within_arcsec
    order = np.lexsort((j[close], i[close]))
    return i[close][order], j[close][order], apart[close][order]
