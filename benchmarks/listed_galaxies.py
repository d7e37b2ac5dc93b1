"""Galaxies of a real frame: what the detector finds against what the catalogue lists.

Field 3918-3-213 is cut into disjoint windows of 256 px, drawn and compressed as users have them.
Its list of galaxies holds no magnitudes: r is measured in the frame, at the listed places.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import sep

from benchmarks import injections as inj
from galaxycurate.core.colour import lupton_irg
from galaxycurate.curation.light.detect import detect
from galaxycurate.curation.light.features import measure
from galaxycurate.curation.light.flux import planes
from galaxycurate.curation.light.forest import Forest
from galaxycurate.curation.light.judge import View

LIMIT_R = 20.0
_MATCH_PX = 5.0


def compare(data: Path, forest: Forest, threshold: float, limit_r: float = LIMIT_R) -> dict:
    """Precision and recall against the list, for galaxies brighter than a limit.

    Returns
    -------
    dict
        `recall` counts listed galaxies that a source above the threshold matches, `precision` the
        sources above the threshold that match a listed galaxy; `beyond` are the others.
    """
    whole = inj.read(data, "3918")
    listed, _ = inj.listed(data, "3918", whole.shape[1])
    mags = magnitudes(whole[1], listed)
    found = np.array(list(sources(whole, forest))).reshape(-1, 4)
    told = found[found[:, 2] >= threshold]
    size = inj.SIZE
    within = (listed[:, 0] < whole.shape[2] // size * size) & (
        listed[:, 1] < whole.shape[1] // size * size
    )
    bright = within & (mags < limit_r)
    hit = _gap(listed[bright], told) < _MATCH_PX
    shown = told[told[:, 3] < limit_r]
    right = _gap(shown, listed) < _MATCH_PX
    return {
        "limit_r": limit_r, "listed": int(bright.sum()), "recall": round(float(hit.mean()), 3),
        "told": len(shown), "precision": round(float(right.mean()), 3),
        "missed": np.c_[listed[bright][~hit], mags[bright][~hit]].round(1).tolist(),
        "beyond": shown[~right].round(2).tolist(),
    }  # fmt: skip


def magnitudes(plane: np.ndarray, places: np.ndarray) -> np.ndarray:
    """r within the Kron ellipse of the source that stands at each place, else within 7 px."""
    light = np.ascontiguousarray(plane)
    found, segments = sep.extract(
        light, 1.5, err=0.0233, minarea=5, segmentation_map=True, deblend_cont=0.001
    )
    out = []
    for x, y in places:
        own = segments[int(np.clip(round(y), 0, 1488)), int(np.clip(round(x), 0, 2047))]
        if own:
            total = float(found["flux"][own - 1]) * 1.05
        else:
            total = float(sep.sum_circle(light, [x], [y], 7.0)[0][0])
        out.append(22.5 - 2.5 * np.log10(max(total, 1e-3)))
    return np.array(out)


def sources(whole: np.ndarray, forest: Forest):
    """x, y, probability, r of every source of the disjoint windows of a frame."""
    size = inj.SIZE
    for top in range(0, whole.shape[1] - size + 1, size):
        for left in range(0, whole.shape[2] - size + 1, size):
            g, r, i = whole[:, top : top + size, left : left + size]
            rgb = inj.decompressed(inj.compressed(lupton_irg(i, r, g)))
            light = planes(rgb, scheme="sdss")
            seen = detect(light)
            features = measure(light, seen, inj.PIXSCALE)
            view = View(light, seen, features, forest.probability(features), inj.PIXSCALE, 1)
            for row, t in enumerate(seen.table):
                yield t["x"] + left, t["y"] + top, view.probability[row], view.magnitude(row)


def _gap(places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distance from each place to the nearest of the others [pixel]."""
    if not len(places) or not len(others):
        return np.full(len(places), np.inf)
    return np.hypot(
        places[:, None, 0] - others[None, :, 0], places[:, None, 1] - others[None, :, 1]
    ).min(axis=1)
