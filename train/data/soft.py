"""Soft labels: the volunteers' shares of the votes, as `galaxycurate split` writes them down."""

from __future__ import annotations

import csv
from dataclasses import dataclass

import numpy as np

from galaxycurate.errors import InputError
from train.data.tree import Tree

NAME = "soft.csv"


@dataclass(frozen=True)
class SoftLabels:
    """What each file of a tree should be called, with which share.

    Attributes
    ----------
    shares : ndarray of float32, shape (n, n_classes)
        Each row adds up to 1; a file without votes has all of it in its own class.
    known : int
        Files that have votes.
    """

    shares: np.ndarray
    known: int


def read_soft(tree: Tree) -> SoftLabels:
    """Read the vote fractions of a tree's files.

    Parameters
    ----------
    tree : Tree

    Returns
    -------
    SoftLabels

    Raises
    ------
    InputError
        There is no ``soft.csv``, a cell is no fraction, or it speaks of none of the files.
    """
    path = tree.root / NAME
    if not path.is_file():
        raise InputError(
            f"no soft labels: there is no {path}",
            hint="galaxycurate positives --soft keeps them, then galaxycurate split; or soft=false",
        )
    shares = np.eye(len(tree.classes), dtype=np.float32)[tree.label]
    place = {file.as_posix(): row for row, file in enumerate(tree.files)}
    known = 0
    with path.open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            row = place.get(line.get("path", ""))
            told = [_share(line.get(name), path) for name in tree.classes]
            if row is not None and sum(told) > 0:
                shares[row] = np.array(told, np.float32) / sum(told)
                known += 1
    if not known:
        raise InputError(
            f"{path} has no vote fractions for the images of {tree.root}",
            hint="make it anew with: galaxycurate split",
        )
    return SoftLabels(shares, known)


def _share(cell: str | None, path) -> float:
    try:
        share = float(cell or 0)
        if not 0 <= share <= 1.001:
            raise ValueError
    except ValueError:
        raise InputError(
            f"{path}: {cell!r} is no fraction of votes",
            hint="make it anew with: galaxycurate split",
        ) from None
    return share
