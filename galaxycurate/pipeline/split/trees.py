"""The trees of a split: hard links, or files out of shards, built beside the old ones."""

from __future__ import annotations

import csv
import errno
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galaxycurate.core.columns import SOFT
from galaxycurate.core.progress import Progress, silent
from galaxycurate.pipeline.classed import LIST, below_class
from galaxycurate.pipeline.dedupe.kept import Kept
from galaxycurate.pipeline.split.placing import Placed
from galaxycurate.store.manifest import read_all
from galaxycurate.store.shards.tree import Tree, open_tree

FOLDER = "split"
SOFT_LABELS = "soft.csv"
"""Beside split.json: the vote fractions of each image, by its path in the tree, where known."""
GROUPS = "groups.csv"
"""Beside split.json: which group each image is of, by its path in the tree."""
FOLDS = "folds.csv"
MADE = "created_utc"
"""In split.json and among the parameters of the ledger's run: by this the two know each other."""

_ABOUT = "split.json"
_NO_LINKS = (errno.EXDEV, errno.EMLINK, errno.EPERM)
"""Another file system, as many links as one file may have, or a system without any."""

Soft = Mapping[tuple[str, str], Mapping[str, float]]


@dataclass(frozen=True)
class Beside:
    """What a tree tells of itself, beside its pictures.

    Attributes
    ----------
    about : dict
        For ``split.json``; that of each fold has its own counts.
    soft : dict
        Vote fractions by label and name.
    """

    about: Mapping[str, object]
    soft: Soft


@dataclass(frozen=True)
class Layout:
    """One tree of train, val and test.

    Parameters
    ----------
    folder : str
        Below the split's folder; empty for the split itself.
    holds : dict of str to str
        ``train``, ``val`` or ``test`` by the part that goes there.
    """

    folder: str
    holds: Mapping[str, str]


def layouts(parts: Sequence[str]) -> list[Layout]:
    """The trees that some parts make: one of a split, one for each fold.

    Of folds without a test set each is the test set of one tree, and the next one its val; where a
    test set was kept aside, it is that of all, and each fold is the val of one tree.
    """
    folds = [name for name in parts if name.startswith("fold-")]
    if not folds:
        return [Layout("", {name: name for name in parts})]
    trees = []
    for k, name in enumerate(folds):
        holds = dict.fromkeys(folds, "train")
        if "test" in parts:
            holds |= {name: "val", "test": "test"}
        else:
            holds |= {folds[(k + 1) % len(folds)]: "val", name: "test"}
        trees.append(Layout(name, holds))
    return trees


def counts(labels: np.ndarray, part: np.ndarray, holds: Mapping[str, str]) -> dict[str, dict]:
    """Images by split and class."""
    split = np.array([holds.get(str(name), "") for name in part])
    return {
        name: dict(sorted(Counter(labels[split == name].tolist()).items()))
        for name in dict.fromkeys(holds.values())
    }


def soft_labels(manifests: Path) -> Soft:
    """Vote fractions by class, of the images whose manifests have them, by label and name."""
    known: dict[tuple[str, str], dict[str, float]] = {}
    for manifest in read_all([], folder=manifests):
        names = [n for n in manifest.table.column_names if n.startswith(SOFT)]
        for row in manifest.rows(["label", "name", *names]) if names else ():
            shares = {n.removeprefix(SOFT): row[n] for n in names if row[n] is not None}
            known[row["label"], row["name"]] = shares
    return known


def made_utc(dataset: Path) -> str:
    """When the trees that are there were made; empty where there are none that tell."""
    try:
        about = json.loads((dataset / FOLDER / _ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(about.get(MADE, "")) if isinstance(about, dict) else ""


def build(
    new: Path, dataset: Path, placed: Placed, beside: Beside, progress: Progress = silent
) -> None:
    """Build the trees in an empty folder.

    Parameters
    ----------
    new : Path
    dataset : Path
        Where the pictures are.
    placed : Placed
    beside : Beside
    progress : callable
    """
    kept, part = placed.kept, placed.part
    trees = layouts(list(placed.manner.parts))
    names = _names(kept, part)
    for n, tree in enumerate(trees):
        _link(dataset, kept, names, part, tree.holds, new / tree.folder)
        _write_beside(new / tree.folder, placed, names, tree, beside)
        progress((n + 1) * len(kept), len(trees) * len(kept), "linked")
    if len(trees) > 1:
        _write_about(new, beside.about)
        _write_folds(new / FOLDS, kept, part)


def _names(kept: Kept, part: np.ndarray) -> list[str]:
    """Where each image lies below its part; empty for those left out."""
    rows = np.flatnonzero(part != "").tolist()
    labels, names = kept.labels.tolist(), [""] * len(kept)
    found = below_class([kept.outcomes[row].path for row in rows], [labels[row] for row in rows])
    for row, name in zip(rows, found, strict=True):
        names[row] = name
    return names


def _link(
    dataset: Path, kept: Kept, names: list[str], part, holds: Mapping[str, str], root: Path
) -> None:
    tree = open_tree(dataset)
    for outcome, below, name in zip(kept.outcomes, names, part, strict=True):
        if name:
            _place(tree, outcome.path, root / holds[str(name)] / below)
    # a class that a split lacks still has its folder: ImageFolder counts them
    for split in set(holds.values()):
        for label in sorted(set(kept.labels[part != ""])):
            (root / split / label).mkdir(parents=True, exist_ok=True)


def _write_beside(
    root: Path, placed: Placed, names: list[str], tree: Layout, beside: Beside
) -> None:
    kept, part = placed.kept, placed.part
    facts = {**beside.about, "splits": counts(kept.labels, part, tree.holds)}
    if tree.folder:
        facts["fold"] = tree.folder
    _write_about(root, facts)
    paths = [
        f"{tree.holds[str(name)]}/{below}" if name else ""
        for below, name in zip(names, part, strict=True)
    ]
    groups = zip(paths, placed.group.tolist(), strict=True)
    _write_rows(root / GROUPS, ["path", "group"], sorted(one for one in groups if one[0]))
    labels = kept.labels.tolist()
    lines = [one for one in zip(paths, kept.outcomes, labels, strict=True) if one[0]]
    soft = {  # where people gave another class, the votes are no word on it
        path: shares
        for path, one, label in lines
        if label == one.label and (shares := beside.soft.get((one.label, one.name)))
    }
    if soft:
        _write_soft(root / SOFT_LABELS, soft, labels)
    moved = [(path, one.path, label, one.label) for path, one, label in lines if label != one.label]
    if moved:
        _write_rows(root / LIST, ["path", "image", "label", "was"], sorted(moved))


def _write_about(root: Path, facts: Mapping[str, object]) -> None:
    (root / _ABOUT).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _write_soft(path: Path, soft: Mapping[str, Mapping[str, float]], labels) -> None:
    classes = sorted({*labels, *(name for shares in soft.values() for name in shares)})
    rows = [
        [name, *(f"{shares.get(c, 0.0):.6g}" for c in classes)]
        for name, shares in sorted(soft.items())
    ]
    _write_rows(path, ["path", *classes], rows)


def _write_folds(path: Path, kept: Kept, part: np.ndarray) -> None:
    rows = [
        [outcome.path, str(label), str(name).removeprefix("fold-")]
        for outcome, label, name in zip(kept.outcomes, kept.labels, part, strict=True)
        if name
    ]
    _write_rows(path, ["path", "label", "fold"], rows)


def _write_rows(path: Path, head: Sequence[str], rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def _place(tree: Tree, relative: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(tree.path(relative).resolve(), target)
    except OSError as error:
        in_shard = isinstance(error, FileNotFoundError)
        if not in_shard and error.errno not in _NO_LINKS:
            raise
        with target.open("xb") as file:  # never through a link into the dataset
            file.write(tree.read(relative))
