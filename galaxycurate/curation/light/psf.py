"""The point spread of a picture, told from its own stars."""

from __future__ import annotations

import numpy as np

from galaxycurate.core.geometry import NATIVE_PIXSCALE

PRIOR_R50_ARCSEC = 0.83
"""Half-light radius of a star as the detection measures it: median of the SDSS frames at hand."""

_SCATTER, _SCATTER_UNKNOWN_SCALE = 0.16, 0.5  # of the prior's logarithm
_GRID = np.linspace(-4.4, 5.6, 81)  # [scatter] around the prior
_MEASURE_SCATTER = 0.04  # of bright stars: blends, colours, the pixel grid
_EXTENDED_SPAN = 1.8  # galaxies are up to exp(1.8) times larger


def stellar_radius(r50, snr, usable, pixscale: float) -> tuple[float, float]:
    """Half-light radius of the point-like sources of one picture.

    Each source is a star of the one radius or something larger; the radius is the mean of its
    posterior, so that with no source at all the prior stands.

    Parameters
    ----------
    r50 : ndarray of float, shape (n,)
        Half-light radii [pixel].
    snr : ndarray of float, shape (n,)
        Signal-to-noise ratios.
    usable : ndarray of bool, shape (n,)
        Neither saturated nor at the border.
    pixscale : float
        [arcsec/pixel]; 0 where it is unknown, and stars may be of almost any size.

    Returns
    -------
    radius : float
        [pixel]
    scatter : float
        Uncertainty of its logarithm.
    """
    spread = _SCATTER if pixscale else _SCATTER_UNKNOWN_SCALE
    prior = np.log(np.hypot(PRIOR_R50_ARCSEC / (pixscale or NATIVE_PIXSCALE), 0.6))
    radius = prior + _GRID * spread
    belief = -0.5 * _GRID**2
    told = usable & (snr > 12) & (r50 > 0.5)
    if told.any():
        log_r = np.log(r50[told])[:, None]
        sigma = np.hypot(_MEASURE_SCATTER, 1.2 / snr[told])[:, None]
        off = (log_r - radius) / sigma
        star = np.exp(-0.5 * off**2) / (sigma * np.sqrt(2 * np.pi))
        larger = ((off > 0) & (log_r - radius < _EXTENDED_SPAN)) / _EXTENDED_SPAN
        belief = belief + np.log(0.6 * star + 0.4 * larger + 0.005).sum(axis=0)
    weight = np.exp(belief - belief.max())
    weight /= weight.sum()
    mean = float((weight * radius).sum())
    scatter = float(np.sqrt((weight * (radius - mean) ** 2).sum()))
    return float(np.exp(mean)), scatter
