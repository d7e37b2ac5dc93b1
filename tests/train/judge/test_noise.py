from __future__ import annotations

import builtins
import csv

import numpy as np
import pytest

from galaxycurate.errors import InputError
from train.judge.noise import COLUMNS, doubts, write_doubts


def planted(n: int = 600, *, seed: int = 0):
    """Labels of which 5 % are wrong, and what a good network answers."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, n)
    scores = rng.normal(0, 1, (n, 3))
    scores[np.arange(n), truth] += 4
    probability = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    wrong = rng.permutation(n)[: n // 20]
    label = truth.copy()
    label[wrong] = (truth[wrong] + 1) % 3
    return label, truth, probability, wrong


def test_planted_labels_come_first_with_the_class_they_should_have():
    pytest.importorskip("cleanlab")
    label, truth, probability, wrong = planted()
    found = doubts(label, probability)
    top = found.rows[: wrong.size]
    assert np.isin(top, wrong).mean() >= 0.8
    assert found.issue[: wrong.size].mean() >= 0.8
    hit = np.isin(found.rows, wrong)
    assert (found.suggested[hit] == truth[found.rows[hit]]).mean() > 0.9
    assert (np.diff(found.score) >= 0).all()
    assert np.isin(np.flatnonzero(probability.argmax(1) != label), found.rows).all()


def test_the_list_has_the_columns_that_review_opens(tmp_path):
    pytest.importorskip("cleanlab")
    label, _, probability, _ = planted(80)
    names = [f"train/a/{587722952767439450 + row}.jpeg" for row in range(79)] + ["train/a/x_12.jpg"]
    found = doubts(label, probability)
    write_doubts(tmp_path / "list.csv", found, names, ("a", "b", "c"), label, probability)
    with (tmp_path / "list.csv").open() as file:
        reader = csv.DictReader(file)
        lines = list(reader)
        assert tuple(reader.fieldnames) == COLUMNS
    for line, row in zip(lines, found.rows, strict=True):
        assert line["path"] == names[row]
        # as text, whole: an objID through a float would be another one
        assert line["objID"] == (str(587722952767439450 + row) if row < 79 else "")
        assert line["label"] == "abc"[label[row]]
        difference = float(line["p_label"]) - float(line["p_suggested"])
        assert float(line["score"]) == pytest.approx(difference, abs=2e-6)


def test_without_cleanlab_it_is_said_in_a_line(monkeypatch):
    imported = builtins.__import__

    def without(name, *rest, **more):
        if name.startswith("cleanlab"):
            raise ImportError(name)
        return imported(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    label, _, probability, _ = planted(80)
    with pytest.raises(InputError, match="cleanlab is not installed") as caught:
        doubts(label, probability)
    assert caught.value.hint == "pip install cleanlab"
