"""Every command that a reader may copy: it runs, or it says why not and can be typed."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
import urllib.request

import numpy as np
import pytest

import galaxycurate as gc
from tests.docs import blocks, forms, running

pytestmark = pytest.mark.slow
KINDS = {"sh", "console", "python", "toml", "sql", "text"}
ALL = [block for path in blocks.pages() for block in blocks.of(path)]
WAITING = [block for block in ALL if block.needs]
CONSUMERS = ("Zoobot: ", "Panoptes ")
REASONS = (
    "a GPU",
    "a browser",
    "a login",
    "a network",
    "decisions",
    "a team's",
    "hours",
    "minutes",
    "real",
    "the ",
)


@pytest.mark.parametrize("path", blocks.pages(), ids=blocks.name_of)
def test_what_a_page_says_can_be_typed_and_does_what_it_should(path, project, served, tmp_path):
    said = [block for block in blocks.of(path) if block.kind != "text" and not block.needs]
    if not said:
        pytest.skip("no block to run on this page")
    folder = running.copied(project, tmp_path / "project")
    shutil.copytree(folder / "dataset" / "split", tmp_path / "their-dataset")
    pictures = np.random.default_rng(1).integers(0, 255, (3, 128, 128, 3), np.uint8)
    reader = running.Reader(served, {"gc": gc, "pictures": pictures, "__name__": "page"})
    with running.standing_in(folder, served):
        for block in said:
            try:
                reader.follow(block)
            except (Exception, SystemExit) as error:
                pytest.fail(f"{block}: {type(error).__name__}: {error}\n{block.text}")
    urllib.request.urlopen(urllib.request.Request(f"{served}/__faults__", data=b"{}")).close()


@pytest.mark.parametrize("block", WAITING, ids=str)
def test_what_cannot_run_here_says_what_it_needs_and_can_be_typed(block):
    if block.needs.startswith(CONSUMERS):
        return  # tests/pipeline/export/test_consumers.py runs it where those programs are
    assert block.needs.startswith(REASONS), block.needs
    if block.kind == "python":
        for node in ast.walk(ast.parse(block.text)):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(node.module)
                assert all(hasattr(module, alias.name) for alias in node.names)
    else:
        assert block.kind == "sh"
        for words in blocks.commands(block.text):
            forms.check(words)


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
