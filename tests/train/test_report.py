from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from galaxycurate.errors import InputError
from train.cli import run
from train.judge.metrics import summary
from train.report import report


@pytest.fixture
def moved(shown_run, tmp_path):
    """A finished run in another place."""
    return shutil.copytree(shown_run, tmp_path / "moved")


def test_a_report_is_made_anew_as_it_was(moved):
    before = (moved / "report.html").read_text()
    figures = (moved / "metrics.json").read_text()
    for lost in ("report.html", "confusion.png", "misclassified.png"):
        (moved / lost).unlink()
    shutil.rmtree(moved / "examples")
    shutil.rmtree(moved / "activations")
    assert report(moved, device="cpu") == ()
    assert (moved / "report.html").read_text() == before
    assert (moved / "metrics.json").read_text() == figures
    assert (moved / "misclassified.png").is_file()


def test_without_the_images_those_of_the_run_are_shown(moved, tmp_path):
    pictures = (moved / "report.html").read_text().count("<img")
    (missing,) = report(moved, data=tmp_path / "nowhere", device="cpu")
    page = (moved / "report.html").read_text()
    assert "those of the run are shown: no test image lies in" in missing
    assert page.count("<img") == pictures
    assert "No pictures could be made anew" in page


def test_without_images_examples_and_network_the_figures_are_left(moved, tmp_path):
    shutil.rmtree(moved / "examples")
    (moved / "galaxy_cnn_225.pth").unlink()
    (missing,) = report(moved, device="cpu")
    assert "none are shown: no such checkpoint" in missing
    assert "Confusion matrix" in (moved / "report.html").read_text()


def test_some_lost_images_are_counted(moved, tree_root, tmp_path):
    tree = shutil.copytree(tree_root, tmp_path / "tree")
    for lost in sorted((tree / "test" / "bar").iterdir())[:3]:
        lost.unlink()
    (missing,) = report(moved, data=tree, device="cpu")
    assert missing == f"3 of 16 test images are not in {tree} any more."


def test_an_older_run_gets_the_check_of_colour(moved):
    path = moved / "metrics.json"
    old = json.loads(path.read_text())
    for name in ("colour", "task", "checkpoint"):
        del old[name]
    path.write_text(json.dumps(old))
    report(moved, device="cpu")
    assert "Shape or colour?" in (moved / "report.html").read_text()
    assert json.loads(path.read_text())["colour"]["n"] == 16


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no finished run"):
        report(tmp_path)


def test_the_command_says_where_the_report_lies(moved, capsys):
    assert run(["report", str(moved), "--device", "cpu"]) == 0
    assert capsys.readouterr().out == f"{moved / 'report.html'}\n"


def test_folds_are_reported_with_their_doubts(tree_root, tmp_path):
    truth, answers = np.array([0, 1, 1, 0]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [1, 0]])
    scatter = {"mean": 0.75, "std": 0.05, "each": [0.7, 0.8]}
    folds = {
        "folds": 2,
        "held_out": "test",
        "split_kind": "k-fold, no groups known",
        "origin": "simulated discs and bars",
        "simulated": True,
        "metrics": {"balanced_accuracy": scatter},
        "pooled": summary(truth, answers, ("bar", "disc")),
    }
    (tmp_path / "folds.json").write_text(json.dumps(folds))
    head = "rank,path,objID,label,suggested,p_label,p_suggested,score,issue\n"
    lines = ["1,test/bar/000.jpg,,bar,disc,0.1,0.9,-0.8,yes\n", "2,gone.jpg,,bar,disc,,,,no\n"]
    (tmp_path / "label_noise.csv").write_text(head + "".join(lines))
    assert report(tmp_path, data=tree_root) == ()
    page = (tmp_path / "report.html").read_text()
    assert "held out, 2 folds together" in page
    assert "balanced accuracy</th><td>0.7500</td><td>0.0500</td><td>0.7000</td>" in page
    assert page.count("<img") == 1
    assert "1 label that confident learning counts as wrong, among 2" in page


def test_metrics_that_are_none_are_refused(tmp_path):
    (tmp_path / "metrics.json").write_text('{"test": 1}')
    with pytest.raises(InputError, match="holds no finished run"):
        report(tmp_path)
