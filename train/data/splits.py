"""Who goes where: groups that stay together, shares, folds, and the leaks that are refused."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galaxycurate.core.words import many
from galaxycurate.errors import InputError
from train.data.listed import ANEW, read_listed

GROUPS = "groups.csv"
"""Beside split.json: ``path`` (in the tree) and ``group`` of each image that has one."""
SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}
_OBJID = re.compile(r"(?<!\d)\d{17,19}(?!\d)")
_TOLD = 3  # leaking pairs that a message names


@dataclass(frozen=True)
class Groups:
    """What may not be torn apart.

    Attributes
    ----------
    of : ndarray of int64, shape (n,)
        The group of each image; one that is known to share nothing is a group by itself.
    said : str
        How the groups are known: ``groups.csv``, or ``fields by objID``.
    """

    of: np.ndarray
    said: str


def read_groups(root: Path, files: Sequence[Path]) -> Groups | None:
    """The sky groups of a tree's images, as far as the tree tells.

    ``groups.csv`` is believed. Without it, images whose names hold objIDs are of one group where
    these are of one field of a scan, or of the next: their cutouts may share sky.

    Parameters
    ----------
    root : Path
    files : sequence of Path
        Relative to `root`.

    Returns
    -------
    Groups or None
        None where nothing is known.

    Raises
    ------
    InputError
        ``groups.csv`` has not the columns path and group, a path twice, or none of the images.
    """
    if (root / GROUPS).is_file():
        return Groups(_listed(root / GROUPS, files), GROUPS)
    fields = [_field(file.stem) for file in files]
    if not any(fields):
        return None
    return Groups(_chained(fields), "fields by objID")


def joined(groups: np.ndarray, prints: Sequence[bytes]) -> np.ndarray:
    """Groups with the owners of equal pictures made one.

    Parameters
    ----------
    groups : ndarray of int64, shape (n,)
    prints : sequence of bytes, length n
        From `train.data.cache.fingerprints`.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    head = {group: group for group in groups.tolist()}

    def first(group: int) -> int:
        while head[group] != group:
            head[group] = group = head[head[group]]
        return group

    owner: dict[bytes, int] = {}
    for group, one in zip(groups.tolist(), prints, strict=True):
        head[first(group)] = first(owner.setdefault(one, group))
    return np.array([first(group) for group in groups.tolist()], np.int64)


def divide(
    label: np.ndarray,
    groups: np.ndarray | None,
    shares: Sequence[float],
    *,
    seed: int,
    stratified: bool = True,
) -> np.ndarray:
    """Give every image a part, whole groups together, each class in the same shares.

    The largest groups are placed first, each where it fits, and of such parts where its classes
    are lacking most.

    Parameters
    ----------
    label : ndarray of int64, shape (n,)
    groups : ndarray of int64, shape (n,), or None
    shares : sequence of float
        Of the parts; they add up to 1.
    seed : int
    stratified : bool
        Otherwise only the number of images counts.

    Returns
    -------
    ndarray of int64, shape (n,)
        Index into `shares`.
    """
    kinds = label if stratified else np.zeros_like(label)
    _, of = np.unique(np.arange(label.size) if groups is None else groups, return_inverse=True)
    counts = np.zeros((of.max() + 1, kinds.max() + 1))
    np.add.at(counts, (of, kinds), 1)
    wanted = np.maximum(np.outer(shares, counts.sum(0)), 1e-9)
    filled = np.zeros_like(wanted)
    order = np.random.default_rng(seed).permutation(len(counts))
    order = order[np.argsort(-counts[order].sum(1), kind="stable")]
    part = np.empty(len(counts), np.int64)
    for group in order:
        here = counts[group]
        # one image too many is no matter, or a class of three would never be tested
        excess = np.maximum(filled + here - wanted - 1, 0).sum(1)
        part[group] = place = int(np.lexsort(((filled / wanted) @ here, excess))[0])
        filled[place] += here
    return part[of]


def fold_splits(part: np.ndarray, count: int) -> list[np.ndarray]:
    """The splits of each fold: tests on its own part, validates on the next, trains on the rest.

    Parameters
    ----------
    part : ndarray of int64, shape (n,)
        From `divide`, 0 to count - 1.
    count : int

    Returns
    -------
    list of ndarray of str, shape (n,)
    """
    return [
        np.where(part == k, "test", np.where(part == (k + 1) % count, "val", "train"))
        for k in range(count)
    ]


def equal_across(prints: Sequence[Hashable], split: np.ndarray) -> list[tuple[int, int]]:
    """Images that equal an image on another side of the split.

    Parameters
    ----------
    prints : sequence, length n
        In what they are equal: `train.data.cache.fingerprints`, or the numbers of their groups.
    split : ndarray of str, shape (n,)

    Returns
    -------
    list of (int, int)
        Row, and the first row of its picture on another side; each picture of a side once.
    """
    sides: dict[Hashable, dict[str, int]] = {}
    for row, (one, side) in enumerate(zip(prints, split.tolist(), strict=True)):
        sides.setdefault(one, {}).setdefault(side, row)
    found = [list(rows.values()) for rows in sides.values() if len(rows) > 1]
    return [(row, rows[0]) for rows in found for row in rows[1:]]


def leaks(
    files: Sequence[Path],
    facts: dict,
    equal: Sequence[tuple[int, int]],
    torn: Sequence[tuple[int, int]] = (),
) -> str:
    """What is proven to stand on two sides of a split, counted and named; empty where nothing is.

    Parameters
    ----------
    files : sequence of Path
    facts : dict
        The content of ``split.json``.
    equal, torn : sequence of (int, int)
        From `equal_across`: of the pictures, and of the groups of ``groups.csv``.

    Returns
    -------
    str
    """
    said = []
    counted = facts.get("leaking_pairs") or 0
    if counted:
        said.append(f"split.json counts {counted:,} leaking pairs")
    if equal:
        what = many(len(equal), "picture stands", "pictures stand")
        said.append(f"{what} on two sides: {_named(files, equal, ' = ')}")
    if torn:
        count = len({first for _, first in torn})
        what = many(count, f"group of {GROUPS} stands", f"groups of {GROUPS} stand")
        said.append(f"{what} on two sides: {_named(files, torn, ' and ')}")
    return "; ".join(said)


def _named(files: Sequence[Path], pairs: Sequence[tuple[int, int]], between: str) -> str:
    named = [between.join(files[row].as_posix() for row in pair) for pair in pairs[:_TOLD]]
    more = f", and {len(pairs) - _TOLD:,} more" if len(pairs) > _TOLD else ""
    return ", ".join(named) + more


def _listed(path: Path, files: Sequence[Path]) -> np.ndarray:
    lines = read_listed(path, ["group"])
    told = {name: line["group"].strip() for name, (_, line) in lines.items()}
    if files and not any(file.as_posix() in told for file in files):
        raise InputError(
            f"{path} names none of the {len(files):,} images beside it",
            hint=f"{ANEW}, or remove it",
        )
    # an image without a group is a group by itself: paths are no names of groups
    names = [
        ("", group) if (group := told.get(f := file.as_posix())) else (f, "") for file in files
    ]
    number: dict[tuple[str, str], int] = {}
    return np.array([number.setdefault(name, len(number)) for name in names], np.int64)


def _field(stem: str) -> tuple[int, int] | None:
    """Scan (all of an objID above the field) and field of the objID in a file's name."""
    match = _OBJID.search(stem)
    if not match:
        return None
    number = int(match[0])
    return number >> 29, (number >> 16) & 0xFFF  # bits of objID: SDSS DR7/DR8 glossary


def _chained(fields: Sequence[tuple[int, int] | None]) -> np.ndarray:
    """A group for each run of fields that follow each other; None is a group by itself."""
    group, number = {}, -1
    before = None
    for scan, field in sorted({one for one in fields if one}):
        number += before is None or scan != before[0] or field > before[1] + 1
        group[scan, field] = number
        before = scan, field
    alone = iter(range(number + 1, number + 1 + len(fields)))
    return np.array([group[one] if one else next(alone) for one in fields], np.int64)
