"""Where on the sky a cutout holds no galaxy to a limit.

A good SDSS field always holds hundreds of galaxies; a random 256-pixel window at 0.396"/pixel is
free of all of them with probability 0, of those with r < 20 with 0.38 (measured on 3900-6-269). So
emptiness is looked for at the scale of a cutout, and to a limit that the label names.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galaxycurate.core.geometry import from_munu, scan_circle, to_munu, unit_vectors

SPACINGS = 8
"""Candidate centres a cutout's width; finer finds hardly any more room."""

MAX_RADIUS_ARCSEC = 300.0
"""A Petrosian radius beyond this is a failed measurement (the largest SDSS galaxies have ~250)."""

FIELD_RADIUS_DEG = 0.15
"""From the centre of a field to its corner, with the rows that it shares with its neighbours."""

_BLOCK = 48
_ARCSEC = np.degrees(1.0) * 3600


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
    def circle(self) -> tuple[float, float]:
        """Inclination and node of the scan's great circle [deg]."""
        return scan_circle(self.ra, self.dec, sum(self.mu) / 2, sum(self.nu) / 2)

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
        return from_munu(mu[order], nu[order], *self.circle)

    def holds(self, ra, dec, pad_arcsec: float) -> np.ndarray:
        """Whether positions lie in the field, at least `pad_arcsec` from its edge."""
        (mu0, mu1), (nu0, nu1) = self._inner(pad_arcsec)
        mu, nu = to_munu(ra, dec, *self.circle)
        mu = mu0 + (mu - mu0 + 180) % 360 - 180
        return (mu >= mu0) & (mu <= mu1) & (nu >= nu0) & (nu <= nu1)


def clearance(ra, dec, width_arcsec: float, discs) -> np.ndarray:
    """How far the nearest disc (a galaxy, a star's halo) stays from the edge of north-up cutouts.

    Parameters
    ----------
    ra, dec : ndarray of float, shape (n,)
        Centres of the cutouts, ICRS [deg].
    width_arcsec : float
        Their side.
    discs : tuple of ndarray, each of shape (m,)
        ra, dec [deg] and radius [arcsec].

    Returns
    -------
    ndarray of float64, shape (n,)
        [arcsec]; negative where a disc reaches into the cutout, infinite where there is no disc.
    """
    nearest = np.full(np.size(ra), np.inf)
    disc_ra, disc_dec, radius = (np.asarray(v, float) for v in discs)
    if not (radius.size and nearest.size):
        return nearest
    away = unit_vectors(disc_ra, disc_dec).T
    for block in range(0, nearest.size, _BLOCK):
        part = slice(block, block + _BLOCK)
        east, north, centre = (axis @ away for axis in _axes(ra[part], dec[part]))
        scale = _ARCSEC / np.maximum(centre, 1e-9)
        dx = np.maximum(np.abs(east * scale) - width_arcsec / 2, 0)
        dy = np.maximum(np.abs(north * scale) - width_arcsec / 2, 0)
        away_by = np.where(centre > 0, np.hypot(dx, dy) - radius, np.inf)  # not the other side
        nearest[part] = away_by.min(axis=1)
    return nearest


def _axes(ra, dec) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """East, north and outward directions at positions, each of shape (n, 3)."""
    a = np.radians(np.asarray(ra, float))
    outward = unit_vectors(ra, dec)
    east, north = np.zeros_like(outward), np.empty_like(outward)
    east[:, 0], east[:, 1] = -np.sin(a), np.cos(a)
    height = outward[:, 2]
    north[:, 0], north[:, 1] = -height * east[:, 1], height * east[:, 0]
    north[:, 2] = np.hypot(outward[:, 0], outward[:, 1])
    return east, north, outward


def first_clear(
    ra, dec, width_arcsec: float, discs, taken, *, margin_arcsec: float, at_most: int
) -> tuple[np.ndarray, np.ndarray]:
    """The first positions whose cutouts keep clear of all discs and share no sky.

    Parameters
    ----------
    ra, dec : ndarray of float, shape (n,)
        Candidate centres, ICRS [deg], the welcome ones first.
    width_arcsec : float
        Side of the cutouts.
    discs : tuple of ndarray, each of shape (m,)
        ra, dec [deg] and radius [arcsec].
    taken : tuple of ndarray
        ra, dec [deg] of cutouts that exist already.
    margin_arcsec : float
        Least clearance.
    at_most : int

    Returns
    -------
    rows : ndarray of int64
        Chosen candidates.
    clear : ndarray of float64
        Their clearance [arcsec].
    """
    rows, clear = np.empty(0, np.int64), np.empty(0)
    taken_ra, taken_dec = (np.asarray(v, float) for v in taken)
    for block in range(0, np.size(ra), _BLOCK):
        part = slice(block, block + _BLOCK)
        found = clearance(ra[part], dec[part], width_arcsec, discs)
        free = block + np.flatnonzero(found >= margin_arcsec)
        others = np.append(taken_ra, ra[rows]), np.append(taken_dec, dec[rows])
        wanted = at_most - rows.size
        new = free[pick_apart(ra[free], dec[free], width_arcsec, others, at_most=wanted)]
        rows, clear = np.append(rows, new), np.append(clear, found[new - block])
        if rows.size >= at_most:
            break
    return rows, clear


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


def star_radius(mag) -> np.ndarray:
    """The radius that a bright star spoils.

    Parameters
    ----------
    mag : array_like of float
        [mag]

    Returns
    -------
    ndarray of float64
        [arcsec]; ``0.0802 B^2 - 1.86 B + 11.625`` arcmin for 6.2 < B < 11.5 as in the bright-star
        mask of BOSS (Reid et al. 2016), applied here to r; fainter stars as of one surface
        brightness.
    """
    mag = np.asarray(mag, float)
    held = np.clip(mag, 6.2, 11.5)
    radius = 60 * (0.0802 * held**2 - 1.86 * held + 11.625)
    return radius * 10 ** (-0.2 * np.maximum(mag - 11.5, 0))


def reach_deg(margin_arcsec: float) -> float:
    """How far apart the centres of two fields may lie, so that one's discs matter in the other.

    Parameters
    ----------
    margin_arcsec : float

    Returns
    -------
    float
        [deg]
    """
    return 2 * FIELD_RADIUS_DEG + (MAX_RADIUS_ARCSEC + margin_arcsec) / 3600


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
    taken_ra, taken_dec = taken
    free = ~_touch(ra, dec, taken_ra, taken_dec, width_arcsec).any(axis=1)
    while len(chosen) < at_most and free.any():
        row = int(np.argmax(free))
        chosen.append(row)
        if len(chosen) < at_most:
            free &= ~_touch(ra, dec, ra[row : row + 1], dec[row : row + 1], width_arcsec)[:, 0]
    return np.array(chosen, np.int64)


def _touch(ra, dec, other_ra, other_dec, width_arcsec: float) -> np.ndarray:
    """Which squares (rows) may share sky with which others (columns).

    North-up squares of one width share none when a side's length parts them on either axis. North
    is not quite the same direction in the two; a thousandth of the width is left for that.
    """
    east, north, centre = (axis @ unit_vectors(ra, dec).T for axis in _axes(other_ra, other_dec))
    scale = _ARCSEC / np.maximum(centre, 1e-9)
    gap = np.maximum(np.abs(east * scale), np.abs(north * scale))
    turned = _turned(np.asarray(dec), np.asarray(other_dec)[:, None], east * scale)
    return ((gap < width_arcsec * turned) & (centre > 0)).T


def _turned(dec, other_dec, xi):
    """How much larger the common bounding square is when north differs by an angle."""
    angle = np.abs(np.radians(xi / 3600) * np.tan(np.radians((dec + other_dec) / 2)))
    return 1.001 + np.sin(np.minimum(angle, np.pi / 4))
