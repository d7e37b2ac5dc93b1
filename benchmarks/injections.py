"""Windows of sky with and without one more galaxy, for `benchmarks/contamination.py`.

Sky is real (`benchmarks/skies.py`) or simulated; what is pasted in gets the noise of its own light.
Everything goes through the survey's colour stretch and a JPEG of quality 75.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.pasted import SCALES_GRI, Galaxy
from benchmarks.simulated_skies import GAIN, SKY_RMS, add, fluxes
from benchmarks.skies import REACH, SIZE, Field, paste, turned
from galaxycurate.core.colour import lupton_irg

QUALITY = 75
_SIDE = SIZE + 2 * REACH
_TRIES_PX = 4  # around a galaxy's centre, where a star is tried


@dataclass(frozen=True)
class Window:
    """A picture with what is known of it.

    `x`, `y` is the galaxy's centre in the picture; `light` its luminance as drawn, all NaN and
    None where none was pasted in. `signal` is what a matched filter that knows the galaxy's light
    would find of it in the window before it was drawn, `beyond_star` how much of that no star
    explains [sigma].
    """

    jpeg: bytes
    mag_r: float = np.nan
    x: float = np.nan
    y: float = np.nan
    real: bool = False
    light: np.ndarray | None = None
    signal: float = 0.0
    beyond_star: float = 0.0

    @property
    def rgb(self) -> np.ndarray:
        """The picture as users read it."""
        return decompressed(self.jpeg)

    @property
    def outside(self) -> bool:
        """Whether the galaxy's centre lies beyond the border."""
        return not (-0.5 <= self.x < SIZE - 0.5 and -0.5 <= self.y < SIZE - 0.5)


def window(
    source: Field, rng, galaxy: Galaxy | None = None, *, edge: bool = False, stars: int = 0
) -> Window:
    """A window of a field, with a galaxy at a random place, as the JPEG that users have.

    The galaxy's centre lies anywhere up to `REACH` outside; with `edge` as near to the border.
    So many stars are pasted in, too, half of them beside one another.
    """
    cube = source.window(rng)
    _more_stars(cube, source.psf, stars, rng)
    told: dict = {}
    if galaxy is not None:
        how = int(rng.integers(8))
        light, off = turned(galaxy.light, how), _turned_offset(galaxy.off, how)
        half = light.shape[1] // 2
        col, row = _place(rng, edge=edge)
        alone = np.zeros_like(cube)
        paste(alone, light, col - half, row - half)
        cube += _with_noise(alone, rng)
        inner = alone[:, REACH:-REACH, REACH:-REACH]
        x, y = col - REACH + off[0], row - REACH + off[1]
        signal, beyond = told_apart(inner, source.psf, x, y)
        told = dict(
            mag_r=galaxy.mag_r, x=x, y=y, real=galaxy.real, signal=signal, beyond_star=beyond,
            light=(inner * SCALES_GRI).mean(axis=0),
        )  # fmt: skip
    g, r, i = np.ascontiguousarray(cube[:, REACH:-REACH, REACH:-REACH])
    return Window(compressed(lupton_irg(i, r, g)), **told)


def _place(rng, *, edge: bool) -> tuple[int, int]:
    col, row = (int(v) for v in rng.integers(0, _SIDE, 2))
    if not edge:
        return col, row
    near = int(rng.integers(0, 2 * REACH + 6))
    places = ((near, row), (col, near), (-1 - near, row), (col, -1 - near))
    col, row = places[int(rng.integers(4))]
    return col % _SIDE, row % _SIDE


def _more_stars(cube: np.ndarray, psf: np.ndarray, count: int, rng) -> None:
    alone = np.zeros_like(cube)
    x, y = rng.uniform(0, _SIDE, 2)
    for k in range(count):
        if k % 2:
            x, y = x + rng.normal(0, 3), y + rng.normal(0, 3)
        else:
            x, y = rng.uniform(0, _SIDE, 2)
            if rng.uniform() < 0.3:
                x = rng.choice([0, _SIDE]) + rng.uniform(-REACH - 5, REACH + 5)
        gr = rng.choice([rng.normal(0.45, 0.15), rng.normal(1.35, 0.15)])
        add(alone, psf, fluxes(rng.uniform(14.5, 21.5), gr, gr * 0.45), x, y)
    cube += _with_noise(alone, rng)


def _with_noise(light: np.ndarray, rng) -> np.ndarray:
    """Light with the noise of its own photons."""
    sigma = np.sqrt(np.maximum(light, 0) / GAIN)
    return light + (sigma * rng.standard_normal(light.shape)).astype(np.float32)


def told_apart(light: np.ndarray, psf: np.ndarray, x: float, y: float) -> tuple[float, float]:
    """What an oracle has of a galaxy [sigma]: its signal, and what no star explains of it.

    The oracle knows the noise, the point spread and how the galaxy looks; a star of any
    brightness in each band is tried wherever the galaxy's centre may pass for one.

    Parameters
    ----------
    light : ndarray of float32, shape (3, h, w)
        The galaxy's, g, r, i [nanomaggy].
    psf : ndarray of float, shape (3, n, n)
    x, y : float
        The galaxy's centre.

    Returns
    -------
    signal, beyond_star : float
    """
    sigma2 = SKY_RMS[:, None, None] ** 2 + np.maximum(light, 0) / GAIN
    whole = (light**2 / sigma2).sum()
    best = 0.0
    for dx in np.arange(-_TRIES_PX, _TRIES_PX + 1):
        for dy in np.arange(-_TRIES_PX, _TRIES_PX + 1):
            best = max(best, _explained(light, sigma2, psf, x + dx, y + dy))
    return float(np.sqrt(whole)), float(np.sqrt(max(whole - best, 0)))


def _explained(light, sigma2, psf, x: float, y: float) -> float:
    """Chi squared that a star of the best flux in each band takes away."""
    half = psf.shape[1] // 2
    col, row = round(x), round(y)
    rows = slice(max(row - half, 0), min(row + half + 1, light.shape[1]))
    cols = slice(max(col - half, 0), min(col + half + 1, light.shape[2]))
    if rows.start >= rows.stop or cols.start >= cols.stop:
        return 0.0
    top, left = row - half, col - half
    star = psf[:, rows.start - top : rows.stop - top, cols.start - left : cols.stop - left]
    part, noise = light[:, rows, cols], sigma2[:, rows, cols]
    both = (part * star / noise).sum(axis=(1, 2))
    own = np.maximum((star * star / noise).sum(axis=(1, 2)), 1e-12)
    return float((np.maximum(both, 0) ** 2 / own).sum())


def _turned_offset(off, how: int) -> tuple[float, float]:
    x, y = off
    for _ in range(how % 4):
        x, y = y, -x
    return (-x, y) if how >= 4 else (x, y)


def compressed(rgb: np.ndarray, quality: int = QUALITY) -> bytes:
    """JPEG with colours at half resolution."""
    _, body = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return body.tobytes()


def decompressed(body: bytes) -> np.ndarray:
    """Pixels of a JPEG."""
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(body, np.uint8), 1), cv2.COLOR_BGR2RGB)
