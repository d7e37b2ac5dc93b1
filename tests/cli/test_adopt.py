"""`galaxycurate import` on the command line: what it says, and what it refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from galaxycurate.cli.main import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a small Galaxy10: 40 images, two of one place."""
    rng = np.random.default_rng(4)
    with h5py.File(tmp_path / "Galaxy10_DECals.h5", "w") as file:
        file["images"] = rng.integers(1, 60, (40, 256, 256, 3), np.uint8)
        file["ans"] = np.arange(40, dtype=np.uint8) % 10
        file["ra"], file["dec"] = rng.random(40) * 300, rng.random(40) * 60
        file["ra"][7], file["dec"][7] = file["ra"][5], file["dec"][5]
        file["redshift"], file["pxscale"] = file["dec"][()], np.full(40, 0.262)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_says_what_was_dealt_with_and_what_comes_next(folder, capsys):
    assert main(["import", "Galaxy10_DECals.h5"]) == 0
    told = capsys.readouterr()
    assert told.out == "manifests/Galaxy10_DECals.parquet: 40 images\n"
    assert "column redshift: repeats dec: left out (40 rows)" in told.err
    assert '1 pair of images within 1": dedupe will put them into one group' in told.err
    assert "kept as Barred_Spiral 4" in " ".join(told.err.split())
    assert told.err.endswith("next: galaxycurate dedupe\n")


def test_json_lists_the_close_pairs(folder, capsys):
    assert main(["import", "Galaxy10_DECals.h5", "--scheme", "galaxy10-binary", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["left out: no label by galaxy10-binary"] == 32
    assert told["kept as Round_Smooth"] == told["kept as Barred_Spiral"] == 4
    assert told["close_pairs"] == []
    assert main(["import", "Galaxy10_DECals.h5", "--dry-run", "--json"]) == 0
    pairs = json.loads(capsys.readouterr().out)["close_pairs"]
    assert pairs == [{"first": "05", "second": "07", "separation_arcsec": 0.0}]


def test_a_dry_run_writes_nothing(folder, capsys):
    assert main(["import", "Galaxy10_DECals.h5", "--dry-run"]) == 0
    assert "40 images would be imported" in capsys.readouterr().out
    assert [p.name for p in folder.iterdir()] == ["Galaxy10_DECals.h5"]


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["--scheme", "galaxy10", "--label-column", "ans"], "from votes or from a column",
         "leave out --scheme"),
        (["--threshold", "0.9"], "go with a scheme", "--scheme gz2-five"),
        (["--mode", "hardlink"], "mode 'hardlink' is none of png, jpg", "arrays are written"),
        (["--mode", "copy", "--format", "png"], "--mode is for image files", "leave one"),
        (["--scheme", "galaxy10-binry"], "no scheme is called", "did you mean galaxy10-binary?"),
    ],
)  # fmt: skip
def test_wrong_words_touch_nothing(folder, capsys, words, message, hint):
    assert main(["import", "Galaxy10_DECals.h5", *words]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert hint in told
    assert [p.name for p in folder.iterdir()] == ["Galaxy10_DECals.h5"]


def test_a_folder_needs_its_table(folder, capsys):
    assert main(["import", "."]) == 2
    assert "a folder of images needs a table of their labels" in capsys.readouterr().err
    assert main(["import", "Galaxy10.h5"]) == 2
    assert "did you mean Galaxy10_DECals.h5?" in capsys.readouterr().err


def test_without_h5py_the_extra_is_named(folder):
    code = (
        "import sys; sys.modules['h5py'] = None\n"
        "from galaxycurate.cli.main import main\n"
        "sys.exit(main(['import', 'Galaxy10_DECals.h5']))"
    )
    there = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=there, capture_output=True, text=True)
    assert done.returncode == 1
    assert "hint: pip install 'galaxycurate[hdf5]'" in done.stderr


def test_what_is_said_adds_up_to_the_rows_when_it_is_repeated(folder, capsys):
    for line in ("kept as", "there before as"):
        assert main(["import", "Galaxy10_DECals.h5", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert sum(n for key, n in told.items() if key.startswith(line)) == told["rows"] == 40


def test_an_image_of_another_label_leaves_the_old_one_and_is_not_lost(folder, capsys):
    ids = [587722952767439450 + k for k in range(3)]
    (folder / "mine").mkdir()
    with h5py.File("Galaxy10_DECals.h5") as file:
        for objid, rgb in zip(ids, file["images"][:3], strict=True):
            Image.fromarray(rgb).save(folder / "mine" / f"{objid}.png")
    words = ["import", "mine", "--labels", "labels.csv"]
    for labels in ("aab", "aba"):
        rows = [f"{objid},{label}" for objid, label in zip(ids, labels, strict=True)]
        (folder / "labels.csv").write_text("\n".join(["dr7objid,label", *rows]) + "\n")
        assert main([*words, "--replace"]) == 0
    assert "2 images have another label: set aside" in capsys.readouterr().err
    found = {str(p.relative_to(folder / "dataset")) for p in (folder / "dataset").rglob("*.png")}
    assert found == {
        f"images/a/{ids[0]}.png", f"images/b/{ids[1]}.png", f"images/a/{ids[2]}.png",
        f"set_aside/a/{ids[1]}.png", f"set_aside/b/{ids[2]}.png",
    }  # fmt: skip
    assert main(["dedupe"]) == 0


def test_an_image_that_another_manifest_wants_stays_where_it_is(folder):
    ids = [587722952767439450, 587722952767439451]
    (folder / "mine").mkdir()
    with h5py.File("Galaxy10_DECals.h5") as file:
        for objid, rgb in zip(ids, file["images"][:2], strict=True):
            Image.fromarray(rgb).save(folder / "mine" / f"{objid}.png")
    words = ["import", "mine", "--labels", "labels.csv", "--replace"]
    for label, more in (("a", ["--out", "manifests/one.parquet"]), ("a", []), ("b", [])):
        rows = [f"{objid},{label}" for objid in ids]
        (folder / "labels.csv").write_text("\n".join(["dr7objid,label", *rows]) + "\n")
        assert main([*words, *more]) == 0
    assert len(list((folder / "dataset" / "images" / "a").iterdir())) == 2
    assert not (folder / "dataset" / "set_aside").exists()
