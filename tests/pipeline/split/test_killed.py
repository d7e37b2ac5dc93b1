"""What a split that was killed leaves, and what the next one makes of it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from galaxycurate.errors import StorageError
from galaxycurate.pipeline.dedupe.dedupe import dedupe
from galaxycurate.pipeline.split.split import split
from galaxycurate.pipeline.status import status
from galaxycurate.store.building import building
from galaxycurate.store.ledger import Ledger
from tests.pipeline.project import Project

KILLED = """
import os, signal, sys
from pathlib import Path
from galaxycurate.pipeline.split.split import split
from galaxycurate.store.settings import load

rename = Path.rename

def die(self, target):
    if self.name == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)

def die_while_it_links(done, total, text):
    if sys.argv[3] == "linking":
        os.kill(os.getpid(), signal.SIGKILL)

Path.rename = die
settings = load({"dataset": sys.argv[1], "manifests": sys.argv[2]})
split(settings, seed=2, progress=die_while_it_links)
"""


@pytest.fixture
def project(tmp_path):
    made = Project(tmp_path)
    made.fetch(made.manifest("spiral", 12), side=16)
    dedupe(made.settings, pixels=None)
    split(made.settings, seed=1)
    return made


def kill(project, where: str):
    words = [project.settings.dataset, project.settings.manifests, where]
    died = subprocess.run([sys.executable, "-c", KILLED, *words], check=False, timeout=120)
    assert died.returncode == -signal.SIGKILL


def splits(project):
    return sorted(p.name for p in Path(project.settings.dataset).iterdir() if "split" in p.name)


def runs(project):
    with Ledger.open(project.settings.ledger_url) as ledger:
        return ledger.last_run("split")["parameters"]["seed"]


def next_step(project):
    return status(project.settings, training=project.training).next[0]


def test_one_that_was_killed_while_it_links_leaves_the_old_split_on_disk_and_ledger(project):
    kill(project, "linking")
    assert "split" in splits(project)
    assert runs(project) == 1
    assert next_step(project).command.startswith("python -m train")


@pytest.mark.parametrize("where", ["split", ".split.new"])
def test_one_that_was_killed_before_or_between_its_renames_is_told_and_mended(project, where):
    Path(project.settings.dataset, "split", "split.json").write_text('{"created_utc": "before"}')
    kill(project, where)
    assert runs(project) == 2
    step = next_step(project)
    assert step.command == "galaxycurate split"
    assert "not in their place" in step.why
    split(project.settings, seed=3)
    assert splits(project) == ["split"]
    assert len(list(Path(project.settings.dataset, "split").rglob("*.jpg"))) == 12
    assert next_step(project).command.startswith("python -m train")


def test_two_splits_of_one_dataset_do_not_meet(project):
    final = Path(project.settings.dataset, "split")
    with building(final, "a split") as new:
        with pytest.raises(StorageError, match=r"a split of .* is under way already"):
            split(project.settings)
        (new / "mine").touch()
    assert [path.name for path in final.iterdir()] == ["mine"]
