"""Every command that a reader may copy: it runs, or it says why not and can be typed."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
import urllib.request
from collections import Counter

import numpy as np
import pytest

import galaxycurate as gc
from tests.docs import blocks, forms, running, ways

pytestmark = pytest.mark.slow
KINDS = {"sh", "console", "python", "toml", "sql", "text"}
ALL = [block for path in blocks.pages() for block in blocks.of(path)]
WAITING = [block for block in ALL if block.needs]
FROM_AFAR = dict.fromkeys(
    (b.page, ways.of(b).fixture) for b in WAITING if ways.of(b) and ways.of(b).fixture
)
LEFT = {"pip install": 6, "make": 2, "python -m benchmarks": 8}
"""How many blocks no test runs: an index of packages and a person are needed. It may only fall."""


def followed(reader, said, thing=None):
    """What blocks say, done one after the other; the first that fails is told whole."""
    for block in said:
        try:
            way = ways.of(block)
            way.run(reader, block, thing) if way else reader.follow(block)
        except (Exception, SystemExit) as error:
            pytest.fail(f"{block}: {type(error).__name__}: {error}\n{block.text}")


@pytest.fixture
def reader(project, served, tmp_path):
    """Somebody in a copy of the project, who may change it."""
    folder = running.copied(project, tmp_path / "project")
    shutil.copytree(folder / "dataset" / "split", tmp_path / "their-dataset")
    side = running.QUICK["size_px"]
    pictures = np.random.default_rng(1).integers(0, 255, (3, side, side, 3), np.uint8)
    with running.standing_in(folder, served):
        yield running.Reader(served, {"gc": gc, "pictures": pictures, "__name__": "page"})
    urllib.request.urlopen(urllib.request.Request(f"{served}/__faults__", data=b"{}")).close()


def here(block):
    """Whether a block runs with what every machine has."""
    way = ways.of(block)
    return not block.needs or (way is not None and not way.fixture)


PAGES = [p for p in blocks.pages() if any(here(b) and b.kind != "text" for b in blocks.of(p))]


@pytest.mark.parametrize("path", PAGES, ids=blocks.name_of)
def test_what_a_page_says_can_be_typed_and_does_what_it_should(path, reader):
    followed(reader, [b for b in blocks.of(path) if b.kind != "text" and here(b)])


@pytest.mark.parametrize(("page", "fixture"), FROM_AFAR)
def test_what_needs_real_things_does_what_it_should_with_them(page, fixture, request, reader):
    thing = request.getfixturevalue(fixture)
    said = [b for b in WAITING if b.page == page and ways.of(b) and ways.of(b).fixture == fixture]
    followed(reader, said, thing)


@pytest.mark.parametrize("block", WAITING, ids=str)
def test_what_needs_something_can_be_typed(block):
    if block.kind == "python":
        for node in ast.walk(ast.parse(block.text)):
            if isinstance(node, ast.ImportFrom) and not ways.elsewhere(block):
                module = importlib.import_module(node.module)
                assert all(hasattr(module, alias.name) for alias in node.names)
    elif not ways.elsewhere(block):
        assert block.kind == "sh"
        for words in blocks.commands(block.text):
            forms.check(words)


def test_every_block_runs_but_for_those_that_install_and_the_benchmarks():
    without = [block for block in WAITING if not ways.of(block) and not ways.elsewhere(block)]
    of = {str(block): next((n for n in LEFT if n in block.text), block.needs) for block in without}
    assert Counter(of.values()) == LEFT, of


def test_what_runs_elsewhere_is_there():
    for block in WAITING:
        for path in ways.elsewhere(block):
            assert (blocks.ROOT / path).is_file(), f"{block}: {path}"


def test_every_block_is_of_a_known_kind():
    assert [str(block) for block in ALL if block.kind not in KINDS] == []
    assert [f"{p}:{n}" for p in blocks.pages() for n in blocks.indented(p)] == []


def test_no_command_hides_in_plain_text():
    starts = ("galaxycurate ", "python ", "pip ", "make ", "$ ")
    hidden = [
        f"{block}: {line}"
        for block in ALL
        if block.kind == "text"
        for line in block.text.splitlines()
        if line.lstrip().startswith(starts) and "  " not in line.strip()
    ]
    assert hidden == []


@pytest.mark.parametrize("path", blocks.pages(), ids=blocks.name_of)
def test_commands_options_and_files_in_sentences_exist(path):
    for line, text in blocks.spans(path):
        words = text.split()
        try:
            if words:
                forms.mentioned(words)
        except AssertionError as error:
            pytest.fail(f"{blocks.name_of(path)}:{line}: `{text}`: {error}")
        if (
            "/" in text
            and "NAME" not in text
            and blocks.SHORT.fullmatch(text)
            and text.split("/")[0] in HOUSE
            and not text.startswith("benchmarks/results/")  # what a run of them leaves
        ):
            assert (blocks.ROOT / text).exists(), f"{blocks.name_of(path)}:{line}: {text}"


HOUSE = {"benchmarks", "docs", "galaxycurate", "sql", "tests", "train"}


@pytest.mark.parametrize("path", blocks.pages(), ids=blocks.name_of)
def test_every_picture_says_whether_it_is_real_or_simulated(path):
    for line, alt in blocks.pictures(path):
        assert re.search(r"\b(real|simulated)\b", alt), f"{blocks.name_of(path)}:{line}: {alt}"
