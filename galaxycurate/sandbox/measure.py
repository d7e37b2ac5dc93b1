"""A catalogue measured on the frames: it stands in for PhotoObjAll where that is absent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from galaxycurate.core import ids
from galaxycurate.errors import SettingError
from galaxycurate.sandbox.frames import Frame, Pixels

if TYPE_CHECKING:
    import pandas as pd

PIXSCALE = 0.396  # arcsec/pixel
GALAXY, STAR = 3, 6
SATURATED, EDGE = 1 << 18, 1 << 2  # PhotoFlags
MIN_EXTENDED_MAG = 0.1
"""A source is extended where its light is less concentrated than a star's by more than this.

Measured against the lists of field 3918-3-213: 98 % of the galaxies and 2 % of the stars to r = 21
are above it, 91 and 20 % at r = 21 to 22.
"""

SATURATION_PART = 0.6
"""Of the brightest pixel of a frame: a higher peak is a saturated star's, never a galaxy's core."""

_STAR_BRIGHTNESS = 18.0
"""Mean r surface brightness in the half-light radius [mag/arcsec2]; no galaxy is brighter.
Saturated stars are, even where their cores were cut off and they look extended."""

_G, _R, _I = 0, 1, 2
_PETRO_RATIO = 0.2  # Petrosian radius: where the ratio falls to this (Strauss et al. 2002)
_ZERO_POINT = 22.5  # magnitudes of nanomaggies
_MATCH_PX = 3.0


@dataclass(frozen=True)
class KnownTypes:
    """Positions on the r frame [pixel, from 0] that somebody has classified."""

    galaxies: np.ndarray
    stars: np.ndarray


@dataclass(frozen=True)
class _Detections:
    """What sep found on the r frame: its table, its segmentation, the image it looked at."""

    table: np.ndarray
    segments: np.ndarray
    flux: np.ndarray
    rms: float


def measure(frame: Frame, pixels: Pixels, known: KnownTypes | None = None) -> pd.DataFrame:
    """Detect and measure the objects of one field.

    Parameters
    ----------
    frame : Frame
    pixels : Pixels
    known : KnownTypes, optional
        Where a detection is on one of these lists, the list decides what it is.

    Returns
    -------
    pandas.DataFrame
        One row an object, columns of PhotoObjAll, brightest r first; ``extended`` is what the
        pixels alone say. Radii are in arcsec; that of a saturated star is its isophote's.
    """
    import pandas as pd

    found = _detect(pixels.flux[_R])
    x, y = found.table["x"], found.table["y"]
    psf = _psf_fwhm(found)
    radius, flux, half, ninety = _petrosian(found)
    stars = _well_exposed(found) & (2 * half < 1.15 * psf)
    colours = {band: _aperture_flux(frame, pixels, band, x, y, psf) for band in (_G, _R, _I)}
    model_mag = _magnitude(flux)
    saturated = _saturated(found, model_mag, half)
    radius = np.where(saturated, np.maximum(radius, np.sqrt(found.table["npix"] / np.pi)), radius)
    extended = (_spread(found, psf, stars) > MIN_EXTENDED_MAG) & ~saturated
    ra, dec = _positions(frame, x, y)
    rows = {
        "mode": 1,
        "nChild": 0,
        "type": _types(extended, x, y, known),
        "clean": 1,
        "flags": saturated * SATURATED + _touches_edge(found) * EDGE,
        "rowc": y + 0.5,  # photo counts from the pixel's corner
        "colc": x + 0.5,
        "petroRad_r": radius * PIXSCALE,
        "petroR50_r": half * PIXSCALE,
        "petroR90_r": ninety * PIXSCALE,
        "petroMag_r": model_mag,
        "modelMag_g": model_mag + _colour(colours[_G], colours[_R]),
        "modelMag_r": model_mag,
        "modelMag_i": model_mag + _colour(colours[_I], colours[_R]),
        "cModelMag_r": model_mag,
        "psfMag_r": _magnitude(_psf_flux(found, psf, flux, stars)),
        "ra": ra,
        "dec": dec,
        "parentID": np.int64(0),
        "extended": extended,
    }
    table = pd.DataFrame(rows)
    table = table[np.isfinite(model_mag)].sort_values("modelMag_r", kind="stable")
    return _identified(table.reset_index(drop=True), frame)


def _detect(image: np.ndarray) -> _Detections:
    """Two passes: the sky is measured again where the first found no object."""
    import sep

    sep.set_extract_pixstack(2_000_000)
    sep.set_sub_object_limit(8192)
    kernel = _gaussian_kernel(1.3)
    mask = None
    for _ in range(2):
        sky = sep.Background(image, mask=mask, bw=256, bh=256, fw=3, fh=3)
        flux = image - sky.back()
        settings = dict(err=sky.globalrms, minarea=5, filter_kernel=kernel, deblend_cont=0.003)
        table, segments = sep.extract(flux, 1.5, segmentation_map=True, **settings)
        mask = segments > 0
    return _Detections(table, segments, flux, sky.globalrms)


def _psf_fwhm(found: _Detections) -> float:
    """FWHM [pixel] of the compact ones among the bright, well exposed detections."""
    import sep

    t = found.table
    bright = _well_exposed(found) & (t["flag"] == 0)
    if bright.sum() < 5:
        raise SettingError("too few stars on the frame to measure its PSF")
    s = t[bright]
    half, _ = sep.flux_radius(found.flux, s["x"], s["y"], np.full(len(s), 12.0), 0.5)
    return 2 * float(np.percentile(half[half > 0.5], 30))


def _well_exposed(found: _Detections) -> np.ndarray:
    peak = found.table["peak"]
    return (peak > 30 * found.rms) & (peak < 0.3 * peak.max())


def _petrosian(found: _Detections) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Petrosian radius, flux within twice that, radii of 50 and 90 % of it [pixel]."""
    import sep

    t = found.table
    reach = 2.0 * np.sqrt(t["npix"] / np.pi) + 6
    grid = np.geomspace(2.0, max(4.0, float(reach.max())), 48)
    inside = _circles(found, grid, 1.3 * reach)
    area = np.pi * grid**2
    ratio = np.full(inside.shape, np.inf)
    for k in range(2, len(grid) - 2):  # annulus of 0.8 to 1.25 r, by the neighbours on the grid
        low, high = np.searchsorted(grid, 0.8 * grid[k]), np.searchsorted(grid, 1.25 * grid[k])
        high = min(high, len(grid) - 1)
        ring = (inside[:, high] - inside[:, low]) / (area[high] - area[low])
        ratio[:, k] = ring / np.maximum(inside[:, k] / area[k], 1e-12)
    below = (ratio < _PETRO_RATIO) | (grid[None, :] > reach[:, None])
    below[:, -1] = True
    radius = grid[below.argmax(axis=1)]
    flux = _per_object(found, 2 * radius)
    radii, _ = sep.flux_radius(
        found.flux, t["x"], t["y"], 2 * radius, [0.5, 0.9], normflux=flux,
        seg_id=_segment_ids(t), segmap=found.segments,
    )  # fmt: skip
    return radius, flux, radii[:, 0], radii[:, 1]


def _circles(found: _Detections, grid: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Flux within each radius of the grid, shape (objects, radii); held constant beyond a reach."""
    inside = np.zeros((len(reach), len(grid)))
    for k, radius in enumerate(grid):
        inside[:, k] = inside[:, max(k - 1, 0)]
        near = np.flatnonzero(reach >= radius) if k else np.arange(len(reach))
        inside[near, k] = _per_object(found, np.full(len(near), radius), near)
    return inside


def _per_object(found: _Detections, radius: np.ndarray, which=slice(None)) -> np.ndarray:
    """Flux within circles, the pixels of the neighbours left out (and made up for)."""
    import sep

    t, number = found.table[which], _segment_ids(found.table)[which]
    flux, _, _ = sep.sum_circle(
        found.flux, t["x"], t["y"], radius, seg_id=number, segmap=found.segments, subpix=3
    )
    return flux


def _psf_flux(found: _Detections, fwhm: float, flux, stars) -> np.ndarray:
    """Flux in a small aperture, scaled to the total by what stars have outside of it."""
    core = _per_object(found, np.full(len(flux), fwhm))
    return core * float(np.median(flux[stars] / core[stars]))


def _spread(found: _Detections, fwhm: float, stars) -> np.ndarray:
    """How much less of the light is in the core than for stars [mag]; not finite: 0."""
    core, wide = (_per_object(found, np.full(len(stars), k * fwhm)) for k in (0.6, 1.2))
    spread = _magnitude(core) - _magnitude(wide)
    return np.nan_to_num(spread - np.nanmedian(spread[stars]))


def _saturated(found: _Detections, mag, half) -> np.ndarray:
    peak = found.table["peak"]
    with np.errstate(invalid="ignore", divide="ignore"):
        brightness = mag + 2.5 * np.log10(2 * np.pi * (half * PIXSCALE) ** 2)
    cut_off = (mag < 16.0) & (brightness < _STAR_BRIGHTNESS) & (peak > 0.05 * peak.max())
    return cut_off | (peak > SATURATION_PART * peak.max())


def _aperture_flux(frame: Frame, pixels: Pixels, band: int, x, y, fwhm: float) -> np.ndarray:
    """Flux within one FWHM at the same place of the sky in another band."""
    import sep

    to_band = pixels.project[band] @ np.linalg.inv(frame.project)
    u, v, w = to_band @ np.stack([x, y, np.ones_like(x)])
    image = pixels.flux[band]
    sky = sep.Background(image, bw=256, bh=256, fw=3, fh=3)
    flux, _, _ = sep.sum_circle(image - sky.back(), u / w, v / w, fwhm, subpix=3)
    return flux


def _types(extended, x, y, known: KnownTypes | None) -> np.ndarray:
    types = np.where(extended, GALAXY, STAR)
    if known is None:
        return types
    tree = cKDTree(np.stack([x, y], axis=1))
    for listed, kind in ((known.stars, STAR), (known.galaxies, GALAXY)):
        distance, nearest = tree.query(listed, distance_upper_bound=_MATCH_PX)
        types[nearest[np.isfinite(distance)]] = kind
    return types


def _identified(table: pd.DataFrame, frame: Frame) -> pd.DataFrame:
    """The ids that SDSS would give, with rerun 301."""
    number = np.arange(1, len(table) + 1)
    where = dict(run=frame.run, camcol=frame.camcol, field=frame.field)
    parts = dict(skyVersion=2, rerun=301, **where, obj=number)
    table.insert(0, "objID", ids.encode(**parts))
    table["fieldID"] = ids.field_of(table["objID"].to_numpy())
    for name, value in parts.items():
        table[name] = value
    return table


def _positions(frame: Frame, x, y) -> tuple[np.ndarray, np.ndarray]:
    vectors = np.linalg.solve(frame.project, np.stack([x, y, np.ones_like(x)]))
    vectors /= np.linalg.norm(vectors, axis=0)
    return np.degrees(np.arctan2(vectors[1], vectors[0])) % 360, np.degrees(np.arcsin(vectors[2]))


def _touches_edge(found: _Detections) -> np.ndarray:
    rows, cols = found.flux.shape
    t = found.table
    return (t["xmin"] < 1) | (t["ymin"] < 1) | (t["xmax"] > cols - 2) | (t["ymax"] > rows - 2)


def _magnitude(flux) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return _ZERO_POINT - 2.5 * np.log10(np.where(flux > 0, flux, np.nan))


def _colour(band, r) -> np.ndarray:
    """Band minus r [mag]; NaN where a flux is not positive."""
    return _magnitude(band) - _magnitude(r)


def _segment_ids(table) -> np.ndarray:
    return np.arange(1, len(table) + 1, dtype=np.int32)


def _gaussian_kernel(sigma: float) -> np.ndarray:
    x = np.arange(-3, 4)
    profile = np.exp(-(x**2) / (2 * sigma**2))
    return np.outer(profile, profile).astype(np.float32)
