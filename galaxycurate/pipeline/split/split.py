"""Split: train, val and test trees, or folds; no group torn apart, and the check that proves it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.pairs import Pairs
from galaxycurate.curation.split.divide import Division, Scene, divide
from galaxycurate.curation.split.grouping import by_field, by_healpix, check_grouping, joined
from galaxycurate.errors import InputError
from galaxycurate.pipeline.audit.left_out import refuse_unaudited
from galaxycurate.pipeline.clock import utc_now
from galaxycurate.pipeline.decided import COUNTED, Decided
from galaxycurate.pipeline.decided import read as read_decided
from galaxycurate.pipeline.dedupe.kept import IDS, Kept, read_kept
from galaxycurate.pipeline.split.evidence import ONE_OBJECT, Evidence, gather
from galaxycurate.pipeline.split.manner import Manner
from galaxycurate.pipeline.split.proof import Split, prove, refuse_leaks
from galaxycurate.pipeline.split.trees import (
    FOLDER,
    SOFT_LABELS,
    Beside,
    build,
    put_in_place,
    soft_labels,
)  # fmt: skip
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
        kept = _compared(settings, ledger)
        refuse_unaudited(kept, ledger)
        decided = read_decided(ledger)
        kept = replace(kept, given=decided.relabelled)
        chosen = _chosen(kept, decided)
        evidence = gather(kept, ledger, chosen)
        made = _divide(
            kept, chosen, evidence, _grouped(kept, ledger, evidence, manner), manner, seed
        )
        part = np.full(len(kept), "", dtype="<U8")
        part[chosen] = np.array([*manner.parts, ""])[made.place]
        result = prove(kept, chosen, evidence, made, part, manner)
        result.told_by(decided, kept.paths)
        refuse_leaks(result)
        if not dry_run:
            group = np.full(len(kept), -1)
            group[chosen] = made.group
            about = _about(kept, result, manner, seed)
            beside = Beside(about, soft_labels(Path(settings.manifests)), group)
            dataset = Path(settings.dataset)
            build(dataset, kept, part, list(manner.parts), beside, progress)
            rows = zip(kept.paths, group, part, strict=True)
            ledger.record(
                "split",
                {**asdict(manner), "seed": seed, COUNTED: decided.lines},
                verdicts=_of_guard(kept, chosen, evidence, made, manner),
                places=((p, int(g), str(s)) for p, g, s in rows),
            )
            put_in_place(dataset)
    return result


def _compared(settings: Settings, ledger: Ledger) -> Kept:
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


# ---- who goes where


def _divide(kept: Kept, chosen, evidence: Evidence, wanted, manner: Manner, seed: int) -> Division:
    firm = evidence.firm
    labels = kept.labels if manner.strategy == "stratified" else np.repeat("", len(kept))
    scene = Scene(
        label=labels[chosen],
        group=joined(firm, wanted)[chosen],
        firm=firm[chosen],
        picture=evidence.picture[chosen],
        pairs=_across(chosen, evidence),
        ra=kept.ra[chosen],
        dec=kept.dec[chosen],
        width_arcsec=kept.width_arcsec[chosen],
    )
    return divide(scene, list(manner.parts.values()), guard=manner.guard, seed=seed)


def _grouped(kept: Kept, ledger: Ledger, evidence: Evidence, manner: Manner) -> np.ndarray:
    """What the manner wants together; -1 for rows that it says nothing of."""
    kind, order = check_grouping(manner.grouping)
    if kind == "overlap":
        known = ledger.places("dedupe")
        return joined(evidence.group(evidence.pairs), np.array([known[p][0] for p in kept.paths]))
    if kind == "object":
        return evidence.group(ONE_OBJECT)
    if kind == "healpix":
        return by_healpix(kept.ra, kept.dec, order)
    ids = np.array([a or b for a, b in zip(*(kept.ids[n] for n in IDS), strict=True)], np.int64)
    return by_field(ids, next_too=kind == "field+next")


def _across(chosen, evidence: Evidence) -> Pairs:
    """All pairs of the chosen rows, each once, numbered among the chosen."""
    number = np.cumsum(chosen) - 1
    found = [evidence.among(kind) for kind in evidence.pairs]
    both = np.concatenate([np.stack([p.first, p.second], axis=1) for p in found])
    keys = np.unique(number[both[:, 0]] << 32 | number[both[:, 1]])
    return Pairs(keys >> 32, keys & 0xFFFFFFFF, np.ones(keys.size))


# ---- what is written


def _about(kept: Kept, result: Split, manner: Manner, seed: int) -> dict:
    return {
        "origin": "; ".join(sorted(kept.origins)),
        "manifest_sha256": list(kept.manifest_sha256),
        "created_utc": utc_now(),
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


def _of_guard(
    kept: Kept, chosen, evidence: Evidence, made: Division, manner: Manner
) -> Iterator[Verdict]:
    """A verdict on each image that the guard band drops: what it shares with another part."""
    rows = np.flatnonzero(chosen)
    meant, place = (np.full(len(kept), -1) for _ in range(2))
    meant[rows], place[rows] = made.meant, made.place
    names, paths = list(manner.parts), kept.paths
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
