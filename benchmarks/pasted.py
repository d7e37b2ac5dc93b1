"""Galaxies to paste in: real ones of Galaxy Zoo, scaled, and smooth ones of GalSim.

Both are seen through the point spread of the field that takes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import galsim
import numpy as np
import sep

from benchmarks.simulated_skies import fluxes
from benchmarks.skies import PIXSCALE
from galaxycurate.core.colour import SCALES_IRG
from galaxycurate.curation.light.flux import planes

FAINTEST, BRIGHTEST = 22.0, 15.5
SCALES_GRI = np.array(SCALES_IRG[::-1], np.float32)[:, None, None]


@dataclass(frozen=True)
class Galaxy:
    """A galaxy to paste in: `light` [nanomaggy] of g, r, i, its centre off the middle pixel."""

    light: np.ndarray
    mag_r: float
    off: tuple[float, float]
    real: bool


def galaxies(
    n: int, psf: np.ndarray, rng, cutouts: list[Path], faintest: float = FAINTEST
) -> list[Galaxy]:
    """So many galaxies seen through a point spread, 40 % of them real ones."""
    out: list[Galaxy] = []
    kernels = [galsim.InterpolatedImage(galsim.Image(p, scale=PIXSCALE)) for p in psf]
    while len(out) < n:
        r = rng.uniform(BRIGHTEST, faintest)
        re = 0.95 * 10 ** (-0.12 * (r - 20)) * np.exp(rng.normal(0, 0.35))
        real = rng.uniform() < 0.4
        made = _from_zoo(r, re, psf, rng, cutouts) if real else _smooth(r, re, kernels, rng)
        if made is not None:
            out.append(Galaxy(*made, real=real))
    return out


def _smooth(r: float, re: float, kernels, rng):
    """Disc and bulge, or one Sersic profile, by GalSim."""
    q, angle = rng.uniform(0.25, 1), rng.uniform(0, 180) * galsim.degrees
    bulge = rng.choice([0, 1, rng.uniform(0.05, 0.7)], p=[0.35, 0.25, 0.4])
    parts = []
    if bulge < 1:
        n = rng.choice([1.0, rng.uniform(0.6, 2)])
        disc = galsim.Sersic(n, half_light_radius=re).shear(q=q, beta=angle)
        parts.append((disc * (1 - bulge), rng.normal(0.8, 0.3), rng.normal(0.38, 0.1)))
    if bulge:
        size = re if bulge == 1 else re * rng.uniform(0.25, 0.6)
        ball = galsim.DeVaucouleurs(half_light_radius=size, trunc=8 * size)
        ball = ball.shear(q=max(q, 0.5), beta=angle) * bulge
        parts.append((ball, rng.normal(1.25, 0.3), rng.normal(0.45, 0.08)))
    off = rng.uniform(-0.5, 0.5, 2)
    size = 2 * int(np.clip(6 * re / PIXSCALE + 12, 16, 90)) + 1
    rough = galsim.GSParams(folding_threshold=1e-2, maxk_threshold=5e-3)
    light = np.zeros((3, size, size), np.float32)
    for part, gr, ri in parts:
        amounts = fluxes(r, gr, ri)
        for k, kernel in enumerate(kernels):
            seen = galsim.Convolve(part * amounts[k], kernel, gsparams=rough)
            image = seen.drawImage(
                nx=size, ny=size, scale=PIXSCALE, offset=tuple(off), method="no_pixel"
            )
            light[k] += image.array
    return light, r, tuple(off)


def _from_zoo(r: float, re: float, psf, rng, cutouts: list[Path]):
    """The central galaxy of a Galaxy Zoo cutout, alone, shrunk to a size and a magnitude."""
    path = cutouts[int(rng.integers(len(cutouts)))]
    rgb = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    bands = planes(rgb).bands[::-1] / SCALES_GRI
    image = np.ascontiguousarray(bands.sum(axis=0))
    sky = sep.Background(image, bw=200, bh=200)
    light = image - sky.back()
    found, segments = sep.extract(
        light, 2.5, err=max(sky.globalrms, 1e-4), minarea=30, segmentation_map=True
    )
    own = segments[segments.shape[0] // 2, segments.shape[1] // 2]
    if not own or found["npix"][own - 1] < 300:
        return None
    mask = cv2.GaussianBlur((segments == own).astype(np.float32), (0, 0), 2)
    levels = [np.median(b[segments == 0]) for b in bands]
    alone = [np.maximum(b - v, 0) * mask for b, v in zip(bands, levels, strict=True)]
    x, y = float(found["x"][own - 1]), float(found["y"][own - 1])
    r50 = float(sep.flux_radius(alone[1], [x], [y], [200.0], 0.5)[0][0])
    if not r50 > 3:
        return None
    shrink = re / PIXSCALE / r50
    half = int(np.clip(np.ceil(210 * shrink) + 16, 16, 90))
    off = rng.uniform(-0.5, 0.5, 2)
    out = np.zeros((3, 2 * half + 1, 2 * half + 1), np.float32)
    for k, band in enumerate(alone):
        if shrink < 0.5:  # no aliases: blur to the coarser grid first
            band = cv2.GaussianBlur(band, (0, 0), 0.35 / shrink)
        move = np.float32([
            [shrink, 0, half + off[0] - shrink * x], [0, shrink, half + off[1] - shrink * y],
        ])  # fmt: skip
        small = cv2.warpAffine(band, move, out.shape[:0:-1], flags=cv2.INTER_LINEAR)
        out[k] = cv2.filter2D(small, -1, psf[k][::-1, ::-1], borderType=cv2.BORDER_CONSTANT)
    total = float(out[1].sum())
    if total <= 0:
        return None
    redder = 10 ** (0.4 * np.array([-rng.normal(0.25, 0.25), 0, rng.normal(0.1, 0.1)]))
    out *= redder[:, None, None].astype(np.float32)  # fainter galaxies lie farther away
    return out * np.float32(10 ** (-0.4 * (r - 22.5)) / total), r, tuple(off)
