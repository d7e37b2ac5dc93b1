"""CITATION.cff says what a citation needs, and the same as the package."""

import re
import subprocess
import sys

import yaml

import galaxycurate
from galaxycurate.core import cite
from tests.docs import blocks

CITATION = yaml.safe_load((blocks.ROOT / "CITATION.cff").read_text())


def test_it_has_what_the_format_asks_for_and_tells_this_version():
    assert CITATION["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "type", "license"} <= CITATION.keys()
    assert str(CITATION["version"]) == galaxycurate.__version__
    assert all({"name", "family-names"} & author.keys() for author in CITATION["authors"])


def test_the_page_of_acknowledgements_is_that_of_the_list_that_reports_end_with():
    script = blocks.ROOT / "docs" / "_make" / "papers.py"
    made = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    page = (blocks.ROOT / "docs" / "acknowledgements.md").read_text()
    assert page == made.stdout, "make man writes it anew"


def test_its_references_are_those_that_reports_end_with():
    papers = " ".join(paper for _, paper in cite.credit([]).papers)
    assert len(CITATION["references"]) == 3
    for paper in CITATION["references"]:
        name = paper["authors"][0]["family-names"]
        assert f"{name} et al. {paper['year']}" in papers
        assert f"{paper['volume']}, {paper['start']}" in papers
        assert re.fullmatch(r"10\.\d{4}/\S+", paper["doi"])
