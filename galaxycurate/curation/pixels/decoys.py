"""How many of the pairs found are false: a search that cannot succeed tells (target-decoy)."""

from __future__ import annotations

import numpy as np

TAIL_SHARE, TAIL_LEAST, TAIL_MOST = 0.1, 10, 200
LEAST_FALL = 1.0


def q_values(
    targets: np.ndarray, decoys: np.ndarray, *, share: float = 1.0, floor: float | None = None
) -> np.ndarray:
    """Estimated share of false pairs among the targets that score as high.

    The search is repeated on decoys: prints that cannot match, with everything else alike. As many
    decoys as reach a score, so many false targets are expected to (Elias & Gygi 2007, Nature
    Methods 4, 207; two searches, not one mixed list). Scores are log-likelihood ratios [nat], of
    which chance reaches s with a probability that falls exponentially: beyond the highest decoys
    their tail is drawn on, so that a score far above all decoys is not held to one in the number
    of targets.

    Parameters
    ----------
    targets, decoys : ndarray of float, shapes (n,) and (m,)
        Scores above one common floor, larger is surer.
    share : float
        Decoy comparisons made for one target comparison.
    floor : float, optional
        Score below which neither search keeps anything; the lowest target unless told.

    Returns
    -------
    ndarray of float64, shape (n,)
        Between 0 and 1; never rises with the score.
    """
    targets = np.asarray(targets, float)
    if not targets.size:
        return np.empty(0)
    order = np.argsort(-targets, kind="stable")
    falling = targets[order]
    as_high = np.searchsorted(-falling, -falling, side="right")
    lowest = falling[-1] if floor is None else floor
    chance = expected(falling, np.asarray(decoys, float), lowest)
    rate = np.minimum(chance / share / as_high, 1.0)
    q = np.empty(targets.size)
    q[order] = np.minimum.accumulate(rate[::-1])[::-1]
    return q


def expected(scores: np.ndarray, decoys: np.ndarray, floor: float) -> np.ndarray:
    """Number of decoys that chance lets reach each score.

    Counted where decoys are many, from an exponential through the highest ones beyond. Without any
    decoy one is put at the floor.
    """
    if not decoys.size:
        decoys = np.array([floor])
    rising = np.sort(decoys)
    counted = rising.size - np.searchsorted(rising, scores, side="left")
    n_tail = min(rising.size, int(np.clip(TAIL_SHARE * rising.size, TAIL_LEAST, TAIL_MOST)))
    start = rising[-n_tail]
    fall = max(float(np.sum(rising[-n_tail:] - start)) / max(n_tail - 1, 1), LEAST_FALL)
    return np.where(scores > start, n_tail * np.exp(-(scores - start) / fall), counted)
