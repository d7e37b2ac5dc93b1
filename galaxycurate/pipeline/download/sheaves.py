"""Cutouts in sheaves: those of one field together, so that each frame is fetched once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from galaxycurate.core.ids import decode
from galaxycurate.imagery.job import Job
from galaxycurate.pipeline.download.asking import packed
from galaxycurate.pipeline.download.wanted import Mark, Wanted
from galaxycurate.store.manifestfile import Columns

SHEAF = 20_000
"""Jobs that are sorted and held at once: some megabytes."""

_PLACE = ("run", "camcol", "field")
_IDS = ("objID", "dr7objid", "fieldID")
COLUMNS = (*_PLACE, *_IDS, "ra", "dec")
"""What may tell the field of a row."""

Locate = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Run, camcol and field by position, shape (n, 3): `fields.find_fields` with settings."""


def fields_of(parts: Iterable[Columns], locate: Locate | None = None) -> np.ndarray:
    """The field of each row: as its columns or its ids tell; the rest by position.

    Parameters
    ----------
    parts : iterable of mapping of str to list
        Rows, some at a time, with `COLUMNS`.
    locate : callable, optional
        Asked once, for all rows that do not tell; not at all where each of them does.

    Returns
    -------
    ndarray of int64, shape (n,)
        Packed run, camcol and field; 0 where unknown.
    """
    told, places = [np.empty(0, np.int64)], [np.empty((2, 0))]
    for columns in parts:
        told.append(_told(columns))
        rest = told[-1] == 0
        places.append(np.array([columns["ra"], columns["dec"]], float)[:, rest])
    fields, (ra, dec) = np.concatenate(told), np.concatenate(places, axis=1)
    if locate and ra.size:
        fields[fields == 0] = packed(*locate(ra, dec).astype(np.int64).T)
    return fields


def fields_wanted(wanted: Wanted, locate: Locate | None = None) -> np.ndarray:
    """The field of each row that is to be fetched (see `fields_of`), 0 for the others.

    Parameters
    ----------
    wanted : Wanted
    locate : callable, optional
        Asked once a manifest.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    fields = np.zeros(len(wanted.marks), np.int64)
    for file, rows in wanted.slices():
        only = wanted.marks[rows] == Mark.FETCH
        fields[rows][only] = fields_of(file.walk(COLUMNS, only), locate)
    return fields


def jobs_by_field(wanted: Wanted, fields: np.ndarray) -> Iterator[Job]:
    """The cutouts to fetch in the order of their fields; those without one come first.

    Parameters
    ----------
    wanted : Wanted
    fields : ndarray of int64, shape (n,)

    Yields
    ------
    Job
    """
    rows = np.flatnonzero(wanted.marks == Mark.FETCH)
    rows = rows[np.argsort(fields[rows], kind="stable")]
    for begin in range(0, len(rows), SHEAF):
        sheaf = rows[begin : begin + SHEAF]
        chosen = np.zeros(len(fields), bool)
        chosen[sheaf] = True
        jobs = [
            asked.job
            for file, its in wanted.slices()
            if chosen[its].any()
            for asked in wanted.asking.walk(file, chosen[its], fields[its])
        ]
        places = np.searchsorted(np.sort(sheaf), sheaf)
        yield from (jobs[place] for place in places.tolist())


def _told(columns: Columns) -> np.ndarray:
    """Packed fields of rows: as three columns say, else as the first known id does."""
    run, camcol, field = (_whole_numbers(columns[name]) for name in _PLACE)
    found = np.where((run > 0) & (camcol > 0), packed(run, camcol, field), 0)
    for name in _IDS:
        ids = _whole_numbers(columns[name])
        parts = decode(ids)
        told = np.where(ids > 0, packed(*(parts[part] for part in _PLACE)), 0)
        found = np.where(found == 0, told, found)
    return found


def _whole_numbers(values: list) -> np.ndarray:
    """int64, 0 where unknown; ids come as integers and never pass through a float here."""
    if set(map(type, values)) == {int}:
        return np.array(values, np.int64)
    known = np.array([v is not None and v == v for v in values], bool)
    return np.array([int(v) if k else 0 for v, k in zip(values, known, strict=True)], np.int64)
