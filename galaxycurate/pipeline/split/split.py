"""Split: train, val and test trees, or folds; no group torn apart, and the check that proves it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import InputError
from galaxycurate.pipeline.audit.left_out import refuse_unaudited
from galaxycurate.pipeline.clock import utc_now
from galaxycurate.pipeline.decided import COUNTED, Decided
from galaxycurate.pipeline.decided import read as read_decided
from galaxycurate.pipeline.dedupe.kept import Kept, read_kept
from galaxycurate.pipeline.split.manner import Manner
from galaxycurate.pipeline.split.placing import Placed, place
from galaxycurate.pipeline.split.proof import Split, prove, refuse_leaks
from galaxycurate.pipeline.split.trees import (
    FOLDER,
    MADE,
    SOFT_LABELS,
    Beside,
    build,
    soft_labels,
)  # fmt: skip
from galaxycurate.store.building import building
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import Settings

__all__ = ["FOLDER", "SOFT_LABELS", "Manner", "Split", "split"]


def split(
    settings: Settings,
    manner: Manner | None = None,
    *,
    fractions=None,
    seed: int | None = None,
    dry_run: bool = False,
    progress: Progress = silent,
) -> Split:
    """Place every image that dedupe kept, and write the trees: hard links, or files out of shards.

    What people decided outweighs what dedupe and audit hold against an image, and its class is the
    one that they gave it (see `galaxycurate.pipeline.decided`); groups stay whole all the same.

    Parameters
    ----------
    settings : Settings
    manner : Manner, optional
    fractions : sequence of float, optional
        Short for a manner of these.
    seed : int, optional
        The settings' by default.
    dry_run : bool
        Count and check only.
    progress : callable

    Returns
    -------
    Split

    Raises
    ------
    InputError
        Dedupe has not run, or images came after it, or after an audit; or pairs would cross (with
        ``guard="none"``).
    """
    seed = settings.seed if seed is None else seed
    manner = manner or Manner(fractions=tuple(fractions or ()))
    with Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False) as ledger:
        kept = _looked_at(settings, ledger)
        decided = read_decided(ledger)
        kept = replace(kept, given=decided.relabelled)
        placed = place(kept, ledger, _chosen(kept, decided), manner, seed=seed)
        result = prove(kept, placed.chosen, placed.evidence, placed.made, placed.part, manner)
        result.told_by(decided, kept.paths)
        refuse_leaks(result)
        if not dry_run:
            about = _about(kept, result, manner, seed)
            beside = Beside(about, soft_labels(Path(settings.manifests)))
            _write(Path(settings.dataset), ledger, placed, beside, decided.lines, progress)
    return result


def _looked_at(settings: Settings, ledger: Ledger) -> Kept:
    """The images as dedupe compared them, and the audit, if there was one, looked at them."""
    places = ledger.places("dedupe")
    if not places:
        raise InputError(
            "the images were not compared yet, so a split could tear twins apart",
            hint="galaxycurate dedupe",
        )
    kept = read_kept(settings, ledger)
    if ledger.changed_since("dedupe") or set(kept.paths) != set(places):
        new = len(set(kept.paths) - set(places))
        raise InputError(
            f"the images changed after the last dedupe ({new:,} are new)",
            hint="galaxycurate dedupe, then split again",
        )
    refuse_unaudited(kept, ledger)
    return kept


def _chosen(kept: Kept, decided: Decided) -> np.ndarray:
    """Which images dedupe, audit and people leave."""
    chosen = np.array([path not in decided.left_out for path in kept.paths])
    if not chosen.any():
        by = "dedupe, audit or people" if decided.lines else "dedupe or audit"
        raise InputError(
            f"all {len(kept):,} images were left out by {by}: nothing is left to split",
            hint="galaxycurate status",
        )
    return chosen


# ---- what is written


def _write(
    dataset: Path, ledger: Ledger, placed: Placed, beside: Beside, lines: int, progress: Progress
) -> None:
    """Build the trees, record the split, and let the trees take their place."""
    about = {name: beside.about[name] for name in ("seed", MADE)}
    rows = zip(placed.kept.paths, placed.group, placed.part, strict=True)
    with building(dataset / FOLDER, f"a split of {dataset}/") as new:
        build(new, dataset, placed, beside, progress)
        ledger.record(
            "split",
            {**asdict(placed.manner), **about, COUNTED: lines},
            verdicts=_of_guard(placed),
            places=((p, int(g), str(s)) for p, g, s in rows),
        )


def _about(kept: Kept, result: Split, manner: Manner, seed: int) -> dict:
    return {
        "origin": "; ".join(sorted(kept.origins)),
        "manifest_sha256": list(kept.manifest_sha256),
        MADE: utc_now(),
        "seed": seed,
        "fractions": list(manner.fractions),
        "strategy": manner.strategy,
        "grouping": manner.grouping,
        "min_overlap": result.min_overlap,
        "folds": manner.folds,
        "guard": {"mode": manner.guard, "cut": result.cut, "tile_deg": round(result.tile_deg, 6)},
        "classes": dict(Counter(kept.labels.tolist())),
        "splits": result.counts,
        "groups": result.n_groups,
        "pairs_checked": dict(result.pairs_checked),
        "leaking_pairs": result.leaking_pairs.total(),
        "without_footprint": result.without_footprint,
        "left_out": result.left_out,
        "left_out_why": result.left_out_why,
        "decided": result.decided,
        "dropped": result.dropped,
        "uneven": result.uneven,
    }


def _of_guard(placed: Placed) -> Iterator[Verdict]:
    """A verdict on each image that the guard band drops: what it shares with another part."""
    kept, made, evidence = placed.kept, placed.made, placed.evidence
    rows = np.flatnonzero(placed.chosen)
    meant, place = (np.full(len(kept), -1) for _ in range(2))
    meant[rows], place[rows] = made.meant, made.place
    names, paths = list(placed.manner.parts), kept.paths
    why: dict[int, Verdict] = {}
    for kind in evidence.pairs:
        pairs = evidence.among(kind)
        for a, b in ((pairs.first, pairs.second), (pairs.second, pairs.first)):
            band = (meant[a] >= 0) & (place[a] < 0) & (place[b] >= 0) & (meant[a] != meant[b])
            for i, j, amount in zip(a[band], b[band], pairs.amount[band], strict=True):
                text = f"guard band: meant for {names[meant[i]]}, shares with {names[meant[j]]}"
                told = Verdict(paths[i], kind, paths[j], round(float(amount), 4), False, text)
                known = why.get(int(evidence.picture[i]))
                if known is None or known.amount < told.amount:
                    why[int(evidence.picture[i])] = told
    for row in rows[made.place < 0]:
        told = why[int(evidence.picture[row])]
        yield replace(told, path=paths[row], tier="sky" if told.kind == VerdictKind.OVERLAP else "")
