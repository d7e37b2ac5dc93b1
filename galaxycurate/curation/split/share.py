"""Whole groups shared out so that every class gets its shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TOLERANCE = 0.02
"""Two points: how far the share of a class in a split may lie from what was asked for."""
ALL = ""
"""Stands for a class: all images, whatever their class."""
_SWAPS_AMONG = 300
_STEPS = 2000


@dataclass(frozen=True)
class Uneven:
    """A class whose share in a split is further off than `TOLERANCE` and one image.

    Parameters
    ----------
    label : str
        `ALL` where it is the number of images that is off.
    part : int
        The split.
    wanted, got : float
        Shares of the class.
    group : int
        The group that holds most of the class.
    holds : float
        Its share of the class.
    """

    label: str
    part: int
    wanted: float
    got: float
    group: int
    holds: float


def contents(label, group) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How many images of each class each group holds.

    Parameters
    ----------
    label : ndarray of str, shape (n,)
    group : ndarray of int64, shape (n,)

    Returns
    -------
    classes : ndarray of str, shape (n_classes,)
    row_of : ndarray of int64, shape (n,)
        The row of `content` of each image.
    content : ndarray of int64, shape (n_groups, n_classes)
    """
    classes, of_class = np.unique(np.asarray(label), return_inverse=True)
    ids, row_of = np.unique(np.asarray(group), return_inverse=True)
    cells = np.bincount(row_of * classes.size + of_class, minlength=ids.size * classes.size)
    return classes, row_of, cells.reshape(ids.size, classes.size)


def share_out(content, shares, *, seed: int) -> np.ndarray:
    """Give each group to a part.

    Groups of the same content are alike: each part gets its share of them at once. What does not
    divide is given out from the largest to the smallest, each to the part that lacks its classes
    most; then groups move and change places as long as that brings the shares closer. The number of
    images counts like one more class, so that many small classes do not leave a part empty.

    Parameters
    ----------
    content : ndarray of int64, shape (n_groups, n_classes)
    shares : array_like of float, shape (n_parts,) or (n_parts, n_classes)
        They add up to 1 over the parts; a part whose share is 0 gets nothing.
    seed : int

    Returns
    -------
    ndarray of int64, shape (n_groups,)
        The part of each group.
    """
    content, shares = np.asarray(content, np.int64), np.asarray(shares, float)
    if not len(content):
        return np.empty(0, np.int64)
    if shares.ndim == 1:
        shares = np.repeat(shares[:, None], content.shape[1], axis=1)
    rng = np.random.default_rng(seed)
    kinds, kind_of, many = _kinds(content)
    total = content.sum(axis=0)
    wanted = _and_all(shares * total)
    unit = np.maximum(TOLERANCE * _and_all(total), 1.0)  # of one class: what may be missing
    weight = _and_all(kinds) / unit
    target, allowed = wanted / unit, shares.max(axis=1) > 0
    ideal = many[:, None] * (kinds @ shares.T) / kinds.sum(axis=1)[:, None]
    given = _first_shares(weight, many, ideal, target, allowed, rng)
    _improve(weight, given, given.T @ weight - target, allowed, rng)
    order = np.lexsort((rng.random(len(content)), kind_of))
    place = np.empty(len(content), np.int64)
    place[order] = np.repeat(np.tile(np.arange(len(shares)), len(kinds)), given.ravel())
    return place


def _and_all(columns: np.ndarray) -> np.ndarray:
    """Classes and, as one more, their sum."""
    return np.concatenate([columns, columns.sum(axis=-1, keepdims=True)], axis=-1)


def _kinds(content: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Groups of the same content: what it is, which is whose, and how many there are."""
    single = content.sum(axis=1) == 1  # the many; they need no sorting of rows
    kinds, kind_of = np.unique(content[~single], axis=0, return_inverse=True)
    row_of = np.empty(len(content), np.int64)
    row_of[~single] = kind_of.ravel()
    row_of[single] = len(kinds) + content[single].argmax(axis=1)
    kinds = np.concatenate([kinds, np.eye(content.shape[1], dtype=np.int64)])
    return kinds, row_of, np.bincount(row_of, minlength=len(kinds))


def _first_shares(weight, many, ideal, target, allowed, rng) -> np.ndarray:
    """How many groups of each kind go to each part, before anything is moved."""
    given = np.floor(ideal + 1e-9).astype(np.int64)
    off = given.T @ weight - target
    closed = np.where(allowed, 0.0, np.inf)
    size = weight.sum(axis=1) * rng.uniform(0.8, 1.0, len(weight))
    for kind in np.argsort(-size, kind="stable"):
        for _ in range(many[kind] - given[kind].sum()):
            part = int(np.argmin(off @ weight[kind] + closed))
            given[kind, part] += 1
            off[part] += weight[kind]
    return given


def _improve(weight, given, off, allowed, rng) -> None:
    """Move groups, then let two change places, while the sum of squares of `off` falls."""
    for _ in range(_STEPS):
        if not (_move(weight, given, off, allowed) or _swap(weight, given, off, rng)):
            return


def _move(weight, given, off, allowed) -> bool:
    """The best move of groups of one kind from one part to another."""
    square = (weight**2).sum(axis=1)
    along = weight @ off.T
    slope = along[:, None, :] - along[:, :, None]  # kind, from, to
    few = np.maximum(2 * square, 1e-300)[:, None, None]
    count = np.clip(np.round(-slope / few), 0, given[:, :, None]) * allowed
    gain = 2 * count * slope + 2 * count**2 * square[:, None, None]
    best = np.unravel_index(np.argmin(gain), gain.shape)
    if gain[best] > -1e-9:
        return False
    kind, source, target = best
    n = int(count[best])
    given[kind, source] -= n
    given[kind, target] += n
    off[source] -= n * weight[kind]
    off[target] += n * weight[kind]
    return True


def _swap(weight, given, off, rng) -> bool:
    """The best exchange of two groups between two parts."""
    best, chosen = -1e-9, None
    for p in range(len(off)):
        for q in range(p + 1, len(off)):
            ours, theirs = (_some(np.flatnonzero(given[:, part]), rng) for part in (p, q))
            if not (ours.size and theirs.size):
                continue
            slope = weight @ (off[q] - off[p])
            square = (weight**2).sum(axis=1)
            apart = square[ours][:, None] + square[theirs] - 2 * weight[ours] @ weight[theirs].T
            gain = 2 * (slope[ours][:, None] - slope[theirs]) + 2 * apart
            least = np.unravel_index(np.argmin(gain), gain.shape)
            if gain[least] < best:
                best, chosen = gain[least], (p, q, ours[least[0]], theirs[least[1]])
    if chosen is None:
        return False
    p, q, g, h = chosen
    for kind, source, target in ((g, p, q), (h, q, p)):
        given[kind, source] -= 1
        given[kind, target] += 1
        off[source] -= weight[kind]
        off[target] += weight[kind]
    return True


def _some(rows: np.ndarray, rng) -> np.ndarray:
    return rows if rows.size <= _SWAPS_AMONG else rng.choice(rows, _SWAPS_AMONG, replace=False)


def uneven(label, group, place, shares) -> list[Uneven]:
    """Classes that are not shared out as asked, or not at all, the worst first.

    Parameters
    ----------
    label : ndarray of str, shape (n,)
    group : ndarray of int64, shape (n,)
    place : ndarray of int64, shape (n,)
        The part of each image; below 0 for those left out.
    shares : sequence of float

    Returns
    -------
    list of Uneven
    """
    label, group, place = (np.asarray(column) for column in (label, group, place))
    classes, of_class = np.unique(label, return_inverse=True)
    several = [(ALL, np.ones(label.size, bool))] if classes.size > 1 else []
    found = []
    for name, mine in [*((name, of_class == k) for k, name in enumerate(classes)), *several]:
        here = place[mine & (place >= 0)]
        got = np.bincount(here, minlength=len(shares)) / max(here.size, 1)
        off = np.abs(got - np.asarray(shares))
        for part in np.flatnonzero(off > max(TOLERANCE, 1 / max(here.size, 2)) + 1e-9):
            ids, counts = np.unique(group[mine], return_counts=True)
            largest = int(np.argmax(counts))
            holds = float(counts[largest] / counts.sum())
            wanted, has = float(shares[part]), float(got[part])
            found.append(Uneven(str(name), int(part), wanted, has, int(ids[largest]), holds))
    return sorted(found, key=lambda u: -abs(u.got - u.wanted))


def worth(label) -> np.ndarray:
    """What an image is worth to its class, for choosing which to drop.

    Parameters
    ----------
    label : ndarray of str, shape (n,)

    Returns
    -------
    ndarray of int64, shape (n,)
        1 where it is less than `TOLERANCE` of its class, more in smaller classes.
    """
    _, of_class, count = np.unique(np.asarray(label), return_inverse=True, return_counts=True)
    return np.ceil(np.maximum(1 / (TOLERANCE * count), 1)).astype(np.int64)[of_class]
