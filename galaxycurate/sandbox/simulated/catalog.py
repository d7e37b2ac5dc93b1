"""Field and PhotoObjAll of the simulated survey, as SDSS would have measured them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from galaxycurate.core import ids
from galaxycurate.sandbox.simulated.content import CATALOGUE_LIMIT, STAR
from galaxycurate.sandbox.simulated.render import SKY_RMS
from galaxycurate.sandbox.simulated.survey import (
    BORDER,
    FIRST_FIELD,
    FRAME_COLUMNS,
    FRAME_ROWS,
    PIXSCALE,
    RERUN,
    STEP,
    Strip,
)

PRIMARY, SECONDARY, OUTSIDE = 1, 2, 4  # mode; 4 is what SDSS gives to overlaps (field 3900-6-269)
GALAXY_TYPE, STAR_TYPE = 3, 6
_BINNED1, _SATURATED, _EDGE = 1 << 28, 1 << 18, 1 << 2  # PhotoFlags
# bits of resolveStatus
_RUN_PRIMARY, _OVERLAP_ONLY, _RUN_EDGE, _RUN_DUPLICATE = 1, 4, 16, 32
_SURVEY_PRIMARY, _SURVEY_SECONDARY, _SURVEY_EDGE = 256, 1024, 4096
_SATURATION_MAG = 14.3
_EXTINCTION_R = 0.08
_SKY_NMGY_ARCSEC2 = 4.0  # 21.0 mag/arcsec2 in r, a dark night
_TOO_LONG, _BAD, _ACCEPTABLE, _GOOD = 3, 1, 2, 3  # photoStatus and quality
POOR_SCORE = 0.15
# Petrosian radius, R50 and R90 in units of re, computed for Sersic profiles without seeing
_PETROSIAN = {1.0: (2.12, 0.99, 2.28), 2.5: (2.04, 0.88, 2.68), 4.0: (1.72, 0.71, 2.39)}
_POINT = (1.5, 0.62, 1.25)  # the same of a star, in units of the seeing's FWHM


def photo_objects(strip: Strip, truth: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The rows of PhotoObjAll of one strip.

    An object in the 128 rows that two frames share is a row of both fields.

    Parameters
    ----------
    strip : Strip
    truth : pandas.DataFrame
        See `content.populate`.
    seed : int

    Returns
    -------
    pandas.DataFrame
        CAS names; ``thingId`` is that of the truth.
    """
    rng = np.random.default_rng([seed, strip.run, strip.camcol, 99])
    colc, rowc = strip.to_pixel(truth["mu"].to_numpy(), truth["nu"].to_numpy())
    seen = (truth["camcol"] == strip.camcol) & (truth["mag_r"] < CATALOGUE_LIMIT)
    seen &= (colc >= 0) & (colc < FRAME_COLUMNS) & (rowc >= 0) & (rowc < strip.rows)
    objects = truth[seen].assign(strip_colc=colc[seen], strip_rowc=rowc[seen])
    objects = objects.sort_values("strip_rowc", kind="stable").reset_index(drop=True)
    measured = _measured(objects, strip, rng)
    parts = [_in_field(measured, strip, field) for field in strip.fields if field != strip.failed]
    return pd.concat(parts, ignore_index=True)


def _measured(objects: pd.DataFrame, strip: Strip, rng: np.random.Generator) -> pd.DataFrame:
    """Positions, magnitudes and radii with the errors that the noise gives them."""
    n = len(objects)
    star = (objects["kind"] == STAR).to_numpy()
    radii = _radii(objects, strip.fwhm)
    flux = 10 ** (0.4 * (22.5 - objects["mag_r"].to_numpy()))
    noise = SKY_RMS["r"] * np.sqrt(np.pi) * (1.2 * radii[1] + strip.fwhm) / PIXSCALE
    relative = np.hypot(noise / flux, 0.01)
    place = np.clip(0.5 * radii[1] * relative, 0.02, 0.3) / PIXSCALE  # [pixel]
    colc = objects["strip_colc"].to_numpy() + place * rng.standard_normal(n)
    rowc = objects["strip_rowc"].to_numpy() + place * rng.standard_normal(n)
    ra, dec = strip.to_sky(colc, rowc)
    error = 1.086 * np.minimum(relative, 0.4)
    mag = objects["mag_r"].to_numpy() + error * rng.standard_normal(n)
    gr = (objects["mag_g"] - objects["mag_r"]).to_numpy() + 1.2 * error * rng.standard_normal(n)
    ri = (objects["mag_r"] - objects["mag_i"]).to_numpy() + 1.2 * error * rng.standard_normal(n)
    petro = radii * (1 + np.minimum(0.5 * relative, 0.2) * rng.standard_normal(n))
    bands = {
        "u": mag + 2.4 * gr + 0.35,
        "g": mag + gr,
        "r": mag,
        "i": mag - ri,
        "z": mag - 1.6 * ri,
    }
    psf = mag + _missed_by_psf(radii[1], strip.fwhm, star) + 0.3 * error * rng.standard_normal(n)
    saturated = star & (objects["mag_r"].to_numpy() < _SATURATION_MAG)
    return pd.DataFrame({
        "type": np.where(star, STAR_TYPE, GALAXY_TYPE),
        "saturated": saturated,
        "strip_colc": objects["strip_colc"], "strip_rowc": objects["strip_rowc"],
        "seen_colc": colc, "seen_rowc": rowc,
        "petroRad_r": petro[0], "petroR50_r": petro[1], "petroR90_r": petro[2],
        "petroMag_r": mag + 0.5 * error * rng.standard_normal(n),
        **{f"modelMag_{band}": value for band, value in bands.items()},
        "cModelMag_r": mag + 0.2 * error * rng.standard_normal(n),
        "psfMag_r": psf,
        "extinction_r": _EXTINCTION_R, "ra": ra, "dec": dec, **bands,
        "thingId": objects["thingId"],
    })  # fmt: skip


def _radii(objects: pd.DataFrame, fwhm: float) -> np.ndarray:
    """Petrosian radius, R50, R90 [arcsec], shape (3, n): intrinsic and seeing in quadrature."""
    sersic, re = (objects[c].fillna(0.0).to_numpy() for c in ("sersic", "re"))
    own = np.zeros((3, len(objects)))
    for n, factors in _PETROSIAN.items():
        own += np.outer(factors, np.where(sersic == n, re, 0.0))
    return np.hypot(own, np.array(_POINT)[:, None] * fwhm)


def _missed_by_psf(r50: np.ndarray, fwhm: float, star: np.ndarray) -> np.ndarray:
    """How much fainter a galaxy is when it is measured as a star [mag]."""
    return np.where(star, 0.0, 2.5 * np.log10(np.maximum(r50 / (_POINT[1] * fwhm), 1.0)) + 0.05)


def _in_field(measured: pd.DataFrame, strip: Strip, field: int) -> pd.DataFrame:
    """The rows of one field: all that lies on its frame."""
    first = strip.first_row(field)
    rows = measured["strip_rowc"] - first
    on_frame = (rows >= 0) & (rows < FRAME_ROWS)
    table = measured[on_frame].reset_index(drop=True)
    mode, resolve = _resolved(table, strip, field)
    colc, rowc = table["seen_colc"], table["seen_rowc"] - first
    edge = (colc < 10) | (colc > FRAME_COLUMNS - 10) | (rowc < 10) | (rowc > FRAME_ROWS - 10)
    number = np.arange(1, len(table) + 1)
    parts = dict(skyVersion=2, rerun=RERUN, run=strip.run, camcol=strip.camcol, field=field)
    objid = ids.encode(**parts, obj=number)
    table = table.assign(
        objID=objid, fieldID=ids.field_of(objid), **parts, obj=number, mode=mode, nChild=0,
        parentID=np.int64(0), clean=(~edge & ~table["saturated"]).astype(int),
        flags=_BINNED1 + edge * _EDGE + table["saturated"] * _SATURATED,
        rowc=rowc, colc=colc, resolveStatus=resolve, calibStatus_r=1,
        mjd=int(strip.mjd_of(field)), score=score(strip, field),
    )  # fmt: skip
    return table.drop(columns=["strip_colc", "strip_rowc", "seen_colc", "seen_rowc", "saturated"])


def _resolved(table: pd.DataFrame, strip: Strip, field: int) -> tuple[np.ndarray, np.ndarray]:
    """mode and resolveStatus: whose field the object is, and whether another run comes first."""
    colc, rowc = table["strip_colc"].to_numpy(), table["strip_rowc"].to_numpy()
    owner = FIRST_FIELD + np.floor((rowc - BORDER) / STEP).astype(int)
    across = (colc >= BORDER) & (colc < FRAME_COLUMNS - BORDER)
    own = owner == field
    lonely = ~own & ((owner == strip.failed) | ~np.isin(owner, strip.fields))
    resolve = np.where(own, _RUN_PRIMARY, np.where(lonely, _OVERLAP_ONLY, _RUN_DUPLICATE))
    resolve = resolve | np.where(across, 0, _RUN_EDGE)
    official = own & across
    survey = _SURVEY_SECONDARY if strip.repeats else _SURVEY_PRIMARY
    resolve = resolve | np.where(official, survey, np.where(own, _SURVEY_EDGE, 0))
    mode = np.where(official, SECONDARY if strip.repeats else PRIMARY, OUTSIDE)
    return mode, resolve


def score(strip: Strip, field: int) -> float:
    """Quality of a field, as the survey scores it: depth and seeing for those under a clear sky.

    Parameters
    ----------
    strip : Strip
    field : int

    Returns
    -------
    float
        0 where the reduction failed, 0.15 under clouds, else 0.6 + 0.7/(FWHM sqrt(sky)), at most 1
        (SDSS DR10, algorithms/resolve; FWHM in arcsec, sky in nanomaggy/arcsec2).
    """
    if field == strip.failed:
        return 0.0
    if field == strip.poor:
        return POOR_SCORE
    depth = min(0.7 / (strip.fwhm * np.sqrt(_sky(strip, field))), 0.4)
    return float(np.float32(0.6 + depth))


def _sky(strip: Strip, field: int) -> float:
    """Brightness of the sky [nanomaggy/arcsec2], drifting slowly along the scan."""
    return _SKY_NMGY_ARCSEC2 * (1 + 0.05 * np.sin(0.7 * field + strip.run))


def field_rows(strip: Strip, objects: pd.DataFrame) -> pd.DataFrame:
    """The rows of Field of one strip.

    Parameters
    ----------
    strip : Strip
    objects : pandas.DataFrame
        Its rows of PhotoObjAll.

    Returns
    -------
    pandas.DataFrame
        CAS names; ``nTotal`` is the number of the field's rows in PhotoObjAll.
    """
    return pd.DataFrame(
        [_field_row(strip, field, objects[objects["field"] == field]) for field in strip.fields]
    )


def _field_row(strip: Strip, field: int, objects: pd.DataFrame) -> dict:
    first = strip.first_row(field)
    cols = np.array([BORDER, FRAME_COLUMNS - BORDER])
    rows = np.array([first + BORDER, first + BORDER + STEP])
    mu, nu = strip.to_munu(cols, rows)
    corner_ra, corner_dec = strip.to_sky(*(v.ravel() for v in np.meshgrid(cols, rows)))
    ra, dec = strip.to_sky(cols.mean(), rows.mean())
    failed = field == strip.failed
    parts = dict(skyVersion=2, run=strip.run, rerun=RERUN, camcol=strip.camcol, field=field)
    return {
        "fieldID": ids.encode(**parts), **parts,
        "nTotal": len(objects), "nObjects": len(objects), "nChild": 0,
        "nGalaxy": int(((objects["type"] == GALAXY_TYPE) & (objects["nChild"] == 0)).sum()),
        "nStars": int((objects["type"] == STAR_TYPE).sum()),
        "quality": _BAD if failed else _ACCEPTABLE if field == strip.poor else _GOOD,
        "mjd_r": strip.mjd_of(field), "psfSigma1_r": strip.fwhm / 2.355 / PIXSCALE,
        "sky_r": _sky(strip, field), "ra": float(ra), "dec": float(dec),
        "raMin": corner_ra.min(), "raMax": corner_ra.max(),
        "decMin": corner_dec.min(), "decMax": corner_dec.max(),
        "primaryArea": 0.0 if strip.repeats else float(np.ptp(mu) * np.ptp(nu)),
        "muStart": mu[0], "muEnd": mu[1], "nuStart": nu[0], "nuEnd": nu[1],
        "pspStatus": 0, "photoStatus": _TOO_LONG if failed else 0,
        "imageStatus_r": 1, "calibStatus_r": 1, "score": score(strip, field),
        "ifield": (strip.run * 10 + strip.camcol) * 1000 + field,
    }  # fmt: skip
