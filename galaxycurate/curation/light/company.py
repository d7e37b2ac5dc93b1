"""Brighter neighbours, whose halos, spikes and ghosts look like galaxies."""

from __future__ import annotations

import numpy as np

from galaxycurate.curation.light.detect import Sources
from galaxycurate.curation.light.flux import Planes

NAMES = (
    "saturated", "glare", "nearest", "glare_radii", "halo", "bright_radii", "crowd", "towards",
    "stretched",
)  # fmt: skip

SATURATED = 250
_FAR = 30.0


def columns(planes: Planes, sources: Sources, flux: np.ndarray, psf: float) -> list[np.ndarray]:
    """Features of the company that sources have, in the order of `NAMES`.

    Parameters
    ----------
    planes : Planes
    sources : Sources
    flux : ndarray, shape (n,)
    psf : float
        Width of a star [pixel].

    Returns
    -------
    list of ndarray, shape (n,)
    """
    import cv2

    t = sources.table
    n = len(t)
    dx, dy = t["x"][:, None] - t["x"], t["y"][:, None] - t["y"]
    distance = np.hypot(dx, dy) + np.eye(n) * 1e6
    glare = np.log10(flux[None, :] / flux[:, None]) - 2 * np.log10(distance / psf)
    row, worst = np.arange(n), glare.argmax(axis=1)
    size = np.sqrt(t["npix"] / np.pi)
    burnt = (planes.peak >= SATURATED).astype(np.float32)
    bright = (burnt[t["ypeak"], t["xpeak"]] > 0) & (t["npix"] > 60)
    from_bright = np.full(n, _FAR)
    if bright.any():
        from_bright = np.minimum((distance[:, bright] / size[bright]).min(axis=1), _FAR)
        from_bright[bright] = 0
    level = sources.background[t["ypeak"], t["xpeak"]] - np.median(sources.background[::3, ::3])
    turn = np.arctan2(dy[row, worst], dx[row, worst]) - t["theta"]
    return [
        cv2.blur(burnt, (7, 7))[t["ypeak"], t["xpeak"]],
        np.maximum(glare.max(axis=1), -6),
        np.minimum(distance.min(axis=1) / psf, _FAR),
        np.minimum(distance[row, worst] / size[worst], _FAR),
        level / sources.noise,
        from_bright,
        np.full(n, np.log10(n / (sources.light.size / 65536))),
        np.cos(2 * turn),
        t["a"] / np.maximum(t["b"], 0.1),
    ]
