"""Soft labels: the volunteers' shares of the votes, as `galaxycurate split` writes them down."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galaxycurate.errors import InputError
from train.data.listed import ANEW, read_listed
from train.data.tree import Tree

NAME = "soft.csv"
ROUNDING = 0.02  # by which the shares of a line may exceed 1


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
        There is no ``soft.csv``, it lacks a class, a cell is no fraction, the shares of a line add
        up to more than 1, a path stands twice, or it speaks of none of the files.
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
    for name, (number, line) in read_listed(path, tree.classes).items():
        told = np.array([_share(line[kind], path, number) for kind in tree.classes], np.float32)
        if told.sum() > 1 + ROUNDING:
            raise InputError(
                f"{path}: the fractions of line {number} add up to {told.sum():.3g}, not to 1",
                hint=ANEW,
            )
        row = place.get(name)
        if row is not None and told.sum() > 0:
            shares[row] = told / told.sum()
            known += 1
    if not known:
        raise InputError(
            f"{path} has no vote fractions for the images of {tree.root}",
            hint=ANEW,
        )
    return SoftLabels(shares, known)


def _share(cell: str, path: Path, number: int) -> float:
    try:
        share = float(cell or 0)
        if not 0 <= share <= 1 + ROUNDING:
            raise ValueError
    except ValueError:
        raise InputError(
            f"{path}: {cell!r} in line {number} is no fraction of votes", hint=ANEW
        ) from None
    return share
