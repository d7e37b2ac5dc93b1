"""Fields as the survey draws them: Lupton's colours of i, r, g."""

from __future__ import annotations

import numpy as np

SCALES_IRG = (2.0, 2.6, 3.6)
"""Per nanomaggy, for i, r, g: those of the survey's own `frame-irg` pictures."""

Q, STRETCH = 7.2744, 1.07769
"""Lupton et al. (2004, PASP 116, 133) as astropy has it; with these it is the survey's stretch,
asinh(2.25 x) / 2.25 of the sum x of the scaled bands."""


def drawn(light: np.ndarray) -> np.ndarray:
    """A colour picture of a window.

    Parameters
    ----------
    light : ndarray of float32, shape (3, h, w)
        g, r, i, sky-subtracted [nanomaggy]; pixels without a value (NaN) are drawn black.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        Red, green, blue; rows as in `light`.
    """
    from astropy.visualization import make_lupton_rgb

    g, r, i = np.where(np.isfinite(light), light, np.float32(0))
    red, green, blue = (
        band * np.float32(scale) for band, scale in zip((i, r, g), SCALES_IRG, strict=True)
    )
    with np.errstate(invalid="ignore", divide="ignore"):  # astropy divides by black pixels first
        return make_lupton_rgb(red, green, blue, minimum=0, stretch=STRETCH, Q=Q)
