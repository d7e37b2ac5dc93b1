"""How large galaxies are: Petrosian radii, so that cutouts can be scaled to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.core.ids import parse, turns_of
from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import UsageError
from galaxycurate.store import sqlfiles

if TYPE_CHECKING:
    from galaxycurate.archives.archive import Archive

SOURCES = ("gz1", "gz2")
"""Catalogues whose galaxies CAS knows by their votes, so that one question finds them all."""


def radii_of(
    archive: Archive, catalog: str, objid: np.ndarray, *, seed: int, progress: Progress = silent
) -> np.ndarray:
    """Petrosian radii of galaxies that a catalogue of votes holds.

    Galaxies are drawn in the order of a seeded shuffle, so a question by turns of the same shuffle
    brings few others.

    Parameters
    ----------
    archive : Archive
    catalog : str
        One of `SOURCES`.
    objid : ndarray of int64, shape (n,)
        DR8 and later; 0 where unknown.
    seed : int
        Of the shuffle.
    progress : callable

    Returns
    -------
    ndarray of float64, shape (n,)
        petroRad_r [arcsec]; NaN where it is unknown or was not measured.

    Raises
    ------
    UsageError
        No archive knows the catalogue's galaxies.
    """
    if catalog not in SOURCES:
        raise UsageError(
            f"radii are known of {' and '.join(SOURCES)} only, not of {catalog}",
            hint="a table with a column petroRad_r brings its own",
        )
    radii = np.full(objid.size, np.nan)
    known = objid != 0
    if not known.any():
        return radii
    turns = turns_of(objid[known], seed)
    question = sqlfiles.read(f"radii_{catalog}").bind(
        seed=seed, first_turn=int(turns.min()), last_turn=int(turns.max())
    )
    answer = archive.run(question, progress=progress)
    ids = parse(answer["objID"].tolist(), where=archive.name, column="objID")
    found = answer["petroRad_r"].to_numpy(float, na_value=np.nan)
    order = np.argsort(ids, kind="stable")
    place = np.minimum(np.searchsorted(ids[order], objid), max(ids.size - 1, 0))
    if ids.size:
        is_there = known & (ids[order][place] == objid)
        radii[is_there] = found[order][place[is_there]]
    return np.where(radii > 0, radii, np.nan)
