"""`galaxycurate report` as a user types it."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from tests import pictures
from tests.pipeline.report.collection import collect


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("reported")
    collect(root, {
        "spiral": [pictures.saved(pictures.sky(k, 64), "JPEG") for k in range(20)],
        "negative": [pictures.saved(pictures.sky(k, 48), "JPEG") for k in range(30, 50)],
    })  # fmt: skip
    return root


@pytest.fixture
def run(command, made):
    return lambda *words: command("report", *words, cwd=made)


def files(root) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if "sqlite" not in path.name}


def test_a_dry_run_gives_the_answer_and_writes_nothing(run, made):
    before = files(made)
    done = run("--dry-run")
    assert done.returncode == 0
    assert done.stdout.startswith("Not yet: there is one thing to mend first.\n")
    assert "Shortcuts  mend       How the files were made tells the class" in done.stdout
    assert "report.html and datasheet.md would be written\n" in done.stderr
    assert files(made) == before


def test_json_is_the_answer_alone_and_holds_every_figure(run, made):
    before = files(made) | {"dataset/.fingerprints"}
    done = run("--json")
    plain = json.loads(done.stdout)
    assert plain["shortcuts"]["warns"] is True
    assert plain["shortcuts"]["worst"] in ("width_px", "height_px")
    assert plain["shortcuts"]["file"]["features"][0]["typical"] == {"negative": 48, "spiral": 64}
    assert plain["funnel"] == {"rows in the manifests": 40, "pictures kept": 40}
    assert {path for path in files(made) if ".fingerprints/" not in path} <= before


def test_page_and_datasheet_are_made_and_the_next_command_is_named(run, made):
    lost = run("--out", "out/page.html", "--no-shortcuts")
    assert (lost.returncode, (made / "out").exists()) == (2, False)
    assert "hint: mkdir -p out" in lost.stderr
    (made / "out").mkdir()
    done = run("--out", "out/page.html", "--no-shortcuts")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith("out/page.html, 0.")
    assert done.stdout.endswith("MB; out/datasheet.md\n")
    assert done.stderr.splitlines()[-1] == "next: galaxycurate dedupe"
    assert {path.name for path in (made / "out").iterdir()} == {"page.html", "datasheet.md"}


def test_without_shortcuts_no_picture_is_read_for_them(run):
    done = run("--no-shortcuts", "--json")
    assert json.loads(done.stdout)["shortcuts"] is None
    assert "pictures read" not in done.stderr


def test_a_datasheet_of_somebody_else_stays_and_that_is_said(run, made):
    (made / "mine").mkdir()
    (made / "mine" / "datasheet.md").write_text("my own\n")
    done = run("--out", "mine/report.html", "--no-shortcuts")
    assert done.returncode == 0
    assert "mine/datasheet.md is none of ours (no marks) and stays as it is" in done.stderr
    assert (made / "mine" / "datasheet.md").read_text() == "my own\n"


def test_a_folder_cannot_be_the_page(run, made):
    done = run("--out", "dataset")
    assert done.returncode == 2
    assert "galaxycurate: the page dataset is a folder\n" in done.stderr
    assert "hint: name a file: --out dataset/page.html" in done.stderr


@pytest.mark.parametrize("name", ["dataset/ledger.sqlite", "galaxycurate.toml", "notes.html"])
def test_a_page_takes_the_place_of_no_other_file(run, command, made, name):
    (made / "galaxycurate.toml").touch()
    (made / "notes.html").write_text("<!doctype html><title>mine</title>")
    before = (made / name).read_bytes()
    told = [run("--out", name, "--no-shortcuts"), command("dedupe", "--page", name, cwd=made)]
    told.append(command("review", "--static", name, cwd=made))
    for done in told:
        assert done.returncode == 2
        assert f"{name} is there, and it is no page that galaxycurate made" in done.stderr
    assert (made / name).read_bytes() == before


def test_a_page_takes_the_place_of_an_older_one(run):
    for _ in range(2):
        assert run("--out", "again.html", "--no-shortcuts").returncode == 0


def test_a_tree_that_nobody_imported_is_told_how_to_be(command, tmp_path, made):
    tree = tmp_path / "mine" / "images" / "spiral"
    tree.mkdir(parents=True)
    (tree / "a.jpg").write_bytes(pictures.saved(pictures.sky(1), "JPEG"))
    manifests = ("--manifests", str(made / "manifests"))
    done = command("report", "--dataset", "mine", *manifests, cwd=tmp_path)
    assert done.returncode == 2
    assert "the dataset mine/ is empty" in done.stderr
    assert "galaxycurate import DIR --labels CSV" in done.stderr
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("page", ["no/page.html", "galaxycurate.toml/page.html"])
def test_a_page_without_a_folder_is_a_wrong_use(run, made, page):
    (made / "galaxycurate.toml").touch()
    done = run("--out", page)
    assert done.returncode == 2
    assert done.stdout == ""


def test_a_folder_that_takes_no_page_is_a_failure_and_no_wrong_use(made, monkeypatch, capsys):
    from galaxycurate.cli.main import main

    monkeypatch.chdir(made)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    for words in (["report", "--no-shortcuts"], ["export", "--to", "csv"]):
        assert main(words) == 1
        assert "permission denied" in capsys.readouterr().err


def test_answers_that_are_none_are_told_on_the_terminal_and_on_the_page(run, made):
    (made / "training").mkdir()
    (made / "training" / "metrics.json").write_text('{"test": {"accuracy": 0.9, "n": 2}}')
    (made / "training" / "predictions.csv").write_bytes(b"name,true\xff")
    done = run("--no-shortcuts", "--out", "damaged.html")
    told = "training/predictions.csv is no list of answers: it is no text in UTF-8"
    assert f"note: {told}" in done.stderr
    assert told in (made / "damaged.html").read_text()
    shutil.rmtree(made / "training")


def test_a_typo_touches_nothing(run, made):
    before = files(made)
    assert run("--no-shortcut").returncode == 2
    assert files(made) == before
