"""Where on the sky a cutout holds no galaxy to a limit.

A good SDSS field always holds hundreds of galaxies; a random 256-pixel window at 0.396"/pixel is
free of all of them with probability 0, of those with r < 20 with 0.38 (measured on 3900-6-269). So
emptiness is looked for at the scale of a cutout, and to a limit that the label names.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galaxycurate.core.geometry import from_munu, inclination, to_munu, to_plane

SPACINGS = 8
"""Candidate centres a cutout's width; finer finds hardly any more room."""

MAX_RADIUS_ARCSEC = 300.0
"""A Petrosian radius beyond this is a failed measurement (the largest SDSS galaxies have ~250)."""


@dataclass(frozen=True)
class FieldArea:
    """The catalogued part of a field, in the coordinates of its own drift scan.

    Parameters
    ----------
    ra, dec : float
        Centre, ICRS [deg].
    mu, nu : tuple of float
        Its bounds along and across the scan [deg] (`Field.muStart` ... `nuEnd`).
    """

    ra: float
    dec: float
    mu: tuple[float, float]
    nu: tuple[float, float]

    def __post_init__(self):
        """A field across mu = 0 ends beyond 360, so that its bounds stay in order."""
        if self.mu[1] < self.mu[0]:
            object.__setattr__(self, "mu", (self.mu[0], self.mu[1] + 360.0))

    @property
    def incl(self) -> float:
        """Inclination of the scan's great circle [deg]."""
        return inclination(self.ra, self.dec, sum(self.mu) / 2, sum(self.nu) / 2)

    @property
    def radius_arcsec(self) -> float:
        """From the centre to a corner [arcsec]."""
        return 1800 * float(np.hypot(self.mu[1] - self.mu[0], self.nu[1] - self.nu[0]))

    def _inner(self, pad_arcsec: float):
        pad = pad_arcsec / 3600
        return (self.mu[0] + pad, self.mu[1] - pad), (self.nu[0] + pad, self.nu[1] - pad)

    def centres(self, width_arcsec: float, pad_arcsec: float, rng: np.random.Generator):
        """Candidate centres, evenly spread and shifted at random, in random order.

        Parameters
        ----------
        width_arcsec : float
            Side of the cutout.
        pad_arcsec : float
            Least distance from the edge of the field.
        rng : numpy.random.Generator

        Returns
        -------
        ra, dec : ndarray of float64
            ICRS [deg].
        """
        (mu0, mu1), (nu0, nu1) = self._inner(pad_arcsec)
        step = width_arcsec / SPACINGS / 3600
        if mu1 <= mu0 or nu1 <= nu0:
            return np.empty(0), np.empty(0)
        shift = rng.uniform(0, step, 2)
        mu = np.arange(mu0 + shift[0], mu1, step)
        nu = np.arange(nu0 + shift[1], nu1, step)
        mu, nu = (grid.ravel() for grid in np.meshgrid(mu, nu))
        order = rng.permutation(mu.size)
        return from_munu(mu[order], nu[order], self.incl)

    def holds(self, ra, dec, pad_arcsec: float) -> np.ndarray:
        """Whether positions lie in the field, at least `pad_arcsec` from its edge."""
        (mu0, mu1), (nu0, nu1) = self._inner(pad_arcsec)
        mu, nu = to_munu(ra, dec, self.incl)
        mu = mu0 + (mu - mu0 + 180) % 360 - 180
        return (mu >= mu0) & (mu <= mu1) & (nu >= nu0) & (nu <= nu1)


def clearance(ra, dec, width_arcsec: float, galaxies) -> np.ndarray:
    """How far the nearest galaxy's disc stays from the edge of north-up cutouts.

    Parameters
    ----------
    ra, dec : ndarray of float, shape (n,)
        Centres of the cutouts, ICRS [deg].
    width_arcsec : float
        Their side.
    galaxies : tuple of ndarray, each of shape (m,)
        ra, dec [deg] and radius [arcsec] of the galaxies.

    Returns
    -------
    ndarray of float64, shape (n,)
        [arcsec]; negative where a disc reaches into the cutout, infinite where there is no galaxy.
    """
    nearest = np.full(np.size(ra), np.inf)
    half = width_arcsec / 2
    for gal_ra, gal_dec, radius in zip(*galaxies, strict=True):
        xi, eta = to_plane(gal_ra, gal_dec, ra, dec)
        dx = np.maximum(np.abs(np.nan_to_num(xi, nan=1e9)) - half, 0)
        dy = np.maximum(np.abs(np.nan_to_num(eta, nan=1e9)) - half, 0)
        nearest = np.minimum(nearest, np.hypot(dx, dy) - radius)
    return nearest


def galaxy_radius(petro_rad, mag_r) -> np.ndarray:
    """The radius to keep free around galaxies: Petrosian, or what their magnitude allows.

    Parameters
    ----------
    petro_rad : array_like of float
        `petroRad_r` [arcsec]; -9999 where it was not measured, as on bright, shredded galaxies.
    mag_r : array_like of float
        Model magnitude in r. An unmeasured radius is taken as 3 arcsec at r = 20 and as of one
        surface brightness for brighter ones: 75 arcsec at r = 13, which few galaxies exceed.

    Returns
    -------
    ndarray of float64
        [arcsec], 0 to `MAX_RADIUS_ARCSEC`.
    """
    radius = np.nan_to_num(np.asarray(petro_rad, float), nan=0.0)
    mag = np.clip(np.nan_to_num(np.asarray(mag_r, float), nan=20.0), 10.0, 20.0)
    guess = 3.0 * 10 ** (0.2 * (20.0 - mag))
    return np.clip(np.where(radius > 0, radius, guess), 0.0, MAX_RADIUS_ARCSEC)


def pick_apart(ra, dec, width_arcsec: float, taken, *, at_most: int) -> np.ndarray:
    """Choose positions, in the order given, whose cutouts share no sky.

    Parameters
    ----------
    ra, dec : ndarray of float, shape (n,)
        Candidate centres, ICRS [deg].
    width_arcsec : float
        Side of the cutouts.
    taken : tuple of ndarray
        ra, dec [deg] of cutouts that exist already.
    at_most : int

    Returns
    -------
    ndarray of int64
        Chosen rows.
    """
    chosen: list[int] = []
    taken_ra, taken_dec = (list(np.asarray(v, float)) for v in taken)
    free = np.ones(np.size(ra), bool)
    for other_ra, other_dec in zip(taken_ra, taken_dec, strict=True):
        free &= _apart(ra, dec, other_ra, other_dec, width_arcsec)
    while len(chosen) < at_most and free.any():
        row = int(np.argmax(free))
        chosen.append(row)
        free &= _apart(ra, dec, ra[row], dec[row], width_arcsec)
    return np.array(chosen, np.int64)


def _apart(ra, dec, other_ra, other_dec, width_arcsec: float) -> np.ndarray:
    """North-up squares of one width share no sky when a side's length parts them on either axis.

    North is not quite the same direction in the two; a thousandth of the width is left for that.
    """
    xi, eta = to_plane(ra, dec, other_ra, other_dec)
    gap = np.maximum(np.abs(np.nan_to_num(xi, nan=1e9)), np.abs(np.nan_to_num(eta, nan=1e9)))
    return gap >= width_arcsec * _turned(dec, other_dec, xi)


def _turned(dec, other_dec, xi):
    """How much larger the common bounding square is when north differs by an angle."""
    angle = np.abs(np.radians(xi / 3600) * np.tan(np.radians((dec + other_dec) / 2)))
    angle = np.minimum(np.nan_to_num(angle, nan=0.0), np.pi / 4)
    return 1.001 + np.sin(angle)
