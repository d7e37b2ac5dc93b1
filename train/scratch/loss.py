"""From scores to probabilities, and how wrong they are."""

from __future__ import annotations

import numpy as np


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities in proportion to exp(score): p_k = exp(z_k) / sum over l of exp(z_l).

    The greatest score is taken off first, which changes nothing but keeps exp from overflowing.

    Parameters
    ----------
    scores : ndarray, shape (b, n_classes)

    Returns
    -------
    ndarray, shape (b, n_classes)
        Each row adds up to 1.
    """
    power = np.exp(scores - scores.max(axis=1, keepdims=True))
    return power / power.sum(axis=1, keepdims=True)


def cross_entropy(scores: np.ndarray, shares: np.ndarray) -> tuple[float, np.ndarray]:
    """The mean cross-entropy of a batch, and its gradient.

    With p = softmax(z) and the wanted shares t, L = -1/b sum over b, k of t_k log p_k. The
    derivatives of softmax and logarithm cancel to dL/dz = (p - t) / b: the error itself.

    Parameters
    ----------
    scores : ndarray, shape (b, n_classes)
    shares : ndarray, shape (b, n_classes)
        Wanted share of each class, each row adds up to 1: 1 for the label and 0 elsewhere, or
        vote fractions.

    Returns
    -------
    loss : float
    gradient : ndarray, shape (b, n_classes)
        dL/dz.
    """
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -float((shares * log_p).sum(dtype=np.float64)) / len(scores)
    return loss, (np.exp(log_p) - shares) / len(scores)
