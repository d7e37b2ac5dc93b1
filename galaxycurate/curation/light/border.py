"""Light at the border of a picture: of a star beyond, or of a galaxy?"""

from __future__ import annotations

import numpy as np

from galaxycurate.curation.light.detect import Sources

STAR_BETAS = (3.0, 2.2, 4.5)
"""Of the stars that are tried: more and less light in their wings."""

WIDTHS = (1.5, 2.4, 4.0)
"""Of the Moffat profiles that compete with them [stellar widths]."""

SCALES = (0.7, 1.3, 2.4)
"""Of the exponential discs that do [stellar widths]."""

NAMES = (
    "along_edge", "into_edge_near", "into_edge_far", "border_snr", "border_depth",
    "galaxy_depth", "border_star_wings",
    *(f"border_{n}_{m}" for n in ("better", "fit")
      for m in (*(f"moffat_{w}" for w in WIDTHS), *(f"disc_{w}" for w in SCALES))),
)  # fmt: skip

_NEAR = 3.0  # [stellar widths] from the border
_MOST = 24  # sources, the brightest
_DEPTH, _SIDE = 14, 14  # [pixel] of the strip
_OUT, _IN = -12, 8
_TINY = 1e-6


def columns(
    light: np.ndarray, owners: np.ndarray, sources: Sources, edge: np.ndarray, psf: float
) -> list[np.ndarray]:
    """Features of the sources at the border, 0 for all others.

    A star beyond the border shows a wing as narrow as a star; a galaxy's is wide. Profiles are
    fitted whose middle may lie up to 12 px outside.

    Parameters
    ----------
    light : ndarray of float32, shape (h, w)
    owners : ndarray of int32, shape (h, w)
        Segments, -1 where the picture is saturated.
    sources : Sources
    edge : ndarray, shape (n,)
        Distance of each source from the border [pixel].
    psf : float
        Width of a star [pixel].

    Returns
    -------
    list of ndarray, shape (n,)
        In the order of `NAMES`.
    """
    from galaxycurate.curation.light import profiles

    out = np.zeros((len(sources), len(NAMES)))
    near = np.flatnonzero(edge < _NEAR * psf)[:_MOST]
    if near.size:
        models = _models(psf, _DEPTH + _SIDE)
        stars = len(STAR_BETAS)
    for k in near:
        strip, place = _strip(light, owners, sources, int(k))
        gain, where = profiles.at_border(strip, place, models, _OUT, _IN)
        gain = np.maximum(gain, _TINY) / sources.noise**2
        star, best = gain[:stars].max(), int(gain[stars:].argmax())
        more = gain[stars:] - star
        out[k] = [
            *_falls(strip, place, psf), np.log10(np.sqrt(gain.max()) + 1),
            where[gain[:stars].argmax()] / psf, where[stars + best] / psf,
            np.sqrt(gain[1] / gain[0]), *np.sign(more) * np.sqrt(np.abs(more)),
            *np.sqrt(gain[stars:] / star),
        ]  # fmt: skip
    return list(np.clip(out, -1e3, 1e3).T)


def _models(psf: float, reach: float) -> np.ndarray:
    """Stars, wider profiles and discs by squared radius."""
    from galaxycurate.curation.light import profiles

    stars = [profiles.tables(psf, reach, beta) for beta in STAR_BETAS]
    radius = np.sqrt(np.arange(0, reach**2 + 2, profiles.STEP))
    discs = [np.exp(-np.hypot(radius, 0.4 * psf) / (s * psf))[None] for s in SCALES]
    wide = profiles.tables(psf * np.array(WIDTHS), reach)
    return np.concatenate([*stars, wide, *discs]).astype(np.float32)


def _strip(
    light: np.ndarray, owners: np.ndarray, sources: Sources, k: int
) -> tuple[np.ndarray, float]:
    """Light along the border, the border first, and the place of a source in it."""
    t, (h, w) = sources.table, light.shape
    x, y = t["x"][k], t["y"][k]
    side = int(np.argmin([x, y, w - 1 - x, h - 1 - y]))
    at = float(y if side % 2 == 0 else x)
    left = max(round(at) - _SIDE, 0)
    cut = np.s_[:_DEPTH, left : round(at) + _SIDE + 1]
    strip, owner = ((a.T, a, a.T[::-1], a[::-1])[side][cut] for a in (light, owners))
    own = (owner == 0) | (owner == k + 1)
    return np.ascontiguousarray(np.where(own, strip, np.nan), np.float32), at - left


def _falls(strip: np.ndarray, place: float, psf: float) -> tuple[float, float, float]:
    """Width along the border, and how the light falls off away from it."""
    seen = np.maximum(np.nan_to_num(strip), 0)
    away = np.arange(strip.shape[1]) - place
    rim = seen[:3].sum(axis=0)
    along = np.sqrt((rim * away**2).sum() / max(float(rim.sum()), _TINY)) / psf
    core = seen[:, np.abs(away) < 2 * psf].sum(axis=1)
    first = max(float(core[:2].sum()), _TINY)
    near, far = core[2:5].sum() / first, core[5:10].sum() / first
    return float(along), float(min(near, 20)), float(min(far, 20))
