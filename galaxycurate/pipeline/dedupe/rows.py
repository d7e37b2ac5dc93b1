"""Matches as rows of a table: taken, joined, sorted, and counted in other rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from galaxycurate.core.placing import Placing
from galaxycurate.curation.pairs import Matches, Pairs

NAMES = tuple(f.name for f in fields(Matches))


def columns(matches: Matches) -> dict[str, np.ndarray]:
    """By name."""
    return {name: getattr(matches, name) for name in NAMES}


def no_matches() -> Matches:
    """No pairs at all."""
    empty = {name: np.empty(0) for name in NAMES}
    rows = {name: np.empty(0, np.int64) for name in ("first", "second")}
    return Matches(**empty | rows | {"flip": np.empty(0, np.int8), "tier": np.empty(0, "<U8")})


def take(matches: Matches, rows: np.ndarray) -> Matches:
    """Some of the pairs."""
    return Matches(**{name: column[rows] for name, column in columns(matches).items()})


def among(pairs: Pairs, others: Pairs) -> np.ndarray:
    """Which of some pairs are among others."""
    there = set(zip(others.first.tolist(), others.second.tolist(), strict=True))
    both = zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)
    return np.array([pair in there for pair in both], bool)


def joined(many: Sequence[Matches]) -> Matches:
    """Several lots, one after the other."""
    some = [matches for matches in many if len(matches)] or [no_matches()]
    return Matches(**{n: np.concatenate([getattr(matches, n) for matches in some]) for n in NAMES})


def in_order(matches: Matches, *, by: str = "first") -> Matches:
    """Sorted by one row of each pair, then by the other."""
    last = "second" if by == "first" else "first"
    return take(matches, np.lexsort((getattr(matches, last), getattr(matches, by))))


def moved(matches: Matches, rows: np.ndarray) -> Matches:
    """The same pairs with other numbers for their rows, which rise."""
    return replace(matches, first=rows[matches.first], second=rows[matches.second])


def renumbered(matches: Matches, rows: np.ndarray, sizes: np.ndarray) -> Matches:
    """The same pairs with other numbers for their rows, in any order.

    Parameters
    ----------
    matches : Matches
    rows : ndarray of int64
        The new number of each old one.
    sizes : ndarray of int64, shape (n, 2)
        Width and height of each picture by its new number [pixel].

    Returns
    -------
    Matches
        Where the order of two is another one, it is told how the other lies on it.
    """
    return in_rows(matches, rows[matches.first], rows[matches.second], sizes)


def in_rows(matches: Matches, first: np.ndarray, second: np.ndarray, sizes: np.ndarray) -> Matches:
    """The same pairs between other rows, a picture alike in the place of each.

    Parameters
    ----------
    matches : Matches
    first, second : ndarray of int64, shape (len(matches),)
        In any order.
    sizes : ndarray of int64, shape (n, 2)
        Width and height of each picture by its row [pixel].

    Returns
    -------
    Matches
        Where the second row comes before the first, it is told how the other lies on it.
    """
    rows = {"first": np.minimum(first, second), "second": np.maximum(first, second)}
    told = {name: column.copy() for name, column in (columns(matches) | rows).items()}
    for k in np.flatnonzero(first > second):
        found = Placing(*(told[name][k].item() for name in ("dx", "dy", "flip", "scale")))
        was = (tuple(sizes[int(row)].tolist()) for row in (first[k], second[k]))
        for name, value in vars(found.inverse(*was)).items():
            told[name][k] = value
    return Matches(**told)
