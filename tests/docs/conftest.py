"""The project that all pages begin from: the main job, done once on a small simulated sky."""

from __future__ import annotations

import pytest

from tests import skies
from tests.docs import blocks, running, serving, standins

SETTINGS = """server = "{url}"
size_px = 128
limit = 24
rate = 0.0
queries_per_minute = 0
concurrency = 4
"""


@pytest.fixture(scope="session")
def small_sky(tmp_path_factory):
    pytest.importorskip("galsim")
    return skies.small(tmp_path_factory)


@pytest.fixture(scope="session")
def served(small_sky):
    """The address of a sandbox with the small sky."""
    with serving.sandbox(small_sky) as url:
        yield url


@pytest.fixture(scope="session")
def project(served, small_sky, tmp_path_factory):
    """README's main job in a folder of its own, and files of the names that the pages speak of."""
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("docs") / "project"
    folder.mkdir()
    (folder / "galaxycurate.toml").write_text(SETTINGS.format(url=served))
    with running.standing_in(folder, served):
        page = blocks.of(blocks.ROOT / "README.md")
        job = next(block for block in page if "galaxycurate dedupe" in block.text)
        running.Reader(served).follow(job)
    standins.lay(folder, small_sky)
    return folder
