"""One question, one manifest: SkyServer, CasJobs, local files and a catalogue of one sky."""

import hashlib
import json

import pytest
import requests

from galaxycurate.cli.main import main
from galaxycurate.store.manifest import Manifest
from tests import survey
from tests.sandbox.test_server import start

ARCHIVES = ("skyserver", "casjobs", "local", "catalog")
QUESTIONS = {
    "cell": "negatives --limit 60",
    "cell, deep": "negatives --limit 40 --limit-mag-r 21 --size 64 --star-mag 16 --per-field 2",
    "star": "negatives --strategy star --limit 60",
    "field": "negatives --strategy field --no-score",
    "gz1": "positives --threshold 0.85 --limit 300",
    "gz1 raw": "positives --threshold 0.7 --votes raw",
    "gz2": "positives --catalog gz2 --threshold 0.6",
    "gz2 raw": "positives --catalog gz2 --threshold 0.6 --votes raw --limit 100",
    "gz1 leaf": "positives --scheme gz1-leaf --limit 200 --soft",
    "gz2 five": "positives --scheme gz2-five",
}
ENOUGH = {"cell": 60, "cell, deep": 20, "star": 40, "field": 0, "gz1": 50, "gz2": 50,
          "gz1 leaf": 200, "gz2 five": 50}  # fmt: skip


@pytest.fixture(scope="module")
def sky(tmp_path_factory):
    """Tables of 48 fields, two of them failed, without pixels."""
    import pandas as pd

    folder = tmp_path_factory.mktemp("archives") / "sky"
    survey.write(folder / "tables", 48, zoo=600)
    path = folder / "tables" / "Field.parquet"
    fields = pd.read_parquet(path)
    failed = {"photoStatus": 3, "score": 0.0, "nTotal": 0, "nGalaxy": 0, "quality": 1}
    fields.loc[fields.index[[5, 17]], list(failed)] = list(failed.values())
    fields.to_parquet(path)
    objects = pd.read_parquet(folder / "tables" / "PhotoObjAll.parquet")
    gone = objects.fieldID.isin(fields.fieldID[[5, 17]])
    objects = objects[~gone].assign(psfMag_r=lambda t: t.r)
    objects.to_parquet(folder / "tables" / "PhotoObjAll.parquet")
    (folder / "frames").mkdir()
    (folder / "sky.toml").write_text('kind = "simulated"\nname = "survey"\n')
    return folder


@pytest.fixture(scope="module")
def answers(sky, tmp_path_factory):
    """Every question, asked of every archive by the command line."""
    process, url = start(sky, "--queries-per-minute", "0")
    made = {}
    for archive in ARCHIVES:
        folder = tmp_path_factory.mktemp(archive)
        named = {"local": f"local:{sky / 'tables'}", "catalog": "local:catalog.duckdb"}
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            for name, value in environment(url, named.get(archive, archive), folder).items():
                patch.setenv(name, value)
            if archive == "catalog":
                files = [str(path) for path in sorted((sky / "tables").iterdir())]
                assert main(["catalog", "add", *files]) == 0
            for name, words in QUESTIONS.items():
                out = folder / f"{name}.parquet"
                assert main([*words.split(), "--out", str(out)]) == 0, f"{archive} {words}"
                made[archive, name] = Manifest.read(out)
        assert not (folder / "manifests" / ".answers").exists(), "an answer was left behind"
    process.terminate()
    process.wait(20)
    return made


@pytest.fixture(scope="module")
def by_jobs(sky, tmp_path_factory):
    """Some questions, asked of a CasJobs that answers nothing large at once."""
    process, url = start(sky, "--queries-per-minute", "0")
    requests.post(f"{url}/__faults__", json={"quick_cells": 400, "job_s": 0.2}, timeout=10)
    folder, made = tmp_path_factory.mktemp("jobs"), {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in environment(url, "casjobs", folder).items():
            patch.setenv(name, value)
        for name in ("cell", "star", "gz1", "gz2", "gz1 leaf"):
            out = folder / f"{name}.parquet"
            assert main([*QUESTIONS[name].split(), "--out", str(out)]) == 0
            made[name] = Manifest.read(out)
    made["stats"] = requests.get(f"{url}/__stats__", timeout=10).json()
    process.terminate()
    process.wait(20)
    return made


def environment(url, archive, folder):
    return {
        "SCISERVER_USER": "sandbox", "SCISERVER_PASSWORD": "sandbox",
        "GALAXYCURATE_SERVER": url, "GALAXYCURATE_ARCHIVE": archive,
        "GALAXYCURATE_QUERIES_PER_MINUTE": "0", "XDG_CONFIG_HOME": str(folder),
    }  # fmt: skip


def rows_sha256(manifest):
    return hashlib.sha256(json.dumps(manifest.table.to_pylist()).encode()).hexdigest()


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_manifest_does_not_depend_on_the_archive(answers, name):
    manifests = [answers[archive, name] for archive in ARCHIVES]
    assert len({rows_sha256(manifest) for manifest in manifests}) == 1
    assert len({manifest.header.query_sha256 for manifest in manifests}) == 1
    assert len(manifests[0]) >= ENOUGH.get(name, 1)


@pytest.mark.parametrize("name", ["gz1", "gz1 leaf"])
def test_a_file_gives_the_draw_that_the_archives_give(answers, sky, tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = [*QUESTIONS[name].split(), "--table", str(sky / "tables" / "zooSpec.parquet")]
    assert main([*words, "--out", "file.parquet"]) == 0
    drawn = [set(m.column("name")) for m in (Manifest.read("file.parquet"), answers["local", name])]
    assert drawn[0] == drawn[1]


def test_each_header_says_who_answered_and_that_it_was_simulated(answers):
    for (archive, _), manifest in answers.items():
        assert "simulated sky: survey" in manifest.header.archive, archive
    names = {answers[archive, "cell"].header.archive for archive in ARCHIVES}
    assert len(names) == 4


def test_answers_that_come_as_jobs_make_the_same_manifests(answers, by_jobs):
    stats = by_jobs.pop("stats")
    assert sum(n for name, n in stats.items() if "job" in name) >= 5, stats
    for name, manifest in by_jobs.items():
        assert rows_sha256(manifest) == rows_sha256(answers["local", name]), name
