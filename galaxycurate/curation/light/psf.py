"""The point spread of a picture, told from its own stars."""

from __future__ import annotations

import numpy as np

from galaxycurate.core.geometry import NATIVE_PIXSCALE

PRIOR_FWHM_ARCSEC = 1.25
"""Width of a star: about the median of the SDSS frames at hand."""

_SCATTER, _SCATTER_UNKNOWN_SCALE = 0.16, 0.5  # of the prior's logarithm
_GRID = np.linspace(-4.4, 5.6, 201)  # [scatter] around the prior
MEASURE_SCATTER = 0.06
"""Of the logarithm of the width of bright stars: blends, colours, the pixel grid, the JPEG."""

_NARROWER, _NEITHER = 5e-5, 0.005  # nothing is narrower than a star; blends may be anything
_EXTENDED_SPAN = 1.8  # galaxies are up to exp(1.8) times larger
_PIXEL_FWHM = 1.0  # what pixels and the JPEG add


def prior_fwhm(pixscale: float) -> float:
    """Width of a star to be expected [pixel]; of the survey's own scale where it is unknown (0)."""
    return float(np.hypot(PRIOR_FWHM_ARCSEC / (pixscale or NATIVE_PIXSCALE), _PIXEL_FWHM))


def stellar_width(width, error, usable, pixscale: float) -> tuple[float, float]:
    """Width of the point-like sources of one picture.

    Each source is a star of the one width or something larger; the width is the mean of its
    posterior, so that with no source at all the prior stands.

    Parameters
    ----------
    width : ndarray of float, shape (n,)
        FWHM of the profile that fits each source best [pixel].
    error : ndarray of float, shape (n,)
        Of its logarithm.
    usable : ndarray of bool, shape (n,)
        Neither saturated nor faint nor at the border.
    pixscale : float
        [arcsec/pixel]; 0 where it is unknown, and stars may be of almost any size.

    Returns
    -------
    width : float
        [pixel]
    scatter : float
        Uncertainty of its logarithm.
    """
    spread = _SCATTER if pixscale else _SCATTER_UNKNOWN_SCALE
    expected = np.log(prior_fwhm(pixscale)) + _GRID * spread
    belief = -0.5 * _GRID**2
    if usable.any():
        log_width = np.log(width[usable])[:, None]
        sigma = np.hypot(MEASURE_SCATTER, error[usable])[:, None]
        off = (log_width - expected) / sigma
        star = np.exp(-0.5 * off**2) / (sigma * np.sqrt(2 * np.pi))
        larger = ((off > 0) & (log_width - expected < _EXTENDED_SPAN)) / _EXTENDED_SPAN
        other = np.where(off > 0, _NEITHER, _NARROWER)
        belief = belief + np.log(0.6 * star + 0.4 * larger + other).sum(axis=0)
    weight = np.exp(belief - belief.max())
    weight /= weight.sum()
    mean = float((weight * expected).sum())
    scatter = float(np.sqrt((weight * (expected - mean) ** 2).sum()))
    return float(np.exp(mean)), scatter
