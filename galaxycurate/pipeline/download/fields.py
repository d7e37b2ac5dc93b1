"""Which field a position lies in, for rows whose ids do not tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from galaxycurate.archives.shelf import NoShelf
from galaxycurate.core.geometry import chord, unit_vectors
from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.vacancy import FIELD_RADIUS_DEG, FieldArea
from galaxycurate.pipeline.archive import archive_of
from galaxycurate.store import sqlfiles
from galaxycurate.store.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

CELL_DEG = 10.0
"""One question a cell of the sky: 100 square degrees hold about 6,500 fields."""

EDGE_ARCSEC = 25.0
"""A frame reaches so far (64 px) beyond the field's own area; its neighbours have that sky, too."""


def find_fields(settings: Settings, ra, dec, *, progress: Progress = silent) -> np.ndarray:
    """Run, camcol and field of positions, asked of the archive of the settings.

    Fields that are the primary imaging of some sky come first, then those of a higher score; a
    position in the outermost pixels of a frame is given to it only where no field's own area holds
    it.

    Parameters
    ----------
    settings : Settings
    ra, dec : array_like of float, shape (n,)
        ICRS [deg].
    progress : callable, optional
        Called with (positions done, all, text).

    Returns
    -------
    ndarray of int64, shape (n, 3)
        Zeros where no field lies, or the position is not finite.
    """
    ra, dec = np.atleast_1d(np.asarray(ra, float)), np.atleast_1d(np.asarray(dec, float))
    found = np.zeros((ra.size, 3), np.int64)
    archive, done = None, 0
    for rows in _cells(ra, dec):
        archive = archive or archive_of(settings, shelf=NoShelf())
        box = _box(ra[rows], dec[rows])
        table = archive.run(sqlfiles.read("fields_at").bind(**box))
        found[rows] = _assigned(table, ra[rows], dec[rows])
        done += rows.size
        progress(done, ra.size, "fields looked up")
    return found


def _cells(ra: np.ndarray, dec: np.ndarray) -> Iterator[np.ndarray]:
    """The rows that lie in each cell of the sky."""
    placed = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec))
    band, column = ((v[placed] % 360 // CELL_DEG).astype(int) for v in (dec + 90, ra))
    cell = band * 1000 + column
    order = np.argsort(cell, kind="stable")
    ends = np.flatnonzero(np.diff(cell[order])) + 1
    return (part for part in np.split(placed[order], ends) if part.size)


def _box(ra: np.ndarray, dec: np.ndarray) -> dict[str, float]:
    """What holds the centres of all fields that these positions of a cell may lie in."""
    reach = FIELD_RADIUS_DEG + EDGE_ARCSEC / 3600
    low, high = float(dec.min()) - reach, float(dec.max()) + reach
    level = np.cos(np.radians(min(max(abs(low), abs(high)), 90.0)))
    wide = min(reach / max(float(level), 1e-9), 360.0)
    around = {"ra_low": 0.0, "ra_high": 360.0}
    if wide < 180.0:
        ra = ra % 360
        around = {"ra_low": float(ra.min()) - wide, "ra_high": float(ra.max()) + wide}
    return {**around, "dec_low": max(low, -91.0), "dec_high": min(high, 91.0)}


def _assigned(table: pd.DataFrame, ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """The best field of each position: worse ones are written first, better ones over them."""
    found = np.zeros((ra.size, 3), np.int64)
    if table.empty:
        return found
    table = table.fillna({"score": -1.0}).sort_values(
        ["isPrimary", "score", "run", "camcol", "field"], kind="stable"
    )
    tree = cKDTree(unit_vectors(ra, dec))
    reach = chord(FIELD_RADIUS_DEG * 3600 + EDGE_ARCSEC)
    near = tree.query_ball_point(unit_vectors(table.ra.to_numpy(), table.dec.to_numpy()), reach)
    for pad_arcsec in (-EDGE_ARCSEC, 0.0):
        for field, rows in zip(table.itertuples(), near, strict=True):
            if rows:
                area = FieldArea(
                    field.ra, field.dec, (field.muStart, field.muEnd), (field.nuStart, field.nuEnd)
                )
                held = np.array(rows)[area.holds(ra[rows], dec[rows], pad_arcsec)]
                found[held] = field.run, field.camcol, field.field
    return found
