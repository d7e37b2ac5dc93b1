"""Galaxies and stars of real frames: what the detector finds against what catalogues list.

Frames are cut into disjoint windows of 256 px, drawn and compressed as users have them, and judged
by trees that never saw the field. The list of 3918-3-213 holds no magnitudes: r is measured in the
frame at the listed places.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import sep

from benchmarks import injections as inj
from benchmarks import skies
from galaxycurate.core.colour import lupton_irg
from galaxycurate.curation.light.detect import detect
from galaxycurate.curation.light.features import measure
from galaxycurate.curation.light.flux import planes
from galaxycurate.curation.light.forest import Forest
from galaxycurate.curation.light.judge import View

LIMIT_R = 20.0
_MATCH_PX = 5.0
_APERTURE, _ANNULUS = 4.0, (8.0, 14.0)  # [pixel] of blended objects
_WITHOUT = 1.15  # total light of a small galaxy, to that in the aperture
_ISOPHOTAL = 1.05


def compare(data: Path, forest: Forest, threshold: float, limit_r: float = LIMIT_R) -> dict:
    """Precision and recall against the galaxies listed in 3918-3-213, brighter than a limit.

    Returns
    -------
    dict
        `recall` counts listed galaxies that a source above the threshold matches, `precision` the
        sources above the threshold that match a listed galaxy; `beyond` are the others. Recall
        is told apart for galaxies that stand alone and for those that share their light with
        another listed object.
    """
    whole = skies.read(data, "3918")
    galaxies, stars = skies.listed(data, "3918", whole.shape[1])
    mags, alone = magnitudes(whole[1], galaxies, stars)
    found = np.array(list(sources(whole, forest))).reshape(-1, 4)
    told = found[found[:, 2] >= threshold]
    bright = _within(galaxies, whole.shape) & (mags < limit_r)
    hit = gap(galaxies, told) < _MATCH_PX
    star = gap(galaxies, stars) < 2
    shown = told[told[:, 3] < limit_r]
    right = gap(shown, galaxies) < _MATCH_PX
    missed = bright & ~hit
    return {
        "limit_r": limit_r, "listed": int(bright.sum()), "recall": _mean(hit[bright]),
        "alone": int((bright & alone).sum()), "recall alone": _mean(hit[bright & alone]),
        "blended": int((bright & ~alone).sum()), "recall blended": _mean(hit[bright & ~alone]),
        "listed as a star, too": int((bright & star).sum()),
        "told": len(shown), "precision": _mean(right),
        "missed": np.c_[galaxies, mags, alone, gap(galaxies, stars)][missed].round(1).tolist(),
        "beyond": shown[~right].round(2).tolist(),
    }  # fmt: skip


def false_alarms_on_stars(
    data: Path, forest: Forest, threshold: float, limit_r: float = LIMIT_R
) -> dict:
    """Share of the stars listed in 4510-4-30 that are taken for galaxies."""
    whole = skies.read(data, "4510")
    _, stars = skies.listed(data, "4510", whole.shape[1])
    found = np.array(list(sources(whole, forest))).reshape(-1, 4)
    seen = found[gap(found, stars) < 2]
    bright = seen[seen[:, 3] < limit_r]
    return {
        "limit_r": limit_r, "stars seen": len(bright),
        "told galaxies": _mean(bright[:, 2] >= threshold),
        "stars of any brightness": len(seen), "of these": _mean(seen[:, 2] >= threshold),
    }  # fmt: skip


def magnitudes(
    plane: np.ndarray, places: np.ndarray, others: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """r at each place, and whether it stands alone.

    Of one that stands alone within its isophote; of one whose isophote holds another listed
    object or is centred elsewhere in an aperture, above the light around it.
    """
    light = np.ascontiguousarray(plane)
    found, segments = sep.extract(
        light, 1.5, err=0.0233, minarea=5, segmentation_map=True, deblend_cont=0.001
    )
    height, width = light.shape
    listed = np.concatenate([places, others])
    rows = np.clip(np.rint(listed[:, 1]).astype(int), 0, height - 1)
    owner = segments[rows, np.clip(np.rint(listed[:, 0]).astype(int), 0, width - 1)]
    shared = np.bincount(owner, minlength=len(found) + 1)
    out, alone = [], []
    for (x, y), own in zip(places, owner, strict=False):
        row = found[own - 1]
        near = bool(own) and np.hypot(row["x"] - x, row["y"] - y) < 3 and shared[own] == 1
        total = row["flux"] * _ISOPHOTAL if near else _blended(light, x, y)
        out.append(22.5 - 2.5 * np.log10(max(float(total), 1e-3)))
        alone.append(near)
    return np.array(out), np.array(alone)


def _blended(light: np.ndarray, x: float, y: float) -> float:
    """Light in an aperture above the median of its surroundings."""
    reach = int(_ANNULUS[1]) + 1
    rows, cols = np.ogrid[
        max(round(y) - reach, 0) : min(round(y) + reach + 1, light.shape[0]),
        max(round(x) - reach, 0) : min(round(x) + reach + 1, light.shape[1]),
    ]
    r = np.hypot(cols - x, rows - y)
    part = light[rows, cols]
    around = np.median(part[(r > _ANNULUS[0]) & (r < _ANNULUS[1])])
    return float((part[r < _APERTURE] - around).sum()) * _WITHOUT


def sources(whole: np.ndarray, forest: Forest):
    """x, y, probability, r of every source of the disjoint windows of a frame."""
    size = skies.SIZE
    for top in range(0, whole.shape[1] - size + 1, size):
        for left in range(0, whole.shape[2] - size + 1, size):
            g, r, i = whole[:, top : top + size, left : left + size]
            rgb = inj.decompressed(inj.compressed(lupton_irg(i, r, g)))
            light = planes(rgb, scheme="sdss")
            seen = detect(light)
            features = measure(light, seen, skies.PIXSCALE)
            view = View(light, seen, features, forest.probability(features), skies.PIXSCALE, 1)
            for row, t in enumerate(seen.table):
                yield t["x"] + left, t["y"] + top, view.probability[row], view.magnitude(row)


def gap(places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distance from each place to the nearest of the others [pixel]."""
    if not len(places) or not len(others):
        return np.full(len(places), np.inf)
    return np.hypot(
        places[:, None, 0] - others[None, :, 0], places[:, None, 1] - others[None, :, 1]
    ).min(axis=1)


def _within(places: np.ndarray, shape) -> np.ndarray:
    size = skies.SIZE
    return (places[:, 0] < shape[2] // size * size) & (places[:, 1] < shape[1] // size * size)


def _mean(hit: np.ndarray) -> float | None:
    return round(float(np.mean(hit)), 3) if len(hit) else None
