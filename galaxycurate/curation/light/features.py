"""What tells a galaxy from a star: shapes against the picture's own stars, colours, company."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from galaxycurate.core.geometry import NATIVE_PIXSCALE
from galaxycurate.curation.light.detect import Sources
from galaxycurate.curation.light.flux import Planes
from galaxycurate.curation.light.psf import stellar_radius

WIDTHS = (0.7, 1.25, 1.6, 2.2, 3.2)
"""Of the profiles that compete with the star's own [stellar radii]."""

NAMES = (
    "log_snr", "r20", "r50", "r80", "r95", "r50_arcsec", "psf_arcsec", "psf_scatter",
    "a", "b", "axis_ratio", "slope_inner", "slope_middle", "slope_outer",
    *(f"better_{w}" for w in WIDTHS), *(f"fit_{w}" for w in WIDTHS),
    *(f"sharp_fit_{w}" for w in WIDTHS), "star_misfit", "peak", "saturated", "colour_gr",
    "colour_ri", "npix", "edge", "along_edge", "into_edge_near", "into_edge_far", "glare",
    "nearest", "glare_radii", "halo", "bright_radii", "crowd", "asymmetry",
)  # fmt: skip
"""Of the columns, in order."""

_HALF = 10  # [pixel] of the patch around a source
_MOFFAT_BETA = 3.0
_FWHM_OF_R50 = 1.55  # of a Moffat profile measured within 16 px
_SATURATED = 250
_TINY = 1e-6


def measure(planes: Planes, sources: Sources, pixscale: float) -> np.ndarray:
    """Features of every source.

    Parameters
    ----------
    planes : Planes
    sources : Sources
    pixscale : float
        [arcsec/pixel]; 0 where it is unknown.

    Returns
    -------
    ndarray of float32, shape (n, len(NAMES))
        All finite.
    """
    if not len(sources):
        return np.empty((0, len(NAMES)), np.float32)
    t = sources.table
    radii = _flux_radii(sources)
    edge = edge_distance(t, planes.shape)
    flux = np.maximum(t["flux"], _TINY)
    snr = flux / (sources.noise * np.sqrt(t["npix"]))
    peak = planes.peak[t["ypeak"], t["xpeak"]].astype(float)
    usable = (peak < _SATURATED) & (edge > 4) & (t["a"] < 2.2 * np.maximum(t["b"], 0.3))
    psf, scatter = stellar_radius(radii[1], snr, usable, pixscale)
    arcsec = pixscale or NATIVE_PIXSCALE
    patches = Patches.cut(planes, sources)
    columns = [
        np.log10(snr), *(r / psf for r in radii), radii[1] * arcsec,
        np.full(len(t), psf * arcsec), np.full(len(t), scatter),
        t["a"] / psf, t["b"] / psf, t["b"] / np.maximum(t["a"], 0.1),
        *_slopes(sources, psf), *_profiles(patches, sources.noise, psf),
        peak, _saturated_near(planes, t), *_colours(planes, t, psf),
        np.log10(t["npix"]), np.clip(edge / psf, -2, 12),
        *_border(sources, edge, psf), *_company(planes, sources, flux, psf),
        _asymmetry(patches),
    ]  # fmt: skip
    return np.nan_to_num(np.stack(columns, axis=1), posinf=1e4, neginf=-1e4).astype(np.float32)


def edge_distance(table, shape) -> np.ndarray:
    """Distance of each source from the nearest border [pixel]."""
    x, y = table["x"], table["y"]
    return np.minimum.reduce([x, y, shape[1] - 1 - x, shape[0] - 1 - y])


def _flux_radii(sources: Sources) -> np.ndarray:
    """Radii that hold 20, 50, 80 and 95 % of the light within 16 px, shape (4, n)."""
    import sep

    t = sources.table
    light = np.ascontiguousarray(sources.light)
    radius, _ = sep.flux_radius(
        light, t["x"], t["y"], np.full(len(t), 16.0), [0.2, 0.5, 0.8, 0.95], subpix=3
    )
    return radius.reshape(-1, 4).T


def _slopes(sources: Sources, psf: float) -> list[np.ndarray]:
    """How the light within growing circles grows."""
    import sep

    t, light = sources.table, np.ascontiguousarray(sources.light)
    inside = [
        np.maximum(sep.sum_circle(light, t["x"], t["y"], r * psf, subpix=3)[0], _TINY)
        for r in (0.6, 1.2, 2.2, 4.0)
    ]
    return [np.log10(a / b) for a, b in pairwise(inside)]


def _colours(planes: Planes, table, psf: float) -> list[np.ndarray]:
    import sep

    flux = []
    for band in planes.bands:
        plane = np.ascontiguousarray(band)
        level = float(np.median(plane[::3, ::3]))
        total = sep.sum_circle(plane, table["x"], table["y"], 1.6 * psf, subpix=1)[0]
        flux.append(np.maximum(total - level * np.pi * (1.6 * psf) ** 2, 1e-3))
    red, green, blue = flux
    return [np.log10(green / blue), np.log10(red / green)]


class Patches:
    """Pixels around each source, without those of other sources or beyond the border."""

    def __init__(self, light, sharp, valid, dx, dy):
        self.light, self.sharp, self.valid, self.dx, self.dy = light, sharp, valid, dx, dy

    @classmethod
    def cut(cls, planes: Planes, sources: Sources) -> Patches:
        """Patches of 21 x 21 px, shape (n, 441) each."""
        t, (h, w) = sources.table, planes.shape
        offset = np.arange(-_HALF, _HALF + 1)
        rows = np.rint(t["y"]).astype(int)[:, None, None] + offset[:, None]
        cols = np.rint(t["x"]).astype(int)[:, None, None] + offset
        inside = (rows >= 0) & (rows < h) & (cols >= 0) & (cols < w)
        rows, cols = np.broadcast_arrays(np.clip(rows, 0, h - 1), np.clip(cols, 0, w - 1))
        owner = sources.segments[rows, cols]
        own = np.arange(1, len(t) + 1)[:, None, None]
        valid = inside & ((owner == 0) | (owner == own))
        sharp = planes.sharp - sources.background
        shape = (len(t), -1)
        return cls(
            np.where(valid, sources.light[rows, cols], 0).reshape(shape),
            np.where(valid, sharp[rows, cols], 0).reshape(shape),
            valid.reshape(shape),
            (cols - t["x"][:, None, None]).astype(np.float32).reshape(shape),
            (rows - t["y"][:, None, None]).astype(np.float32).reshape(shape),
        )


def _profiles(patches: Patches, noise: float, psf: float) -> list[np.ndarray]:
    """Does a wider (or narrower) profile explain a source better than a star's?

    For each width the gain over the star in sigmas, the ratio of the two correlations, and the
    same ratio on the sharp plane; then what the star leaves over.
    """
    r2 = patches.dx**2 + patches.dy**2
    star = _moffat(r2, psf * _FWHM_OF_R50) * patches.valid
    own, sharp = _projection(patches.light, star), _projection(patches.sharp, star)
    better, fit, sharp_fit = [], [], []
    for width in WIDTHS:
        model = _moffat(r2, psf * _FWHM_OF_R50 * width) * patches.valid
        other = _projection(patches.light, model)
        gain = (other**2 - own**2) / noise**2
        better.append(np.sign(gain) * np.sqrt(np.abs(gain)))
        fit.append(other / np.maximum(own, _TINY))
        sharp_fit.append(_projection(patches.sharp, model) / np.maximum(sharp, _TINY))
    near = patches.valid & (r2 < (3 * psf) ** 2)
    norm = np.maximum((star * star).sum(axis=1), _TINY)
    left = (patches.light - star * (own / np.sqrt(norm))[:, None]) * near
    all_light = np.maximum((patches.light**2 * near).sum(axis=1), _TINY)
    misfit = np.sqrt((left**2).sum(axis=1) / all_light)
    return [*better, *fit, *sharp_fit, misfit]


def _moffat(r2, fwhm: float):
    alpha2 = (fwhm / 2) ** 2 / (2 ** (1 / _MOFFAT_BETA) - 1)
    return (1 + r2 / alpha2) ** -_MOFFAT_BETA


def _projection(data, model):
    """Signal of a model of unit norm in the data."""
    norm = np.sqrt(np.maximum((model * model).sum(axis=1), _TINY))
    return np.maximum((data * model).sum(axis=1) / norm, _TINY)


def _asymmetry(patches: Patches) -> np.ndarray:
    """Light that its own half-turn does not match: blends of two stars have much."""
    turned = patches.light[:, ::-1]
    both = patches.valid & patches.valid[:, ::-1]
    difference = (np.abs(patches.light - turned) * both).sum(axis=1)
    return difference / np.maximum((np.abs(patches.light) * both).sum(axis=1), _TINY)


def _border(sources: Sources, edge, psf: float) -> list[np.ndarray]:
    """Of sources at the border: width along it, and how the light falls off away from it.

    0 for all others. A star beyond the border shows a wing as narrow as a star; a galaxy's is wide.
    """
    n = len(sources)
    along, near, far = (np.zeros(n) for _ in range(3))
    t, (h, w) = sources.table, sources.light.shape
    for k in np.flatnonzero(edge < 5 * psf):
        x, y = t["x"][k], t["y"][k]
        side = int(np.argmin([x, y, w - 1 - x, h - 1 - y]))
        turned = (sources.light.T, sources.light, sources.light.T[::-1], sources.light[::-1])[side]
        at = round(float(y if side % 2 == 0 else x))
        strip = np.maximum(turned[:14, max(at - 14, 0) : at + 15], 0)
        place = np.arange(strip.shape[1]) - min(at, 14)
        rim = strip[:3].sum(axis=0)
        total = max(float(rim.sum()), _TINY)
        along[k] = np.sqrt((rim * place**2).sum() / total) / psf
        core = np.maximum(strip[:, np.abs(place) < 3 * psf].sum(axis=1), 0)
        first = max(float(core[:2].sum()), _TINY)
        near[k], far[k] = core[2:5].sum() / first, core[5:10].sum() / first
    return [along, np.minimum(near, 20), np.minimum(far, 20)]


def _saturated_near(planes: Planes, table) -> np.ndarray:
    """Share of saturated pixels among those right around the peak."""
    import cv2

    burnt = (planes.peak >= _SATURATED).astype(np.float32)
    return cv2.blur(burnt, (7, 7))[table["ypeak"], table["xpeak"]]


def _company(planes: Planes, sources: Sources, flux, psf: float) -> list[np.ndarray]:
    """Brighter neighbours, whose halos, spikes and ghosts look like galaxies."""
    t = sources.table
    n = len(t)
    distance = np.hypot(t["x"][:, None] - t["x"], t["y"][:, None] - t["y"]) + np.eye(n) * 1e6
    glare = np.log10(flux[None, :] / flux[:, None]) - 2 * np.log10(distance / psf)
    worst = glare.argmax(axis=1)
    size = np.sqrt(t["npix"] / np.pi)
    burnt = (planes.peak[t["ypeak"], t["xpeak"]] >= _SATURATED) & (t["npix"] > 60)
    from_bright = np.full(n, 30.0)
    if burnt.any():
        from_bright = np.minimum((distance[:, burnt] / size[burnt]).min(axis=1), 30)
        from_bright[burnt] = 0
    level = sources.background[t["ypeak"], t["xpeak"]] - np.median(sources.background[::3, ::3])
    return [
        np.maximum(glare.max(axis=1), -6),
        np.minimum(distance.min(axis=1) / psf, 30),
        np.minimum(distance[np.arange(n), worst] / size[worst], 30),
        level / sources.noise,
        from_bright,
        np.full(n, np.log10(n / (sources.light.size / 65536))),
    ]
