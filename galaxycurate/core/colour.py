"""Colour pictures from three bands, as the SDSS field JPEGs are made."""

from __future__ import annotations

import numpy as np

SCALES_IRG = (2.0, 2.6, 3.6)
"""Per nanomaggy, for i, r, g: 0.4 x (5, 6.5, 9), fitted to the survey's own `frame-irg` JPEGs."""

NONLINEARITY = 2.25
"""Softening of the asinh stretch of the same JPEGs (Lupton et al. 2004, PASP 116, 133)."""


def lupton_irg(i, r, g) -> np.ndarray:
    """Colour picture of i, r, g fluxes as red, green, blue.

    The stretch acts on the sum of the bands, so that hue does not depend on brightness, and what
    is too bright is scaled down by its brightest channel instead of clipped to white.

    Parameters
    ----------
    i, r, g : ndarray of float32, shape (h, w)
        Sky-subtracted fluxes [nanomaggy], on one pixel grid.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
    """
    bands = (np.asarray(band, np.float32) for band in (i, r, g))
    rgb = [band * np.float32(s) for band, s in zip(bands, SCALES_IRG, strict=True)]
    x = (rgb[0] + rgb[1] + rgb[2]) * np.float32(NONLINEARITY)
    x[x == 0] = 1e-6  # the limit of asinh(x)/x at 0 is 1
    gain = np.arcsinh(x) / x
    brightest = np.maximum(np.maximum(rgb[0], rgb[1]), rgb[2]) * gain
    gain *= np.float32(255) / np.maximum(brightest, np.float32(1))
    out = np.empty((*x.shape, 3), np.uint8)
    for channel, band in enumerate(rgb):
        out[..., channel] = np.clip(band * gain, 0, 255) + np.float32(0.5)
    return out
