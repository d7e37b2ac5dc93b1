"""The site builds without a warning, asks no other host for anything, and holds what it should."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
import typer

import galaxycurate as gc
from galaxycurate.cli.main import app
from galaxycurate.cli.tree import commands
from galaxycurate.core.releases import RELEASES
from tests.docs import blocks

pytest.importorskip("mkdocs")
pytest.importorskip("torch")
pytestmark = pytest.mark.slow
LOADS = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}


class Loads(HTMLParser):
    """What a page fetches by itself."""

    def __init__(self, text: str):
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        if tag in LOADS and told.get("rel") != "canonical":
            self.found.append(told.get(LOADS[tag]) or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as `make docs` does."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)],
        cwd=blocks.ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


def test_no_page_asks_another_host_for_anything(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 25
    asked = {one for page in pages for one in Loads(page.read_text()).found}
    assert asked
    assert {one for one in asked if re.match(r"(https?:)?//", one)} == set()
    assert not [p for p in site.rglob("*.css") if re.search(r"url\(['\"]?https?:", p.read_text())]


def test_every_page_that_was_written_is_in_the_site(site):
    written = {path.stem for path in (blocks.ROOT / "docs").glob("*.md")}
    assert written <= {path.stem for path in site.glob("*.html")}
    assert {"index", "contributing", "changes"} <= {path.stem for path in site.glob("*.html")}


def test_pictures_of_every_page_are_there(site):
    for page in site.rglob("*.html"):
        for source in re.findall(r'<img[^>]* src="([^"#?]+)"', page.read_text()):
            assert (page.parent / source).is_file(), f"{page.name}: {source}"


def test_every_command_is_told(site):
    page = (site / "commands.html").read_text()
    for command in commands(typer.main.get_command(app)):
        assert " ".join(("galaxycurate", *command.path)) in page
    assert "python -m train detect" in page


def test_every_name_of_the_librarys_door_is_told_with_its_words(site):
    page = (site / "reference" / "library.html").read_text()
    assert [name for name in gc.__all__ if f"gc.{name}" not in page] == []
    assert page.count("doc-object") > len(gc.__all__)


def test_every_release_has_its_acknowledgement(site):
    page = (site / "acknowledgements.html").read_text()
    assert all(f'id="{release}"' in page for release in ("dr7", *RELEASES))
    assert "Funding for" in page


def test_notebooks_are_pages_with_their_pictures(site):
    pages = sorted((site / "notebooks").glob("*.html"))
    assert len(pages) == len(list((blocks.ROOT / "docs" / "notebooks").glob("*.ipynb"))) == 2
    assert all("simulated" in page.read_text() and "<img" in page.read_text() for page in pages)


def test_every_page_of_the_navigation_is_reached_from_the_first(site):
    links = set(re.findall(r'href="([\w/-]+\.html)', (site / "index.html").read_text()))
    pages = {str(page.relative_to(site)) for page in site.rglob("*.html")}
    assert pages - links <= {"404.html", "index.html"}


@pytest.mark.parametrize("path", blocks.pages(), ids=blocks.name_of)
def test_links_to_other_files_lead_somewhere(path):
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []
