"""Gather what the report shows: the funnel, the classes, the proof of the split, the provenance."""

from __future__ import annotations

import platform
from collections import Counter
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np

from galaxycurate import __version__
from galaxycurate.core.origin import is_simulated
from galaxycurate.core.outcome import Verdict, pairs_by_kind
from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import InputError
from galaxycurate.pipeline.clock import utc_now
from galaxycurate.pipeline.dedupe.shown import Shown, of_each_kind
from galaxycurate.pipeline.next_steps import behind
from galaxycurate.pipeline.papers import papers
from galaxycurate.pipeline.recorded import Recorded, recorded
from galaxycurate.pipeline.report.answered import Answered, answered
from galaxycurate.pipeline.report.audited import audit_facts
from galaxycurate.pipeline.report.facts import Framing, ManifestFacts, ReportFacts, Run
from galaxycurate.pipeline.report.funnel import classes, funnel, lost, outdated
from galaxycurate.pipeline.report.histograms import histograms
from galaxycurate.pipeline.report.people import people_facts
from galaxycurate.pipeline.report.proof import prove_split
from galaxycurate.pipeline.report.queries import sent
from galaxycurate.pipeline.report.rows import Rows
from galaxycurate.pipeline.report.sheets import Sheets
from galaxycurate.pipeline.report.shortcuts import Shortcuts, check_shortcuts
from galaxycurate.pipeline.report.shown import SkyPoints
from galaxycurate.pipeline.report.summary import summary
from galaxycurate.pipeline.report.training import Training
from galaxycurate.pipeline.status import TRAINING, by_reason, by_split, cutouts_of
from galaxycurate.store.manifest import read_all
from galaxycurate.store.settings import Settings

PAIRS = 18

_SEARCHED = ("noise", "sources", "resized")  # tiers of dedupe whose false pairs are estimated
_SOFTWARE = ("numpy", "astropy", "scipy", "scikit-learn", "pyarrow", "duckdb", "sqlalchemy",
             "torch")  # fmt: skip


def gather(
    settings: Settings,
    *,
    training: Path | None = None,
    shortcuts: bool = True,
    keep: bool = True,
    progress: Progress = silent,
) -> ReportFacts:
    """Gather everything that the report shows.

    Parameters
    ----------
    settings : Settings
        They name the manifests, the dataset, the ledger, and the seed of the contact sheets.
    training : Path, optional
        Where `python -m train` wrote; `training`.
    shortcuts : bool
        Whether to look for shortcuts, which reads up to 5,000 pictures the first time.
    keep : bool
        Whether what is measured of them is kept beside the pictures' fingerprints.
    progress : callable

    Returns
    -------
    ReportFacts

    Raises
    ------
    InputError
        There are no manifests, nothing was downloaded or imported yet, or the list of decided
        images that a training needs is none.
    """
    rows = Rows.of(read_all((), folder=Path(settings.manifests)))
    records = recorded(settings, cutouts_of(rows.manifests))
    if not records.outcomes:
        raise InputError(
            f"the dataset {settings.dataset}/ is empty: no cutout was downloaded or imported yet",
            hint="galaxycurate download, then galaxycurate report; for images of your own: "
            "galaxycurate import DIR --labels CSV",
        )
    trained = Training.read(training or Path(TRAINING))
    # what is broken there is found before thousands of pictures are read
    answers = answered(trained, records.in_splits)
    checked = None
    if shortcuts:
        checked = check_shortcuts(settings, rows, records, keep=keep, progress=progress)
    facts = _facts(settings, rows, records, (trained, answers), checked)
    return replace(facts, summary=summary(facts, records, behind(records, settings)))


def _facts(
    settings: Settings,
    rows: Rows,
    records: Recorded,
    training: tuple[Training | None, Answered],
    shortcuts: Shortcuts | None,
) -> ReportFacts:
    trained, answers = training
    manifests = tuple(ManifestFacts.of(manifest) for manifest in rows.manifests)
    origins = _origins(manifests, records, trained)
    sheets = Sheets(settings, rows, records)
    asked = ((manifest.query_sha256, sent(manifest, settings)) for manifest in manifests)
    return ReportFacts(
        dataset=settings.dataset,
        created_utc=utc_now(),
        simulated=is_simulated(*origins),
        seed=settings.seed,
        origins=origins,
        releases=tuple(dict.fromkeys(m.release for m in rows.manifests if m.release)),
        manifests=manifests,
        runs={name: Run.of(name, run) for name, run in records.runs.items()},
        funnel=funnel(rows, records),
        lost=lost(rows, records),
        outdated=outdated(records),
        undone=len(rows.keys.keys() - {(o.label, o.name) for o in records.outcomes}),
        outcomes=by_reason(records.outcomes),
        classes=classes(rows, records),
        splits=by_split(records.in_splits, records.decided_at_split.label_of),
        verdicts=_kinds(records),
        proof=prove_split(rows, records),
        audit=audit_facts(records),
        people=people_facts(records),
        shortcuts=shortcuts,
        sheets=tuple(sheets.of_classes()),
        hardest=tuple(sheets.of_hardest(answers.given)),
        rejected=tuple(sheets.of_reasons()),
        suspects=tuple(sheets.of_suspects()),
        thrown_out=tuple(sheets.of_thrown_out()),
        pairs=_shown_pairs(settings, records),
        histograms=tuple(histograms(rows)),
        sky=_sky(rows),
        framing=_framing(rows),
        training=trained,
        tested=answers,
        software=_software(),
        papers=tuple(papers(manifest.cuts for manifest in manifests)),
        queries={sha256: sql for sha256, sql in asked if sql},
        false_rates=_false_rates(records),
    )


def _shown_pairs(settings: Settings, records: Recorded) -> Shown:
    most = max(2, PAIRS // max(1, len(_kinds(records))))
    out = records.decided.left_out.keys()
    return of_each_kind(settings, _pairs(records), left_out=out, most=most)


def _pairs(records: Recorded) -> list[Verdict]:
    """The verdicts on pairs of pictures that there are."""
    there = {outcome.path for outcome in records.outcomes}
    return [v for v in records.verdicts if v.partner and {v.path, v.partner} <= there]


def _kinds(records: Recorded) -> dict[str, int]:
    """Pairs of pictures by kind of verdict, and pictures that dedupe left out alone."""
    alone = Counter(str(verdict.kind) for verdict in records.verdicts if not verdict.partner)
    return dict((pairs_by_kind(records.verdicts) + alone).most_common())


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
    said += trained.origin.split("; ") if trained else []
    return tuple(dict.fromkeys(text for text in said if text))


def _framing(rows: Rows) -> tuple[Framing, ...]:
    """The sizes and scales of the cutouts asked for, the most frequent first."""
    size, scale = rows.numbers("size_px"), np.round(rows.numbers("pixscale"), 6)
    known = np.stack([np.nan_to_num(size), np.nan_to_num(scale)], axis=1)
    pairs, counts = np.unique(known, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return tuple(
        Framing(int(side) or None, float(step) or None, int(n))
        for (side, step), n in zip(pairs[order], counts[order], strict=True)
    )


def _software() -> dict[str, str]:
    versions = {"galaxycurate": __version__, "python": platform.python_version()}
    for name in _SOFTWARE:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _sky(rows: Rows) -> SkyPoints:
    known = np.isfinite(rows.ra) & np.isfinite(rows.dec)
    return SkyPoints(rows.ra[known], rows.dec[known], rows.width[known], rows.label[known])
