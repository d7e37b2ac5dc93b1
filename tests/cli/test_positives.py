"""`galaxycurate positives` as a person uses it, and the tables of docs/schemes.md."""

import json
import re
from pathlib import Path

import pytest

from galaxycurate.catalogs.rules.shipped import load, names
from galaxycurate.cli.main import main
from galaxycurate.store.manifest import Manifest
from tests.pipeline.test_positives import zoo_spec

DOCS = Path(__file__).resolve().parents[2] / "docs" / "schemes.md"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    zoo_spec().to_csv("zooSpec.csv", index=False)
    return tmp_path


def run(words, capsys):
    code = main(words.split())
    return code, *capsys.readouterr()


def test_a_manifest_is_made_and_the_funnel_told(here, capsys):
    code, out, err = run("positives --table zooSpec.csv --threshold 0.9", capsys)
    made = len(Manifest.read(Path("manifests/positives.parquet")))
    assert (code, out) == (0, f"manifests/positives.parquet: {made:,} cutouts\n")
    assert re.search(r"  rows +400\n", err)
    assert "in a class" in err
    assert err.endswith("next: galaxycurate download\n")


def test_explain_shows_each_cut_and_the_votes_and_writes_nothing(here, capsys):
    code, out, _ = run("positives --table zooSpec.csv --threshold 0.9 --explain", capsys)
    assert code == 0
    assert "gz1-binary debiased: file zooSpec.csv; nothing is written" in out
    assert re.search(r"  elliptical: elliptical >= 0.9 +\d+\n", out)
    assert "elliptical: vote fraction of 36" in out
    lines = out.splitlines()
    cut = [k for k, line in enumerate(lines) if "| cut 0.9" in line]
    assert len(cut) == 2
    assert lines[cut[0] + 1].startswith("  0.90 - 0.95")
    assert not (here / "manifests").exists()


def test_explain_in_json_holds_the_same(here, capsys):
    _, out, _ = run("positives --table zooSpec.csv --explain --json", capsys)
    told = json.loads(out)
    assert told["scheme"] == "gz1-binary"
    assert told["funnel"]["rows"] == 400
    assert len(told["spreads"]["spiral"]["counts"]) == 20
    assert told["steps"][0]["cut"] == "elliptical >= 0.85"


def test_two_schemes_are_compared_and_drawn(here, capsys):
    words = "positives --table zooSpec.csv --compare table2-irregular --plot votes.svg"
    code, out, _ = run(words, capsys)
    assert code == 0
    assert re.search(r"elliptical +irregular|irregular +elliptical|all\n", out)
    svg = (here / "votes.svg").read_text()
    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert "fraction of the votes (gz1-binary debiased)" in svg
    assert "var(--" not in svg


def test_a_warning_of_the_scheme_is_said(here, capsys):
    _, _, err = run("positives --table zooSpec.csv --scheme table2-irregular", capsys)
    assert "warning: irregular is a catch-all here" in err


def test_what_cannot_be_drawn_is_said(here, capsys):
    code, _, err = run("positives --table zooSpec.csv --scheme gz1-flags --plot x.svg", capsys)
    assert (code, (here / "x.svg").exists()) == (2, False)
    assert "gz1-flags has no vote fractions to draw" in err


def rows_of(heading):
    text = DOCS.read_text().split(heading)[1]
    table = re.search(r"(?:^\|.*\n)+", text, re.M)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_the_docs_list_every_scheme_with_its_classes_and_catalogues():
    listed = {row[0].strip("`"): row for row in rows_of("## To choose from")}
    assert sorted(listed) == names()
    for name, row in listed.items():
        scheme = load(name)
        assert row[1] == ", ".join(scheme.catalogs)
        if ":" not in row[2] and not row[2].startswith(("its ten", "the same")):
            assert row[2] == ", ".join(scheme.class_names), name
        if scheme.threshold:
            assert f"{scheme.threshold:g}" in row[3]


REAL = rows_of("What they make of real tables")


@pytest.mark.parametrize("row", REAL, ids=lambda row: " ".join(row[:2]))
def test_the_counts_in_the_docs_are_those_of_the_real_tables(row, here, shared_data, capsys):
    path = shared_data / "gz_tables" / row[1].split("`")[1]
    scheme = row[0].strip("`")
    _, out, _ = run(f"positives --table {path} --scheme {scheme} --explain --json", capsys)
    funnel = json.loads(out)["funnel"]
    assert f"{funnel['rows']:,}" == row[2]
    told = [f"{name} {funnel[name]:,}" for name in load(scheme).class_names if funnel.get(name)]
    assert ", ".join(told) == row[3]


def test_the_scheme_of_the_docs_works_on_the_real_subset(here, shared_data, capsys):
    text = re.search(r"```toml[^\n]*\n(.*?)```", DOCS.read_text(), re.S)[1]
    (here / "ringed-merger-4.toml").write_text(text)
    table = shared_data / "gz_tables" / "zoo2MainSpecz_subset.csv.gz"
    code, out, _ = run(f"positives --table {table} --scheme ringed-merger-4.toml --json", capsys)
    assert code == 0
    told = json.loads(out)
    assert told["rows"] == sum(
        told["funnel"][n] for n in ("ringed_merger", "ring", "merger", "plain")
    )
    assert told["funnel"]["merger"] > 100
