"""Votes to labels: elliptical or spiral where enough volunteers agree, with the funnel counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galaxycurate.catalogs.votes import Votes
from galaxycurate.errors import SettingError

CLASSES = ("elliptical", "spiral")
ROUNDING = 1e-6  # tables keep fractions in 32 bits: 0.7 comes back as 0.69999999


@dataclass(frozen=True)
class Labels:
    """Rows of a vote table that have a label.

    Parameters
    ----------
    row : ndarray of int64, shape (m,)
        Rows of the vote table.
    label : ndarray of str, shape (m,)
    fraction : ndarray of float64, shape (m,)
        Of the votes for the label.
    n_votes : ndarray of int64, shape (m,)
        Volunteers who answered the deciding question; -1 where unknown.
    funnel : dict of str to int
        Rows left after each cut, in order, then each class.
    """

    row: np.ndarray
    label: np.ndarray
    fraction: np.ndarray
    n_votes: np.ndarray
    funnel: dict[str, int]


def check_threshold(threshold: float) -> float:
    """A threshold by which no galaxy can fall into two classes.

    Raises
    ------
    SettingError
        Not above 0.5, or above 1.
    """
    if 0.5 < threshold <= 1:
        return threshold
    raise SettingError(
        f"threshold = {threshold:g} must be above 0.5 and at most 1"
        + (": at a half or less one galaxy could be in two classes" if threshold <= 0.5 else ""),
        hint="--threshold 0.85 takes galaxies on whose class at least 85 % agreed",
    )


def label_votes(votes: Votes, *, threshold: float, min_votes: int) -> Labels:
    """Label what enough volunteers agree on.

    Parameters
    ----------
    votes : Votes
    threshold : float
        Least fraction of the votes, above 0.5.
    min_votes : int
        Least number of volunteers; rows whose number is unknown pass, and are counted.

    Returns
    -------
    Labels
        One label a galaxy at most; of an object that stands twice (several spectra) the first row.
    """
    check_threshold(threshold)
    funnel = {"rows": len(votes)}
    is_el, is_cs = (p >= threshold - ROUNDING for p in (votes.p_el, votes.p_cs))
    n_votes = np.where(is_cs, votes.n_votes_cs, votes.n_votes)
    unknown = int((n_votes < 0).sum())
    alive = (n_votes >= min_votes) | (n_votes < 0)
    funnel[f"at least {min_votes} votes" + (f" ({unknown:,} unknown)" if unknown else "")] = int(
        alive.sum()
    )
    alive &= is_el ^ is_cs  # tables whose fractions do not add up could pass both
    funnel[f"{votes.kind} fraction >= {threshold:g}"] = int(alive.sum())
    row = np.flatnonzero(alive)
    key = np.where(votes.objid[row] != 0, votes.objid[row], votes.dr7objid[row])
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    funnel["different objects"] = first.size
    torn = np.zeros(first.size, bool)
    torn[which[is_el[row] != is_el[row[first]][which]]] = True
    if torn.any():
        funnel["not under two labels"] = int((~torn).sum())
    row = row[np.sort(first[~torn])]
    elliptical = is_el[row]
    label = np.where(elliptical, *CLASSES)
    for name in CLASSES:
        funnel[name] = int((label == name).sum())
    fraction = np.where(elliptical, votes.p_el[row], votes.p_cs[row])
    return Labels(row, label, fraction, n_votes[row], funnel)
