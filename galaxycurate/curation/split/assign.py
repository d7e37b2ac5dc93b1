"""Train, val and test: stratified by class, no group torn apart, and the proof of it."""

from __future__ import annotations

import numpy as np

from galaxycurate.curation.pairs import Pairs
from galaxycurate.curation.split.share import contents, share_out
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
    shares = check_fractions(fractions)
    _, row_of, content = contents(label, group)
    return np.array(NAMES)[share_out(content, shares, seed=seed)[row_of]]


def crossing(split, pairs: Pairs) -> np.ndarray:
    """Pairs whose rows lie in different splits.

    Parameters
    ----------
    split : ndarray, shape (n,)
        The split of each row, by name or number.
    pairs : Pairs

    Returns
    -------
    ndarray of int64
        Rows of `pairs`; none when the split leaks nothing.
    """
    split = np.asarray(split)
    return np.flatnonzero(split[pairs.first] != split[pairs.second])
