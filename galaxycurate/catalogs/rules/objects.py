"""Which rows of a table are one object, which of them speaks for it, and in which order to draw."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from galaxycurate.catalogs.table import CatalogTable
from galaxycurate.core.ids import turns_of


@dataclass(frozen=True)
class Conflict:
    """One object whose rows have different labels: it gets none. ``rows`` count from 0."""

    object: str
    rows: tuple[int, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Speakers:
    """The rows that speak for objects.

    Parameters
    ----------
    row : ndarray of int64, shape (m,)
        Ascending.
    who : ndarray of int64, shape (m,)
        Their objects, from `identities`.
    conflicts : list of Conflict
    outvoted : int
        Objects without a label because their row with most votes has none.
    outvoted_rows : int
        Their rows that have one.
    """

    row: np.ndarray
    who: np.ndarray
    conflicts: list[Conflict]
    outvoted: int
    outvoted_rows: int


def objids(table: CatalogTable) -> np.ndarray:
    """The DR8+ id of each row, also where only another row of the table tells it for a DR7 id.

    Returns
    -------
    ndarray of int64, shape (n,)
        0 where unknown.
    """
    old, new = table.dr7objid, table.objid
    both, alone = (old != 0) & (new != 0), (old != 0) & (new == 0)
    if not (both.any() and alone.any()):
        return new
    pairs, first = np.unique(old[both], return_index=True)
    place = np.searchsorted(pairs, old[alone]).clip(max=pairs.size - 1)
    found = new.copy()
    found[alone] = np.where(pairs[place] == old[alone], new[both][first][place], 0)
    return found


def names(table: CatalogTable, rows: np.ndarray) -> list[str]:
    """What a manifest calls rows: their id, else the catalogue's own name, else their position."""
    new = objids(table)
    key = np.where(new != 0, new, table.dr7objid)[rows].tolist()
    own = [""] * rows.size if table.name is None else table.name[rows].tolist()
    places = zip(table.ra[rows].tolist(), table.dec[rows].tolist(), strict=True)
    return [
        str(k) if k else name or (f"{ra:.5f}{dec:+.5f}" if ra == ra else f"row{row + 1}")
        for row, k, name, (ra, dec) in zip(rows.tolist(), key, own, places, strict=True)
    ]


def identities(table: CatalogTable) -> np.ndarray:
    """A number for each object, int64: its id; below 0, from its name, where it has none."""
    new = objids(table)
    who = np.where(new != 0, new, table.dr7objid)
    nameless = np.flatnonzero(who == 0)
    if nameless.size:
        who[nameless] = [_number(name) for name in names(table, nameless)]
    return who


def drawn(who: np.ndarray, limit: int, seed: int) -> np.ndarray:
    """The first objects in the shuffled order of sql/positives_*.sql, as ascending indices.

    Parameters
    ----------
    who : ndarray of int64
        From `identities`.
    limit, seed : int
    """
    turn = turns_of(who, seed)
    return np.sort(np.lexsort((who, turn))[:limit])


def one_each(table: CatalogTable, labels: np.ndarray, votes: np.ndarray) -> Speakers:
    """Of the rows of each object the one with most votes, if it has a label.

    Parameters
    ----------
    table : CatalogTable
    labels : ndarray of str, shape (n,)
        Empty where a row has none.
    votes : ndarray of float64, shape (n,)
        NaN where unknown, which is less than any. Among equals a row with a label, then the first.

    Returns
    -------
    Speakers
    """
    who, has = identities(table), labels != ""
    ordered = np.sort(who)
    if not (ordered[1:] == ordered[:-1]).any():
        row = np.flatnonzero(has)
        return Speakers(row, who[row], [], 0, 0)
    order = np.lexsort((~has, -np.nan_to_num(votes, nan=-1), who))
    begins = np.ones(order.size, bool)
    begins[1:] = who[order][1:] != who[order][:-1]
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], order.size)
    speaks = np.ones(starts.size, bool)
    conflicts, outvoted, outvoted_rows = [], 0, 0
    for group in np.flatnonzero(ends - starts > 1).tolist():
        members = order[starts[group] : ends[group]]
        labelled = np.sort(members[has[members]]).tolist()
        named = tuple(str(labels[m]) for m in labelled)
        if len(set(named)) > 1:
            speaks[group] = False
            conflicts.append(Conflict(_called(table, labelled[0]), tuple(labelled), named))
        elif labelled and not has[members[0]]:
            outvoted, outvoted_rows = outvoted + 1, outvoted_rows + len(labelled)
    chosen = order[starts[speaks]]
    conflicts.sort(key=lambda conflict: conflict.rows)
    row = np.sort(chosen[has[chosen]])
    return Speakers(row, who[row], conflicts, outvoted, outvoted_rows)


def _number(name: str) -> int:
    return -1 - (int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) >> 2)


def _called(table: CatalogTable, row: int) -> str:
    key = int(table.key[row])
    return str(key) if key else names(table, np.array([row]))[0]
