from __future__ import annotations

import json

import pytest

from train.cli import run


def test_bench_tells_speeds_limits_and_where_the_time_goes(capsys):
    words = ["bench", "--batch", "8", "--set", "size_px=32", "--seconds", "0.05"]
    assert run([*words, "--device", "cpu", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["simulated"] is True
    assert all(speed > 0 for speed in told["images_per_s"].values())
    parts = {"decode", "gather", "loader", "step", "training", "inference"}
    assert set(told["images_per_s"]) == parts
    # 1.715 GFLOP forward at 128 px, three times that with backward, a sixteenth of it at 32 px
    assert told["work"]["operations"] == pytest.approx(3 * 1.715e9 / 16, rel=0.01)
    assert 0 < told["share"]["of_operations"] < 1
    assert sum(told["time"].values()) == pytest.approx(1)
    assert run([*words, "--device", "cpu"]) == 0
    assert "where the time goes: " in capsys.readouterr().out


def test_cache_makes_what_fit_reads(tree_root, tmp_path, capsys):
    words = ["--data", str(tree_root), "--out", str(tmp_path), "--set", "size_px=32"]
    assert run(["cache", *words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"images": 96, "bytes": 96 * 32 * 32 * 3, "unreadable": []}
    assert run(["fit", *words, "--epochs", "1", "--device", "cpu", "--json"]) == 0
    assert "decoded" not in capsys.readouterr().err


def test_cache_names_what_cannot_be_read(tree_root, tmp_path, capsys):
    import shutil

    root = tmp_path / "tree"
    shutil.copytree(tree_root, root)
    (root / "train/bar/000.jpg").write_bytes(b"")
    words = ["cache", "--data", str(root), "--out", str(tmp_path / "out"), "--set", "size_px=32"]
    assert run(words) == 3
    assert "cannot be read: train/bar/000.jpg: the file is empty" in capsys.readouterr().out


def test_bench_times_a_recipe_of_votes(capsys):
    words = ["bench", "--preset", "gz-challenge-37", "--batch", "8", "--set", "size_px=32"]
    words += ["--set", "network.name=tiny-4", "--seconds", "0.01", "--device", "cpu", "--json"]
    assert run(words) == 0
    assert all(json.loads(capsys.readouterr().out)["images_per_s"].values())
