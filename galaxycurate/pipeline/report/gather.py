"""Gather what the report shows: the funnel, the classes, the proof of the split, the provenance."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import numpy as np

from galaxycurate import __version__
from galaxycurate.core.origin import is_simulated
from galaxycurate.errors import InputError
from galaxycurate.pipeline.clock import utc_now
from galaxycurate.pipeline.report.facts import (
    Histogram,
    ManifestFacts,
    ReportFacts,
    SkyPoints,
    Training,
)
from galaxycurate.pipeline.report.proof import prove_split
from galaxycurate.pipeline.report.rows import Rows
from galaxycurate.pipeline.report.sheets import Sheets
from galaxycurate.pipeline.status import (
    TRAINING,
    Recorded,
    by_reason,
    by_split,
    cutouts_of,
    label_of,
    recorded,
)
from galaxycurate.store.manifest import Manifest, read_all
from galaxycurate.store.settings import Settings

NONE_NEAR = 9999.0  # clear_arcsec where no galaxy was found within reach

_SEARCHED = ("noise", "sources", "resized")  # tiers of dedupe whose false pairs are estimated
_SOFTWARE = ("numpy", "astropy", "scipy", "pyarrow", "duckdb", "sqlalchemy", "torch")

_QUANTITIES = (
    # column, title, axis, the cut's name in the header
    ("vote_fraction", "Votes", "fraction of the votes for the label", "threshold"),
    ("r", "Brightness", "model magnitude r [mag]", ""),
    ("score", "Field quality", "score of the field", "score"),
    ("clear_arcsec", "Free sky", "edge to the nearest galaxy [arcsec]", "margin_arcsec"),
)


def gather(settings: Settings, *, training: Path | None = None) -> ReportFacts:
    """Gather everything that the report shows.

    Parameters
    ----------
    settings : Settings
        They name the manifests, the dataset, the ledger, and the seed of the contact sheets.
    training : Path, optional
        Where `python -m train` wrote; `training`.

    Returns
    -------
    ReportFacts

    Raises
    ------
    InputError
        There are no manifests, or nothing was downloaded or imported yet.
    """
    rows = Rows.of(read_all((), folder=Path(settings.manifests)))
    records = recorded(settings, cutouts_of(rows.manifests))
    if not records.outcomes:
        raise InputError(
            f"the dataset {settings.dataset}/ is empty: no cutout was downloaded or imported yet",
            hint="galaxycurate download, then galaxycurate report",
        )
    manifests = tuple(ManifestFacts.of(manifest) for manifest in rows.manifests)
    trained = Training.read(training or Path(TRAINING))
    origins = _origins(manifests, records, trained)
    sheets = Sheets(settings, rows, records)
    return ReportFacts(
        dataset=settings.dataset,
        created_utc=utc_now(),
        simulated=is_simulated(*origins),
        seed=settings.seed,
        origins=origins,
        releases=tuple(dict.fromkeys(_release(m, settings) for m in rows.manifests)),
        manifests=manifests,
        funnel=_funnel(rows, records),
        undone=len(rows.keys.keys() - {(o.label, o.name) for o in records.outcomes}),
        outcomes=by_reason(records.outcomes),
        classes=_classes(rows, records),
        splits=by_split(records.in_splits),
        verdicts=dict(Counter(str(verdict.kind) for verdict in records.verdicts).most_common()),
        proof=prove_split(rows, records),
        sheets=tuple(sheets.of_classes()),
        rejected=tuple(sheets.of_reasons()),
        pairs=tuple(sheets.of_pairs()),
        n_pairs=len(sheets.distinct_pairs()),
        histograms=tuple(_histograms(rows)),
        sky=_sky(rows),
        training=trained,
        software=_software(),
        false_rates=_false_rates(records),
    )


def _false_rates(records: Recorded) -> dict[str, float]:
    """Estimated with decoys, as dedupe found each pair: the largest of each kind."""
    found: dict[str, float] = {}
    for verdict in records.verdicts:
        if verdict.tier in _SEARCHED:
            found[verdict.kind] = max(found.get(verdict.kind, 0.0), verdict.fdr)
    return {str(kind): rate for kind, rate in found.items()}


def _origins(manifests, records: Recorded, trained: Training | None) -> tuple[str, ...]:
    """Who answered: archives of the manifests, providers of the pictures, in that order."""
    said = [manifest.archive for manifest in manifests]
    said += sorted({outcome.provider for outcome in records.outcomes})
    said += [trained.origin] if trained else []
    return tuple(dict.fromkeys(text for text in said if text))


def _release(manifest: Manifest, settings: Settings) -> str:
    """The data release of a manifest; of imported images their ids tell."""
    if manifest.header.release:
        return manifest.header.release
    return "dr7" if any(manifest.column("dr7objid")) else settings.release


def _software() -> dict[str, str]:
    versions = {"galaxycurate": __version__, "python": platform.python_version()}
    for name in _SOFTWARE:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


# ---- funnel and classes


def _funnel(rows: Rows, records: Recorded) -> dict[str, int]:
    stages = {"rows in the manifests": len(rows), "pictures kept": len(records.kept)}
    if records.dedupe_run:
        stages["after dedupe"] = len(records.survivors)
    if records.split_run:
        stages["in the splits"] = len(records.in_splits)
    return stages


def _classes(rows: Rows, records: Recorded) -> dict[str, dict[str, int]]:
    """Counts by label, then by stage of the funnel."""
    stages = {
        "rows in the manifests": Counter(rows.label.tolist()),
        "pictures kept": Counter(outcome.label for outcome in records.kept),
    }
    if records.dedupe_run:
        stages["after dedupe"] = Counter(outcome.label for outcome in records.survivors)
    if records.split_run:
        stages["in the splits"] = Counter(label_of(path) for path in records.in_splits)
    labels = sorted(set().union(*stages.values()))
    return {label: {stage: n[label] for stage, n in stages.items()} for label in labels}


# ---- plots


def _histograms(rows: Rows) -> Iterable[Histogram]:
    for column, title, quantity, cut in _QUANTITIES:
        found: dict[str, list[np.ndarray]] = {}
        cuts: set[float] = set()
        for manifest in rows.manifests:
            values = np.array(manifest.column(column), float)
            known = np.isfinite(values)
            made = manifest.header.cuts.get(cut)
            if known.any() and isinstance(made, int | float):
                cuts.add(float(made))
            labels = np.array(manifest.column("label"), object)
            for label in sorted(set(labels[known])):
                found.setdefault(label, []).append(values[known & (labels == label)])
        if found:
            joined = {label: np.concatenate(parts) for label, parts in sorted(found.items())}
            yield _binned(title, quantity, joined, tuple(sorted(cuts)))


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


def _sky(rows: Rows) -> SkyPoints:
    known = np.isfinite(rows.ra) & np.isfinite(rows.dec)
    return SkyPoints(rows.ra[known], rows.dec[known], rows.width[known], rows.label[known])
