"""From truth to frames: paint a strip in one band, add noise, cut it, write FITS."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from galaxycurate.core.geometry import SURVEY_NODE
from galaxycurate.sandbox.simulated import profiles
from galaxycurate.sandbox.simulated.content import FAINT, STAR
from galaxycurate.sandbox.simulated.survey import (
    FRAME_COLUMNS,
    FRAME_ROWS,
    INCL,
    PIXSCALE,
    RERUN,
    STRIPE,
    Strip,
    frame_wcs,
)

BANDS = "gri"
SKY_RMS = {"g": 0.0157, "r": 0.0215, "i": 0.0340}
"""Noise of empty pixels [nanomaggy], measured on the real frames 3918-3-213 and 4510-4-30."""

NMGY_PER_COUNT = {"g": 0.0037, "r": 0.0050, "i": 0.0066}  # NMGY in the headers of the same frames
GAIN = {"g": 3.9, "r": 4.7, "i": 4.9}  # electrons a count, typical of the camera
SEEING = {"g": 1.06, "r": 1.0, "i": 0.96}  # relative to r
FULL_WELL = 40_000.0  # counts: a pixel holds no more, the rest runs along its column
_RUN_B_NOISE = 1.08

QUANTIZE_LEVEL = 16.0
"""Steps of the stored values within one sigma of the noise: the noise grows by 0.02 %."""

_TILE_ROWS = 16

_BRIGHT_STAR = 16.0  # [mag]; fainter ones show no wings
_BATCH_PIXELS = 120_000  # of the small images that are drawn at once


def write_strip(folder: Path, strip: Strip, band: str, truth: pd.DataFrame, seed: int) -> int:
    """Make the frames of a strip in one band.

    Parameters
    ----------
    folder : Path
        Where the frames go.
    strip : Strip
    band : {'g', 'r', 'i'}
    truth : pandas.DataFrame
        See `content.populate`.
    seed : int

    Returns
    -------
    int
        Frames written.
    """
    image = paint(strip, band, truth)
    add_noise(image, strip, band, seed)
    written = 0
    for field in strip.fields:
        if field != strip.failed:
            first = strip.first_row(field)
            _write_frame(folder, strip, field, band, image[first : first + FRAME_ROWS])
            written += 1
    return written


def paint(strip: Strip, band: str, truth: pd.DataFrame) -> np.ndarray:
    """The strip without noise.

    Parameters
    ----------
    strip : Strip
    band : {'g', 'r', 'i'}
    truth : pandas.DataFrame

    Returns
    -------
    ndarray of float32, shape (rows, 2048)
        [nanomaggy]
    """
    image = np.zeros((strip.rows, FRAME_COLUMNS), np.float32)
    fwhm = strip.fwhm * SEEING[band]
    colc, rowc = strip.to_pixel(truth["mu"].to_numpy(), truth["nu"].to_numpy())
    objects = truth.assign(
        x=colc - 0.5, y=rowc - 0.5, flux=10 ** (0.4 * (22.5 - truth[f"mag_{band}"]))
    )
    margin = 400
    inside = (np.abs(rowc - strip.rows / 2) < strip.rows / 2 + margin) & (
        truth["camcol"] == strip.camcol
    )
    objects = objects[inside]
    stars, faint = objects["kind"] == STAR, objects["kind"] == FAINT
    bright = stars & (objects["mag_r"] < _BRIGHT_STAR)
    _add_stars(image, objects[stars & ~bright], fwhm)
    for n in (1.0, 4.0):
        _add_faint(image, objects[faint & (objects["sersic"] == n)], n, fwhm)
    for galaxy in objects[~stars & ~faint].itertuples():
        _add_one(
            image, galaxy, lambda dx, dy, g=galaxy: profiles.galaxy_image(g, band, fwhm, dx, dy)
        )
    for star in objects[bright].itertuples():
        _add_bright_star(image, star, fwhm)
    _saturate(image, FULL_WELL * NMGY_PER_COUNT[band])
    return image


def add_noise(image: np.ndarray, strip: Strip, band: str, seed: int) -> None:
    """Noise of sky and photons, in place: one draw for a strip, so that overlaps hold one noise."""
    rng = np.random.default_rng([seed, strip.run, strip.camcol, BANDS.index(band)])
    sky = SKY_RMS[band] * (_RUN_B_NOISE if strip.repeats else 1.0)
    per_photon = NMGY_PER_COUNT[band] / GAIN[band]
    for rows in np.array_split(image, strip.n_fields):
        sigma = np.sqrt(np.float32(sky**2) + np.float32(per_photon) * np.maximum(rows, 0))
        rows += sigma * rng.standard_normal(rows.shape, np.float32)


def _add_stars(image: np.ndarray, stars: pd.DataFrame, fwhm: float) -> None:
    share, variance = profiles.psf_gaussians()
    half = np.where(stars["mag_r"] > 20, 8, 22)
    var_px = variance * (fwhm / PIXSCALE) ** 2 + 1 / 12
    covariance = np.stack([var_px, var_px, 0 * var_px], axis=-1)
    for size in np.unique(half):
        chosen = stars[half == size]
        blobs = np.broadcast_to(covariance, (len(chosen), *covariance.shape))
        _add_gaussians(image, chosen, share, blobs, int(size))


def _add_faint(image: np.ndarray, galaxies: pd.DataFrame, n: float, fwhm: float) -> None:
    """Small smooth galaxies: sums of Gaussians, blurred by adding variances."""
    star_share, star_var = profiles.psf_gaussians()
    share, variance = profiles.sersic_gaussians(n)
    weights = (share[:, None] * star_share[None, :]).ravel()
    reach = 2.5 + 0.7 * np.clip(22.0 - galaxies["mag_r"], 0, 5)
    pixels = (reach * galaxies["re"] + 1.5 * fwhm) / PIXSCALE
    half = np.array([8, 12, 18, 28, 44, 70])[np.searchsorted([8, 12, 18, 28, 44], pixels)]
    angle = np.radians(galaxies["angle"].to_numpy())
    q2 = galaxies["axis_ratio"].to_numpy() ** 2
    re2 = (galaxies["re"].to_numpy() / PIXSCALE) ** 2
    cos2, sin2, cross = np.cos(angle) ** 2, np.sin(angle) ** 2, np.sin(angle) * np.cos(angle)
    shape = np.stack([cos2 + q2 * sin2, sin2 + q2 * cos2, (1 - q2) * cross], axis=-1)
    seen = star_var * (fwhm / PIXSCALE) ** 2 + 1 / 12  # a pixel's own variance is 1/12
    round_part = np.stack([seen, seen, 0 * seen], axis=-1)
    for size in np.unique(half):
        here = half == size
        own = (re2[here, None] * variance)[:, :, None, None] * shape[here, None, None, :]
        blobs = (own + round_part[None, None]).reshape(int(here.sum()), -1, 3)
        _add_gaussians(image, galaxies[here], weights, blobs, int(size))


def _add_gaussians(image, objects: pd.DataFrame, share, covariance, half: int) -> None:
    """Add objects that are sums of Gaussians.

    ``covariance`` holds xx, yy, xy of each Gaussian of each object, shape (n, k, 3) [pixel2].
    """
    x, y, flux = (objects[name].to_numpy() for name in ("x", "y", "flux"))
    offset = np.arange(-half, half + 1, dtype=np.float32)
    batch = max(1, _BATCH_PIXELS // offset.size**2)
    for first in range(0, len(objects), batch):
        part = slice(first, first + batch)
        col, row = np.rint(x[part]).astype(int), np.rint(y[part]).astype(int)
        dx = (offset[None, :] - (x[part] - col)[:, None].astype(np.float32))[:, None, :]
        dy = (offset[None, :] - (y[part] - row)[:, None].astype(np.float32))[:, :, None]
        light = np.zeros((col.size, offset.size, offset.size), np.float32)
        for k, weight in enumerate(share):
            xx, yy, xy = (covariance[part, k, m].astype(np.float32) for m in range(3))
            det = xx * yy - xy * xy
            a, b, c = ((m / (-2 * det))[:, None, None] for m in (yy, xx, -2 * xy))
            peak = (weight * flux[part] / (2 * np.pi * np.sqrt(det))).astype(np.float32)
            light += peak[:, None, None] * np.exp(a * dx * dx + b * dy * dy + c * dx * dy)
        for n in range(col.size):
            _paste(image, light[n], row[n], col[n])


def _add_one(image: np.ndarray, item, draw) -> None:
    """Add one object that is drawn by ``draw(dx, dy)`` with unit flux."""
    col, row = round(item.x), round(item.y)
    light = draw(item.x - col, item.y - row)
    _paste(image, light * np.float32(item.flux), row, col)


def _add_bright_star(image: np.ndarray, star, fwhm: float) -> None:
    half = int(np.clip(30 * 10 ** (0.2 * (_BRIGHT_STAR - star.mag_r)), 30, 600))
    _add_one(image, star, lambda dx, dy: profiles.star_image(1.0, fwhm, half, dx, dy))


def _paste(image: np.ndarray, light: np.ndarray, row: int, col: int) -> None:
    half = light.shape[0] // 2
    top, left = row - half, col - half
    rows = slice(max(top, 0), min(row + half + 1, image.shape[0]))
    cols = slice(max(left, 0), min(col + half + 1, image.shape[1]))
    if rows.start < rows.stop and cols.start < cols.stop:
        image[rows, cols] += light[
            rows.start - top : rows.stop - top, cols.start - left : cols.stop - left
        ]


def _saturate(image: np.ndarray, full: float) -> None:
    """What a pixel cannot hold runs along its column, half up and half down, till it is used up."""
    for col in np.flatnonzero((image > full).any(axis=0)):
        column = image[:, col]
        over = np.flatnonzero(column > full)
        for group in np.split(over, np.flatnonzero(np.diff(over) > 1) + 1):
            excess = float((column[group] - full).sum())
            column[group] = full
            for step, row in ((-1, group[0] - 1), (1, group[-1] + 1)):
                _spill(column, row, step, excess / 2, full)


def _spill(column: np.ndarray, row: int, step: int, left: float, full: float) -> None:
    while left > 0 and 0 <= row < column.size:
        taken = min(left, full - float(column[row]))
        column[row] += taken
        left -= max(taken, 1e-3 * full)
        row += step


def frame_name(strip: Strip, field: int, band: str) -> str:
    """File name of a frame, as the survey's archive has it."""
    return f"frame-{band}-{strip.run:06d}-{strip.camcol}-{field:04d}.fits.fz"


def _write_frame(folder: Path, strip: Strip, field: int, band: str, pixels: np.ndarray) -> None:
    from astropy.io import fits

    header = fits.Header()
    header["SIMULATD"] = (True, "SIMULATED sky made by galaxycurate, not SDSS")
    header["COMMENT"] = "SIMULATED: no telescope saw this frame."
    about = {
        "ORIGIN": "galaxycurate sandbox", "RUN": strip.run, "RERUN": str(RERUN),
        "CAMCOL": strip.camcol, "FRAME": field, "FIELD": field, "FILTER": band,
        "STRIPE": STRIPE, "NODE": SURVEY_NODE, "INCL": INCL, "BUNIT": "nanomaggy",
        "EXPTIME": "53.907456", "TAI": strip.mjd_of(field) * 86400,
        "NMGY": NMGY_PER_COUNT[band], **frame_wcs(strip, field),
    }  # fmt: skip
    for key, value in about.items():
        header[key] = value
    # one step for all tiles, no dither: a pixel is stored alike in the two frames that hold it
    hdu = fits.CompImageHDU(
        np.ascontiguousarray(pixels), header, compression_type="RICE_1",
        tile_shape=(_TILE_ROWS, FRAME_COLUMNS), quantize_method=fits.hdu.compressed.NO_DITHER,
        quantize_level=-SKY_RMS[band] / QUANTIZE_LEVEL,  # below 0: the step itself
    )  # fmt: skip
    hdu.writeto(folder / frame_name(strip, field, band))
