"""Do the probabilities mean what they say? Scores of them, and one number that mends them."""

from __future__ import annotations

import numpy as np

BINS = 15
LEAST = 1e-300  # a probability that was rounded to 0 still has a logarithm
COLDEST, HOTTEST = 0.02, 50.0


def nll(truth: np.ndarray, probability: np.ndarray) -> float:
    """Mean negative logarithm of the true class's probability [nat], at most 36 an image.

    Parameters
    ----------
    truth : ndarray of int64, shape (n,)
    probability : ndarray of float, shape (n, n_classes)
    """
    # as scikit-learn: not below float64's epsilon, or one sure mistake would make it infinite
    own = np.maximum(probability[np.arange(truth.size), truth], np.finfo(np.float64).eps)
    return float(-np.log(own).mean())


def brier(truth: np.ndarray, probability: np.ndarray) -> float:
    """Mean squared distance to the truth, summed over the classes: 0 to 2 (Brier 1950)."""
    wanted = np.eye(probability.shape[1])[truth]
    return float(((probability - wanted) ** 2).sum(1).mean())


def reliability(
    truth: np.ndarray, probability: np.ndarray, *, bins: int = BINS
) -> list[dict[str, float]]:
    """Certainty and accuracy of images of like certainty, in bins of equal numbers.

    Parameters
    ----------
    truth : ndarray of int64, shape (n,)
    probability : ndarray of float, shape (n, n_classes)
    bins : int
        At most; never more than images.

    Returns
    -------
    list of dict
        Of each bin, from the least certain: ``n``, ``low`` and ``high`` (of the certainty),
        ``confidence`` (its mean), ``accuracy``.
    """
    sure = probability.max(1)
    right = probability.argmax(1) == truth
    order = np.lexsort((right, sure))  # the order of the images does not matter
    return [
        {
            "n": int(some.size),
            "low": float(sure[some[0]]),
            "high": float(sure[some[-1]]),
            "confidence": float(sure[some].mean()),
            "accuracy": float(right[some].mean()),
        }
        for some in np.array_split(order, min(bins, truth.size))
        if some.size
    ]


def ece(truth: np.ndarray, probability: np.ndarray, *, bins: int = BINS) -> float:
    """Expected calibration error: mean distance of certainty and accuracy over the bins.

    Bins hold equal numbers of images (Nguyen & O'Connor 2015), so that none is nearly empty.
    """
    points = reliability(truth, probability, bins=bins)
    gaps = sum(p["n"] * abs(p["confidence"] - p["accuracy"]) for p in points)
    return float(gaps / max(truth.size, 1))


def fit_temperature(truth: np.ndarray, probability: np.ndarray) -> float:
    """The temperature that makes the answers least surprising (Guo et al. 2017).

    Found where the slope of the negative log likelihood over 1/T, which only rises, is zero. The
    truth is taken as (n + 1) / (n + 2) sure, what is left being spread over the other classes
    (Platt 1999): n images without an error prove no more, and certainly not T = 0. Take val for
    it, never test.

    Parameters
    ----------
    truth : ndarray of int64, shape (n,)
    probability : ndarray of float, shape (n, n_classes)

    Returns
    -------
    float
        Above 1 where the network is too sure; within 0.02 to 50.
    """
    scores = np.log(np.maximum(probability, LEAST))
    n, k = scores.shape
    own = scores[np.arange(n), truth]
    others = (scores.sum(1) - own) / (k - 1)
    known = (((n + 1) * own + others) / (n + 2)).mean()
    cold, hot = np.log(COLDEST), np.log(HOTTEST)
    for _ in range(60):
        middle = (cold + hot) / 2
        expected = (_softmax(scores / np.exp(middle)) * scores).sum(1).mean()
        # colder than the best temperature the answers are surer than they may be
        cold, hot = (middle, hot) if expected > known else (cold, middle)
    return float(np.exp((cold + hot) / 2))


def with_temperature(probability: np.ndarray, temperature: float) -> np.ndarray:
    """The probabilities at another temperature; the order of the classes stays.

    Parameters
    ----------
    probability : ndarray of float, shape (n, n_classes)
    temperature : float
        Of `fit_temperature`.

    Returns
    -------
    ndarray of float64, shape (n, n_classes)
    """
    return _softmax(np.log(np.maximum(probability, LEAST)) / temperature)


def calibrated(truth: np.ndarray, probability: np.ndarray, temperature: float) -> dict:
    """What the temperature makes of the answers, beside what they were.

    Returns
    -------
    dict
        ``temperature``, ``ece``, ``nll``, ``brier`` and ``reliability`` with it, and
        ``ece_raw``, ``nll_raw`` and ``brier_raw`` without.
    """
    mended = with_temperature(probability, temperature)
    measures = {"ece": ece, "nll": nll, "brier": brier}
    return {
        "temperature": temperature,
        **{name: measure(truth, mended) for name, measure in measures.items()},
        **{f"{name}_raw": measure(truth, probability) for name, measure in measures.items()},
        "reliability": reliability(truth, mended),
    }


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)
