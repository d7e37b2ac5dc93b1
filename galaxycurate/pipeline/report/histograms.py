"""Histograms of what the manifests tell of their cutouts: votes, magnitudes, sizes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from galaxycurate.pipeline.report.rows import Rows
from galaxycurate.pipeline.report.shown import Histogram

NONE_NEAR = 9999.0  # clear_arcsec where no galaxy was found within reach

_QUANTITIES = (
    # column, title, axis, the cut's name in the header
    ("vote_fraction", "Votes", "fraction of the votes for the label", "threshold"),
    ("r", "Brightness", "model magnitude r [mag]", ""),
    ("petroRad_r", "Size", "Petrosian radius in r [arcsec]", ""),
    ("redshift", "Redshift", "spectroscopic redshift", ""),
    ("score", "Field quality", "score of the field", "score"),
    ("clear_arcsec", "Free sky", "edge to the nearest galaxy [arcsec]", "margin_arcsec"),
)


def histograms(rows: Rows) -> Iterable[Histogram]:
    """Histograms by label of what is known, with the cuts that the manifests made.

    Parameters
    ----------
    rows : Rows

    Yields
    ------
    Histogram
        Angular sizes are those of the galaxies, or else those of the cutouts where these differ.
    """
    for column, title, quantity, cut in _QUANTITIES:
        if found := _by_label(rows.numbers(column), rows.label):
            made = (manifest.header.cuts.get(cut) for manifest in rows.manifests)
            cuts = {float(value) for value in made if isinstance(value, int | float)}
            yield _binned(title, quantity, found, tuple(sorted(cuts)))
    if not np.isfinite(rows.numbers("petroRad_r")).any() and _differ(rows.width):
        yield _binned("Size", "side of the cutout [arcsec]", _by_label(rows.width, rows.label), ())


def _by_label(values: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    known = np.isfinite(values)
    return {label: values[known & (labels == label)] for label in sorted(set(labels[known]))}


def _differ(values: np.ndarray) -> bool:
    known = values[np.isfinite(values)]
    return bool(known.size) and float(np.ptp(known)) > 1e-3 * float(known.max())


def _binned(title: str, quantity: str, values: dict, cuts: tuple[float, ...]) -> Histogram:
    near = {label: v[v < NONE_NEAR] for label, v in values.items()}
    edges = _edges(np.concatenate([*near.values(), np.array(cuts, float)]))
    # a float32 may lie a hair beyond the round number that it stands for
    near = {label: np.clip(v, edges[0], edges[-1]) for label, v in near.items()}
    return Histogram(
        title, quantity, tuple(edges.tolist()),
        {label: tuple(np.histogram(v, edges)[0].tolist()) for label, v in near.items()},
        cuts, sum(len(values[label]) - len(near[label]) for label in values),
    )  # fmt: skip


def _edges(values: np.ndarray, bins: int = 24) -> np.ndarray:
    """About so many bins on round numbers, so that a cut falls on an edge."""
    if not values.size:
        return np.array([0.0, 1.0])
    low, high = float(values.min()), float(values.max())
    step = max((high - low) / bins, 1e-3)
    power = 10 ** np.floor(np.log10(step))
    step = power * next(m for m in (1, 2, 2.5, 5, 10) if m * power >= step * 0.999)
    first, last = np.floor(low / step + 1e-6), np.ceil(high / step - 1e-6)
    return np.round(np.arange(first, max(last, first + 1) + 1) * step, 10)
