"""Where an image lies in a tree of classes, as people decided, and which image a file there is."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path, PurePosixPath

LIST = "decided.csv"
"""Beside split.json: the images that lie in a tree under another class or name than in the dataset,
by ``path`` (in the tree), ``image`` (in the dataset), ``label`` (in the tree) and ``was``."""


def label_of(path: str) -> str:
    """The label in a path of the dataset: `images/<label>/<name>.jpg`, whatever people decided."""
    return path.split("/")[1]


def below_class(paths: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Where images lie in a tree of classes: ``<class>/<name>.jpg``.

    Parameters
    ----------
    paths : sequence of str
        In the dataset.
    labels : sequence of str
        The class of each, as people decided.

    Returns
    -------
    list of str
        Of two files of one name that came into one class, whatever they end with, the one that was
        moved there tells where from: ``<class>/<name>-from-<class>.jpg``, with a number where that
        is taken, too.
    """
    both = [(path, PurePosixPath(path), label) for path, label in zip(paths, labels, strict=True)]
    taken = {(label, file.stem) for path, file, label in both if label_of(path) == label}
    names = []
    for path, file, label in both:
        stem = file.stem
        if label_of(path) != label:
            stem = next(s for s in _stems(stem, label_of(path)) if (label, s) not in taken)
            taken.add((label, stem))
        names.append(f"{label}/{stem}{file.suffix}")
    return names


def _stems(stem: str, was: str) -> Iterator[str]:
    yield from (stem, f"{stem}-from-{was}")
    yield from (f"{stem}-from-{was}-{n}" for n in count(2))


def image_of(tree: Path) -> Callable[[str], str]:
    """Which image of the dataset a file of a split is, as training's lists name it.

    Parameters
    ----------
    tree : Path
        The folder of a split, or of one of its folds, that `python -m train` was given.

    Returns
    -------
    callable
        From a path in the tree (``test/spiral/123.jpg``) to one in the dataset
        (``images/merger/123.jpg``).
    """
    moved: dict[str, str] = {}
    if (Path(tree) / LIST).is_file():
        with (Path(tree) / LIST).open(newline="", encoding="utf-8") as file:
            moved = {row["path"]: row["image"] for row in csv.DictReader(file)}
    return lambda path: moved.get(path) or _image(path)


def _image(path: str) -> str:
    return PurePosixPath("images", *PurePosixPath(path).parts[1:]).as_posix()
