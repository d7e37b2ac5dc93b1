"""Galaxies by sep: thresholds, and how much less concentrated than a star a source is.

The baseline beside the network, on the r frame; Petrosian radii as Strauss et al. (2002, AJ 124,
1810) define them. Fields larger than `CHUNK_PX` rows are searched in bands that overlap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galaxycurate.errors import InputError
from train.detect.fields import Field
from train.detect.found import ZERO_POINT, Found
from train.detect.listing import boxes_around

THRESHOLD = 1.5  # sigma of a pixel of the smoothed frame
LEAST_PIXELS = 5
DEBLEND = 0.003
MIN_SPREAD = 0.1
"""Galaxies have this much less light in the core than stars [mag]; of sources to r = 21 of the real
field 3918-3-213, 98 % of the listed galaxies and 2 % of the stars are above it (the house's own
measurement; so the cut was chosen on that field)."""

LEAST_SIDE_PX = 10.0
CHUNK_PX = 4096
_CHUNK_OVERLAP_PX = 256
_SOFTNESS = 0.04  # of the score around MIN_SPREAD [mag]
_PETRO_RATIO = 0.2
_SATURATED = 0.6  # of the brightest pixel
_BRIGHTEST = 18.0  # mean surface brightness that galaxies do not exceed [mag/arcsec2]


@dataclass(frozen=True)
class Sources:
    """What sep sees in a window of r.

    Attributes
    ----------
    table : ndarray
        sep's own.
    segments : ndarray of int32, shape (h, w)
    flux : ndarray of float32, shape (h, w)
        Sky-subtracted [nanomaggy].
    rms : float
    """

    table: np.ndarray
    segments: np.ndarray
    flux: np.ndarray
    rms: float

    @property
    def xy(self) -> np.ndarray:
        """Places in the window, shape (n, 2)."""
        return np.stack([self.table["x"], self.table["y"]], axis=1)


def find(field: Field, *, least_side_px: float = LEAST_SIDE_PX) -> Found:
    """Galaxies of a field, each with how surely it is wider than a star.

    Parameters
    ----------
    field : Field
    least_side_px : float
        See `listing.boxes_around`.

    Returns
    -------
    Found
        Score 0.5 is at `MIN_SPREAD`; everything detected is told, so cut by score.

    Raises
    ------
    InputError
        The field has too few stars to measure its PSF.
    """
    parts = []
    step = CHUNK_PX - _CHUNK_OVERLAP_PX
    for top in range(0, max(field.shape[0] - _CHUNK_OVERLAP_PX, 1), step):
        bottom = min(top + CHUNK_PX, field.shape[0])
        light = field.planes["r"].window(top, bottom, 0, field.shape[1])
        part = _galaxies(light, field, least_side_px, top)
        low = top + (_CHUNK_OVERLAP_PX / 2 if top else -np.inf)
        high = bottom - _CHUNK_OVERLAP_PX / 2 if bottom < field.shape[0] else np.inf
        parts.append(part.where((part.xy[:, 1] >= low) & (part.xy[:, 1] < high)))
    whole = Found(
        *(np.concatenate([getattr(p, n) for p in parts]) for n in ("boxes", "score", "mag_r"))
    )
    return whole.where(np.argsort(-whole.score, kind="stable"))


def sources(light: np.ndarray) -> Sources:
    """Everything above the threshold; the sky is measured again where the first pass found none.

    Parameters
    ----------
    light : ndarray of float32, shape (h, w)
        r [nanomaggy]; NaN where there is none.
    """
    import sep

    sep.set_extract_pixstack(3_000_000)
    sep.set_sub_object_limit(8192)
    bad = ~np.isfinite(light)
    light = np.ascontiguousarray(np.where(bad, 0, light), np.float32)
    busy = bad
    for _ in range(2):
        sky = sep.Background(light, mask=busy, bw=256, bh=256, fw=3, fh=3)
        flux = light - sky.back()
        table, segments = sep.extract(
            flux, THRESHOLD, err=sky.globalrms, mask=bad, minarea=LEAST_PIXELS,
            filter_kernel=_kernel(), deblend_cont=DEBLEND, segmentation_map=True,
        )  # fmt: skip
        busy = (segments > 0) | bad
    return Sources(table, segments, flux, float(sky.globalrms))


def _galaxies(light: np.ndarray, field: Field, least_side_px: float, top: int) -> Found:
    seen = sources(light)
    if not len(seen.table):
        return Found(np.zeros((0, 4)), np.zeros(0), np.zeros(0))
    fwhm = _psf_fwhm(seen, field.name)
    radius, flux = petrosian(seen)
    spread = _spread(seen, fwhm)
    spread[_saturated(seen, flux, field.pixscale)] = -1.0
    score = 1 / (1 + np.exp(-np.clip((spread - MIN_SPREAD) / _SOFTNESS, -50, 50)))
    with np.errstate(invalid="ignore", divide="ignore"):
        mag = np.where(flux > 0, ZERO_POINT - 2.5 * np.log10(flux), np.nan)
    boxes = boxes_around(seen.xy + np.array([0, top]), radius, least_side_px=least_side_px)
    return Found(boxes, score, mag).where(np.isfinite(mag))


def petrosian(seen: Sources) -> tuple[np.ndarray, np.ndarray]:
    """Petrosian radius [pixel] and the flux within twice that [nanomaggy].

    The radius is where the light of a ring (0.8 to 1.25 r) falls to a fifth of the mean within.
    """
    reach = 2.0 * np.sqrt(seen.table["npix"] / np.pi) + 6
    grid = np.geomspace(2.0, max(4.0, float(reach.max())), 48)
    inside = np.zeros((len(reach), len(grid)))
    for k, r in enumerate(grid):
        inside[:, k] = inside[:, max(k - 1, 0)]
        near = np.flatnonzero(1.3 * reach >= r) if k else np.arange(len(reach))
        inside[near, k] = _circle(seen, np.full(len(near), r), near)
    area = np.pi * grid**2
    low = np.searchsorted(grid, 0.8 * grid)
    high = np.minimum(np.searchsorted(grid, 1.25 * grid), len(grid) - 1)
    ring = (inside[:, high] - inside[:, low]) / np.maximum(area[high] - area[low], 1e-9)
    ratio = ring / np.maximum(inside / area, 1e-12)
    ratio[:, :2] = np.inf
    below = (ratio < _PETRO_RATIO) | (grid[None, :] > reach[:, None])
    below[:, -1] = True
    radius = grid[below.argmax(axis=1)]
    return radius, _circle(seen, 2 * radius)


def _circle(seen: Sources, radius, rows=slice(None)) -> np.ndarray:
    """Light within circles, pixels of neighbours made up for."""
    import sep

    t = seen.table[rows]
    number = np.arange(1, len(seen.table) + 1)[rows].astype(np.int32)
    flux, _, _ = sep.sum_circle(
        seen.flux, t["x"], t["y"], radius, seg_id=number, segmap=seen.segments, subpix=3
    )
    return flux


def _exposed(seen: Sources) -> np.ndarray:
    peak = seen.table["peak"]
    return (peak > 30 * seen.rms) & (peak < 0.3 * peak.max())


def _psf_fwhm(seen: Sources, name: str) -> float:
    """FWHM [pixel] of the compact ones among the bright, well exposed sources."""
    import sep

    bright = _exposed(seen) & (seen.table["flag"] == 0)
    if bright.sum() < 5:
        raise InputError(
            f"{name}: too few stars to measure its PSF",
            hint="sep needs five well exposed stars; a network (--weights) needs none",
        )
    t = seen.table[bright]
    half, _ = sep.flux_radius(seen.flux, t["x"], t["y"], np.full(len(t), 12.0), 0.5)
    return 2 * float(np.percentile(half[half > 0.5], 30))


def _spread(seen: Sources, fwhm: float) -> np.ndarray:
    """How much less of the light is in the core than for stars [mag]."""
    n = len(seen.table)
    core, wide = (_circle(seen, np.full(n, k * fwhm)) for k in (0.6, 1.2))
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = -2.5 * np.log10(core / wide)
    compact = _exposed(seen) & np.isfinite(spread)
    # stars are the crowded low end: half of the sample below the stars' own median is theirs too
    return np.nan_to_num(spread - np.percentile(spread[compact], 25), nan=-1.0)


def _saturated(seen: Sources, flux: np.ndarray, pixscale: float) -> np.ndarray:
    import sep

    t, peak = seen.table, seen.table["peak"]
    half, _ = sep.flux_radius(seen.flux, t["x"], t["y"], 2 * np.sqrt(t["npix"] / np.pi) + 4, 0.5)
    with np.errstate(invalid="ignore", divide="ignore"):
        mag = ZERO_POINT - 2.5 * np.log10(flux)
        brightness = mag + 2.5 * np.log10(2 * np.pi * (half * pixscale) ** 2)
    cut_off = (mag < 16.0) & (brightness < _BRIGHTEST) & (peak > 0.05 * peak.max())
    return cut_off | (peak > _SATURATED * peak.max())


def _kernel(sigma: float = 1.3) -> np.ndarray:
    offset = np.arange(-3, 4)
    line = np.exp(-0.5 * (offset / sigma) ** 2)
    return (line[:, None] * line[None, :]).astype(np.float32)
