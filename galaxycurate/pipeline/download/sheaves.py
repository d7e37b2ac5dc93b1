"""Cutouts in sheaves: those of one field together, so that each frame is fetched once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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

Locate = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Run, camcol and field by position, shape (n, 3): `pipeline.fields.find_fields` with settings."""


def known_fields(wanted: Wanted) -> np.ndarray:
    """The field of each row that is to be fetched, as its manifest tells it.

    Parameters
    ----------
    wanted : Wanted

    Returns
    -------
    ndarray of int64, shape (n,)
        Packed run, camcol and field; 0 where the manifest says neither these nor an id, and for
        rows that are not to be fetched.
    """
    fields = np.zeros(len(wanted.marks), np.int64)
    for file, rows in wanted.slices():
        only = wanted.marks[rows] == Mark.FETCH
        walked = [_fields_of(columns) for columns in file.walk((*_PLACE, *_IDS), only)]
        if walked:
            fields[rows][only] = np.concatenate(walked)
    return fields


def locate_rest(wanted: Wanted, fields: np.ndarray, locate: Locate) -> None:
    """Find the fields of the rows that have a position and no field yet.

    Parameters
    ----------
    wanted : Wanted
    fields : ndarray of int64, shape (n,)
        As `known_fields` gave it; filled in place.
    locate : callable
    """
    for file, rows in wanted.slices():
        only = (wanted.marks[rows] == Mark.FETCH) & (fields[rows] == 0)
        walked = [(c["ra"], c["dec"]) for c in file.walk(("ra", "dec"), only)]
        if walked:
            ra, dec = (np.concatenate(parts).astype(float) for parts in zip(*walked, strict=True))
            fields[rows][only] = packed(*locate(ra, dec).astype(np.int64).T)


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


def _fields_of(columns: Columns) -> np.ndarray:
    """Packed fields of some rows: as three columns say, else as the first known id does."""
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
    if values and isinstance(values[0], int):
        return np.array(values, np.int64)
    known = np.array([v is not None and v == v for v in values], bool)
    return np.array([int(v) if k else 0 for v, k in zip(values, known, strict=True)], np.int64)
