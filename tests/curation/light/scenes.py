"""Simulated windows of sky: noise as SDSS has it, stars, galaxies, in the survey's colours."""

from __future__ import annotations

import numpy as np
from scipy.signal import fftconvolve

from galaxycurate.core.colour import lupton_irg

NOISE = np.array([0.0135, 0.0233, 0.0308])[:, None, None]
FWHM_PX = 3.3
FINE = 3


def moffat(dx, dy, fwhm: float = FWHM_PX, beta: float = 3.0):
    alpha2 = (fwhm / 2) ** 2 / (2 ** (1 / beta) - 1)
    light = (1 + (dx**2 + dy**2) / alpha2) ** -beta
    return light * (beta - 1) / (np.pi * alpha2)


def colours(mag_r: float, gr: float, ri: float):
    return 10 ** (-0.4 * (np.array([mag_r + gr, mag_r, mag_r - ri]) - 22.5))[:, None, None]


class Scene:
    """A window to which things are added; g, r, i [nanomaggy]."""

    def __init__(self, size: int = 256, seed: int = 0):
        rng = np.random.default_rng(seed)
        self.flux = (rng.standard_normal((3, size, size)) * NOISE).astype(np.float32)
        self.y, self.x = np.mgrid[:size, :size].astype(float)

    def star(self, x, y, mag_r, gr=0.5, ri=0.2):
        self.flux += colours(mag_r, gr, ri) * moffat(self.x - x, self.y - y)
        return self

    def field_stars(self, n: int = 10, seed: int = 1):
        rng = np.random.default_rng(seed)
        for _ in range(n):
            x, y = rng.uniform(12, self.x.shape[0] - 12, 2)
            self.star(x, y, rng.uniform(16, 20), rng.uniform(0.3, 1.4), rng.uniform(0.1, 0.6))
        return self

    def galaxy(self, x, y, mag_r, re_px, q=0.7, gr=0.8, ri=0.4):
        """An exponential disc, seen through the same air as the stars."""
        size = self.x.shape[0]
        pad = 24
        n = (size + 2 * pad) * FINE
        place = (np.arange(n) + 0.5) / FINE - 0.5 - pad
        dx, dy = place[None, :] - x, place[:, None] - y
        disc = np.exp(-1.678 * np.hypot(dx, dy / q) / (re_px / np.sqrt(q)))
        disc /= 2 * np.pi * (re_px / 1.678) ** 2 * FINE**2
        near = np.arange(-12 * FINE, 12 * FINE + 1) / FINE
        kernel = moffat(near[None, :], near[:, None])
        seen = fftconvolve(disc, kernel / kernel.sum(), mode="same")
        seen = seen.reshape(size + 2 * pad, FINE, size + 2 * pad, FINE).sum(axis=(1, 3))
        self.flux += colours(mag_r, gr, ri) * seen[pad:-pad, pad:-pad]
        return self

    @property
    def rgb(self) -> np.ndarray:
        g, r, i = self.flux
        return lupton_irg(i, r, g)
