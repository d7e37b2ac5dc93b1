"""How a block that needs something runs in the tests as well, as it is written."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.docs import blocks, forms, stands
from tests.docs.running import Reader


@dataclass(frozen=True)
class Way:
    """How a block runs: what is laid ready before, who types it, what real thing it wants."""

    ready: Callable[[Reader, Any], AbstractContextManager] = lambda *_: nullcontext()
    typed: Callable[[Reader, blocks.Block], object] = Reader.follow
    fixture: str = ""

    def run(self, reader: Reader, block: blocks.Block, thing: Any = None) -> None:
        """Do what the block says, with what stands in for what it needs."""
        with self.ready(reader, thing):
            self.typed(reader, block)


def _each_into_its_own(reader: Reader, block: blocks.Block) -> None:
    """Every training with an --out of its own, as the block asks for."""
    for k, words in enumerate(blocks.commands(block.text)):
        reader.type([*words, "--out", f"training-{block.line}-{k}"])


def _each_in_its_own(reader: Reader, block: blocks.Block) -> None:
    """Every import in a folder of its own, with the collection; what follows it there as well."""
    home = Path.cwd()
    for k, words in enumerate(blocks.commands(block.text)):
        if words[:2] == ["galaxycurate", "import"]:
            folder = home / f"collection-{k}"
            folder.mkdir()
            for name in {Path(word) for word in words[2:] if (home / word).exists()}:
                (folder / name).symlink_to(home / name)
            os.chdir(folder)
        reader.type(words)
    os.chdir(home)


def _by_the_shell(reader: Reader, block: blocks.Block) -> None:
    """A loop is the shell's own business; only the addresses are replaced."""
    text = block.text
    for words in blocks.commands(text):
        forms.check(words)
    for said, meant in reader.instead.items():
        text = text.replace(said, meant)
    subprocess.run(["bash", "-euc", text], check=True, capture_output=True, timeout=120)


def _odds_of_the_page(reader: Reader, block: blocks.Block) -> None:
    """The table of the page is what the command answers."""
    said = reader.follow(block)
    page = (blocks.ROOT / block.page).read_text()
    told = re.findall(r"\| (r < \d+) \| ([\d.]+) \| ([\d.]+) \|", page)
    assert told
    assert re.findall(r"(r < \d+) +([\d.]+) +([\d.]+)", said) == told
    windows = re.search(r"([\d,]+) windows of 256 px", said)
    assert windows
    assert f"({windows[1]} overlapping windows of one field" in page


AS_IT_STANDS, DATA = Way(), Way(fixture="shared_data")
WAYS = {  # by what a block says that it needs, whole or up to its colon
    "the real SDSS": Way(stands.sdss),
    "the real SDSS, and data.galaxyzoo.org": Way(stands.galaxy_zoo),
    "a login": Way(stands.sciserver),
    "the eyes of a person": Way(stands.eyes),  # a page comes, nobody looks at it
    "a browser": AS_IT_STANDS,
    "a login on another machine": AS_IT_STANDS,
    "a network of machines": Way(stands.dask),
    "a team's PostgreSQL; the password": Way(stands.team, fixture="postgres_server"),
    "decisions of a person": Way(stands.decisions),
    "minutes": AS_IT_STANDS,  # with `running.BRIEF` and `running.SHORTER`
    "minutes to hours": AS_IT_STANDS,
    "minutes, and lessons": Way(stands.lessons),
    "minutes to hours each": Way(stands.two_classes),
    "minutes each, and an --out of its own": Way(stands.smaller, _each_into_its_own),
    "the collections, each in a folder of its own": Way(typed=_each_in_its_own),
    "a network, or the file of weights": Way(stands.weights, _each_into_its_own),
    "SDSS's archive": Way(stands.archive, _by_the_shell, "shared_data"),
    "the star sweep": DATA,
    "the real frames": DATA,
    "the survey's files of run 3900, camcol 6": Way(
        stands.run_3900, _odds_of_the_page, "shared_data"
    ),
    "real frames and catalogues": Way(stands.real_sky, fixture="shared_data"),
    "real frames and catalogues, in my-frames/, and pictures with their labels": Way(
        stands.real_sky, fixture="shared_data"
    ),
}
CONSUMERS = ("tests/pipeline/export/test_consumers.py",)
ELSEWHERE = {  # where the commands of such a block run already
    "Zoobot": CONSUMERS,
    "Panoptes (pip install panoptescli), a network and an account at Zooniverse": CONSUMERS,
    "minutes; with several GPUs one process each": ("tests/train/learn/test_ranks.py",),
    "minutes of a quiet machine; the second a GPU": (
        "tests/train/cli/test_bench_and_cache.py",
        "tests/train/test_gpu_benchmark.py",
    ),
}


def of(block: blocks.Block) -> Way | None:
    """How a block runs, though it needs something; None: it does not."""
    return WAYS.get(block.needs) or WAYS.get(block.needs.partition(":")[0])


def elsewhere(block: blocks.Block) -> tuple[str, ...]:
    """The tests that run a block with what only they have."""
    return ELSEWHERE.get(block.needs) or ELSEWHERE.get(block.needs.partition(":")[0], ())
