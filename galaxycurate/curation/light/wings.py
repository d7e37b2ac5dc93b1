"""How the light of a source falls off beyond its core, which may be saturated.

A star's wings fall off as those of any other star, a power of the radius; a galaxy's disc ends.
"""

from __future__ import annotations

import numpy as np

from galaxycurate.curation.light.detect import Sources

RADII = (1.1, 1.6, 2.4, 3.6, 5.4, 8.0)
"""Between which rings lie [stellar widths]."""

NAMES = (
    *(f"wing_{r}" for r in RADII[2:]), *(f"wing_sigma_{r}" for r in RADII[1:]), "wing_redder",
)  # fmt: skip

_MOST = 64
"""Sources of each 256 x 256 px are looked at, the brightest: in a crowd others show no wings."""

_TINY = 1e-9


def columns(
    light: np.ndarray, bands: np.ndarray, owners: np.ndarray, sources: Sources, psf: float
) -> list[np.ndarray]:
    """Features of the wings of sources, in the order of `NAMES`.

    Parameters
    ----------
    light : ndarray of float32, shape (h, w)
        Above the background.
    bands : ndarray of float32, shape (3, h, w)
        Red, green, blue.
    owners : ndarray of int32, shape (h, w)
        Segments, -1 where the picture is saturated.
    sources : Sources
    psf : float
        Width of a star [pixel].

    Returns
    -------
    list of ndarray, shape (n,)
        Fall from each ring to the next [dex], how surely each ring shows light [sigma, as a
        logarithm], and how much redder the outer wing is than the inner one [dex].
    """
    from galaxycurate.curation.light import profiles

    radii = np.array(RADII) * psf
    sky = np.median(bands[:, ::3, ::3].reshape(3, -1), axis=1)
    planes = np.stack([light, bands[0] - sky[0], bands[2] - sky[2]]).astype(np.float32)
    t = sources.table[: round(_MOST * max(light.size / 65536, 1))]
    total = np.zeros((len(sources), len(RADII) - 1, 3))
    area = np.tile(np.pi * np.diff(radii**2), (len(sources), 1))
    total[: len(t)], area[: len(t)] = profiles.rings(planes, owners, t["x"], t["y"], radii)
    many = np.maximum(area, 1)[:, :, None]
    error = sources.noise / np.sqrt(many)
    seen = total / many
    height = np.log10(np.maximum(seen[..., 0], error[..., 0]))
    sigma = np.log10(np.maximum(seen[..., 0] / error[..., 0], 0.1))
    inner, outer = total[:, :2].sum(axis=1), total[:, 2:4].sum(axis=1)
    floor = 3 * sources.noise * np.sqrt(np.maximum(area[:, 2:4].sum(axis=1), 1))
    redder = _colour(outer, floor) - _colour(inner, floor)
    sure = (outer[:, 1] > floor) & (outer[:, 2] > floor)
    return [*np.diff(height, axis=1).T, *sigma.T, np.where(sure, redder, 0)]


def _colour(flux: np.ndarray, floor: np.ndarray) -> np.ndarray:
    red, blue = (np.maximum(flux[:, k], floor + _TINY) for k in (1, 2))
    return np.log10(red / blue)
