from __future__ import annotations

import numpy as np
import pytest

from tests.train.judge.test_metrics import answers
from train.judge import bootstrap
from train.judge.bootstrap import intervals
from train.judge.metrics import balanced_accuracy, confusion, macro_f1, summary, wilson
from train.judge.ranking import pr_auc, roc_auc


def by_hand(truth, probability, groups, *, resamples=500):
    """The same, resample by resample, by the figures that are held against scikit-learn."""
    rng = np.random.default_rng(5)
    members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    found = []
    for _ in range(resamples):
        drawn = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        found.append(figures(truth[drawn], probability[drawn]))
    return {name: np.percentile([one[name] for one in found], [2.5, 97.5]) for name in found[0]}


def figures(truth, probability):
    table = confusion(truth, probability.argmax(1), probability.shape[1])
    each = [(truth == c, scores) for c, scores in enumerate(probability.T)]
    return {
        "accuracy": np.trace(table) / truth.size,
        "balanced_accuracy": balanced_accuracy(table),
        "macro_f1": macro_f1(table),
        "roc_auc": np.mean([roc_auc(*one) for one in each]),
        "pr_auc": np.mean([pr_auc(*one) for one in each]),
    }


@pytest.mark.parametrize("grouped", [False, True])
def test_intervals_are_those_of_resampling_by_hand(grouped):
    truth, probability = answers(240, 3)
    groups = np.arange(240) // 4 if grouped else np.arange(240)
    found = intervals(truth, probability, groups=groups if grouped else None)
    for name, (low, high) in by_hand(truth, probability, groups).items():
        width = high - low
        assert found[name] == pytest.approx([low, high], abs=0.2 * width), name


def test_images_of_one_sky_are_no_independent_trials():
    """Sixteen copies of each image promise nothing more than one."""
    truth, probability = answers(150, 2)
    single = intervals(truth, probability)
    often = [np.repeat(values, 16, axis=0) for values in (truth, probability)]
    sky = np.repeat(np.arange(150), 16)
    grouped, alone = intervals(*often, groups=sky), intervals(*often)
    for name in single:
        width = {k: v[name][1] - v[name][0] for k, v in (("1", single), ("g", grouped))}
        assert width["g"] == pytest.approx(width["1"], rel=0.1)
        assert alone[name][1] - alone[name][0] < width["1"] / 3
    told = summary(*often, ("a", "b"), groups=sky)
    assert told["resampled"] == {"what": "groups", "n": 150}
    assert told["intervals"] | grouped == told["intervals"]


def test_ninety_five_of_a_hundred_intervals_hold_the_truth():
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(200):
        right = rng.random(200) < 0.8
        probability = np.where(right[:, None], [[0.9, 0.1]], [[0.1, 0.9]])
        low, high = intervals(np.zeros(200, int), probability, resamples=300)["accuracy"]
        held += low <= 0.8 <= high
    assert 0.90 <= held / 200 <= 0.99


def test_the_interval_of_accuracy_is_near_that_of_wilson():
    truth, probability = answers(1500, 2)
    hits = int((probability.argmax(1) == truth).sum())
    assert intervals(truth, probability)["accuracy"] == pytest.approx(wilson(hits, 1500), abs=2e-3)


def test_levels_of_scores_leave_the_interval_where_it_was(monkeypatch):
    truth, probability = answers(3000, 2, digits=9)
    monkeypatch.setattr(bootstrap, "SCORES", 3000)
    exact = intervals(truth, probability)
    monkeypatch.setattr(bootstrap, "SCORES", 64)
    coarse = intervals(truth, probability)
    for name in ("roc_auc", "pr_auc"):
        width = exact[name][1] - exact[name][0]
        assert coarse[name] == pytest.approx(exact[name], abs=0.05 * width)


def test_the_seed_decides_and_one_group_alone_has_no_scatter():
    truth, probability = answers(100, 2)
    assert intervals(truth, probability, seed=1) == intervals(truth, probability, seed=1)
    assert intervals(truth, probability, seed=1) != intervals(truth, probability, seed=2)
    one = intervals(truth, probability, groups=np.zeros(100, int))
    assert set(one.values()) == {None}
