"""The notebooks run from the first to the last cell, and are kept with what they showed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.docs import blocks

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("torch")
pytestmark = pytest.mark.slow
NOTEBOOKS = sorted((blocks.ROOT / "docs" / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def ran(small_sky, tmp_path_factory):
    """Both, one after the other in one folder, on the small sky of the tests."""
    folder = tmp_path_factory.mktemp("notebooks")
    (folder / "sky").symlink_to(small_sky)
    found = {}
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        where = {"metadata": {"path": str(folder)}}
        nbclient.NotebookClient(notebook, timeout=300, resources=where).execute()
        found[path.name] = notebook
    return folder, found


def outputs(notebook):
    return [one for cell in notebook.cells for one in cell.get("outputs", ())]


def test_the_whole_job_ends_with_a_tested_network(ran):
    folder, found = ran
    said = "".join(one.get("text", "") for one in outputs(found["01-the-whole-job.ipynb"]))
    assert "pairs across splits: 0" in said
    assert "test accuracy" in said
    assert (folder / "whole-job" / "training" / "report.html").stat().st_size > 10_000


def test_the_second_counts_what_leaks_at_random_and_that_ours_does_not(ran):
    said = "".join(one.get("text", "") for one in outputs(ran[1]["02-leaks.ipynb"]))
    assert "galaxycurate split 0%" in said
    assert "at random 0%" not in said


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_what_is_kept_was_run_and_shows_no_place_of_somebodys_machine(path: Path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert not any(one.output_type == "error" for one in outputs(notebook))
    words = [cell.source for cell in notebook.cells] + [
        one.get("text", "") for one in outputs(notebook)
    ]
    here = (str(Path.home()), tempfile.gettempdir(), str(blocks.ROOT.parent))
    assert not any(f"{place}/" in text for text in words for place in here)
    assert "simulated" in notebook.cells[0].source
    assert path.stat().st_size < 1_000_000
