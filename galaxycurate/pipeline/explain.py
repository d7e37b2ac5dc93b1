"""Why a search for negatives finds what it finds: its questions, its losses, and the odds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from galaxycurate.archives.archive import Archive
from galaxycurate.core.geometry import field_of_view, reach
from galaxycurate.core.progress import Progress, silent
from galaxycurate.core.query import Query
from galaxycurate.curation.vacancy import FieldArea, clearance
from galaxycurate.pipeline.negatives import negatives, queries
from galaxycurate.pipeline.search import PHOTO_STATUS, Search, Strategy, rows_missing
from galaxycurate.pipeline.walk import Choice, Stretch, stretches
from galaxycurate.store import sqlfiles
from galaxycurate.store.settings import Settings

_MOST_NAMED = 100_000  # fields that the cuts leave out
LIMITS_MAG_R = (17.0, 18.0, 19.0, 20.0, 21.0)
_FIELDS = 40  # tell the odds: some 60,000 windows of 256 px


@dataclass(frozen=True)
class Odds:
    """How often a random window of a cutout's size, inside a good field, would be a negative.

    Parameters
    ----------
    limit_mag_r : float
        Galaxies brighter than this count [mag].
    no_centre : float
        Fraction of the windows that hold the centre of no galaxy.
    clear : float
        Fraction of those that no galaxy's disc reaches into, margin included.
    """

    limit_mag_r: float
    no_centre: float
    clear: float


@dataclass(frozen=True)
class Explanation:
    """What `explain` found out.

    Parameters
    ----------
    asked : list of (Query, int)
        The questions as bound for the first fields of the shuffle, and how many rows answer each.
    search : Search
        The search itself; nothing of it is written.
    odds : list of Odds
    n_windows, n_fields : int
        What the odds were measured on.
    """

    asked: list[tuple[Query, int]]
    search: Search
    odds: list[Odds]
    n_windows: int = 0
    n_fields: int = 0


def explain(
    settings: Settings,
    *,
    score: float | None,
    strategy: Strategy,
    archive: Archive,
    masks: bool = False,
    progress: Progress = silent,
) -> Explanation:
    """Search as `negatives` would, and tell why it ends as it does.

    Parameters
    ----------
    settings : Settings
    score : float or None
        Fields must score strictly above it; None drops the cut.
    strategy : Strategy
    archive : Archive
    masks : bool
        Keep clear of masked sky.
    progress : callable

    Returns
    -------
    Explanation
    """
    asked = queries(settings, strategy, score, masks=masks)
    _, search = negatives(
        settings, score=score, strategy=strategy, masks=masks, archive=archive, progress=progress
    )
    if strategy is Strategy.FIELD:
        return Explanation(_with_rows(archive, asked), search, [])
    n_good = int(archive.run(asked[0]).nGood.iloc[0])
    cut = asked[0].values["score"]
    search.dropped[:0] = _left_out(archive, cut)
    limits = sorted({*LIMITS_MAG_R, settings.limit_mag_r})
    deep = replace(settings, limit_mag_r=limits[-1], star_mag_r=0.0)
    first, *some = _enough(stretches(archive, deep, Choice(cut), n_good, 0))
    last_turn = int(max(first.fields.turn, default=0))
    bound = [replace(q, values={**q.values, "last_turn": last_turn}) for q in asked[1:]]
    odds, n_windows, n_fields = _odds([first, *some], settings, limits)
    return Explanation(_with_rows(archive, [asked[0], *bound]), search, odds, n_windows, n_fields)


def _left_out(archive: Archive, score: float) -> list[tuple[str, str]]:
    """Fields that the cuts leave out: which, and why."""
    rows = archive.run(sqlfiles.read("fields_left_out").bind(score=score, limit=_MOST_NAMED))
    return [(f"{r.run}-{r.camcol}-{r.field}", _why(r, score)) for r in rows.itertuples()]


def _why(row, score: float) -> str:
    if row.photoStatus:
        status = PHOTO_STATUS.get(int(row.photoStatus), "unknown")
        return f"failed reduction: photoStatus {row.photoStatus} ({status})"
    if row.score <= score:
        return f"score too low: {row.score:g}"
    return "nothing detected"


def _with_rows(archive: Archive, asked: list[Query]) -> list[tuple[Query, int]]:
    return [(query, int(archive.run(query.counted()).nRows.iloc[0])) for query in asked]


def _enough(walk: Iterator[Stretch]) -> list[Stretch]:
    """Stretches of the walk with fields enough to tell the odds."""
    taken, n_fields = [], 0
    for stretch in walk:
        taken.append(stretch)
        n_fields += sum(not rows_missing(row) for row in stretch.fields.itertuples())
        if n_fields >= _FIELDS:
            break
    return taken


def _odds(
    some: list[Stretch], settings: Settings, limits: list[float]
) -> tuple[list[Odds], int, int]:
    width = field_of_view(settings.pixscale, settings.size_px)
    free = {limit: [0, 0] for limit in limits}
    n_windows = n_fields = 0
    for stretch, row in ((one, row) for one in some for row in one.fields.itertuples()):
        if rows_missing(row) or n_fields >= _FIELDS:
            continue
        area = FieldArea(row.ra, row.dec, (row.muStart, row.muEnd), (row.nuStart, row.nuEnd))
        rng = np.random.default_rng([settings.seed, int(row.fieldID) >> 16])
        ra, dec = area.centres(width, reach(width) / 2, rng)
        n_fields, n_windows = n_fields + 1, n_windows + ra.size
        near = stretch.near(area, settings.margin_arcsec)
        for limit, counts in free.items():
            g_ra, g_dec, radius = stretch.discs(near[stretch.mag_r[near] < limit])
            points = clearance(ra, dec, width, (g_ra, g_dec, np.zeros_like(radius)))
            discs = clearance(ra, dec, width, (g_ra, g_dec, radius))
            counts[0] += int((points > 0).sum())
            counts[1] += int((discs >= settings.margin_arcsec).sum())
    n = max(n_windows, 1)
    return [Odds(k, a / n, b / n) for k, (a, b) in free.items()], n_windows, n_fields
