"""How light falls on pixels: the point spread, smooth galaxies, discs with spiral arms."""

from __future__ import annotations

from functools import cache

import galsim
import numpy as np
from scipy.optimize import nnls
from scipy.signal import fftconvolve

from galaxycurate.sandbox.simulated.content import EDGE_ON, MERGER
from galaxycurate.sandbox.simulated.survey import PIXSCALE

MOFFAT_BETA = 3.5
_SERSIC_B = {1.0: 1.678, 2.5: 4.673, 4.0: 7.669}
"""exp(-b ((r/re)**(1/n) - 1)) holds half the light within re (Ciotti & Bertin 1999)."""

_ROUGH = galsim.GSParams(folding_threshold=1e-2, maxk_threshold=3e-3)  # 1 % of the light
_FINE = 2  # map pixels a frame pixel, each way
_MAX_HALF = 260  # [pixel]
_KNOTS = 22
_ARM_WIDTH = 2.6  # the larger, the narrower
_ARM_COLOUR = {"g": 1.25, "r": 1.0, "i": 0.85}  # young stars: arms stand out in the blue
_KNOT_LIGHT = {"g": 0.17, "r": 0.09, "i": 0.06}


def star_image(flux: float, fwhm: float, half: int, dx: float, dy: float) -> np.ndarray:
    """A bright star: core, wings and the four spikes of the secondary's supports.

    Parameters
    ----------
    flux : float
        [nanomaggy]
    fwhm : float
        [arcsec]
    half : int
        The image is 2 half + 1 pixels wide.
    dx, dy : float
        The star's place relative to the middle pixel [pixel].

    Returns
    -------
    ndarray of float32, shape (2 half + 1, 2 half + 1)
        [nanomaggy/pixel], not yet saturated.
    """
    offset = np.arange(-half, half + 1, dtype=np.float32) * np.float32(PIXSCALE)
    x, y = offset[None, :] - np.float32(dx * PIXSCALE), offset[:, None] - np.float32(dy * PIXSCALE)
    r2 = x * x + y * y
    light = 0.965 * _moffat(r2, fwhm, MOFFAT_BETA) + 0.03 * _moffat(r2, 8.0, 1.5)
    across, along = (x - y) / np.sqrt(2), (x + y) / np.sqrt(2)
    for near, far in ((across, along), (along, across)):
        light += 0.0025 * np.exp(-((near / 0.45) ** 2)) / (3.0 + np.abs(far)) ** 1.8
    return (light * (flux * PIXSCALE**2)).astype(np.float32)


def _moffat(r2, fwhm: float, beta: float):
    """Moffat profile of unit flux [per arcsec2]."""
    alpha2 = (fwhm / 2) ** 2 / (2 ** (1 / beta) - 1)
    return (beta - 1) / (np.pi * alpha2) * (1 + r2 / alpha2) ** -beta


@cache
def psf_gaussians() -> tuple[np.ndarray, np.ndarray]:
    """The Moffat core as a sum of Gaussians: shares of the light, variances in units of FWHM**2."""
    r = np.geomspace(0.02, 5.0, 300)
    return _gaussians(r, _moffat(r**2, 1.0, MOFFAT_BETA), np.geomspace(0.3, 2.0, 5))


@cache
def sersic_gaussians(n: float) -> tuple[np.ndarray, np.ndarray]:
    """A Sersic profile as a sum of Gaussians: shares of the light, variances in units of re**2."""
    r = np.geomspace(0.01, 6.0, 400)
    profile = np.exp(-_SERSIC_B[n] * (r ** (1 / n) - 1))
    widths = np.geomspace(0.15, 1.6, 5) if n == 1.0 else np.geomspace(0.08, 3.0, 7)
    return _gaussians(r, profile, widths)


def _gaussians(r, profile, sigmas) -> tuple[np.ndarray, np.ndarray]:
    """Non-negative fit, weighted as the light in rings of a logarithmic grid; 1 to 4 % are off."""
    basis = np.exp(-(r[:, None] ** 2) / (2 * sigmas**2)) / (2 * np.pi * sigmas**2)
    share, _ = nnls(basis * r[:, None] ** 2, profile * r**2)
    kept = share > 1e-3 * share.max()
    return share[kept] / share[kept].sum(), sigmas[kept] ** 2


def galaxy_image(galaxy, band: str, fwhm: float, dx: float, dy: float) -> np.ndarray:
    """A bright galaxy as the telescope shows it, of unit flux.

    Parameters
    ----------
    galaxy : row of `content.populate`
    band : {'g', 'r', 'i'}
    fwhm : float
        Seeing [arcsec].
    dx, dy : float
        Its place relative to the middle pixel [pixel].

    Returns
    -------
    ndarray of float32, shape (n, n)
        n is odd.
    """
    if galaxy.sersic > 1:
        return _smooth_image(galaxy, fwhm, dx, dy)
    half = min(int(np.ceil((3.6 * galaxy.re + 3 * fwhm) / PIXSCALE)), _MAX_HALF)
    n = _FINE * (2 * half + 1)
    middle = (_FINE - 1) / 2
    offset = np.arange(n) - _FINE * half - middle
    u = (offset[None, :] / _FINE - dx) * PIXSCALE
    v = (offset[:, None] / _FINE - dy) * PIXSCALE
    light = disc_map(galaxy, band, u, v)
    blurred = fftconvolve(light, _kernel(fwhm), mode="same")
    pixels = blurred.reshape(2 * half + 1, _FINE, 2 * half + 1, _FINE).sum(axis=(1, 3))
    return (np.maximum(pixels, 0) / pixels.sum()).astype(np.float32)


def _smooth_image(galaxy, fwhm: float, dx: float, dy: float) -> np.ndarray:
    half = min(int(np.ceil((7.0 * galaxy.re + 3 * fwhm) / PIXSCALE)), _MAX_HALF)
    profile = galsim.Sersic(n=galaxy.sersic, half_light_radius=galaxy.re, gsparams=_ROUGH)
    shape = galsim.Shear(q=galaxy.axis_ratio, beta=galaxy.angle * galsim.degrees)
    seen = galsim.Convolve(profile.shear(shape), _moffat_galsim(fwhm), gsparams=_ROUGH)
    size = 2 * half + 1
    return seen.drawImage(nx=size, ny=size, scale=PIXSCALE, offset=(dx, dy)).array


@cache
def _moffat_galsim(fwhm: float):
    return galsim.Moffat(beta=MOFFAT_BETA, fwhm=fwhm, gsparams=_ROUGH)


@cache
def _kernel(fwhm: float) -> np.ndarray:
    """The point spread on the fine grid, of unit sum."""
    size = 2 * int(2.5 * fwhm / PIXSCALE * _FINE) + 1
    image = _moffat_galsim(fwhm).drawImage(nx=size, ny=size, scale=PIXSCALE / _FINE).array
    return image.astype(float) / image.sum()


def disc_map(galaxy, band: str, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Light of a disc galaxy before the atmosphere blurs it.

    Parameters
    ----------
    galaxy : row of `content.populate`
    band : {'g', 'r', 'i'}
    u, v : ndarray of float
        Offsets from its centre along columns and rows [arcsec]; they broadcast.

    Returns
    -------
    ndarray of float64
        Relative surface brightness.
    """
    angle = np.radians(galaxy.angle)
    major = u * np.cos(angle) + v * np.sin(angle)
    minor = -u * np.sin(angle) + v * np.cos(angle)
    scale_length = galaxy.re / 1.678
    if galaxy.kind == EDGE_ON:
        disc = _edge_on_disc(galaxy, major, minor, scale_length)
    else:
        disc = _disc_with_arms(galaxy, band, major, minor / galaxy.axis_ratio, scale_length)
    bulge = _bulge(major, minor, max(galaxy.axis_ratio, 0.65), 0.24 * galaxy.re)
    share = galaxy.bulge * {"g": 0.8, "r": 1.0, "i": 1.08}[band]
    return (1 - share) * disc / disc.sum() + share * bulge / bulge.sum()


def _bulge(major, minor, axis_ratio: float, radius: float) -> np.ndarray:
    r = np.hypot(major, minor / axis_ratio)
    return np.exp(-3.67 * (np.sqrt(r / radius) - 1))  # Sersic n = 2


def _edge_on_disc(galaxy, major, minor, scale_length: float) -> np.ndarray:
    height = galaxy.axis_ratio * scale_length
    disc = np.exp(-np.abs(major) / scale_length) / np.cosh(minor / height) ** 2
    if galaxy.seed % 5 < 2:  # some show their dust
        disc = disc * (1 - 0.65 * np.exp(-((minor / (0.35 * height)) ** 2)))
    return disc


def _disc_with_arms(galaxy, band: str, x, y, scale_length: float) -> np.ndarray:
    """Disc, logarithmic arms, perhaps a bar, and knots of young stars along the arms."""
    rng = np.random.default_rng(galaxy.seed)
    arms, phase = (1 if galaxy.kind == MERGER else 2), rng.uniform(0, 2 * np.pi)
    winding = galaxy.handed / np.tan(np.radians(galaxy.pitch))
    r = np.hypot(x, y) / scale_length
    inner = 0.9 if galaxy.bar else 0.45  # scale lengths; arms begin at the ends of the bar
    crest = winding * np.log(np.maximum(r, 0.02) / inner) + phase
    wave = np.exp(_ARM_WIDTH * (np.cos(arms * (np.arctan2(y, x) - crest)) - 1))
    wave /= np.exp(-_ARM_WIDTH) * np.i0(_ARM_WIDTH)  # its mean over a circle
    begins = 1 - np.exp(-((r / inner) ** 3))
    contrast = min(galaxy.arms * _ARM_COLOUR[band], 0.96) * begins
    disc = np.exp(-r) * (1 - contrast + contrast * wave)
    total = disc.sum()
    if galaxy.bar:
        disc = disc + _bar(x, y, phase, 0.95 * scale_length) * (0.10 * total)
    if galaxy.arms > 0.4:
        knots = _knots(x, y, galaxy.re, rng, lambda s: winding * np.log(s / inner) + phase, arms)
        disc = disc + knots * (_KNOT_LIGHT[band] * total)
    return disc


def _bar(x, y, angle: float, length: float) -> np.ndarray:
    along, across = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
    bar = np.exp(-((along / length) ** 4)) * np.exp(-np.abs(across) / (0.16 * length))
    return bar / bar.sum()


def _knots(x, y, re: float, rng, crest, arms: int) -> np.ndarray:
    light = np.zeros(np.broadcast(x, y).shape)
    x, y = (np.broadcast_to(v, light.shape) for v in (x, y))
    for _ in range(_KNOTS):
        r = rng.uniform(0.6, 2.9)  # scale lengths
        angle = crest(r) + 2 * np.pi * rng.integers(arms) / arms + rng.normal(0, 0.12)
        width = re * rng.uniform(0.035, 0.07)
        dx, dy = x - r * re / 1.678 * np.cos(angle), y - r * re / 1.678 * np.sin(angle)
        near = (np.abs(dx) < 4 * width) & (np.abs(dy) < 4 * width)
        weight = rng.lognormal(0, 0.6) * np.exp(-0.5 * r)
        light[near] += weight * np.exp(-(dx[near] ** 2 + dy[near] ** 2) / (2 * width**2))
    return light / max(light.sum(), 1e-30)
