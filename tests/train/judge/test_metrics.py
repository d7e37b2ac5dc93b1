from __future__ import annotations

import numpy as np
import pytest

from train.judge.metrics import balanced_accuracy, confusion, roc_auc, summary, wilson


def test_confusion_counts_true_classes_in_rows():
    table = confusion(np.array([0, 0, 0, 1, 2]), np.array([0, 1, 1, 1, 0]), 3)
    assert table.tolist() == [[1, 2, 0], [0, 1, 0], [1, 0, 0]]


def test_wilson_equals_the_textbook():
    # 8 of 10, z = 1.959964: centre (0.8 + z^2/20)/(1 + z^2/10), by hand 0.71666...
    low, high = wilson(8, 10)
    z2 = 1.959964**2
    assert (low + high) / 2 == pytest.approx((0.8 + z2 / 20) / (1 + z2 / 10))
    assert (low, high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))


def test_wilson_never_leaves_zero_to_one():
    assert wilson(0, 5)[0] == 0
    assert wilson(5, 5)[1] == pytest.approx(1)
    assert wilson(5, 5)[0] == pytest.approx(5 / (5 + 1.959964**2))
    assert wilson(0, 0) == (0.0, 1.0)


def test_auc_counts_pairs_and_halves_ties():
    truth = np.array([1, 1, 0, 0, 0], bool)
    score = np.array([0.9, 0.4, 0.4, 0.3, 0.8])
    # of the 6 pairs: 0.9 wins 3; 0.4 wins 1, ties 1, loses 1
    assert roc_auc(truth, score) == pytest.approx(4.5 / 6)
    assert roc_auc(~truth, -score) == pytest.approx(4.5 / 6)


def test_auc_of_one_class_alone_is_none():
    assert roc_auc(np.array([True, True]), np.array([0.1, 0.2])) is None


def test_auc_equals_the_count_of_all_pairs():
    rng = np.random.default_rng(0)
    truth, score = rng.random(60) < 0.3, rng.integers(0, 8, 60)
    pairs = score[truth][:, None] - score[~truth][None, :]
    assert roc_auc(truth, score) == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())


def test_balanced_accuracy_leaves_absent_classes_out():
    assert balanced_accuracy(np.array([[9, 1], [0, 0]])) == pytest.approx(0.9)
    assert balanced_accuracy(np.array([[9, 1], [2, 2]])) == pytest.approx(0.7)


def test_summary_by_hand():
    truth = np.array([0, 0, 0, 1])
    probability = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    found = summary(truth, probability, ("a", "b"))
    assert found["accuracy"] == 0.75
    assert found["confusion"] == [[2, 1], [0, 1]]
    assert found["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["classes"]["b"] == {
        "n": 1,
        "precision": 0.5,
        "recall": 1.0,
        "f1": pytest.approx(2 / 3),
        "roc_auc": pytest.approx(2 / 3),
    }
    assert found["roc_auc"] == pytest.approx(2 / 3)


def test_a_class_never_named_has_no_precision():
    found = summary(np.array([0, 1]), np.array([[0.9, 0.1], [0.9, 0.1]]), ("a", "b"))
    assert found["classes"]["b"]["precision"] is None
    assert found["classes"]["b"]["f1"] == 0
