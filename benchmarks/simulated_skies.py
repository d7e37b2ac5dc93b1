"""Simulated sky, to see seeings that the real frames lack, for `benchmarks/contamination.py`."""

from __future__ import annotations

import cv2
import galsim
import numpy as np

from benchmarks.skies import PIXSCALE, REACH, SIZE, Field, paste
from galaxycurate.sandbox.simulated.profiles import star_image

SKY_RMS = np.array([0.0135, 0.0233, 0.0308])
"""Noise of g, r, i pixels [nanomaggy], measured on 3918-3-213 and 4510-4-30."""

GAIN = 870.0
"""Electrons of a nanomaggy, about."""


def simulated_field(seeing: float, rng, n: int = 2) -> Field:
    """A simulated field: stars and galaxies fainter than r = 22.3, noise, other seeing."""
    side = n * SIZE + 2 * REACH
    shear = galsim.Shear(g1=rng.normal(0, 0.02), g2=rng.normal(0, 0.02))
    psf = []
    for factor in (1.06, 1.0, 0.96):
        light = galsim.Moffat(beta=rng.uniform(2.8, 4), fwhm=seeing * factor).shear(shear)
        psf.append(light.drawImage(nx=41, ny=41, scale=PIXSCALE).array.astype(float))
    psf = np.stack([p / p.sum() for p in psf])
    flux = np.zeros((3, side, side), np.float32)
    area = (side * PIXSCALE / 3600) ** 2
    count = rng.poisson(3500 * np.exp(rng.normal(0, 0.7)) * 10 ** (0.18 * 2.5) * area)
    for r in np.maximum(12, 24.5 + np.log10(rng.uniform(size=count)) / 0.18):
        gr = rng.choice([rng.normal(0.45, 0.15), rng.normal(1.35, 0.15)])
        add(flux, psf, fluxes(r, gr, gr * 0.45), *rng.uniform(-5, side + 5, 2))
    count = rng.poisson(7000 * 10 ** (0.38 * 2.5) * area)
    mags = 24.5 + np.log10(rng.uniform(size=count)) / 0.38
    for r in mags[mags > 22.3]:
        wide = np.stack([cv2.GaussianBlur(p, (0, 0), rng.uniform(0.5, 2.5)) for p in psf])
        gr, ri = rng.normal(0.8, 0.3), rng.normal(0.35, 0.12)
        add(flux, wide, fluxes(r, gr, ri), *rng.uniform(-5, side + 5, 2))
    if rng.uniform() < 0.25:
        _bright_star(flux, seeing, rng)
    if rng.uniform() < 0.1:
        _trail(flux, rng)
    sky = SKY_RMS[:, None, None] ** 2 * rng.uniform(0.9, 1.3)
    sigma = np.sqrt(sky + np.maximum(flux, 0) / GAIN)
    flux += (sigma * rng.standard_normal(flux.shape)).astype(np.float32)
    return Field(f"sim{seeing}", flux, psf, np.zeros(flux.shape[1:], bool), flux)


def fluxes(r: float, gr: float, ri: float) -> np.ndarray:
    """g, r, i [nanomaggy] of a magnitude and two colours."""
    return 10 ** (-0.4 * (np.array([r + gr, r, r - ri]) - 22.5))


def add(flux, psf, amounts, x, y) -> None:
    """Add a star of so much light in each band."""
    half = psf.shape[1] // 2
    col, row = round(x), round(y)
    move = np.float32([[1, 0, x - col], [0, 1, y - row]])
    light = np.stack([
        cv2.warpAffine(p, move, p.shape[::-1], flags=cv2.INTER_CUBIC) * a
        for p, a in zip(psf, amounts, strict=True)
    ])  # fmt: skip
    paste(flux, light, col - half, row - half)


def _bright_star(flux, seeing: float, rng) -> None:
    """A saturated star with halo, spikes and bleeding column."""
    r, (x, y) = rng.uniform(8.5, 13), rng.uniform(0, flux.shape[1], 2)
    light = star_image(1.0, seeing, 300, 0.0, 0.0)
    turn = cv2.getRotationMatrix2D((300, 300), rng.uniform(0, 90), 1)
    light = cv2.warpAffine(light, turn, light.shape)
    cube = np.minimum(light * fluxes(r, 0.5, 0.2)[:, None, None].astype(np.float32), 150)
    reach = int(np.clip((cube[1] >= 150).sum() / 6, 0, 290))
    cube[:, 300 - reach : 300 + reach, 299:302] = 150
    paste(flux, cube, round(x) - 300, round(y) - 300)


def _trail(flux, rng) -> None:
    """The straight line of a satellite, in one band, for bands are exposed one after the other."""
    side = flux.shape[1]
    line = np.zeros((side, side), np.float32)
    ends = rng.uniform(-side, 2 * side, 4).astype(int)
    cv2.line(line, tuple(map(int, ends[:2])), tuple(map(int, ends[2:])), 1.0, 1, cv2.LINE_AA)
    band = rng.integers(3)
    flux[band] += cv2.GaussianBlur(line, (0, 0), rng.uniform(1.2, 2.5)) * rng.uniform(0.2, 5)
