"""Train, val and test: stratified by class, no group torn apart, and the proof of it."""

from __future__ import annotations

import numpy as np

from galaxycurate.curation.pairs import Pairs
from galaxycurate.errors import SettingError

NAMES = ("train", "val", "test")


def check_fractions(fractions) -> tuple[float, ...]:
    """Three shares that add up to 1.

    Raises
    ------
    SettingError
        They do not, or one of them is none.
    """
    shares = tuple(float(f) for f in fractions)
    if len(shares) == 3 and min(shares) >= 0 and shares[0] > 0 and abs(sum(shares) - 1) < 1e-6:
        return shares
    raise SettingError(
        f"fractions {', '.join(f'{f:g}' for f in shares)} are no split: "
        "train, val and test must add up to 1",
        hint="--fractions 0.8,0.1,0.1",
    )


def assign(label, group, *, fractions=(0.8, 0.1, 0.1), seed: int = 42) -> np.ndarray:
    """Give each group to a split.

    Groups are taken from the largest to the smallest, those of a size in random order; each goes
    where its classes lack most images. Single images fill up what large groups left uneven.

    Parameters
    ----------
    label : ndarray of str, shape (n,)
    group : ndarray of int64, shape (n,)
    fractions : sequence of float
        Of train, val and test.
    seed : int

    Returns
    -------
    ndarray of str, shape (n,)
        ``train``, ``val`` or ``test``.
    """
    shares = np.array(check_fractions(fractions))
    classes, of_class = np.unique(np.asarray(label), return_inverse=True)
    ids, of_group = np.unique(np.asarray(group), return_inverse=True)
    content = np.zeros((ids.size, classes.size), np.int64)
    np.add.at(content, (of_group, of_class), 1)
    lack = shares[:, None] * content.sum(axis=0)[None, :]
    rng = np.random.default_rng(seed)
    order = rng.permutation(ids.size)
    order = order[np.argsort(-content[order].sum(axis=1), kind="stable")]
    place = np.zeros(ids.size, np.int64)
    allowed = shares > 0
    for g in order:
        need = np.where(allowed, lack @ content[g], -np.inf)
        place[g] = int(np.argmax(need))
        lack[place[g]] -= content[g]
    return np.array(NAMES)[place[of_group]]


def crossing(split, pairs: Pairs) -> np.ndarray:
    """Pairs whose rows lie in different splits.

    Parameters
    ----------
    split : ndarray of str, shape (n,)
    pairs : Pairs

    Returns
    -------
    ndarray of int64
        Rows of `pairs`; none when the split leaks nothing.
    """
    split = np.asarray(split)
    return np.flatnonzero(split[pairs.first] != split[pairs.second])
