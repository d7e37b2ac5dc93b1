from __future__ import annotations

import numpy as np
import pytest

from tests.train.judge.test_metrics import answers
from train.judge.calibration import (
    calibrated,
    ece,
    ece_by_chance,
    ece_interval,
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
    probability = np.array([[0.6, 0.4], [0.7, 0.3], [0.8, 0.2], [0.9, 0.1]]).repeat(10, 0)
    truth = np.array([1, 0, 0, 0]).repeat(10)
    # two bins of twenty: certainty 0.65, half of them right; certainty 0.85, all right
    assert ece(truth, probability) == pytest.approx((0.15 + 0.15) / 2)
    low, high = reliability(truth, probability)
    assert low == {
        "n": 20,
        "low": 0.6,
        "high": 0.7,
        "confidence": pytest.approx(0.65),
        "accuracy": 0.5,
    }
    assert high["accuracy"] == 1


@pytest.mark.parametrize(("n", "bins"), [(1, 1), (39, 1), (40, 2), (299, 14), (5000, 15)])
def test_bins_hold_twenty_images_at_least(n, bins):
    truth, probability = honest(n, 2)
    counts = [p["n"] for p in reliability(truth, probability)]
    assert len(counts) == bins
    assert sum(counts) == n
    assert min(counts) >= min(20, n)


@pytest.mark.parametrize("n", [60, 400])
def test_honest_answers_err_by_what_chance_gives(n):
    drawn = [honest(n, 3, seed=seed) for seed in range(60)]
    measured = np.mean([ece(*one) for one in drawn])
    assert measured > 0.04  # though every probability is exactly right
    assert np.mean([ece_by_chance(one[1]) for one in drawn]) == pytest.approx(measured, rel=0.1)


def test_an_error_beyond_chance_has_an_interval_above_it():
    truth, probability = honest(400, 3)
    too_sure = with_temperature(probability, 0.3)
    low, high = ece_interval(truth, too_sure)
    assert ece_by_chance(too_sure) < low < ece(truth, too_sure) < high


def test_equal_groups_widen_the_interval_of_the_calibration_error():
    truth, probability = honest(100, 3)
    often = [np.repeat(values, 9, axis=0) for values in (truth, probability)]
    grouped = ece_interval(*often, groups=np.repeat(np.arange(100), 9))
    alone = ece_interval(*often)
    assert grouped[1] - grouped[0] > 2 * (alone[1] - alone[0])
    assert ece_interval(truth, probability, groups=np.zeros(100)) is None


def test_answers_of_one_certainty_share_their_accuracy():
    sure = np.tile([[0.8, 0.2]], (100, 1))
    truth = np.array([0] * 80 + [1] * 20)
    assert ece(truth, sure) == pytest.approx(0, abs=1e-12)
    assert ece(truth[::-1], sure) == pytest.approx(0, abs=1e-12)


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
