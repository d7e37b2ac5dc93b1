"""The search for cutouts without a galaxy, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.archives.archive import Archive
from galaxycurate.core.geometry import field_of_view, iau_name, reach
from galaxycurate.core.ids import parse
from galaxycurate.core.progress import Progress
from galaxycurate.curation.vacancy import MAX_RADIUS_ARCSEC, FieldArea, first_clear
from galaxycurate.pipeline.walk import Choice, Stretch, Taken, stretches
from galaxycurate.store.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

LABEL = "negative"
_UNKNOWN_ARCSEC = 60.0  # further from the edge where the next field's rows are not loaded
PHOTO_STATUS = {1: "aborted", 2: "missing", 3: "too long"}
_NAMED = 5  # fields that a warning names


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
        self.dropped.append((_name(row), why))


def whole_fields(search: Search, fields: pd.DataFrame, settings: Settings) -> None:
    """Take fields in which no galaxy is catalogued as negatives, with a warning for failed ones."""
    for row in fields.itertuples():
        missing = rows_missing(row)
        if missing:
            search.drop(row, missing)
            continue
        if row.photoStatus or not row.nTotal:
            status = PHOTO_STATUS.get(int(row.photoStatus), "nothing detected")
            search.warnings.append(
                f"field {_name(row)} is a failed reduction, not empty sky: "
                f"photoStatus {row.photoStatus} ({status}), quality {row.quality}, "
                f"score {row.score:g}, nTotal {row.nTotal}"
            )
        search.rows.append(
            _cutout(settings, str(row.fieldID), row.ra, row.dec, row)
            | {"label_source": "field: no type 3 in PhotoObjAll"}
        )


def inside_fields(
    search: Search,
    archive: Archive,
    choice: Choice,
    settings: Settings,
    n_good: int,
    progress: Progress,
) -> None:
    """Walk through good fields until there are cutouts enough.

    No field gives more than it must: each is asked for one cutout, and for more only when all of
    them together have too few. So the sample is spread over the sky.
    """
    most = 1
    while most < min(settings.per_field, 1.25 * settings.limit / max(n_good, 1)):
        most *= 2
    wanted = -(-settings.limit * 11 // (10 * most))
    while True:
        most = min(most, settings.per_field)
        walk = stretches(archive, settings, choice, n_good, wanted, progress)
        found = _one_pass(search, walk, settings, most, progress)
        if len(found) >= settings.limit or most >= settings.per_field:
            break
        most *= 2
    found.sort(key=lambda pair: pair[0])  # stable: within a rank the order of the shuffle
    search.rows = [row for _, row in found[: settings.limit]]


def _one_pass(
    search: Search, walk: Iterator[Stretch], settings: Settings, most: int, progress: Progress
) -> list[tuple[int, dict]]:
    """(rank within its field, cutout) of at most so many cutouts from each field."""
    search.dropped, search.warnings, lonely = [], [], []
    found: list[tuple[int, dict]] = []
    taken = Taken()
    for stretch in walk:
        for row in stretch.fields.itertuples():
            if most == 1 and len(found) >= settings.limit:
                break
            missing = rows_missing(row)
            if missing:
                search.drop(row, missing)
                continue
            if row.bareBeside:
                lonely.append(_name(row))
            cutouts = list(_in_field(search.strategy, stretch, row, settings, taken, most))
            if not cutouts:
                search.drop(row, f"no room without a galaxy of r < {settings.limit_mag_r:g}")
            found += enumerate(cutouts)
            progress(min(len(found), settings.limit), settings.limit, f"field {_name(row)}")
        if most == 1 and len(found) >= settings.limit:
            break
    if lonely:
        search.warnings.append(_about_lonely(lonely))
    return found


def _in_field(
    strategy: Strategy, stretch: Stretch, row, settings: Settings, taken: Taken, most: int
) -> Iterator[dict]:
    area = FieldArea(row.ra, row.dec, (row.muStart, row.muEnd), (row.nuStart, row.nuEnd))
    width = field_of_view(settings.pixscale, settings.size_px)
    pad = reach(width) / 2 + (_UNKNOWN_ARCSEC if row.bareBeside else 0.0)
    rng = np.random.default_rng([settings.seed, int(row.fieldID) >> 16])
    if strategy is Strategy.STAR:
        ids, ra, dec = _stars(stretch, row.fieldID, area, pad, rng)
    else:
        ra, dec = area.centres(width, pad, rng)
        ids = np.zeros(ra.size, np.int64)
    discs = stretch.discs(stretch.near(area, settings.margin_arcsec))
    rows, clear = first_clear(
        ra, dec, width, discs, taken.near(row.ra, row.dec), margin_arcsec=settings.margin_arcsec,
        at_most=most,
    )  # fmt: skip
    for k, free in zip(rows, clear, strict=True):
        taken.add(float(ra[k]), float(dec[k]))
        name = str(ids[k]) if ids[k] else iau_name(ra[k], dec[k])
        yield _cutout(settings, name, ra[k], dec[k], row) | {
            "label_source": f"{strategy}: no galaxy of r < {settings.limit_mag_r:g}",
            "objID": int(ids[k]),
            "type": 6 if ids[k] else None,
            "limit_mag_r": settings.limit_mag_r,
            "clear_arcsec": min(float(free), MAX_RADIUS_ARCSEC),  # no further was looked
        }


def _stars(stretch: Stretch, field_id: str, area: FieldArea, pad: float, rng):
    """objID, ra and dec of the stars inside a field, in random order."""
    stars = stretch.stars_of(field_id)
    if stars is None:
        return np.empty(0, np.int64), np.empty(0), np.empty(0)
    stars = stars[area.holds(stars.ra.to_numpy(), stars.dec.to_numpy(), pad)]
    stars = stars.iloc[rng.permutation(len(stars))]
    ids = parse(stars.objID.tolist(), where="PhotoObjAll", column="objID")
    return np.asarray(ids, np.int64), stars.ra.to_numpy(), stars.dec.to_numpy()


def rows_missing(row) -> str:
    """Why a field cannot be judged: its objects were never loaded. nTotal decides."""
    if row.nLoaded >= row.nTotal:
        return ""
    return f"catalogue rows missing: {row.nLoaded:,} of {row.nTotal:,} objects loaded"


def _about_lonely(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    noun = "field" if len(names) == 1 else "fields"
    return (
        f"{noun} {', '.join(names[:_NAMED])}{more}: rows of a neighbouring field are missing, "
        f'so cutouts stay {_UNKNOWN_ARCSEC:g}" further from the edge'
    )


def _name(row) -> str:
    return f"{row.run}-{row.camcol}-{row.field}"


def _cutout(settings: Settings, name: str, ra: float, dec: float, field_row) -> dict:
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
