"""What lies in an ImageFolder tree: files, classes, splits, and what is known of the split."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from galaxycurate.errors import InputError
from train.data import facts
from train.data.splits import SHARES, Groups, divide, read_groups
from train.files import read_json

SPLITS = ("train", "val", "test")
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")


@dataclass(frozen=True)
class Tree:
    """The images of a dataset.

    Attributes
    ----------
    root : Path
    classes : tuple of str
        In alphabetical order; a label is an index into it.
    files : tuple of Path
        Relative to `root`, sorted.
    label : ndarray of int64, shape (n,)
    split : ndarray of str, shape (n,)
        ``train``, ``val`` or ``test``.
    facts : dict
        The content of ``split.json``; empty where there is none.
    warnings : tuple of str
        What a person should know before trusting a result.
    groups : Groups or None
        What may share sky, where the tree tells; see `train.data.splits.read_groups`.
    split_kind : str
        How the split came to be: ``sky groups, proved``,
        ``groups kept whole, sky of N images not measured``, ``folders, unproved``,
        ``folders, leaking``, ``stratified at random``, ``random`` or ``k-fold``, perhaps with more
        behind a comma.
    """

    root: Path
    classes: tuple[str, ...]
    files: tuple[Path, ...]
    label: np.ndarray
    split: np.ndarray
    facts: dict = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    groups: Groups | None = None
    split_kind: str = ""

    @property
    def origin(self) -> str:
        """Where the pixels came from, as far as the split tells."""
        return str(self.facts.get("origin", ""))

    def rows(self, split: str) -> np.ndarray:
        """Indices of the files of a split, shape (k,), int64."""
        return np.flatnonzero(self.split == split)

    def counts(self, split: str) -> dict[str, int]:
        """Images of each class in a split."""
        here = np.bincount(self.label[self.rows(split)], minlength=len(self.classes))
        return dict(zip(self.classes, here.tolist(), strict=True))


def read_tree(
    root: Path,
    *,
    seed: int = 0,
    needs: tuple[str, ...] = ("train", "test"),
    stratified: bool = True,
) -> Tree:
    """Read ``root/{train,val,test}/<class>/<image>``, or ``root/<class>/<image>``.

    Parameters
    ----------
    root : Path
    seed : int
        Decides the split of a folder that has none.
    needs : tuple of str
        Splits that must hold images.
    stratified : bool
        Divide each class of a folder without splits in the same shares.

    Raises
    ------
    InputError
        No such folder, no images, fewer than two classes, a split without images of a class it
        needs.
    """
    root = Path(root)
    if not root.is_dir():
        raise InputError(
            f"no such folder: {root}",
            hint="make it with: galaxycurate split   (or give one with --data)",
        )
    whole = not (root / "train").is_dir()
    tree = _divided(root, seed, stratified) if whole else _read_split(root)
    _check(tree, needs)
    return replace(tree, warnings=(*tree.warnings, *_lacking(tree)))


def images_under(folder: Path) -> list[Path]:
    """Every image file below a folder, sorted, hidden files left out."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and (path.is_file() or _dangles(path))  # a lost picture is told of where it is decoded
    )


def _dangles(path: Path) -> bool:
    return path.is_symlink() and not path.exists()


def gather(sources: list[Path]) -> list[Path]:
    """The image files that a list of files and folders stands for.

    Raises
    ------
    InputError
        One of them does not exist, or there is no image at all.
    """
    files: list[Path] = []
    for source in sources:
        if not source.exists():
            raise InputError(f"no such file or folder: {source}", hint="give images or folders")
        files += images_under(source) if source.is_dir() else [source]
    if not files:
        raise InputError(
            f"no images in {', '.join(map(str, sources))}", hint="looked for .jpg, .png, .tif ..."
        )
    return files


def _read_split(root: Path) -> Tree:
    found = [s for s in SPLITS if (root / s).is_dir()]
    classes = sorted({name for s in found for name in _folders(root / s)})
    files, label, split = [], [], []
    for s in found:
        for index, name in enumerate(classes):
            here = images_under(root / s / name) if (root / s / name).is_dir() else []
            files += [path.relative_to(root) for path in here]
            label += [index] * len(here)
            split += [s] * len(here)
    told, label = read_json(root / facts.NAME), np.array(label, np.int64)
    return known_split(Tree(root, tuple(classes), tuple(files), label, np.array(split), told))


def known_split(tree: Tree) -> Tree:
    """A tree with what its folder and its facts tell of the split: groups, doubts, kind.

    Raises
    ------
    InputError
        ``split.json`` holds what no split is told by.
    """
    path = tree.root / facts.NAME
    facts.check(path, tree.facts)
    doubts = tuple(facts.doubts(path, tree.facts, tree.counts))
    kind = facts.kind(tree.facts, proved=not doubts)
    groups = read_groups(tree.root, tree.files)
    return replace(tree, groups=groups, warnings=doubts, split_kind=kind)


def _divided(root: Path, seed: int, stratified: bool) -> Tree:
    classes = _folders(root)
    files = [images_under(root / name) for name in classes]
    label = np.repeat(np.arange(len(classes)), [len(some) for some in files])
    flat = tuple(path.relative_to(root) for some in files for path in some)
    return divided(root, tuple(classes), flat, label, seed=seed, stratified=stratified)


def divided(
    root: Path,
    classes: tuple[str, ...],
    files: tuple[Path, ...],
    label: np.ndarray,
    *,
    seed: int,
    stratified: bool,
) -> Tree:
    """A tree of files that no folder splits, divided here as `read_tree` says."""
    groups = read_groups(root, files)
    part = np.zeros(0, np.int64)
    if files:
        of = groups.of if groups else None
        part = divide(label, of, list(SHARES.values()), seed=seed, stratified=stratified)
    kind = "stratified at random" if stratified else "random"
    known = f"Images of one group ({groups.said}) stay together, but other i" if groups else "I"
    doubt = (
        f"{root} has no train/val/test folders: split at random (seed {seed}). {known}mages that "
        "show the same sky can stand on both sides, and the test accuracy may be too good. "
        "`galaxycurate dedupe` and `galaxycurate split` make a split that does not leak"
    )
    kind += f", groups whole ({groups.said})" if groups else ""
    split = np.array(list(SHARES))[part]
    return Tree(root, classes, files, label, split, {}, (doubt,), groups, kind)


def _lacking(tree: Tree):
    for split in ("val", "test"):
        counts = tree.counts(split)
        empty = [name for name, count in counts.items() if not count]
        if 0 < len(empty) < len(counts):
            yield f"{split} has no images of {', '.join(empty)}: how these fare stays unknown"


def _check(tree: Tree, needs: tuple[str, ...]) -> None:
    if len(tree.classes) < 2:
        named = f"only the class {tree.classes[0]}" if tree.classes else "no class folders"
        raise InputError(
            f"{tree.root} holds {named}; a classifier needs two",
            hint="expected <data>/train/<class>/<image>.jpg; see: galaxycurate split --help",
        )
    for split in needs:
        counts = tree.counts(split)
        empty = [name for name, count in counts.items() if not count]
        if len(empty) == len(counts):
            raise InputError(
                f"{tree.root} has no images in {split}/",
                hint="make the split anew with: galaxycurate split",
            )
        if empty and split == "train":
            raise InputError(
                f"{tree.root}/train has no images of {', '.join(empty)}",
                hint="a class that is not trained on cannot be tested: remove or fill the folder",
            )


def _folders(root: Path) -> list[str]:
    return sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
