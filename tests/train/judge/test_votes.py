from __future__ import annotations

import csv

import numpy as np
import pytest

from tests.train.voted import cumulative, shares
from train.data.votes import COLUMNS
from train.judge.votes import doubt, summary, tables, write_submission

RNG = np.random.default_rng(0)
TRUTH = np.array([cumulative(shares(*RNG.uniform(0, 1, 4))) for _ in range(300)])
MEAN = TRUTH.mean(0)


def test_the_mean_of_all_has_the_error_of_the_baseline():
    found = summary(TRUTH, np.broadcast_to(MEAN, TRUTH.shape), MEAN)
    assert found["rmse"] == found["baseline_rmse"]
    assert found["rmse"] == pytest.approx(np.sqrt(TRUTH.var(0).mean()))
    low, high = found["intervals"]["rmse"]
    assert low < found["rmse"] < high


def test_the_interval_widens_where_images_share_sky():
    noisy = TRUTH + RNG.normal(0, 0.02, (60, 1)).repeat(5, 0)
    alone = summary(TRUTH, noisy, MEAN)
    grouped = summary(TRUTH, noisy, MEAN, groups=np.arange(60).repeat(5))
    assert grouped["resampled"] == {"what": "groups", "n": 60}
    assert np.ptp(grouped["intervals"]["rmse"]) > 1.3 * np.ptp(alone["intervals"]["rmse"])


def test_the_questions_and_answers_add_up_to_the_whole():
    answers = TRUTH + RNG.normal(0, 0.05, TRUTH.shape)
    found, whole = tables(TRUTH, answers, MEAN), summary(TRUTH, answers, MEAN)
    each = np.array([row["rmse"] for row in found["rows"]])
    assert np.sqrt((each**2).mean()) == pytest.approx(whole["rmse"])
    assert [row["column"] for row in found["rows"]] == list(COLUMNS)
    sizes = [3, 2, 2, 2, 4, 2, 3, 7, 3, 3, 6]
    squares = [size * one["rmse"] ** 2 for size, one in zip(sizes, found["questions"], strict=True)]
    assert np.sqrt(sum(squares) / 37) == pytest.approx(whole["rmse"])
    assert len(found["scatter"]) == 740


def test_a_submission_has_the_challenges_form(tmp_path):
    write_submission(tmp_path / "mine.csv", ["a/100008.jpg", "100023.jpg"], TRUTH[:2])
    with (tmp_path / "mine.csv").open() as file:
        head, *lines = csv.reader(file)
    assert head == ["GalaxyID", *COLUMNS]
    assert [line[0] for line in lines] == ["100008", "100023"]
    assert np.array(lines)[:, 1:].astype(float) == pytest.approx(TRUTH[:2], abs=1e-8)


def test_a_network_that_does_not_beat_the_mean_is_said_to():
    good = summary(TRUTH, TRUTH + RNG.normal(0, 0.05, TRUTH.shape), MEAN)
    assert doubt(good) == ""
    bad = summary(TRUTH, TRUTH + RNG.normal(0, 0.3, TRUTH.shape), MEAN)
    assert doubt(bad).startswith("The network is no better than answering the mean of train")
    close = {"rmse": 0.18, "baseline_rmse": 0.19, "intervals": {"rmse": [0.17, 0.2]}}
    assert "not certain" in doubt(close)
