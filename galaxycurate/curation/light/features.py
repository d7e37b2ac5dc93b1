"""What tells a galaxy from a star: shapes against the picture's own stars, colours, company."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galaxycurate.core.geometry import NATIVE_PIXSCALE
from galaxycurate.curation.light import border, company, wings
from galaxycurate.curation.light.detect import Sources
from galaxycurate.curation.light.flux import Planes
from galaxycurate.curation.light.psf import MEASURE_SCATTER, prior_fwhm, stellar_width

WIDTHS = (0.8, 1.25, 1.6, 2.2, 3.2)
"""Of the profiles that compete with the star's own [stellar widths]."""

RINGS = (0.35, 0.7, 1.1, 1.6, 2.4)
"""Outer radii in which light beyond a star's is looked for [stellar widths]."""

NAMES = (
    "log_snr", "log_snr_isophotal", "r20", "r50", "r80", "r95", "r50_arcsec", "psf_arcsec",
    "psf_scatter", "stars", "a", "b", "axis_ratio",
    *(f"{p}{n}" for p in ("", "sharp_") for n in (
        "width", "width_error", "width_sigma", *(f"better_{w}" for w in WIDTHS),
        *(f"better_level_{w}" for w in WIDTHS[1:]), *(f"fit_{w}" for w in WIDTHS),
        *(f"ring_{r}" for r in RINGS), *(f"ring_sigma_{r}" for r in RINGS[1:]),
        "ellipticity", "ellipticity_sigma", "star_misfit", "star_chi", "asymmetry")),
    "peak", "colour_gr", "colour_ri", "npix", "edge", *border.NAMES, *company.NAMES,
    *wings.NAMES,
)  # fmt: skip
"""Of the columns, in order."""

_GRID = 1.19 ** np.arange(-3.5, 10)
"""Widths that are tried [expected stellar widths]."""

_SATURATED = 250
_TINY = 1e-6
_REACH = 3.2  # [expected stellar widths] to which profiles are compared


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
    t, arcsec = sources.table, pixscale or NATIVE_PIXSCALE
    edge = edge_distance(t, planes.shape)
    peak = planes.peak[t["ypeak"], t["xpeak"]].astype(float)
    usable = (peak < _SATURATED) & (edge > 4) & (t["a"] < 2.2 * np.maximum(t["b"], 0.3))
    light = np.ascontiguousarray(sources.light, np.float32)
    sharp = np.ascontiguousarray(planes.sharp - sources.background, np.float32)
    owners = np.where(_saturated(planes.peak), -1, sources.segments).astype(np.int32)
    fits = [Fits.of(plane, owners, sources, usable, pixscale) for plane in (light, sharp)]
    psf, scatter = fits[0].psf, fits[0].scatter
    flux = np.maximum(t["flux"], _TINY)
    radii = _flux_radii(sources, light)
    n = len(t)
    columns = [
        fits[0].log_snr, np.log10(flux / (sources.noise * np.sqrt(t["npix"]))),
        *(r / psf for r in radii), radii[1] * arcsec, np.full(n, psf * arcsec),
        np.full(n, scatter), np.full(n, np.log10(fits[0].star.sum() + 1)),
        t["a"] / psf, t["b"] / psf, t["b"] / np.maximum(t["a"], 0.1),
        *fits[0].columns(), *fits[1].columns(),
        peak, *_colours(planes, t, psf), np.log10(t["npix"]), np.clip(edge / psf, -2, 12),
        *border.columns(light, owners, sources, edge, psf),
        *company.columns(planes, sources, flux, psf),
        *wings.columns(light, planes.bands, owners, sources, psf),
    ]  # fmt: skip
    return np.nan_to_num(np.stack(columns, axis=1), posinf=1e4, neginf=-1e4).astype(np.float32)


def _saturated(peak: np.ndarray) -> np.ndarray:
    """Saturated pixels with what they enclose and touch: cores may be hollow."""
    import cv2

    core = (peak >= _SATURATED).astype(np.uint8)
    if not core.any():
        return core > 0
    closed = cv2.morphologyEx(core, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return cv2.dilate(closed, np.ones((3, 3), np.uint8)) > 0


def edge_distance(table, shape) -> np.ndarray:
    """Distance of each source from the nearest border [pixel]."""
    x, y = table["x"], table["y"]
    return np.minimum.reduce([x, y, shape[1] - 1 - x, shape[0] - 1 - y])


def _flux_radii(sources: Sources, light: np.ndarray) -> np.ndarray:
    """Radii that hold 20, 50, 80 and 95 % of the light within 16 px, shape (4, n)."""
    import sep

    t = sources.table
    radius, _ = sep.flux_radius(
        light, t["x"], t["y"], np.full(len(t), 16.0), [0.2, 0.5, 0.8, 0.95], subpix=1
    )
    return radius.reshape(-1, 4).T


def _colours(planes: Planes, table, psf: float) -> list[np.ndarray]:
    import sep

    flux, radius = [], 0.9 * psf
    for band in planes.bands:
        plane = np.ascontiguousarray(band)
        level = float(np.median(plane[::3, ::3]))
        total = sep.sum_circle(plane, table["x"], table["y"], radius, subpix=1)[0]
        flux.append(np.maximum(total - level * np.pi * radius**2, 1e-3))
    red, green, blue = flux
    return [np.log10(green / blue), np.log10(red / green)]


@dataclass(frozen=True)
class Fits:
    """How profiles of many widths fit the sources of one plane.

    Parameters
    ----------
    plane : ndarray, shape (h, w)
    owners : ndarray of int32, shape (h, w)
        Segments, -1 where the picture is saturated: such pixels are no light to compare with.
    sources : Sources
    x, y : ndarray, shape (n,)
        Centroids.
    gain, level_gain : ndarray, shape (n, widths)
        Chi squared that a profile takes away, alone and beside a constant level.
    height : ndarray, shape (n, widths)
        Of the profile that fits best.
    fwhm : ndarray, shape (widths,)
        [pixel]
    width, error : ndarray, shape (n,)
        Logarithm of the width that fits best [pixel].
    psf, scatter : float
        Width of a star [pixel], and the uncertainty of its logarithm.
    star : ndarray, shape (n,)
        Weight of each source as a star to compare with.
    """

    plane: np.ndarray
    owners: np.ndarray
    sources: Sources
    x: np.ndarray
    y: np.ndarray
    gain: np.ndarray
    level_gain: np.ndarray
    height: np.ndarray
    fwhm: np.ndarray
    width: np.ndarray
    error: np.ndarray
    psf: float
    scatter: float
    star: np.ndarray

    @classmethod
    def of(cls, plane, owners, sources: Sources, usable, pixscale: float) -> Fits:
        """Fit, and tell the stars among the sources."""
        from galaxycurate.curation.light import profiles

        expected = prior_fwhm(pixscale)
        reach = _REACH * expected
        t, noise = sources.table, sources.noise
        x, y = profiles.centred(plane, sources.segments, t["x"], t["y"], expected / 2)
        fwhm = expected * _GRID
        both, one, square, total, pixels = profiles.projections(
            plane, owners, x, y, profiles.tables(fwhm, reach), reach
        )
        square, many = np.maximum(square, _TINY), np.maximum(pixels, 1)[:, None]
        gain = np.maximum(both, 0) ** 2 / square / noise**2
        both_level = both - total[:, None] * one / many
        square_level = np.maximum(square - one**2 / many, _TINY)
        level_gain = np.maximum(both_level, 0) ** 2 / square_level / noise**2
        width, error = _peak(gain, np.log(fwhm))
        snr = np.sqrt(gain.max(axis=1))
        psf, scatter = stellar_width(np.exp(width), error, usable & (snr > 8), pixscale)
        off = (width - np.log(psf)) / np.sqrt(error**2 + scatter**2 + MEASURE_SCATTER**2)
        star = np.exp(-0.5 * off**2) * usable * np.minimum(snr, 100) ** 2 / 1e4
        return cls(
            plane, owners, sources, x, y, gain, level_gain, both / square, fwhm, width, error,
            psf, scatter, star,
        )  # fmt: skip

    @property
    def log_snr(self) -> np.ndarray:
        """Signal-to-noise ratio of the best profile, as a logarithm."""
        return np.log10(np.sqrt(self.gain.max(axis=1)) + 1)

    def at(self, values: np.ndarray, width: float) -> np.ndarray:
        """Values between the widths that were tried [stellar widths], shape (n,)."""
        place = np.log(width * self.psf / self.fwhm[0]) / np.log(self.fwhm[1] / self.fwhm[0])
        low = int(np.clip(np.floor(place), 0, len(self.fwhm) - 2))
        part = np.clip(place - low, 0, 1)
        return values[:, low] * (1 - part) + values[:, low + 1] * part

    def columns(self) -> list[np.ndarray]:
        """Features of one plane."""
        own, own_level = self.at(self.gain, 1.0), self.at(self.level_gain, 1.0)
        better = [_root(self.at(self.gain, w) - own) for w in WIDTHS]
        level = [_root(self.at(self.level_gain, w) - own_level) for w in WIDTHS[1:]]
        fit = [np.sqrt(self.at(self.gain, w) / np.maximum(own, 1)) for w in WIDTHS]
        wider = self.width - np.log(self.psf)
        sure = wider / np.sqrt(self.error**2 + self.scatter**2)
        return [wider, self.error, sure, *better, *level, *fit, *self._beyond_star()]

    def _beyond_star(self) -> list[np.ndarray]:
        """Rings of light that a star leaves, ellipticity, misfit: against the other stars."""
        from galaxycurate.curation.light import profiles

        noise = self.sources.noise
        rings = np.array(RINGS) * self.psf
        star = profiles.tables(self.psf, rings[-1] + 1)[0]
        height = self.at(self.height, 1.0)
        left, area, e1, e2, weight, misfit, inner, turned, pairs = profiles.residuals(
            self.plane, self.owners, self.x, self.y, height, star,
            profiles.tables(self.fwhm, rings[-1] + 1), self.gain.argmax(axis=1), rings,
        )  # fmt: skip
        total = np.maximum(height * self.psf**2, _TINY)
        best = np.maximum(self.height[np.arange(len(e1)), self.gain.argmax(axis=1)], _TINY)
        weight = np.maximum(weight, _TINY)
        e = np.stack([e1, e2], axis=1) / (weight * best)[:, None]
        e_error = noise / (np.sqrt(weight) * best)
        e = np.clip(e - self._of_other_stars(np.clip(e, -3, 3)), -9, 9)
        share = np.clip(left / total[:, None], -9, 9)
        beyond = share - self._of_other_stars(share)
        sigma = beyond * total[:, None] / (noise * np.sqrt(np.maximum(area, 1)))
        size = np.hypot(e[:, 0], e[:, 1])
        chi = misfit / np.maximum(inner, 1) / noise**2
        return [
            *beyond.T, *np.clip(sigma.T[1:], -50, 300), size, size / np.hypot(e_error, 0.02),
            np.sqrt(misfit) / total, np.log10(chi + 0.1),
            np.sqrt(np.maximum(turned / np.maximum(pairs, 1) - 2 * noise**2, 0)) / np.maximum(
                height, _TINY),
        ]  # fmt: skip

    def _of_other_stars(self, values: np.ndarray) -> np.ndarray:
        """Mean of the stars, each source left out of its own; near 0 where there are none."""
        weight = self.star[:, None]
        return ((weight * values).sum(axis=0) - weight * values) / (weight.sum() - weight + 0.05)


def _root(gain: np.ndarray) -> np.ndarray:
    return np.sign(gain) * np.sqrt(np.abs(gain))


def _peak(gain: np.ndarray, log_width: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where gains are highest, and how well that is known, by the parabola of three."""
    row, step = np.arange(len(gain)), log_width[1] - log_width[0]
    top = np.clip(gain.argmax(axis=1), 1, gain.shape[1] - 2)
    before, here, after = (gain[row, top + k] for k in (-1, 0, 1))
    bend = np.maximum(2 * here - before - after, 1e-3)
    width = log_width[top] + step * np.clip((after - before) / (2 * bend), -1, 1)
    return width, np.minimum(step * np.sqrt(2 / bend), 2.0)
