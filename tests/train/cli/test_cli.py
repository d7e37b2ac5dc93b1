from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from galaxycurate.errors import GalaxyCurateError
from train.cli import run
from train.cli.fit import recipe, recipe_words
from train.cli.words import Parser, as_json
from train.learn.checkpoint import Trained, save
from train.networks.galaxy_cnn import GalaxyCNN
from train.recipe.config import Config, Data

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def network(tmp_path):
    """An untrained network of bars and discs."""
    grey = np.full(3, 20, np.float32)
    config = Config(data=Data(size_px=32))
    path = tmp_path / "net.pth"
    save(path, Trained(GalaxyCNN(2).eval(), config, ("bar", "disc"), grey, grey, "simulated"))
    return path


@pytest.mark.parametrize("words", [["--help"], ["fit", "--help"], ["predict", "-h"]])
def test_help_needs_no_torch(words):
    code = (
        "import sys\nfrom train.cli import run\n"
        f"try:\n    run({words!r})\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'numpy', 'cv2', 'matplotlib', 'pandas'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Example: python -m train" in done.stdout


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["fti"], "no command fti", "did you mean fit?"),
        (["zzz"], "no command zzz", "commands: fit, eval, predict"),
        (["--epoch", "3"], "unrecognized arguments: --epoch 3", "did you mean --epochs?"),
        (["--epochs", "many"], "--epochs takes a whole number, not many", "--help"),
        (["--lr", "fast"], "--lr takes a number, not fast", "--help"),
        (["--workers", "two"], "--workers takes a whole number of at least 1, not two", "--help"),
        (["--nosuch"], "unrecognized arguments: --nosuch", "--help"),
        (["nosuch"], "no command nosuch", "commands: fit, eval"),
        (["--epochs", "0"], "epochs = 0 is outside 1 to 10000", "epochs=6"),
        (["--lr", "3"], "optim.lr = 3 is outside 1e-08 to 1", "lr=0.001"),
        (["--set", "shfit=0.1"], "no setting is called shfit", "did you mean shift?"),
        (["--set", "preset=../evil"], "--set cannot change the preset", "--preset NAME"),
        (
            ["bench", "--seconds", "0"],
            "--seconds takes a number of seconds above 0, not 0",
            "--help",
        ),
        (
            ["bench", "--seconds", "nan"],
            "--seconds takes a number of seconds above 0, not nan",
            "--help",
        ),
        (["bench", "--preset", "numpy-cnn"], "bench times networks of torch", "--preset tiny-4"),
        (["export", "net.npz"], "net.npz is of numpy-cnn", "numpy.load"),
        (["report", "."], ". holds no finished run", "python -m train fit"),
        (["folds", "--resume"], "nothing to resume in training", "leave out --resume"),
        (["--workers", "0"], "--workers takes a whole number of at least 1, not 0", "--help"),
        (["--config", "absent.toml"], "cannot read absent.toml", "--config takes a TOML file"),
        (["--data", "absent"], "no such folder: absent", "galaxycurate split"),
        (["--device", "cuda:77"], "no device cuda:77", "--device cpu"),
        (["--resume", "--restart"], "--restart: not allowed with", "--help"),
        (["eval"], "the following arguments are required: checkpoint", "--help"),
        (["eval", "absent.pth"], "no such checkpoint: absent.pth", "python -m train"),
        (
            ["eval", "a.pth", "--split", "all"],
            "--split takes one of train, val, test, not",
            "--help",
        ),
        (["predict", "absent.pth", "x"], "no such checkpoint: absent.pth", "python -m train"),
    ],
)
def test_a_wrong_use_gets_a_line_a_hint_and_touches_nothing(
    words, message, hint, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert run(words) == 2
    out, err = capsys.readouterr()
    first, second = err.strip().splitlines()
    assert first.startswith(f"train: {message}")
    assert second.startswith("  hint: ")
    assert hint in second
    assert out == ""
    assert not list(tmp_path.iterdir())


def test_an_unwritable_folder_is_a_failure(tree_root, tmp_path, capsys):
    (tmp_path / "out").write_text("in the way")
    assert run(["--data", str(tree_root), "--out", str(tmp_path / "out")]) == 1
    assert "train: cannot write" in capsys.readouterr().err


def test_fit_answers_on_stdout_and_talks_on_stderr(tree_root, tmp_path, capsys):
    words = ["--data", str(tree_root), "--out", str(tmp_path), "--epochs", "1", "--device", "cpu"]
    words += ["--set", "size_px=32", "--set", "calibration_batches=2"]
    assert run(words) == 0
    out, err = capsys.readouterr()
    assert re.match(r"test accuracy [01]\.\d{4} \(95 % ", out)
    assert "n = 16 (simulated pixels)" in out.splitlines()[0]
    assert out.splitlines()[4].split() == ["true", "bar", "disc"]
    assert f"next: open {tmp_path / 'report.html'}" in out
    assert "epoch 1 of 1: loss" in err
    assert run([*words, "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["test"]["n"] == 16
    assert "this run is finished" in err


def test_eval_tells_the_accuracy_of_a_split(network, tree_root, capsys):
    assert run(["eval", str(network), "--data", str(tree_root), "--split", "val", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["split"], found["simulated"]) == (16, "val", True)
    assert sum(map(sum, found["confusion"])) == 16


def test_eval_refuses_classes_it_does_not_know(network, tmp_path, tree_root, capsys):
    for name in ("bar", "ring"):
        (tmp_path / "tree" / name).mkdir(parents=True)
        source = tree_root / "test" / "bar" / "000.jpg"
        (tmp_path / "tree" / name / "a.jpg").write_bytes(source.read_bytes())
    assert run(["eval", str(network), "--data", str(tmp_path / "tree")]) == 2
    assert "knows no class ring" in capsys.readouterr().err


def test_predict_names_every_image(network, tree_root, tmp_path, capsys):
    folder = tree_root / "test" / "bar"
    assert run(["predict", str(network), str(folder)]) == 0
    out, err = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["name"] for row in rows] == [str(p) for p in sorted(folder.iterdir())]
    assert set(rows[0]) == {"name", "class", "p_bar", "p_disc"}
    assert "this network learnt from simulated pixels" in err
    target = tmp_path / "named.csv"
    assert run(["predict", str(network), str(folder), "--csv", str(target)]) == 0
    assert target.read_text() == out


def test_predict_goes_on_after_a_broken_file(network, tree_root, tmp_path, capsys):
    good = tree_root / "test" / "bar" / "000.jpg"
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"")
    assert run(["predict", str(network), str(broken), str(good), "--json"]) == 3
    out, err = capsys.readouterr()
    (row,) = json.loads(out)
    assert row["name"] == str(good)
    assert sum(row["probability"].values()) == pytest.approx(1, abs=1e-5)
    assert f"warning: {broken}: the file is empty" in err


def test_predict_wants_images(network, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert run(["predict", str(network), str(tmp_path / "empty")]) == 2
    assert "no images in" in capsys.readouterr().err


def test_an_interrupted_run_says_how_to_go_on(tree_root, tmp_path):
    words = ["--data", str(tree_root), "--out", str(tmp_path), "--set", "size_px=32"]
    process = subprocess.Popen(
        [sys.executable, "-m", "train", *words, "--epochs", "2000"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        # who starts the tests in the background has this signal ignored, by all that they start
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    said = []
    try:
        for line in process.stderr:
            said.append(line)
            if line.startswith("epoch 1"):
                time.sleep(0.2)
                process.send_signal(signal.SIGINT)
                break
        said += process.communicate(timeout=60)[1].splitlines(keepends=True)
    finally:
        process.kill()
    assert process.returncode == 130
    assert said[-2:] == [
        "train: interrupted\n",
        "  hint: run the same command again: fit goes on after its last finished epoch\n",
    ]


def test_a_preset_is_what_is_trained_whatever_the_file_began_from(tmp_path):
    (tmp_path / "mine.toml").write_text('preset = "keras-cnn"\nepochs = 2\n')
    words = ["--config", str(tmp_path / "mine.toml")]
    parser = Parser()
    recipe_words(parser)
    from_file, asked = (
        recipe(parser.parse_args([*words, *more])) for more in ([], ["--preset", "tiny-4"])
    )
    assert (from_file.preset, from_file.network.name, from_file.epochs) == (*["keras-cnn"] * 2, 2)
    assert (asked.preset, asked.network.name, asked.epochs) == ("tiny-4", "tiny-4", 2)


def test_a_network_that_learnt_no_numbers_is_no_success(network, tree_root, capsys):
    content = torch.load(network, weights_only=True)
    content["state_dict"]["head.weight"][:] = float("nan")
    torch.save(content, network)
    folder = str(tree_root / "test" / "bar")
    for words in (["predict", str(network), folder], ["eval", str(network), "--data", folder]):
        words = [*words, "--json", "--device", "cpu"]
        if words[0] == "eval":
            words[words.index(folder)] = str(tree_root)
        assert run(words) == 1
        out, err = capsys.readouterr()
        assert "with what is no number" in err
        assert out == ""


def test_json_knows_no_nan():
    with pytest.raises(GalaxyCurateError, match="not finite"):
        as_json({"accuracy": float("nan")})


def test_fit_tells_by_its_exit_code_that_files_were_left_out(tree_root, tmp_path, capsys):
    root = tmp_path / "tree"
    shutil.copytree(tree_root, root)
    (root / "train/bar/000.jpg").write_bytes(b"")
    words = ["--data", str(root), "--out", str(tmp_path / "out"), "--epochs", "1"]
    words += ["--set", "size_px=32", "--preset", "tiny-4", "--device", "cpu"]
    for again in ([], ["--json"]):  # trained, then found finished
        assert run([*words, *again]) == 3
    assert "000.jpg" in (tmp_path / "out" / "metrics.json").read_text()
    assert "1 of the files could not be read and were left out" in capsys.readouterr().err


def test_a_large_image_gets_no_warning_of_a_library(network, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 900)
    Image.new("RGB", (40, 40)).save(tmp_path / "large.png")  # PIL warns from here to the double
    words = ["predict", str(network), str(tmp_path / "large.png"), "--device", "cpu"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run(words) == 0
    assert "DecompressionBomb" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "network.weights=absent.ckpt"], "no such checkpoint: absent.ckpt"),
        (["--set", "network.name=galaxy-cn"], "no network is called galaxy-cn"),
        (["--set", "task=binary"], "a binary network needs two classes, here are 3"),
        (["--preset", "keras-cnn", "--set", "network.weights=pretrained"], "nobody offers"),
        (["--resume"], "nothing to resume"),
        (["--preset", "numpy-cnn", "--resume"], "nothing to resume"),
        (["--preset", "numpy-cnn", "--set", "views=8"], "numpy-cnn has no views = 8"),
    ],
)
def test_settings_that_cannot_work_are_told_before_a_picture_is_read(
    words, message, tmp_path, monkeypatch, capsys
):
    for split in ("train", "test"):
        for kind in "abc":
            path = tmp_path / "tree" / split / kind / "1.jpg"
            path.parent.mkdir(parents=True)
            path.write_bytes(b"no picture")
    monkeypatch.chdir(tmp_path)
    assert run(["--data", "tree", "--out", "o", "--device", "cpu", *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"train: {message}")
    assert "cannot be read" not in said
    assert not Path("o/cache").exists()


def test_folds_that_cannot_be_are_told_before_a_picture_is_read(tmp_path, monkeypatch, capsys):
    for kind in "ab":
        path = tmp_path / "tree" / kind / "1.jpg"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"no picture")
    monkeypatch.chdir(tmp_path)
    assert run(["folds", "--data", "tree", "--out", "o", "--folds", "2", "--device", "cpu"]) == 2
    assert capsys.readouterr().err.startswith("train: --folds 2: one part to test")
    assert not Path("o").exists()


def test_of_several_ranks_the_first_tells_what_all_of_them_meet(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RANK", "1")
    assert run(["--epochs", "0"]) == 2
    assert capsys.readouterr().err == ""
