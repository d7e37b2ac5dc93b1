"""Whether pixels and coordinates tell the same: if not, a wrong image lies behind an id."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from galaxycurate.curation.pairs import Matches, Pairs
from galaxycurate.curation.pixels import likelihood, marks
from galaxycurate.curation.pixels.constellations import stars_of
from galaxycurate.curation.pixels.prints import Prints

PIXEL_ERROR = {"pixels": 0.1, "noise": 0.2, "sources": 0.3, "resized": 1.0}
"""Error of a registration [pixel] by tier, of those measured the largest usual ones."""
POSITION_ERROR = 0.5
"""Error of a picture's centre [arcsec]: positions rounded to a pixel, other astrometry."""
SIGMAS = 4.0
DOUBT = -15.0
"""Log-likelihood ratio [nat] below which two pictures do not show the sky they should share."""
GRID_PX = 2.0
"""Shifts are tried so close: `likelihood` settles on the best within three pixels of each."""


class Agreement(NamedTuple):
    """How a registration by pixels compares with the coordinates.

    Attributes
    ----------
    dx, dy : ndarray of float64, shape (n,)
        Expected from the coordinates [pixel], as in `Matches`; NaN where they are unknown.
    off_arcsec : ndarray of float64, shape (n,)
        How far the two disagree about where the second picture lies, its scale included.
    agrees : ndarray of bool, shape (n,)
        Within the errors of both. True where coordinates are unknown: nothing contradicts.
    """

    dx: np.ndarray
    dy: np.ndarray
    off_arcsec: np.ndarray
    agrees: np.ndarray


def against_wcs(
    matches: Matches,
    ra: np.ndarray,
    dec: np.ndarray,
    pixscale: np.ndarray,
    width: np.ndarray,
    height: np.ndarray,
) -> Agreement:
    """Compare registrations with coordinates, for pictures north up on the tangent plane.

    A pair whose footprints share nothing is off by their distance, so that a strong match between
    unrelated positions never agrees. The turn of a match does not count: a turned copy lies where
    its original lies.

    Parameters
    ----------
    matches : Matches
    ra, dec : ndarray of float64, shape (rows,)
        Of the centres [deg, ICRS], NaN where unknown.
    pixscale : ndarray of float64, shape (rows,)
        [arcsec/pixel], 0 or NaN where unknown.
    width, height : ndarray of int, shape (rows,)
        [pixel].

    Returns
    -------
    Agreement
    """
    i, j = matches.first, matches.second
    size = np.stack([width, height], 1).astype(float)
    step = np.where(np.asarray(pixscale, float) > 0, pixscale, np.nan)
    scale = step[j] / step[i]
    offset = _plane(ra[i], dec[i], ra[j], dec[j]) / step[i, None]
    centre = (size[i] - 1) / 2 - offset
    turned = np.where((matches.flip % 2 == 1)[:, None], size[j][:, ::-1], size[j])
    expected = centre - scale[:, None] * (turned - 1) / 2
    seen = np.stack([matches.dx, matches.dy], 1) + matches.scale[:, None] * (turned - 1) / 2
    stretch = np.abs(matches.scale - scale) * np.hypot(*turned.T) / 2
    off = np.hypot(np.hypot(*(seen - centre).T), stretch) * step[i]
    error = np.array([PIXEL_ERROR.get(str(tier), 1.0) for tier in matches.tier]) * step[i]
    agrees = ~(off > SIGMAS * np.hypot(error, POSITION_ERROR))
    return Agreement(expected[:, 0], expected[:, 1], off, agrees)


def doubted(
    prints: Prints, pairs: Pairs, ra: np.ndarray, dec: np.ndarray, pixscale: np.ndarray
) -> np.ndarray:
    """Which overlapping footprints do not show the same stars.

    Two runs share no noise, so that silence of the noise proves nothing. But stars and galaxies
    well above the limit must be in both pictures: at every shift that the coordinates tell within
    their errors, the sources of both are weighed as in `likelihood`, and only a pair with strong
    evidence against a common sky at all of them is doubted. Ask only for pictures of one provider,
    one stretch and one scale.

    Parameters
    ----------
    prints : Prints
    pairs : Pairs
        Footprints that overlap.
    ra, dec, pixscale : ndarray of float64, shape (rows,)

    Returns
    -------
    ndarray of bool, shape (n,)
        False where scales differ or are unknown.
    """
    n = len(pairs)
    nought = np.zeros(n)
    same = Matches(
        pairs.first, pairs.second, pairs.amount, nought, nought, np.zeros(n, np.int8),
        np.ones(n), nought, nought, np.full(n, "sky"),
    )  # fmt: skip
    told = against_wcs(same, ra, dec, pixscale, prints.width, prints.height)
    step = np.where(np.asarray(pixscale, float) > 0, pixscale, np.nan)
    alike = np.abs(step[pairs.second] / step[pairs.first] - 1) < 0.01
    alike &= np.isfinite(told.dx) & ~_reduced(prints)[pairs.first] & ~_reduced(prints)[pairs.second]
    score = np.zeros(n)
    # one call a scale: the error of a position is as many more pixels as these are small
    for at in np.unique(step[pairs.first[alike]]):
        of = alike & (step[pairs.first] == at)
        rows, both = np.unique([pairs.first[of], pairs.second[of]], return_inverse=True)
        first, second = both.reshape(2, -1)
        score[of] = likelihood.weighed(
            stars_of(prints.take(rows)), first, second, told.dx[of], told.dy[of],
            _around(SIGMAS * POSITION_ERROR / at), DOUBT,
        )  # fmt: skip
    return score < DOUBT


def _around(reach: float) -> np.ndarray:
    """Offsets within reach [pixel] on a grid that leaves no gap, nearest first, shape (k, 2)."""
    steps = int(np.ceil(reach / GRID_PX))
    x, y = np.meshgrid(*2 * [np.arange(-steps, steps + 1) * GRID_PX])
    r = np.hypot(x, y).ravel()
    near = np.argsort(r, kind="stable")[: np.count_nonzero(r <= reach + GRID_PX / 2)]
    return np.stack([x.ravel()[near], y.ravel()[near]], 1)


def _reduced(prints: Prints) -> np.ndarray:
    """Pictures that were looked at reduced."""
    return np.maximum(prints.width, prints.height) > marks.LARGEST


def _plane(ra0: np.ndarray, dec0: np.ndarray, ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """East and north on the tangent planes at the first positions [arcsec], shape (n, 2).

    Behind the plane (more than 90 degrees away) the distance is infinite.
    """
    d0, d, a = np.radians(dec0), np.radians(dec), np.radians(ra - ra0)
    ahead = np.sin(d0) * np.sin(d) + np.cos(d0) * np.cos(d) * np.cos(a)
    east = np.cos(d) * np.sin(a)
    north = np.cos(d0) * np.sin(d) - np.sin(d0) * np.cos(d) * np.cos(a)
    with np.errstate(divide="ignore", invalid="ignore"):
        plane = np.degrees(np.stack([east, north], 1) / ahead[:, None]) * 3600
    return np.where(ahead[:, None] <= 0, np.inf, plane)
