"""Phase correlation of two grey pictures: a shift to hundredths of a pixel, or that there is none.

Kuglin & Hines (1975); the peak refined by a Fourier sum at the points around it (Guizar-Sicairos et
al. 2008, Opt. Lett. 33, 156).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import fft

SMOOTH = 0.13
"""Frequencies [cycles/pixel] above this hold noise rather than sky: the weight's Gaussian sigma."""

LUMA = 0.299, 0.587, 0.114
"""Of red, green and blue (ITU-R BT.601, as in JFIF)."""

LEVEL_FOUND, LEVEL_PLACED = 2.0, 20.0
"""Brightness is levelled off above so many times the sky's scatter. Bright sources are few, and any
two of them fit on each other: at 20 chance peaks are three times as high as at 2; but it is they
that tell a place exactly."""

LEAST_SCATTER = 1.0
"""Of a sky without noise, or clipped at black [DN]."""

FINE, NEAR = 8, 2
"""Points to a pixel, and pixels to each side of the peak, before a parabola."""


class Peak(NamedTuple):
    """Where the second picture's content lies [pixel], to the right and down of the first's; and
    the peak's height in standard deviations of the correlation.
    """

    dx: float
    dy: float
    height: float


def grey(picture: np.ndarray) -> np.ndarray:
    """The brightness, which is what JPEG keeps at full resolution, about its median; float32."""
    values = np.asarray(picture, np.float32)
    values = values @ np.array(LUMA, np.float32) if values.ndim == 3 else values
    return values - np.median(values)


def correlate(a: np.ndarray, b: np.ndarray) -> Peak:
    """Shift and peak of two grey pictures.

    Whether and where comes from the phases of levelled pictures, in which every source and the
    noise itself count alike; how exactly from the plain correlation around it, in which they count
    by their brightness.
    """
    surface = fft.ifft2(phases(*(_spectrum(v, LEVEL_FOUND) for v in (a, b)))).real
    row, col = np.unravel_index(int(surface.argmax()), surface.shape)
    peak = float(surface[row, col] / max(float(surface.std()), 1e-30))
    row, col = (n - s if n > s // 2 else n for n, s in zip((row, col), a.shape, strict=True))
    plain = np.conj(_spectrum(a, LEVEL_PLACED)) * _spectrum(b, LEVEL_PLACED)
    dy, dx = _fine_peak(plain * _weight(a.shape), float(row), float(col))
    return Peak(dx, dy, peak)


def _spectrum(values: np.ndarray, level: float) -> np.ndarray:
    """Of the windowed picture, levelled off above so many times its scatter."""
    values = values - np.median(values)
    top = level * (1.48 * float(np.median(np.abs(values))) + LEAST_SCATTER)
    return fft.fft2(values / np.sqrt(1 + (values / top) ** 2) * window(values.shape))


def phases(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The cross-spectrum's phases, weighted for what holds sky."""
    cross = np.conj(a) * b
    size = np.abs(cross)
    return cross / (size + 1e-9 * float(size.max()) + 1e-30) * _weight(a.shape)


@lru_cache(16)
def _weight(shape: tuple[int, int]) -> np.ndarray:
    """A Gaussian in frequency, without the mean."""
    v, u = fft.fftfreq(shape[0])[:, None], fft.fftfreq(shape[1])[None, :]
    weight = np.exp(-(u**2 + v**2) / (2 * SMOOTH**2)).astype(np.float32)
    weight[0, 0] = 0.0
    return weight


@lru_cache(16)
def window(shape: tuple[int, int]) -> np.ndarray:
    """Hann's, in both directions."""
    rows, cols = (np.hanning(n + 2)[1:-1] for n in shape)
    return np.outer(rows, cols).astype(np.float32)


def _fine_peak(spectrum: np.ndarray, row: float, col: float) -> tuple[float, float]:
    """The peak beside a whole pixel."""
    steps = np.arange(-NEAR * FINE, NEAR * FINE + 1) / FINE
    v, u = (fft.fftfreq(n) for n in spectrum.shape)
    left = np.exp(2j * np.pi * np.outer(row + steps, v))
    right = np.exp(2j * np.pi * np.outer(u, col + steps))
    surface = _product(_product(left, spectrum), right).real
    r, c = np.unravel_index(int(surface.argmax()), surface.shape)
    dr = _parabola(surface[:, c], int(r))
    dc = _parabola(surface[r], int(c))
    return row + (r + dr) / FINE - NEAR, col + (c + dc) / FINE - NEAR


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A matrix product in this thread: these are so small that BLAS's threads cost more."""
    return np.einsum("ij,jk->ik", a, b)


def _parabola(values: np.ndarray, top: int) -> float:
    """The vertex beside the highest of equidistant values."""
    if not 0 < top < len(values) - 1:
        return 0.0
    low, high = values[top - 1], values[top + 1]
    bend = low - 2 * values[top] + high
    return float((low - high) / (2 * bend)) if bend else 0.0
