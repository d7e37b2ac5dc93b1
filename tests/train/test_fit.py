from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from galaxycurate.errors import InputError, SettingError, UsageError
from tests.train.shapes import write_tree
from train.fit import Place, fit
from train.infer import evaluate
from train.recipe.settings import changed

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture
def finished(long_run):
    """A finished run on discs and bars: its folder, its metrics, what it said."""
    return long_run


def test_discs_and_bars_are_learnt(finished):
    _, metrics, _ = finished
    assert metrics["test"]["accuracy"] > 0.9
    assert metrics["test"]["n"] == 16


def test_every_file_is_written(finished):
    out, _, _ = finished
    expected = ["galaxy_cnn_225.pth", "metrics.json", "predictions.csv", "report.html"]
    expected += ["confusion.png", "curves.png", "misclassified.png", "last.pth"]
    expected += [f"activations/layer{n}.png" for n in range(1, 6)]
    assert all((out / name).stat().st_size > 0 for name in expected)
    assert not list(out.rglob("*.part*"))


def test_metrics_tell_what_was_done(finished):
    out, metrics, _ = finished
    assert json.loads((out / "metrics.json").read_text()) == metrics
    assert metrics["simulated"] is True
    assert metrics["data"]["leaking_pairs"] == 0
    assert metrics["data"]["splits"]["train"] == {"bar": 32, "disc": 32}
    assert len(metrics["history"]) == 8
    assert metrics["versions"]["torch"].startswith(torch.__version__.split("+")[0])


def test_predictions_add_up_to_the_accuracy(finished):
    out, metrics, _ = finished
    with (out / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    right = sum(row["true"] == row["class"] for row in rows)
    assert right / len(rows) == metrics["test"]["accuracy"]
    assert all(abs(float(r["p_bar"]) + float(r["p_disc"]) - 1) < 2e-4 for r in rows)
    assert rows[0]["name"] == "test/bar/000.jpg"


def test_the_report_is_one_page_that_says_simulated(finished):
    out, metrics, _ = finished
    page = (out / "report.html").read_text()
    assert "<strong>Simulated pixels.</strong>" in page
    assert f"{metrics['test']['accuracy']:.4f}" in page
    assert "0 pairs of overlapping or equal images" in page
    assert "Lintott et al. 2008" in page
    assert page.count("data:image/jpeg;base64,") > 20
    assert "http://" not in page
    assert 'src="http' not in page
    assert len(page) < 3_000_000


def test_the_checkpoint_answers_as_the_run_did(finished, tree_root):
    out, metrics, _ = finished
    torch.load(out / "galaxy_cnn_225.pth", weights_only=True)
    found = evaluate(out / "galaxy_cnn_225.pth", tree_root, device="cpu")
    assert found["confusion"] == metrics["test"]["confusion"]
    assert found["roc_auc"] == pytest.approx(metrics["test"]["roc_auc"], abs=0.02)


def test_repeating_a_finished_run_does_nothing(finished, tree_root, quick):
    out, metrics, _ = finished
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    said: list[str] = []
    again = fit(replace(quick, epochs=8), Place(tree_root, out, "cpu"), say=said.append)
    assert again == metrics
    assert said[-1] == f"this run is finished: {out}; --restart trains it anew"
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_another_recipe_or_other_images_do_not_replace_a_run(finished, tree_root, quick, tmp_path):
    out, _, _ = finished
    with pytest.raises(
        SettingError, match=r"holds another run \(optim.lr 0.001, now 0.01\)"
    ) as caught:
        fit(changed(quick, {"epochs": 8, "lr": 0.01}), Place(tree_root, out, "cpu"))
    assert "--restart" in caught.value.hint
    with pytest.raises(SettingError, match=r"\(epochs 8, now 4\)"):
        fit(quick, Place(tree_root, out, "cpu"))
    copied = tmp_path / "out"
    shutil.copytree(out, copied)
    other = write_tree(tmp_path / "other", seed=9)
    with pytest.raises(SettingError, match=r"\(on other images\)"):
        fit(replace(quick, epochs=8), Place(other, copied, "cpu"))


@pytest.fixture(scope="module")
def unbroken(tree_root, quick, tmp_path_factory):
    """The metrics of three epochs in one go."""
    return fit(replace(quick, epochs=3), Place(tree_root, tmp_path_factory.mktemp("a"), "cpu"))


def test_more_epochs_go_on_from_a_finished_run(tree_root, quick, unbroken, tmp_path):
    said: list[str] = []
    place = Place(tree_root, tmp_path, "cpu")
    short = fit(replace(quick, epochs=1), place)
    longer = fit(replace(quick, epochs=3), place, say=said.append)
    assert "going on after epoch 1" in said
    assert _timeless(longer) == _timeless(unbroken)
    again = fit(replace(quick, epochs=1), place, restart=True)
    assert _timeless(again) == _timeless(short)


def test_resume_needs_a_run(tree_root, quick, tmp_path):
    with pytest.raises(UsageError, match="nothing to resume"):
        fit(quick, Place(tree_root, tmp_path, "cpu"), resume=True)


def test_broken_files_are_left_out_and_named(tree_root, quick, tmp_path):
    root = tmp_path / "tree"
    shutil.copytree(tree_root, root)
    (root / "train/bar/000.jpg").write_bytes(b"<html>busy</html>")
    (root / "test/disc/001.jpg").write_bytes(b"")
    said: list[str] = []
    metrics = fit(replace(quick, epochs=1), Place(root, tmp_path / "out", "cpu"), say=said.append)
    assert metrics["test"]["n"] == 15
    assert metrics["data"]["unreadable"] == [
        {"file": "train/bar/000.jpg", "reason": "not an image"},
        {"file": "test/disc/001.jpg", "reason": "the file is empty"},
    ]
    assert "warning: 2 of 96 files cannot be read; left out:" in said


def test_a_tree_of_broken_files_is_refused(tree_root, quick, tmp_path):
    root = tmp_path / "tree"
    shutil.copytree(tree_root, root)
    for path in (root / "train/disc").iterdir():
        path.write_bytes(b"")
    with pytest.raises(InputError, match=r"no image of .*disc can be read"):
        fit(quick, Place(root, tmp_path / "out", "cpu"))


def test_a_killed_run_ends_as_an_unbroken_one(tree_root, quick, unbroken, tmp_path):
    words = [sys.executable, "-m", "train", "fit", "--data", str(tree_root), "--device", "cpu"]
    words += ["--epochs", "3", "--batch", "16"]
    for setting in ("steps_share=2", "size_px=32", "calibration_batches=2"):
        words += ["--set", setting]
    out = tmp_path / "killed"
    process = subprocess.Popen(
        [*words, "--out", str(out)], cwd=ROOT, stderr=subprocess.PIPE, text=True, env=ONE_THREAD
    )
    for line in process.stderr:
        if line.startswith("epoch 1"):
            os.kill(process.pid, signal.SIGKILL)
            break
    process.wait()
    assert not (out / "metrics.json").exists()
    continued = fit(replace(quick, epochs=3), Place(tree_root, out, "cpu"), resume=True)
    assert _timeless(continued) == _timeless(unbroken)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_discs_and_bars_are_learnt_on_a_gpu(tree_root, quick, tmp_path):
    metrics = fit(replace(quick, epochs=8), Place(tree_root, tmp_path, "cuda"))
    assert metrics["test"]["accuracy"] > 0.9
    assert "float16" in metrics["device"]  # bfloat16, or float16 on older ones


def _timeless(metrics: dict) -> dict:
    clock = ("seconds", "images_per_s")
    history = [{k: v for k, v in e.items() if k not in clock} for e in metrics["history"]]
    return {"test": metrics["test"], "history": history, "best": metrics["best_epoch"]}
