"""A challenge in small, simulated: learnt, tested, told, asked again."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from galaxycurate.errors import InputError
from tests.train.voted import write_challenge
from train.cli import run
from train.data.vote_table import read_votes
from train.data.votes import COLUMNS, KINDS, misses
from train.explain import explain
from train.export import export
from train.fit import Place, fit
from train.infer import evaluate
from train.recipe.presets import preset
from train.recipe.settings import changed

QUICK = {
    "network.name": "tiny-4",
    "size_px": 32,
    "zoom": 1.0,
    "epochs": 14,
    "batch": 16,
    "lr": 0.01,
    "views": 2,
    "calibration_batches": 2,
}


@pytest.fixture(scope="module")
def config():
    return changed(preset("gz-challenge-37"), QUICK)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_challenge(tmp_path_factory.mktemp("challenge"), 360)


@pytest.fixture(scope="module")
def finished(config, folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    said: list[str] = []
    return out, fit(config, Place(folder, out, "cpu"), say=said.append), said


def test_votes_are_learnt_far_better_than_their_mean(finished):
    _, metrics, _ = finished
    test = metrics["test"]
    assert test["rmse"] < 0.6 * test["baseline_rmse"]
    assert test["first_question"] > 0.85
    least = min(metrics["history"], key=lambda epoch: epoch["val_rmse"])
    assert metrics["best_epoch"] == least["epoch"]


def test_the_report_tells_the_error_of_every_answer(finished):
    out, metrics, _ = finished
    page = (out / "report.html").read_text()
    assert f"{metrics['test']['rmse']:.4f}" in page
    assert "more than 4" in page
    assert "the network against the volunteers" in page
    assert "cross-entropy" not in page
    assert "<strong>Simulated pixels.</strong>" in page
    assert json.loads((out / "metrics.json").read_text()) == metrics


def test_predictions_have_the_form_of_the_challenge_and_agree_with_the_tree(finished):
    out, metrics, _ = finished
    with (out / "predictions.csv").open() as file:
        head, *lines = csv.reader(file)
    assert head == ["GalaxyID", *COLUMNS]
    assert len(lines) == metrics["test"]["n"]
    assert np.abs(misses(np.array(lines)[:, 1:].astype(float))).max() < 1e-6


def test_a_halted_run_goes_on_as_an_unbroken_one(config, folder, tmp_path):
    steady = changed(config, {"schedule": "constant", "warmup_epochs": 0.0})
    place = Place(folder, tmp_path, "cpu")
    fit(changed(steady, {"epochs": 1}), place)
    went_on = fit(changed(steady, {"epochs": 2}), place, resume=True)
    unbroken = fit(changed(steady, {"epochs": 2}), Place(folder, tmp_path / "whole", "cpu"))
    assert went_on["test"] == unbroken["test"]


def test_the_checkpoint_is_tested_on_a_folder_and_writes_a_submission(
    finished, folder, tmp_path, capsys
):
    out, _, _ = finished
    network = out / "gz-challenge-37.pth"
    found = evaluate(network, folder, device="cpu")
    assert found["n"] == 360
    assert found["split"] == "all"
    assert found["rmse"] < 0.6 * found["baseline_rmse"]
    assert run(["eval", str(network), "--data", str(folder), "--device", "cpu"]) == 0
    assert "11 how many arms?" in capsys.readouterr().out
    mine = tmp_path / "mine.csv"
    assert run(["predict", str(network), str(folder), "--csv", str(mine), "--device", "cpu"]) == 0
    with mine.open() as file:
        head, *lines = csv.reader(file)
    assert head[:2] == ["GalaxyID", "Class1.1"]
    assert sorted(line[0] for line in lines) == sorted(path.stem for path in folder.glob("*.jpg"))


def test_the_real_images_of_the_challenge_are_answered(finished, shared_data, tmp_path):
    out, _, _ = finished
    images, mine = shared_data / "images" / "kaggle_gz", tmp_path / "mine.csv"
    words = ["predict", str(out / "gz-challenge-37.pth"), str(images), "--csv", str(mine)]
    assert run([*words, "--device", "cpu"]) == 0
    with mine.open() as file:
        lines = list(csv.reader(file))[1:]
    assert len(lines) == 200
    assert np.abs(misses(np.array(lines)[:, 1:].astype(float))).max() < 1e-6


def test_the_network_is_exported_with_its_tree(finished, tmp_path):
    out, _, _ = finished
    written = export(out / "gz-challenge-37.pth", "pt2", tmp_path / "votes.pt2")
    assert json.loads(written.facts["classes"]) == list(COLUMNS)
    assert written.difference < 1e-4


def test_without_a_table_nothing_is_trained(config, tmp_path):
    (tmp_path / "images").mkdir()
    with pytest.raises(InputError, match="no vote fractions") as caught:
        fit(config, Place(tmp_path / "images", tmp_path / "out", "cpu"))
    assert "training_solutions_rev1.csv" in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_explain_names_the_leading_answer_to_the_first_question(finished, folder, tmp_path):
    out, _, _ = finished
    tree, _ = read_votes(folder)
    files = [folder / tree.files[int((tree.label == label).argmax())] for label in (0, 1)]
    found = explain(out / "gz-challenge-37.pth", files, tmp_path, device="cpu")
    for one in found["images"]:
        first = one["probability"][: len(KINDS)]
        assert one["answer"] == KINDS[int(np.argmax(first))]
        assert one["surety"] == max(first)
    assert {one["answer"] for one in found["images"]} <= set(KINDS)


def test_the_report_says_what_its_pictures_and_epochs_are_of(finished):
    out, metrics, _ = finished
    page = (out / "report.html").read_text()
    assert f"37 vote fractions; {metrics['parameters']:,} parameters" in page
    assert "Pictures are of the first question alone" in page
    assert f"<td>{metrics['history'][0]['val_rmse']:.4f}</td>" in page
    assert '<th scope="col">val RMSE</th>' in page
    assert '<th scope="col">val balanced</th>' not in page
    assert '<span class="name" title="smooth">' in page
