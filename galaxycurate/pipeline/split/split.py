"""Split: train, val and test trees, no group torn apart, and the check that proves it."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from galaxycurate.core.columns import SOFT
from galaxycurate.core.outcome import Outcome
from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.split.assign import NAMES, assign, check_fractions, crossing
from galaxycurate.errors import InputError
from galaxycurate.pipeline.clock import utc_now
from galaxycurate.pipeline.dedupe.kept import Kept, read_kept
from galaxycurate.pipeline.dedupe.looks import unlike_looks
from galaxycurate.store.files import unwritable
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import read_all
from galaxycurate.store.settings import Settings
from galaxycurate.store.shards.tree import Tree, open_tree

FOLDER = "split"
SOFT_LABELS = "soft.csv"
"""Beside split.json: the vote fractions of each image, by its path in the tree, where known."""


@dataclass
class Split:
    """A split and its proof.

    Parameters
    ----------
    images, left_out : int
        Images placed; duplicates and conflicts left out.
    counts : dict of str to dict of str to int
        Images by split and class.
    n_groups, largest_group : int
    pairs_checked : Counter
        Pairs that show the same thing, found anew from pixels, ids and sky, by kind.
    leaking_pairs : Counter
        Those of them that lie in different splits, by kind; all zero, or the split is not written.
    without_footprint : int
        Images without position or scale: whether they share sky could not be measured.
    unlike : str
        How classes differ in provider, size or scale, empty where they do not.
    """

    images: int
    left_out: int
    counts: dict[str, dict[str, int]]
    n_groups: int
    largest_group: int
    pairs_checked: Counter = field(default_factory=Counter)
    leaking_pairs: Counter = field(default_factory=Counter)
    without_footprint: int = 0
    unlike: str = ""

    def as_dict(self) -> dict:
        """For JSON."""
        return {k: dict(v) if isinstance(v, Counter) else v for k, v in vars(self).items()}


def split(
    settings: Settings,
    *,
    fractions=(0.8, 0.1, 0.1),
    seed: int | None = None,
    dry_run: bool = False,
    progress: Progress = silent,
) -> Split:
    """Place every image that dedupe kept, and write the trees: hard links, or files out of shards.

    Parameters
    ----------
    settings : Settings
    fractions : sequence of float
        Of train, val and test; they add up to 1.
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
        Dedupe has not run, or images came after it.
    """
    seed = settings.seed if seed is None else seed
    fractions = check_fractions(fractions)
    with Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False) as ledger:
        kept, group = _placed(settings, ledger)
        dropped = {v.path for v in ledger.verdicts() if not v.keep}
        chosen = np.array([path not in dropped for path in kept.paths])
        place = np.full(len(kept), "", dtype="<U5")
        place[chosen] = assign(kept.labels[chosen], group[chosen], fractions=fractions, seed=seed)
        result = _prove(kept, group, place, chosen, _min_overlap(ledger))
        if result.leaking_pairs.total():
            raise InputError(
                f"{result.leaking_pairs.total()} pairs would lie in different splits: "
                "the groups do not know of them",
                hint="galaxycurate dedupe, then split again",
            )
        if not dry_run:
            about = _about(settings, kept, result, seed, fractions)
            soft = _soft_labels(settings, kept, place)
            _write_trees(Path(settings.dataset), kept, place, about, soft, progress)
            run = ledger.start("split", {"fractions": fractions, "seed": seed})
            ledger.add_places(
                run,
                (
                    (path, int(g), str(s))
                    for path, g, s in zip(kept.paths, group, place, strict=True)
                ),
            )
    return result


def _placed(settings: Settings, ledger: Ledger) -> tuple[Kept, np.ndarray]:
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
    return kept, np.array([places[path][0] for path in kept.paths])


def _min_overlap(ledger: Ledger) -> float:
    last = ledger.last_run("dedupe")
    return float(last["parameters"].get("min_overlap", 0.0)) if last else 0.0


def _prove(kept: Kept, group, place, chosen, min_overlap: float) -> Split:
    """Find the pairs anew and look which cross; the groups themselves are not believed."""
    checked: Counter[str] = Counter()
    leaking: Counter[str] = Counter()
    for kind, pairs in kept.evidence(min_overlap=min_overlap).items():
        both = chosen[pairs.first] & chosen[pairs.second]
        checked[str(kind)] = int(both.sum())
        across = crossing(place, pairs)
        leaking[str(kind)] = int(both[across].sum())
    sizes = Counter(group[chosen].tolist())
    counts = {
        name: dict(sorted(Counter(kept.labels[place == name].tolist()).items())) for name in NAMES
    }
    return Split(
        images=int(chosen.sum()),
        left_out=int((~chosen).sum()),
        counts=counts,
        n_groups=len(sizes),
        largest_group=max(sizes.values(), default=0),
        pairs_checked=checked,
        leaking_pairs=leaking,
        without_footprint=int((chosen & ~kept.placed).sum()),
        unlike=unlike_looks(o for o, is_in in zip(kept.outcomes, chosen, strict=True) if is_in),
    )


def _about(settings: Settings, kept: Kept, result: Split, seed: int, fractions) -> dict:
    return {
        "origin": "; ".join(sorted(kept.origins)),
        "created_utc": utc_now(),
        "seed": seed,
        "fractions": list(fractions),
        "classes": dict(Counter(kept.labels.tolist())),
        "splits": result.counts,
        "groups": result.n_groups,
        "pairs_checked": dict(result.pairs_checked),
        "leaking_pairs": result.leaking_pairs.total(),
        "without_footprint": result.without_footprint,
        "left_out": result.left_out,
    }


def _soft_labels(settings: Settings, kept: Kept, place: np.ndarray) -> dict[str, dict[str, float]]:
    """Vote fractions by path and class, of the images placed whose manifests have them."""
    known: dict[tuple[str, str], dict[str, float]] = {}
    for manifest in read_all([], folder=Path(settings.manifests)):
        names = [n for n in manifest.table.column_names if n.startswith(SOFT)]
        for row in manifest.rows(["label", "name", *names]) if names else ():
            shares = {n.removeprefix(SOFT): row[n] for n in names if row[n] is not None}
            known[row["label"], row["name"]] = shares
    return {
        _in_tree(outcome, name): known[outcome.label, outcome.name]
        for outcome, name in zip(kept.outcomes, place, strict=True)
        if name and known.get((outcome.label, outcome.name))
    }


def _in_tree(outcome: Outcome, split: str) -> str:
    return f"{split}/{Path(outcome.path).relative_to('images').as_posix()}"


def _write_soft(path: Path, soft: dict[str, dict[str, float]], labels: Sequence[str]) -> None:
    classes = sorted({*labels, *(name for shares in soft.values() for name in shares)})
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", *classes])
        for name, shares in sorted(soft.items()):
            writer.writerow([name, *(f"{shares.get(c, 0.0):.6g}" for c in classes)])


def _write_trees(
    dataset: Path, kept: Kept, place, about: dict, soft: dict, progress: Progress
) -> None:
    """Build the trees beside the old ones, then let them take their place."""
    new, final, old = dataset / ".split.new", dataset / FOLDER, dataset / ".split.old"
    tree = open_tree(dataset)
    try:
        shutil.rmtree(new, ignore_errors=True)
        for n, (outcome, name) in enumerate(zip(kept.outcomes, place, strict=True), 1):
            if name:
                _place(tree, outcome.path, new / _in_tree(outcome, str(name)))
            if n % 200 == 0 or n == len(kept):
                progress(n, len(kept), "linked")
        # a class that a split lacks still has its folder: ImageFolder counts them
        for name in NAMES:
            for label in sorted(set(kept.labels)):
                (new / name / label).mkdir(parents=True, exist_ok=True)
        (new / "split.json").write_text(json.dumps(about, indent=1) + "\n")
        if soft:
            _write_soft(new / SOFT_LABELS, soft, kept.labels.tolist())
        shutil.rmtree(old, ignore_errors=True)
        if final.exists():
            final.rename(old)
        new.rename(final)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise unwritable(final, error) from error


def _place(tree: Tree, relative: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(tree.path(relative).resolve(), target)
    except OSError:  # in a shard, or on another file system: the bytes themselves
        target.write_bytes(tree.read(relative))
