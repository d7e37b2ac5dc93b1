from __future__ import annotations

import numpy as np

from train.judge.metrics import summary
from train.show.report import render


def metrics(**changes) -> dict:
    """What a run tells, without figures."""
    truth, answer = np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    known = {
        "root": "dataset/split",
        "splits": {"train": {"a": 9, "b": 8}, "val": {"a": 1, "b": 1}, "test": {"a": 1, "b": 2}},
        "groups": 12,
        "leaking_pairs": 0,
        "manifest_sha256": ["c0ffee" * 8],
        "test_images_also_in_train_or_val": 0,
        "unreadable": [],
        "warnings": [],
    }
    told = {
        "test": summary(truth, answer, ("a", "b")),
        "origin": "SDSS DR17 through SkyServer",
        "simulated": False,
        "seed": 0,
        "config": {"epochs": 1},
        "parameters": 588_042,
        "best_epoch": 1,
        "batch": 8,
        "device": "CPU",
        "training_seconds": 3.0,
        "images_per_s": 40.0,
        "history": [{"epoch": 1, "lr": 1e-3, "loss": 0.5, "train_accuracy": 0.8}],
        "versions": {"torch": "2.4"},
    }
    data = {**known, **changes.pop("data", {})}
    return {**told, "data": data, **changes}


def test_a_real_run_is_not_called_simulated(tmp_path):
    page = render(metrics(), tmp_path)
    assert "imulated" not in page
    assert "SDSS DR17 through SkyServer" in page
    assert "12 groups, none torn apart" in page
    assert "0.6667" in page


def test_leaks_and_broken_files_are_said(tmp_path):
    broken = [{"file": "train/a/1.jpg", "reason": "the file is empty"}]
    page = render(metrics(data={"leaking_pairs": 7, "unreadable": broken}), tmp_path)
    assert "7 pairs of overlapping or equal images stand on two sides" in page
    assert "train/a/1.jpg (the file is empty)" in page


def test_a_split_without_a_check_is_said(tmp_path):
    page = render(metrics(data={"leaking_pairs": None, "groups": None}), tmp_path)
    assert "Footprint check of the split:\nnone is known." in page


def test_what_the_split_could_not_compare_is_said(tmp_path):
    page = render(metrics(data={"without_footprint": 3877}), tmp_path)
    assert "For 3,877 images position or scale is unknown" in page
    assert "could not be measured" not in render(metrics(), tmp_path)


def test_names_cannot_become_html(tmp_path):
    page = render(metrics(origin="<script>alert(1)</script>"), tmp_path)
    assert "<script>" not in page
