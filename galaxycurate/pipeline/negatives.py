"""Negatives: cutouts without a galaxy to a limit, and the question that everybody asks instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.archives.choose import Archive, open_archive
from galaxycurate.core.geometry import field_of_view, iau_name, reach
from galaxycurate.core.ids import parse
from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.vacancy import (
    MAX_RADIUS_ARCSEC,
    FieldArea,
    clearance,
    galaxy_radius,
    pick_apart,
)
from galaxycurate.errors import SettingError
from galaxycurate.pipeline.clock import utc_now
from galaxycurate.store import sqlfiles
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

LABEL = "negative"
PER_FIELD = 20  # cutouts from one field at most, so that no field rules the sample
_UNKNOWN_ARCSEC = 60.0  # further from the edge where the next field's rows are not loaded
_MOST_FIELDS = 500_000  # a reply of SkyServer
_PHOTO_STATUS = {1: "aborted", 2: "missing", 3: "too long"}


class Strategy(StrEnum):
    """Where negatives are looked for."""

    FIELD = "field"  # whole fields without a catalogued galaxy: the literal question
    CELL = "cell"  # cutout-sized windows inside good fields
    STAR = "star"  # cutouts centred on a star


@dataclass
class Search:
    """What a search found, and what it left out and why.

    Parameters
    ----------
    strategy : Strategy
    census : dict of str to int
        Fields in all, and those that cannot be used, by reason.
    dropped : list of (str, str)
        Fields that were looked at and dropped: which, and why.
    rows : list of dict
        One a cutout.
    warnings : list of str
        What the user should know before believing the result.
    """

    strategy: Strategy
    census: dict[str, int] = field(default_factory=dict)
    dropped: list[tuple[str, str]] = field(default_factory=list)
    rows: list[dict] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def drop(self, row, why: str) -> None:
        """Leave a field out, by name and reason."""
        self.dropped.append((f"{row.run}-{row.camcol}-{row.field}", why))


def check_score(score: float) -> float:
    """A score cut inside the survey's range.

    Raises
    ------
    SettingError
        Not within 0 to 1.
    """
    if 0 <= score <= 1:
        return score
    raise SettingError(
        f"score = {score:g} is outside 0 to 1",
        hint="fields above 0.6 are photometric, 0.1 to 0.5 not, 0 are unusable; --score 0.2, "
        "or --no-score for no cut",
    )


def queries(settings: Settings, strategy: Strategy, score: float | None) -> list[sqlfiles.Query]:
    """The questions that a search asks first, bound (for `--dry-run`).

    Parameters
    ----------
    settings : Settings
    strategy : Strategy
    score : float or None
        Fields must score strictly above it; None drops the cut.

    Returns
    -------
    list of Query
    """
    cut = -1.0 if score is None else check_score(score)
    census = sqlfiles.read("field_census").bind(score=cut)
    if strategy is Strategy.FIELD:
        main = sqlfiles.read("negatives_field").bind(score=cut, limit=settings.limit)
    else:
        main = _good_fields(settings, score, max(50, settings.limit))
    return [census, main]


def negatives(
    settings: Settings,
    *,
    score: float | None = 0.2,
    strategy: Strategy = Strategy.CELL,
    command: str = "",
    progress: Progress = silent,
) -> tuple[Manifest, Search]:
    """Find cutouts without a galaxy.

    Parameters
    ----------
    settings : Settings
    score : float or None
        Fields must score strictly above it; None drops the cut.
    strategy : Strategy
    command : str
        The command line, for the provenance.
    progress : callable

    Returns
    -------
    Manifest
        Not yet written; empty where nothing was found.
    Search
        What was left out, and why.
    """
    census, main = queries(settings, strategy, score)
    archive = _open(settings)
    search = Search(strategy)
    search.census = _census(archive.run(census))
    if strategy is Strategy.FIELD:
        _whole_fields(search, archive.run(main), settings)
    else:
        _inside_fields(search, archive, score, settings, progress)
    counts = {**search.census, "fields dropped": len(search.dropped), LABEL: len(search.rows)}
    header = replace(
        request(settings, score, strategy, command=command), archive=archive.name, counts=counts
    )
    return Manifest.build(header, _columns(search.rows), where=archive.name), search


def request(
    settings: Settings, score: float | None, strategy: Strategy, *, command: str = ""
) -> Header:
    """What a search asks, before it is asked.

    Parameters
    ----------
    settings : Settings
    score : float or None
    strategy : Strategy
    command : str
        The command line.

    Returns
    -------
    Header
        Without counts and without the server's own name.
    """
    cuts = {
        "strategy": str(strategy),
        "score": score,
        "limit": settings.limit,
        "size_px": settings.size_px,
        "pixscale": settings.pixscale,
        "seed": settings.seed,
    }
    if strategy is not Strategy.FIELD:
        cuts |= {"limit_mag_r": settings.limit_mag_r, "margin_arcsec": settings.margin_arcsec}
    main = queries(settings, strategy, score)[1]
    return Header(
        command=command or "galaxycurate.negatives(...)",
        created_utc=utc_now(),
        archive=_open(settings).name,
        release=settings.release,
        query=main.name,
        query_sha256=main.sha256,
        cuts=cuts,
    )


def _open(settings: Settings) -> Archive:
    return open_archive(
        settings.archive,
        server=settings.server,
        release=settings.release,
        queries_per_minute=settings.queries_per_minute,
    )


def _census(table: pd.DataFrame) -> dict[str, int]:
    row = table.iloc[0].fillna(0)
    return {
        "fields": int(row.nFields),
        "failed reduction": int(row.nFailed),
        "score too low": int(row.nLowScore),
        "nothing detected": int(row.nEmpty),
    }


def _whole_fields(search: Search, fields: pd.DataFrame, settings: Settings) -> None:
    for row in fields.itertuples():
        missing = _rows_missing(row)
        if missing:
            search.drop(row, missing)
            continue
        if row.photoStatus or not row.nTotal:
            status = _PHOTO_STATUS.get(int(row.photoStatus), "nothing detected")
            search.warnings.append(
                f"field {row.run}-{row.camcol}-{row.field} is a failed reduction, not empty sky: "
                f"photoStatus {row.photoStatus} ({status}), quality {row.quality}, "
                f"score {row.score:g}, nTotal {row.nTotal}"
            )
        search.rows.append(
            _row(settings, str(row.fieldID), row.ra, row.dec, row)
            | {"label_source": "field: no type 3 in PhotoObjAll"}
        )


def _rows_missing(row) -> str:
    """A field whose objects were never loaded is no negative: nTotal decides."""
    if row.nLoaded >= row.nTotal:
        return ""
    return f"catalogue rows missing: {row.nLoaded:,} of {row.nTotal:,} objects loaded"


def _inside_fields(
    search: Search, archive: Archive, score: float | None, settings: Settings, progress: Progress
) -> None:
    """Walk good fields in shuffled order until there are cutouts enough; fetch more as needed."""
    taken: tuple[list[float], list[float]] = ([], [])
    seen: set[str] = set()
    n_asked = max(50, settings.limit)
    while True:
        fields = archive.run(_good_fields(settings, score, n_asked))
        bare = {(r.run, r.camcol, r.field) for r in fields.itertuples() if r.nLoaded < r.nTotal}
        for row in fields.itertuples():
            if len(search.rows) >= settings.limit:
                return
            if row.fieldID not in seen:
                seen.add(row.fieldID)
                _one_field(search, archive, row, _beside(row, bare), settings, taken)
                where = f"field {row.run}-{row.camcol}-{row.field}"
                progress(len(search.rows), settings.limit, where)
        if len(fields) < n_asked or n_asked >= _MOST_FIELDS:
            return
        n_asked = min(8 * n_asked, _MOST_FIELDS)


def _good_fields(settings: Settings, score: float | None, limit: int):
    cut = -1.0 if score is None else check_score(score)
    return sqlfiles.read("good_fields").bind(score=cut, seed=settings.seed, limit=limit)


def _beside(row, bare: set) -> bool:
    """Whether the rows of a neighbour along the scan are not loaded."""
    return any((row.run, row.camcol, row.field + step) in bare for step in (-1, 1))


def _one_field(search, archive: Archive, row, lonely: bool, settings: Settings, taken) -> None:
    missing = _rows_missing(row)
    if missing:
        search.drop(row, missing)
        return
    extra = _UNKNOWN_ARCSEC if lonely else 0.0
    if lonely:
        search.warnings.append(
            f"field {row.run}-{row.camcol}-{row.field}: rows of a neighbouring field are not "
            f'loaded, so cutouts stay {_UNKNOWN_ARCSEC:g}" further from the edge'
        )
    found = list(_in_field(search.strategy, archive, row, settings, taken, extra))
    if not found:
        search.drop(row, f"no room without a galaxy of r < {settings.limit_mag_r:g}")
    for cutout in found[: settings.limit - len(search.rows)]:
        search.rows.append(cutout)
        taken[0].append(cutout["ra"])
        taken[1].append(cutout["dec"])


def _in_field(
    strategy, archive: Archive, row, settings: Settings, taken, extra_arcsec: float
) -> Iterator[dict]:
    area = FieldArea(row.ra, row.dec, (row.muStart, row.muEnd), (row.nuStart, row.nuEnd))
    width = field_of_view(settings.pixscale, settings.size_px)
    pad = reach(width) / 2 + extra_arcsec
    if strategy is Strategy.STAR:
        stars = archive.run(sqlfiles.read("negatives_star").bind(fieldID=int(row.fieldID)))
        stars = stars[area.holds(stars.ra.to_numpy(), stars.dec.to_numpy(), pad)]
        ra, dec, ids = stars.ra.to_numpy(), stars.dec.to_numpy(), stars.objID.to_numpy()
    else:
        rng = np.random.default_rng([settings.seed, int(row.fieldID) >> 16])
        ra, dec = area.centres(width, pad, rng)
        ids = np.zeros(ra.size, object)
    if not ra.size:
        return
    galaxies = _galaxies(archive, area, settings)
    clear = clearance(ra, dec, width, galaxies)
    free = np.flatnonzero(clear >= settings.margin_arcsec)
    near = _near(taken, row, area.radius_arcsec)
    for k in free[pick_apart(ra[free], dec[free], width, near, at_most=PER_FIELD)]:
        star = strategy is Strategy.STAR
        name = str(ids[k]) if star else iau_name(ra[k], dec[k])
        yield _row(settings, name, ra[k], dec[k], row) | {
            "label_source": f"{strategy}: no galaxy of r < {settings.limit_mag_r:g}",
            "objID": int(ids[k]),
            "type": 6 if star else None,
            "limit_mag_r": settings.limit_mag_r,
            "clear_arcsec": min(float(clear[k]), MAX_RADIUS_ARCSEC),  # no further was looked
        }


def _galaxies(archive: Archive, area: FieldArea, settings: Settings):
    """Positions and radii of the galaxies that could reach into a cutout of the field."""
    question = sqlfiles.read("negatives_cell").bind(
        ra=float(area.ra) % 360.0,
        dec=float(area.dec),
        radius=(area.radius_arcsec + MAX_RADIUS_ARCSEC + settings.margin_arcsec) / 60.0,
        limit_mag_r=settings.limit_mag_r,
    )
    table = archive.run(question)
    return (
        table.ra.to_numpy(),
        table.dec.to_numpy(),
        galaxy_radius(table.petroRad_r.to_numpy(float), table.r.to_numpy(float)),
    )


def _near(taken, row, radius_arcsec: float):
    """Cutouts that exist already and could overlap this field's."""
    ra, dec = (np.array(v, float) for v in taken)
    close = np.abs(dec - row.dec) * 3600 < 2 * radius_arcsec
    return ra[close], dec[close]


def _row(settings: Settings, name: str, ra: float, dec: float, field_row) -> dict:
    return {
        "name": name,
        "label": LABEL,
        "ra": float(ra),
        "dec": float(dec),
        "pixscale": settings.pixscale,
        "size_px": settings.size_px,
        "fieldID": int(parse([field_row.fieldID], where="Field", column="fieldID")[0]),
        **{n: int(getattr(field_row, n)) for n in _FIELD_INTS},
        "score": float(field_row.score),
    }


_FIELD_INTS = ("run", "rerun", "camcol", "field", "photoStatus", "quality", "nTotal", "nGalaxy")


def _columns(rows: list[dict]) -> dict[str, list]:
    names = dict.fromkeys(name for row in rows for name in row)
    required = ("name", "label", "ra", "dec", "pixscale", "size_px")
    return {name: [row.get(name) for row in rows] for name in (names or required)}
