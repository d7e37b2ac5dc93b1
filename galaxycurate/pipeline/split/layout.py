"""What lies where in a split on the disk, ours or anybody's: trees, parts, classes, files."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from galaxycurate.errors import InputError

SUFFIXES = (
    ".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".fits", ".fit", ".npz",
)  # fmt: skip
_PART = re.compile(
    r"(train|training|test|testing|val|valid|validation|dev|eval|evaluation|fold|cv|hold|holdout"
    r"|part|partition|split)s?",
    re.IGNORECASE,
)
_SETS = ("train", "val", "test")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class File:
    """An image of a split: relative to the folder, with its part and class.

    ``tree`` is empty but for folds that are trees of train, val and test each.
    """

    path: str
    tree: str
    part: str
    label: str

    @property
    def stem(self) -> str:
        """Its name without ending."""
        return stem(Path(self.path).name)


def stem(name: str) -> str:
    """A name without the ending of an image; the dots of an IAU name end nothing."""
    base, dot, ending = name.rpartition(".")
    return base if dot and f".{ending.lower()}" in SUFFIXES else name


def files_of(root: Path) -> list[File]:
    """The images of a split.

    Parameters
    ----------
    root : Path
        Of ``part/class/image``, ``part/image``, ``class/part/image`` or ``fold/part/class/image``.

    Returns
    -------
    list of File

    Raises
    ------
    InputError
        No such folder, or it is no split.
    """
    if not root.is_dir():
        raise InputError(f"no such folder: {root}", hint="galaxycurate split --check DIR")
    files = list(_files(root))
    parts = {(file.tree, file.part) for file in files}
    by_tree = Counter(tree for tree, _ in parts)
    if not by_tree or max(by_tree.values()) < 2:
        raise InputError(
            f"{root} is no split: it needs two folders of images or more, such as train and test",
            hint="expected DIR/train/<class>/<image> and DIR/test/<class>/<image>",
        )
    if not any(_is_part(part) for _, part in parts) and not any(f.label for f in files):
        raise InputError(
            f"{root} holds {', '.join(sorted(part for _, part in parts)[:4])}: these look like "
            "classes, not like parts of a split",
            hint="galaxycurate import, dedupe and split make one; --check looks at what is split",
        )
    return files


def _files(root: Path) -> Iterator[File]:
    """By the layout that the names tell."""
    tops = _folders(root)
    holding = [top for top in tops if _holds_parts(top)]
    if holding and all(_is_part(top.name) for top in tops):
        for top in tops:
            yield from _of_parts(root, top, top.name)
    elif holding and holding == tops:
        for top in tops:  # classes first: each file's part lies below its class
            for file in _of_parts(root, top, ""):
                label = f"{top.name}/{file.label}" if file.label else top.name
                yield File(file.path, "", file.part, label)
    else:
        yield from _of_parts(root, root, "")


def _holds_parts(top: Path) -> bool:
    """Whether it is a tree of its own: all that lies in it are parts."""
    inside = [folder.name for folder in _folders(top)]
    return top.name.lower() not in _SETS and len(inside) > 1 and all(map(_is_part, inside))


def _is_part(name: str) -> bool:
    """Whether the name tells of a part of a split, as a word of it: ``oval`` is no ``val``."""
    return any(_PART.fullmatch(word) for word in _WORD.findall(name))


def _folders(root: Path) -> list[Path]:
    return sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))


def _of_parts(root: Path, tree: Path, name: str) -> Iterator[File]:
    for part in _folders(tree):
        for path in _images(part):
            label = path.parent.relative_to(part).as_posix()
            where = path.relative_to(root).as_posix()
            yield File(where, name, part.name, "" if label == "." else label)


def _images(part: Path) -> list[Path]:
    """Below a folder, links to folders followed, each folder once."""
    found, seen = list[Path](), set[str]()
    for folder, inside, names in os.walk(part, followlinks=True):
        real = os.path.realpath(folder)
        inside[:] = [] if real in seen else [name for name in inside if not name.startswith(".")]
        if real not in seen:
            paths = (Path(folder, name) for name in names if not name.startswith("."))
            found += [p for p in paths if p.suffix.lower() in SUFFIXES and p.is_file()]
        seen.add(real)
    return sorted(found)


Places = dict[str, dict[int, File]]
"""By tree, and by the number of the image."""


def images_of(root: Path, files: list[File]) -> tuple[list[tuple[File, str]], Places]:
    """Each image once, though several folds hold it.

    Parameters
    ----------
    root : Path
    files : list of File

    Returns
    -------
    images : list of (File, str)
        With the sha256.
    places : dict of str to dict of int to File
        Where each lies in each tree, by its row of `images`.
    """
    row_of: dict[tuple, int] = {}
    seen: Counter[tuple] = Counter()
    images: list[tuple[File, str]] = []
    places: Places = {}
    known: dict[tuple[int, int], str] = {}
    for file in files:
        sha256 = _sha256(root / file.path, known)
        same = file.label, file.stem, sha256
        seen[file.tree, same] += 1
        key = same, seen[file.tree, same]  # a file that one tree holds twice is two rows
        if key not in row_of:
            row_of[key] = len(images)
            images.append((file, sha256))
        places.setdefault(file.tree, {})[row_of[key]] = file
    return images, places


def _sha256(path: Path, known: dict[tuple[int, int], str]) -> str:
    """Links to one file, as folds are made of, are read once."""
    about = path.stat()
    key = about.st_dev, about.st_ino
    if key not in known:
        known[key] = hashlib.sha256(path.read_bytes()).hexdigest()
    return known[key]
