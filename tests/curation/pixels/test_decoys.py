"""The estimated share of false pairs holds, on simulated scores with known truth."""

import numpy as np

from galaxycurate.curation.pixels.decoys import q_values


def _search(seed: int, n_true: int, n_chance: int, n_decoys: int):
    rng = np.random.default_rng(seed)
    floor = lambda n: 6 + rng.exponential(2.0, n)  # noqa: E731
    targets = np.concatenate([rng.normal(40, 12, n_true).clip(6), floor(n_chance)])
    return targets, np.arange(targets.size) < n_true, floor(n_decoys)


def test_the_share_of_false_ones_is_what_q_says():
    for bound in (0.01, 0.05, 0.2):
        shares = []
        for seed in range(60):
            targets, true, decoys = _search(seed, 600, 400, 400)
            kept = q_values(targets, decoys) <= bound
            shares.append(np.mean(~true[kept]))
        assert 0.4 * bound < np.mean(shares) < 1.35 * bound


def test_fewer_decoy_comparisons_are_scaled_up():
    targets, true, decoys = _search(3, 600, 4000, 1000)
    kept = q_values(targets, decoys, share=0.25) <= 0.05
    assert 0.02 < np.mean(~true[kept]) < 0.09
    assert kept[true].mean() > 0.9


def test_q_never_rises_with_the_score_and_equal_scores_are_equal():
    targets, _, decoys = _search(4, 300, 500, 500)
    targets = np.round(targets)
    q = q_values(targets, decoys)
    order = np.argsort(targets)
    assert (np.diff(q[order]) <= 1e-12).all()
    for value in np.unique(targets):
        assert np.unique(q[targets == value]).size == 1
    assert q.min() >= 0
    assert q.max() <= 1


def test_nothing_found_and_no_decoys():
    assert q_values(np.empty(0), np.array([7.0])).size == 0
    q = q_values(np.array([6.0, 30.0]), np.empty(0))
    assert q[0] == 0.5
    assert q[1] < 1e-6


def test_only_chance_is_reported_as_chance():
    targets, _, decoys = _search(5, 0, 800, 800)
    assert (q_values(targets, decoys) > 0.2).mean() > 0.99
