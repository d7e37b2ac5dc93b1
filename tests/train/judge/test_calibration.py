from __future__ import annotations

import numpy as np
import pytest

from tests.train.judge.test_metrics import answers
from train.judge.calibration import (
    calibrated,
    ece,
    fit_temperature,
    nll,
    reliability,
    with_temperature,
)


def honest(n: int, k: int, *, seed: int = 0):
    """Truth drawn from the probabilities themselves."""
    rng = np.random.default_rng(seed)
    probability = rng.dirichlet(np.full(k, 0.7), n)
    truth = (rng.random((n, 1)) > probability.cumsum(1)[:, :-1]).sum(1)
    return truth, probability


def test_the_calibration_error_by_hand():
    probability = np.array([[0.6, 0.4], [0.7, 0.3], [0.8, 0.2], [0.9, 0.1]])
    truth = np.array([1, 0, 0, 0])
    # two bins of two: certainty 0.65, half of them right; certainty 0.85, all right
    assert ece(truth, probability, bins=2) == pytest.approx((0.15 + 0.15) / 2)
    low, high = reliability(truth, probability, bins=2)
    assert low == {
        "n": 2,
        "low": 0.6,
        "high": 0.7,
        "confidence": pytest.approx(0.65),
        "accuracy": 0.5,
    }
    assert high["accuracy"] == 1


def test_bins_hold_equal_numbers_and_honest_answers_have_no_error():
    truth, probability = honest(60_000, 3)
    points = reliability(truth, probability)
    assert [p["n"] for p in points] == [4000] * 15
    assert ece(truth, probability) < 0.01
    assert all(abs(p["confidence"] - p["accuracy"]) < 0.03 for p in points)


@pytest.mark.parametrize("planted", [0.5, 1.0, 2.5])
def test_the_temperature_that_was_planted_is_found(planted):
    truth, probability = honest(20_000, 3)
    spoilt = with_temperature(probability, 1 / planted)  # too sure by this factor
    found = fit_temperature(truth, spoilt)
    assert found == pytest.approx(planted, rel=0.03)
    told = calibrated(truth, spoilt, found)
    assert told["nll"] <= told["nll_raw"]
    if planted != 1:
        assert told["ece"] < 0.2 * told["ece_raw"]


def test_no_other_temperature_is_less_surprising():
    truth, probability = answers(500, 3)
    best = fit_temperature(truth, probability)
    least = nll(truth, with_temperature(probability, best))
    for other in best * np.array([0.7, 0.95, 1.05, 1.4]):
        assert nll(truth, with_temperature(probability, other)) > least


def test_certain_answers_have_a_temperature_too():
    sure = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    for truth in ([0, 1, 0], [0, 1, 1], [1, 0, 1]):
        found = fit_temperature(np.array(truth), sure)
        assert np.isfinite(with_temperature(sure, found)).all()


@pytest.mark.parametrize("n", [20, 200, 2000])
def test_a_val_without_errors_does_not_make_the_answers_certain(n):
    """Rightness of n images proves a chance of error of about 1/n, and no less."""
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.7, 0.999, n)
    probability = np.stack([sure, (1 - sure) * 0.7, (1 - sure) * 0.3], 1)
    found = fit_temperature(np.zeros(n, np.int64), probability)
    assert 0.1 < found < 1
    mean = with_temperature(probability, found)[:, 0].mean()
    assert 0.3 / n < 1 - mean < 3 / n
