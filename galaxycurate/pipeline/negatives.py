"""Negatives: cutouts without a galaxy to a limit, and the question that everybody asks instead."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from galaxycurate.archives.archive import Archive
from galaxycurate.core.progress import Progress, silent
from galaxycurate.core.query import Query
from galaxycurate.errors import LayoutError, SettingError
from galaxycurate.pipeline.archive import archive_of
from galaxycurate.pipeline.clock import utc_now
from galaxycurate.pipeline.search import LABEL, Search, Strategy, inside_fields, whole_fields
from galaxycurate.pipeline.walk import Choice
from galaxycurate.store import sqlfiles
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.settings import Settings

if TYPE_CHECKING:
    import pandas as pd


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


def queries(
    settings: Settings, strategy: Strategy, score: float | None, *, masks: bool = False
) -> list[Query]:
    """The questions that a search asks, about all fields of the survey (for `--dry-run`).

    Parameters
    ----------
    settings : Settings
    strategy : Strategy
    score : float or None
        Fields must score strictly above it; None drops the cut.
    masks : bool
        Keep clear of masked sky.

    Returns
    -------
    list of Query
        The census first.
    """
    census = sqlfiles.read("fields_census").bind(score=_cut(score))
    if strategy is Strategy.FIELD:
        rest = {"limit": settings.limit, "seed": settings.seed}
        return [census, sqlfiles.read("negatives_field").bind(score=_cut(score), **rest)]
    return [census, *_choice(strategy, score, masks).questions(settings)]


def negatives(
    settings: Settings,
    *,
    score: float | None = 0.2,
    strategy: Strategy = Strategy.CELL,
    masks: bool = False,
    archive: Archive | None = None,
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
    masks : bool
        Keep clear of masked sky (table Mask).
    archive : Archive, optional
        Who is asked; by default the one that the settings name.
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
    asked = queries(settings, strategy, score, masks=masks)
    census, main, *_ = asked
    archive = archive or archive_of(settings)
    _check_columns(archive, asked)
    fields = archive.run(census).iloc[0].fillna(0)
    search = Search(strategy, _census(fields))
    if strategy is Strategy.FIELD:
        whole_fields(search, archive.run(main, progress=progress), settings)
    else:
        choice = _choice(strategy, score, masks)
        inside_fields(search, archive, choice, settings, int(fields.nGood), progress)
        if archive.run(sqlfiles.read("secondaries").bind()).empty:
            search.warnings.append(_ONLY_PRIMARIES)
    counts = {**search.census, "fields dropped": len(search.dropped), LABEL: len(search.rows)}
    planned = request(settings, score, strategy, masks=masks, archive=archive, command=command)
    header = replace(planned, archive=archive.name, counts=counts)
    return Manifest.build(header, _columns(search.rows), where=archive.name), search


def request(
    settings: Settings,
    score: float | None,
    strategy: Strategy,
    *,
    masks: bool = False,
    archive: Archive | None = None,
    command: str = "",
) -> Header:
    """What a search asks, before it is asked.

    Parameters
    ----------
    settings : Settings
    score : float or None
    strategy : Strategy
    masks : bool
    archive : Archive, optional
        By default the one that the settings name.
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
        names = ("limit_mag_r", "margin_arcsec", "star_mag_r", "per_field")
        cuts |= {name: getattr(settings, name) for name in names} | {"masks": masks}
    main = queries(settings, strategy, score, masks=masks)[_MAIN[strategy]]
    return Header(
        command=command or "galaxycurate.negatives(...)",
        created_utc=utc_now(),
        archive=(archive or archive_of(settings)).name,
        release=settings.release,
        query=main.name,
        query_sha256=main.sha256,
        cuts=cuts,
    )


_ONLY_PRIMARIES = (
    "the archive holds primary detections only: galaxies that only other runs saw are missing"
)
_MAIN = {Strategy.FIELD: 1, Strategy.CELL: 2, Strategy.STAR: 3}
"""Which of the questions is the one that the manifest answers."""


def _check_columns(archive: Archive, asked: list[Query]) -> None:
    """A column that is not there, or holds nothing, would make galaxies disappear."""
    missing = sorted({name for query in asked for name in archive.lacks(query.sql)})
    if missing:
        raise LayoutError(
            f"{archive.name} lacks {', '.join(missing)}",
            hint="galaxycurate catalogs add FILE... adds them; catalog show tells what is there",
        )


def _choice(strategy: Strategy, score: float | None, masks: bool) -> Choice:
    return Choice(_cut(score), stars=strategy is Strategy.STAR, masks=masks)


def _cut(score: float | None) -> float:
    return -1.0 if score is None else check_score(score)


def _census(row: pd.Series) -> dict[str, int]:
    return {
        "fields": int(row.nFields),
        "failed reduction": int(row.nFailed),
        "score too low": int(row.nLowScore),
        "nothing detected": int(row.nEmpty),
    }


def _columns(rows: list[dict]) -> dict[str, list]:
    names = dict.fromkeys(name for row in rows for name in row)
    required = ("name", "label", "ra", "dec", "pixscale", "size_px")
    return {name: [row.get(name) for row in rows] for name in (names or required)}
