from __future__ import annotations

import json

import numpy as np
import pytest

from train.judge.metrics import balanced_accuracy, confusion, summary, wilson
from train.judge.ranking import roc_auc


def answers(n: int, k: int, *, seed: int = 0, skill: float = 1.5, digits: int = 2):
    """Truth and probabilities of a middling network, with ties; the classes are not alike."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(k, n, p=np.arange(1, k + 1) / (k * (k + 1) / 2))
    scores = rng.normal(0, 1, (n, k))
    scores[np.arange(n), truth] += skill
    powers = np.exp(scores.round(digits))
    return truth, powers / powers.sum(1, keepdims=True)


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
        "pr_auc": pytest.approx(1 / 2),
    }
    assert found["roc_auc"] == pytest.approx(2 / 3)


def test_a_class_never_named_has_no_precision():
    found = summary(np.array([0, 1]), np.array([[0.9, 0.1], [0.9, 0.1]]), ("a", "b"))
    assert found["classes"]["b"]["precision"] is None
    assert found["classes"]["b"]["f1"] == 0


@pytest.mark.parametrize("k", [2, 3, 5])
def test_every_figure_equals_that_of_scikit_learn(k):
    sk = pytest.importorskip("sklearn.metrics")
    truth, probability = answers(700, k)
    predicted = probability.argmax(1)
    found = summary(truth, probability, tuple("abcde"[:k]))
    exact = {"rel": 0, "abs": 1e-12}
    areas = [sk.roc_auc_score(truth == c, probability[:, c]) for c in range(k)]
    precisions = [sk.average_precision_score(truth == c, probability[:, c]) for c in range(k)]
    wanted = {
        "accuracy": sk.accuracy_score(truth, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, predicted),
        "macro_f1": sk.f1_score(truth, predicted, average="macro"),
        "roc_auc": np.mean(areas),
        "pr_auc": np.mean(precisions),
        "matthews": sk.matthews_corrcoef(truth, predicted),
        "kappa": sk.cohen_kappa_score(truth, predicted),
        "nll": sk.log_loss(truth, probability),
    }
    assert {name: found[name] for name in wanted} == pytest.approx(wanted, **exact)
    if k == 2:
        # scikit-learn counts one of the two classes
        half = sk.brier_score_loss(truth, probability[:, 1])
        assert found["brier"] == pytest.approx(2 * half, **exact)
    if k > 3:
        assert found["top_2"] == pytest.approx(
            sk.top_k_accuracy_score(truth, probability, k=2), **exact
        )
    told = sk.precision_recall_fscore_support(truth, predicted)
    for c, one in enumerate(found["classes"].values()):
        each = [one[name] for name in ("precision", "recall", "f1", "n")]
        assert each == pytest.approx([row[c] for row in told], **exact)
        assert [one["roc_auc"], one["pr_auc"]] == pytest.approx([areas[c], precisions[c]], **exact)


def test_the_area_comes_from_scores_and_not_from_hard_labels():
    sk = pytest.importorskip("sklearn.metrics")
    truth, probability = answers(400, 2, skill=1.0)
    found = summary(truth, probability, ("other", "spiral"))
    hard = sk.roc_auc_score(truth, probability.argmax(1))
    assert hard == pytest.approx(found["balanced_accuracy"])  # which is what hard labels give
    assert found["roc_auc"] > hard + 0.03


def test_curves_are_those_of_scikit_learn_in_at_most_200_points():
    sk = pytest.importorskip("sklearn.metrics")
    truth, probability = answers(5000, 2, digits=6)
    found = summary(truth, probability, ("a", "b"))["curves"]["b"]
    fpr, tpr, _ = sk.roc_curve(truth == 1, probability[:, 1], drop_intermediate=False)
    precision, recall, _ = sk.precision_recall_curve(truth == 1, probability[:, 1])
    for curve, x, y, points in (
        (found["roc"], "fpr", "tpr", set(zip(fpr, tpr, strict=True))),
        (found["pr"], "recall", "precision", set(zip(recall, precision, strict=True))),
    ):
        assert len(curve[x]) <= 200
        assert set(zip(curve[x], curve[y], strict=True)) <= points
        assert curve[x] == sorted(curve[x])
    area = np.trapezoid(found["roc"]["tpr"], found["roc"]["fpr"])
    assert area == pytest.approx(roc_auc(truth == 1, probability[:, 1]), abs=1e-3)
    assert (found["roc"]["fpr"][0], found["roc"]["fpr"][-1]) == (0, 1)


@pytest.mark.parametrize(
    ("truth", "probability"),
    [
        ([0], [[1.0, 0.0]]),
        ([1], [[1.0, 0.0]]),
        ([0, 0, 0], [[0.9, 0.1]] * 3),
        ([0, 1], [[0.5, 0.5]] * 2),
    ],
)
def test_a_poor_test_has_no_figures_and_still_is_json(truth, probability):
    found = summary(np.array(truth), np.array(probability), ("a", "b"), temperature=2.0)
    json.dumps(found, allow_nan=False)


def test_the_order_of_the_images_does_not_matter():
    truth, probability = answers(300, 3)
    mixed = np.random.default_rng(1).permutation(300)
    one = summary(truth, probability, ("a", "b", "c"))
    two = summary(truth[mixed], probability[mixed], ("a", "b", "c"))
    for name in ("accuracy", "roc_auc", "pr_auc", "ece", "brier", "nll"):
        assert one[name] == pytest.approx(two[name], abs=1e-12)
