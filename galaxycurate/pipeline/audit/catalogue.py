"""What an archive lists in and around the cutouts, and how much of each it covers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.archives.archive import Archive
from galaxycurate.core.geometry import chord, unit_vectors
from galaxycurate.core.ids import parse
from galaxycurate.core.progress import Progress, silent
from galaxycurate.core.query import Query
from galaxycurate.curation.light.listed import COMPARABLE_MAG
from galaxycurate.curation.light.sky import FAMILY, Listed, Sky, merged, sample_points
from galaxycurate.curation.vacancy import FIELD_RADIUS_DEG, FieldArea, galaxy_radius
from galaxycurate.errors import LayoutError
from galaxycurate.pipeline.audit.asking import FROM_LAST_TIME
from galaxycurate.pipeline.audit.circles import FURTHEST_ARCSEC, WIDEST_ARCSEC, Circles, circles
from galaxycurate.pipeline.audit.images import Image

if TYPE_CHECKING:
    import pandas as pd

DEEPER_MAG = 1.5
"""So far beyond the limit objects are asked for: they explain light that is no contamination."""

FAINTEST_SECOND = 19.0
"""Around positives objects are asked for to here at least: those of Galaxy Zoo are brighter than
17.8; where fainter ones are known, to a magnitude beyond them."""

DEEPEST = 22.2
"""And to here around positives of unknown magnitude: SDSS finds 95 % of point sources to it."""

_STAND_INS = {"PhotoObjAll.clean": ("p.clean", "1 AS clean"),
              "Field.primaryArea": ("o.primaryArea", "1")}  # fmt: skip
_EDGE_ARCSEC = 0.5


@dataclass
class Catalogue:
    """What an archive says of the sky around some images.

    Parameters
    ----------
    name : str
        The archive.
    sky : Sky
    covered : ndarray of float64, shape (n,)
        Share of each image that lies in fields all of whose objects are known; NaN where that
        cannot be told.
    notes : list of str
    questions : int
        How many were put to it now.
    """

    name: str
    sky: Sky
    covered: np.ndarray
    notes: list[str] = field(default_factory=list)
    questions: int = 0


@dataclass(frozen=True)
class Plan:
    """The questions about some images, before they are asked.

    Parameters
    ----------
    objects, fields : list of Query
    left_out : int
        Images that are too wide to be looked up, or without a place.
    """

    objects: list[Query]
    fields: list[Query]
    left_out: int

    def __len__(self) -> int:
        return len(self.objects) + len(self.fields)


def plan(images: Sequence[Image], margin_arcsec: float) -> Plan:
    """What is to be asked.

    Parameters
    ----------
    images : sequence of Image
    margin_arcsec : float

    Returns
    -------
    Plan
    """
    asked = [image for image in images if can_ask(image, margin_arcsec)]
    negatives = [image for image in asked if image.negative]
    positives = [image for image in asked if not image.negative and np.isfinite(image.own_mag)]
    unknown = [image for image in asked if not image.negative and np.isnan(image.own_mag)]
    deep = max((image.limit_mag_r for image in negatives), default=20.0) + DEEPER_MAG
    own = max((image.own_mag for image in positives), default=0.0)
    seconds = max(FAINTEST_SECOND, own + COMPARABLE_MAG)
    objects = [
        query
        for some, depth in ((negatives, deep), (positives, seconds), (unknown, DEEPEST))
        for query in _circles(some, margin_arcsec).questions(
            "audit_objects", limit_mag_r=min(depth, 30.0), star_mag_r=min(depth, 30.0)
        )
    ]
    return Plan(
        objects,
        _circles(asked, margin_arcsec).questions("audit_fields"),
        len(images) - len(asked),
    )


def can_ask(image: Image, margin_arcsec: float) -> bool:
    """Whether its place is known, and it is not too wide with the margin around it."""
    narrow = image.width_arcsec <= WIDEST_ARCSEC
    return image.placed and narrow and _reach(image, margin_arcsec) <= FURTHEST_ARCSEC


def _reach(image: Image, margin_arcsec: float) -> float:
    """From its middle to its corners and the margin around them [arcsec]."""
    return image.width_arcsec / math.sqrt(2) + margin_arcsec


def ask(
    archive: Archive,
    images: Sequence[Image],
    *,
    margin_arcsec: float,
    progress: Progress = silent,
) -> Catalogue:
    """Ask an archive for everything around some images.

    Parameters
    ----------
    archive : Archive
    images : sequence of Image
    margin_arcsec : float
        Sky around each that is looked at, too.
    progress : callable

    Returns
    -------
    Catalogue

    Raises
    ------
    LayoutError
        The archive lacks what cannot be done without.
    """
    asked = plan(images, margin_arcsec)
    notes: list[str] = []
    objects = _with_stand_ins(archive, asked.objects, notes)
    knows_fields = not (asked.fields and archive.lacks(asked.fields[0].sql))
    fields = asked.fields if knows_fields else []
    if not knows_fields:
        notes.append(f"{archive.name} does not tell how complete its fields are")
    answers = []
    for done, query in enumerate([*objects, *fields], 1):
        answers.append(archive.run(query))
        when = f" {FROM_LAST_TIME}" if _is_old(answers[-1]) else ""
        of_how_many = len(objects) + len(fields)
        progress(done, of_how_many, f"{query.name}: {len(answers[-1]):,} rows{when}")
    listed = _listed(answers[: len(objects)])
    rows = _once(answers[len(objects) :], "fieldID")
    covered = (
        np.full(len(images), np.nan)
        if rows is None or not knows_fields
        else _covered(images, [row for row in rows.itertuples() if _is_whole(row)], margin_arcsec)
    )
    if asked.left_out:
        notes.append(
            f"{asked.left_out:,} images have no position or scale, or are wider than "
            f"{WIDEST_ARCSEC:g} arcsec: the catalogue is not asked about them"
        )
    asked_now = sum(not _is_old(answer) for answer in answers)
    if asked_now < len(answers):
        notes.append(
            f"{len(answers) - asked_now:,} of {len(answers):,} answers are {FROM_LAST_TIME}, at "
            "most a week old"
        )
    return Catalogue(archive.name, Sky(merged(listed)), covered, notes, asked_now)


def _is_old(answer: pd.DataFrame) -> bool:
    return bool(answer.attrs.get(FROM_LAST_TIME))


def _circles(images: Sequence[Image], margin_arcsec: float) -> Circles:
    reach = np.array([_reach(image, margin_arcsec) for image in images])
    return circles(np.array([i.ra for i in images]), np.array([i.dec for i in images]), reach)


def _with_stand_ins(archive: Archive, asked: list[Query], notes: list[str]) -> list[Query]:
    """The questions, with a constant for a column without which one can do."""
    missing = archive.lacks(asked[0].sql) if asked else []
    needed = [name for name in missing if name not in _STAND_INS]
    if needed:
        raise LayoutError(
            f"{archive.name} lacks {', '.join(needed)}",
            hint="galaxycurate catalogs add FILE... adds them; --no-catalogue judges by pixels",
        )
    for name in missing:
        old, new = _STAND_INS[name]
        asked = [replace(q, statement=q.statement.replace(old, new)) for q in asked]
        notes.append(f"{archive.name} lacks {name}: no row is doubted for it")
    return asked


def _once(answers: list[pd.DataFrame], key: str) -> pd.DataFrame | None:
    import pandas as pd

    return pd.concat(answers, ignore_index=True).drop_duplicates(key) if answers else None


def _listed(answers: list[pd.DataFrame]) -> Listed:
    rows = _once(answers, "objID")
    if rows is None or rows.empty:
        return Listed.none()
    mag = rows.r.to_numpy(float, na_value=np.nan)
    mag = np.where(mag > 0, mag, np.nan)
    petro = rows.petroRad_r.to_numpy(float, na_value=np.nan)
    galaxy = rows.type.to_numpy(int) == _GALAXY
    return Listed(
        objid=np.asarray(parse(rows.objID.tolist(), where="PhotoObjAll", column="objID"), np.int64),
        ra=rows.ra.to_numpy(float),
        dec=rows.dec.to_numpy(float),
        mag_r=mag,
        radius_arcsec=np.where(galaxy, galaxy_radius(petro, mag), 0.0),
        galaxy=galaxy,
        doubt=_doubts(rows),
    )


_GALAXY = 3


def _doubts(rows: pd.DataFrame) -> np.ndarray:
    """Why a row may be no object of its own; what lies in no field's own area counts where there is
    no primary imaging, as in `sql/negatives_cell.sql`.
    """
    mode = rows["mode"].fillna(0).to_numpy(int)
    doubtful = (mode > 2) & (rows.isPrimary.fillna(1).to_numpy(int) == 1)
    unclean = rows.clean.fillna(1).to_numpy(int) == 0
    words = np.where(mode == 3, FAMILY, "outside its field's area")
    return np.where(doubtful, words, np.where(unclean, "its photometry is not clean", ""))


def _is_whole(row) -> bool:
    """Whether all objects of a field are known."""
    return bool(row.photoStatus == 0 and row.nTotal > 0 and row.nLoaded >= row.nTotal)


def _covered(images: Sequence[Image], fields: list, margin_arcsec: float) -> np.ndarray:
    """Share of each image in some fields."""
    from scipy.spatial import cKDTree

    share = np.full(len(images), np.nan)
    asked = [k for k, image in enumerate(images) if can_ask(image, margin_arcsec)]
    if not asked:
        return share
    points = [sample_points(images[k].ra, images[k].dec, images[k].width_arcsec) for k in asked]
    ra, dec = (np.array(axis) for axis in zip(*points, strict=True))
    held = np.zeros(ra.shape, bool)
    middles = unit_vectors([images[k].ra for k in asked], [images[k].dec for k in asked])
    widest = max(images[k].width_arcsec for k in asked)
    reach = chord(FIELD_RADIUS_DEG * 3600 + widest)
    tree = cKDTree(middles)
    for row in fields:
        near = tree.query_ball_point(unit_vectors(row.ra, row.dec), reach)
        if near:
            area = FieldArea(row.ra, row.dec, (row.muStart, row.muEnd), (row.nuStart, row.nuEnd))
            held[near] |= area.holds(ra[near], dec[near], -_EDGE_ARCSEC)
    share[asked] = held.mean(axis=1)
    return share
