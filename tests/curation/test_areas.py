"""Areas under ROC curves, of one class, of the best of many, and of chance."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from galaxycurate.curation.areas import Areas, class_aucs, greatest

RNG = np.random.default_rng(7)


def guessed(seed: int, *, classes: int = 10, n: int = 20) -> Areas:
    """Answers that know nothing of the classes."""
    truth = np.repeat(np.arange(classes), n)
    answers = np.random.default_rng(seed).dirichlet(np.ones(classes), len(truth))
    return Areas.of(answers, truth, np.arange(len(truth)))


def told(of: int, *, classes: int = 3, n: int = 40) -> Areas:
    """Answers that know one class, and guess the others."""
    truth = np.repeat(np.arange(classes), n)
    answers = np.random.default_rng(of).uniform(size=(len(truth), classes))
    answers[:, of] = (truth == of) + 0.2 * answers[:, of]
    return Areas.of(answers, truth, np.arange(len(truth)))


def test_the_area_is_that_of_scikit_learn():
    truth = RNG.integers(0, 3, 200)
    answers = np.round(RNG.dirichlet([1, 1, 1], 200), 1)  # with ties
    expected = [roc_auc_score(truth == k, answers[:, k]) for k in range(3)]
    assert class_aucs(answers, truth) == pytest.approx(expected)


def test_a_class_that_is_absent_has_no_area():
    assert np.isnan(class_aucs(np.eye(3)[[0, 1, 0, 1]], np.array([0, 1, 0, 1]))).tolist() == [
        False, False, True,
    ]  # fmt: skip


def test_the_greatest_is_no_mean_and_that_of_guessing_where_none_is_known():
    assert greatest(np.array([0.4, np.nan, 0.9, 0.5])) == 0.9
    assert greatest(np.array([np.nan, np.nan])) == 0.5


@pytest.mark.parametrize("of", range(3))
def test_the_interval_is_of_the_class_that_is_told_best(of):
    assert told(of).interval(1) == (1.0, 1.0)


def test_the_interval_of_two_classes_is_as_wide_as_that_of_their_area():
    """Of a normal distribution: Hanley and McNeil (1982) for 60 against 60."""
    truth = np.repeat([0, 1], 60)
    yes = RNG.normal(truth * 1.2, 1)
    areas = Areas.of(np.stack([-yes, yes], axis=1), truth, np.arange(120))
    auc = greatest(areas.each())
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    error = np.sqrt((auc * (1 - auc) + 59 * (q1 + q2 - 2 * auc**2)) / 3600)
    low, high = areas.interval(1)
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.2)


def test_groups_are_resampled_and_shuffled_whole():
    truth = np.repeat([0, 1], 60)
    answers = np.random.default_rng(5).uniform(size=(120, 1)).repeat(2, axis=1)
    single = Areas.of(answers, truth, np.arange(120))
    dozens = Areas.of(answers, truth, np.arange(120) // 12)
    answers[:] = answers[np.arange(120) // 12 * 12]  # those of a group are alike
    alike = Areas.of(answers, truth, np.arange(120) // 12)
    assert dozens.interval(1) != single.interval(1)
    assert alike.by_chance(1)[1] > single.by_chance(1)[1] + 0.05


def test_the_best_of_ten_classes_that_are_guessed_is_what_chance_reaches():
    found = [guessed(seed) for seed in range(20)]
    best = [greatest(one.each()) for one in found]
    chance = [one.by_chance(1) for one in found]
    lows = [one.interval(1)[0] for one in found]
    assert np.mean(best) == pytest.approx(np.mean([mean for mean, _ in chance]), abs=0.02)
    assert np.mean(best) > 0.57
    assert sum(auc > high for auc, (_, high) in zip(best, chance, strict=True)) <= 2
    assert sum(low > mean for low, (mean, _) in zip(lows, chance, strict=True)) <= 2
