"""Do the probabilities mean what they say? Scores of them, and one number that mends them."""

from __future__ import annotations

import numpy as np

from train.judge.bootstrap import RESAMPLES, numbered, weights

BINS, LEAST_IN_BIN = 15, 20
DRAWN = 20_000_000  # images that chance is drawn for, all draws together
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


def reliability(truth: np.ndarray, probability: np.ndarray) -> list[dict[str, float]]:
    """Certainty and accuracy of images of like certainty, in bins of equal numbers.

    Bins are at most 15 and hold at least 20 images, where there are so many: the accuracy of fewer
    tells nothing. Images of the same certainty share their accuracy, so their order does not
    matter.

    Parameters
    ----------
    truth : ndarray of int64, shape (n,)
    probability : ndarray of float, shape (n, n_classes)

    Returns
    -------
    list of dict
        Of each bin, from the least certain: ``n``, ``low`` and ``high`` (of the certainty),
        ``confidence`` (its mean), ``accuracy``.
    """
    order, starts = _bins(probability)
    sure = probability.max(1)
    right = _shared(probability.argmax(1) == truth, sure)
    return [
        {
            "n": int(some.size),
            "low": float(sure[some[0]]),
            "high": float(sure[some[-1]]),
            "confidence": float(sure[some].mean()),
            "accuracy": float(right[some].mean()),
        }
        for some in np.split(order, starts[1:])
        if some.size
    ]


def ece(truth: np.ndarray, probability: np.ndarray) -> float:
    """Expected calibration error: mean distance of certainty and accuracy over the bins.

    Bins hold equal numbers of images (Nguyen & O'Connor 2015), so that none is nearly empty. It is
    never below zero, so that chance alone lifts it: see `ece_by_chance`.
    """
    gaps = sum(
        p["n"] * abs(p["confidence"] - p["accuracy"]) for p in reliability(truth, probability)
    )
    return float(gaps / max(truth.size, 1))


def ece_by_chance(probability: np.ndarray, *, seed: int = 0) -> float:
    """The `ece` to be expected of answers that mean exactly what they say.

    Each image is right as often as its certainty says, drawn up to a thousand times. What is
    measured above this is miscalibration, what is not may be chance (Broecker & Smith 2007).

    Parameters
    ----------
    probability : ndarray of float, shape (n, n_classes)
    seed : int
    """
    order, starts = _bins(probability)
    if not order.size:
        return 0.0
    sure = probability.max(1)[order]
    rng = np.random.default_rng(seed)
    draws = int(np.clip(DRAWN // sure.size, 20, 1000))
    errors = [
        np.abs(np.add.reduceat(sure - (rng.random(sure.size) < sure), starts)).sum()
        for _ in range(draws)
    ]
    return float(np.mean(errors) / sure.size)


def ece_interval(
    truth: np.ndarray,
    probability: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[float] | None:
    """The 95 % bootstrap interval of the calibration error.

    A resample scatters around the sample as the sample around the truth, and its error is lifted
    by as much: so its distances to the measured value are laid on the other side of it (the basic
    bootstrap, Davison & Hinkley 1997). Of simulated tests of 100 to 1,500 answers that were too
    sure, 86 to 93 of 100 intervals held the error; the plain percentiles held 81 to 95.

    Parameters
    ----------
    truth : ndarray of int64, shape (n,)
    probability : ndarray of float, shape (n, n_classes)
    groups : ndarray of int64, shape (n,), optional
        As in `train.judge.bootstrap.intervals`.
    resamples, seed : int

    Returns
    -------
    [low, high] or None
        None where there are fewer than two groups.
    """
    of = numbered(groups, truth.size)
    if of.size == 0 or of.max() < 1:
        return None
    order, starts = _bins(probability)
    sure = probability.max(1)
    gap = sure - _shared(probability.argmax(1) == truth, sure)
    found = []
    for drawn in weights(of, resamples, np.random.default_rng(seed)):
        binned = np.add.reduceat((drawn * gap[:, None])[order], starts)
        found.append(np.abs(binned).sum(0) / drawn.sum(0))
    measured = np.abs(np.add.reduceat(gap[order], starts)).sum() / gap.size
    low, high = np.percentile(np.concatenate(found), [2.5, 97.5])
    return np.clip([2 * measured - high, 2 * measured - low], 0, 1).tolist()


def _bins(probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images from the least certain on, and where among them each bin begins."""
    order = np.argsort(probability.max(1), kind="stable")
    bins = int(np.clip(order.size // LEAST_IN_BIN, 1, BINS))
    sizes = [part.size for part in np.array_split(order, bins)]
    return order, np.cumsum([0, *sizes[:-1]])


def _shared(right: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """How many are right of all images that are as sure as this one."""
    _, like = np.unique(sure, return_inverse=True)
    return (np.bincount(like, right) / np.maximum(np.bincount(like), 1))[like]


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
        ``temperature``, ``ece``, ``ece_by_chance``, ``nll``, ``brier`` and ``reliability`` with
        it, and ``ece_raw``, ``nll_raw`` and ``brier_raw`` without.
    """
    mended = with_temperature(probability, temperature)
    measures = {"ece": ece, "nll": nll, "brier": brier}
    return {
        "temperature": temperature,
        **{name: measure(truth, mended) for name, measure in measures.items()},
        **{f"{name}_raw": measure(truth, probability) for name, measure in measures.items()},
        "ece_by_chance": ece_by_chance(mended),
        "reliability": reliability(truth, mended),
    }


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)
