"""A tree with its pixels: read, checked, and told of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from galaxycurate.errors import InputError
from train.data.cache import Pixels, fingerprints, load_pixels, numbered, shared_pictures
from train.data.decode import window_of
from train.data.soft import SoftLabels, read_soft
from train.data.splits import GROUPS, equal_across, leaks
from train.data.tree import Tree, read_tree
from train.data.vote_table import read_votes
from train.place import Place
from train.recipe.config import Config


@dataclass(frozen=True)
class Data:
    """A tree with its pixels, unreadable files left out."""

    tree: Tree
    pixels: Pixels
    use: np.ndarray
    shared: int
    fingerprint: str
    soft: SoftLabels | None = None
    prints: tuple[bytes, ...] = ()

    def rows(self, split: str) -> np.ndarray:
        """Rows of the readable files of a split, shape (k,), int64."""
        rows = self.tree.rows(split)
        return rows[self.use[rows]]

    def taught(self) -> np.ndarray:
        """The pictures that teach a network, or choose its epoch, as numbers: int64."""
        rows = np.concatenate([self.rows("train"), self.rows("val")])
        return numbered([self.prints[row] for row in rows])

    @property
    def evidence(self) -> str:
        """A hash of what is told of the split: it changes a report, but no network."""
        digest = hashlib.sha256(json.dumps(self.tree.facts, sort_keys=True).encode())
        if self.tree.groups:
            digest.update(self.tree.groups.said.encode() + self.tree.groups.of.tobytes())
        return digest.hexdigest()


def read_data(
    config: Config, place: Place, say: Callable[[str], None], tree: Tree | None = None
) -> Data:
    """Read a tree and its pixels, and tell what is wrong with them."""
    tree, soft = _labels(config, place, say, tree)
    pixels = load_pixels(
        tree,
        place.cache or place.out / "cache",
        window_of(config.data),
        workers=place.workers,
        say=say,
    )
    use = np.ones(len(tree.files), bool)
    use[list(pixels.bad)] = False
    for line in tree.warnings:
        say(f"warning: {line}")
    _tell_bad(tree, pixels, say)
    prints = fingerprints(pixels.images)
    seen = [one for one, ok in zip(prints, use, strict=True) if ok]
    shared = shared_pictures(seen, tree.split[use])
    tree = _refuse_leaks(tree, use, seen, allow=config.data.allow_leaks, say=say)
    data = Data(tree, pixels, use, shared, _content_key(tree, prints, soft), soft, tuple(prints))
    _need_images(config, data)
    return data


def tree_of(config: Config, place: Place) -> Tree:
    """The tree of a recipe that learns classes, divided as it says where it is not yet.

    Raises
    ------
    InputError
        As `train.data.tree.read_tree`.
    """
    stratified = config.data.split == "stratified"
    return read_tree(place.data, seed=config.seed, stratified=stratified)


def announce(data: Data, say: Callable[[str], None]) -> None:
    """Tell what is learnt from: the images of each split and class."""
    for split in ("train", "val", "test"):
        rows = data.rows(split)
        counts = np.bincount(data.tree.label[rows], minlength=len(data.tree.classes))
        named = ", ".join(
            f"{name} {count:,}" for name, count in zip(data.tree.classes, counts, strict=True)
        )
        say(f"{split}: {rows.size:,} images ({named})")
    if data.soft:
        say(f"{data.soft.known:,} of {len(data.tree.files):,} images teach their vote fractions")


def _labels(config: Config, place: Place, say, tree: Tree | None):
    """The tree, and the fractions of votes that its images teach, or None."""
    if config.task == "votes":
        stratified = config.data.split == "stratified"
        votes = config.data.votes
        return read_votes(place.data, votes=votes, say=say, seed=config.seed, stratified=stratified)
    tree = tree or tree_of(config, place)
    return tree, read_soft(tree) if config.data.soft else None


def _need_images(config: Config, data: Data) -> None:
    tree, train = data.tree, data.rows("train")
    wanted = range(len(tree.classes)) if config.task != "votes" else ()
    there = {"train": train.size, "test": data.rows("test").size}
    there |= {f"train/{tree.classes[k]}": (tree.label[train] == k).sum() for k in wanted}
    for what, count in there.items():
        if not count:
            raise InputError(
                f"no image of {tree.root / what} can be read", hint="look at the reasons above"
            )


def _refuse_leaks(tree: Tree, use, seen: list[bytes], *, allow: bool, say) -> Tree:
    rows = np.flatnonzero(use)
    equal = [(rows[a], rows[b]) for a, b in equal_across(seen, tree.split[rows])]
    torn = []
    if tree.groups and tree.groups.said == GROUPS:  # groups by objID are a guess, and no proof
        sides = equal_across(tree.groups.of[rows].tolist(), tree.split[rows])
        torn = [(rows[a], rows[b]) for a, b in sides]
    found = leaks(tree.files, tree.facts, equal, torn)
    if not found:
        return tree
    if not allow:
        raise InputError(
            f"the split of {tree.root} leaks, and its test would be too good: {found}",
            hint="galaxycurate dedupe, then galaxycurate split; or --allow-leaks",
        )
    say(f"warning: the split leaks: {found}")
    return replace(tree, split_kind="folders, leaking")


def _content_key(tree: Tree, prints: list[bytes], soft: SoftLabels | None) -> str:
    digest = hashlib.sha256(" ".join(tree.classes).encode())
    for one, label, split in zip(prints, tree.label, tree.split, strict=True):
        digest.update(one + f"{label}{split}".encode())
    if soft is not None:
        digest.update(soft.shares.tobytes())
    return digest.hexdigest()


def _tell_bad(tree: Tree, pixels: Pixels, say, *, at_most: int = 10) -> None:
    if not pixels.bad:
        return
    say(f"warning: {len(pixels.bad):,} of {len(tree.files):,} files cannot be read; left out:")
    for row, reason in list(pixels.bad.items())[:at_most]:
        say(f"  {tree.root / tree.files[row]}: {reason}")
    if len(pixels.bad) > at_most:
        say(f"  ... and {len(pixels.bad) - at_most:,} more, all named in metrics.json")
