"""The README's own commands, run one after the other in an empty folder, on a simulated sky."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests import commands, skies

pytest.importorskip("galsim")
pytest.importorskip("torch")

pytestmark = pytest.mark.slow
README = (Path(__file__).resolve().parents[1] / "README.md").read_text()
SETTINGS = """server = "{url}"
size_px = 128
limit = 24
rate = 0.0
queries_per_minute = 0
concurrency = 4
"""


def main_job():
    """The block that starts with the first of the commands given by the user."""
    block = re.search(r"(?:^(?:galaxycurate|python) .+\n){7}", README, re.MULTILINE)
    return [line.split("#")[0].strip() for line in block[0].splitlines()]


def run(command, cwd):
    words = shlex.split(command)
    start = [sys.executable, *(["-m", "galaxycurate"] if words[0] == "galaxycurate" else [])]
    return subprocess.run(
        [*start, *words[1:]], cwd=cwd, capture_output=True, text=True, timeout=400, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder whose settings name a sandbox with a small simulated sky, and nothing else."""
    root, sky = tmp_path_factory.mktemp("readme"), skies.small(tmp_path_factory)
    command = [sys.executable, "-m", "galaxycurate", "sandbox", "serve", "--sky", str(sky)]
    options = ["--port", "0", "--queries-per-minute", "0"]
    server = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
    url = server.stdout.readline().strip()
    folder = root / "project"
    folder.mkdir()
    (folder / "galaxycurate.toml").write_text(SETTINGS.format(url=url))
    yield folder
    server.send_signal(signal.SIGTERM)
    assert server.wait(30) == 0


@pytest.fixture(scope="module")
def done(project):
    """Each command of the README with what it said; the seven run once for all the tests."""
    said = {}
    for command in main_job():
        said[command] = run(command, project)
        assert said[command].returncode == 0, f"{command}\n{said[command].stderr}"
    return said


def test_the_commands_are_those_that_the_user_gave_and_the_audit():
    assert main_job() == [
        "galaxycurate negatives --score 0.2",
        "galaxycurate positives --threshold 0.85",
        "galaxycurate download",
        "galaxycurate dedupe",
        "galaxycurate audit",
        "galaxycurate split",
        "python -m train",
    ]


def test_each_command_names_the_next_one(done):
    commands = list(done)
    for command, following in pairwise(commands):
        if not command.startswith("python"):
            last = done[command].stderr.strip().splitlines()[-1]
            assert last == f"next: {following}", command


def test_every_row_of_the_manifests_is_settled(done, project):
    status = json.loads(commands.said("status --json", project))
    settled = sum(n for reasons in status["outcomes"].values() for n in reasons.values())
    assert status["rows"] == settled > 40
    assert status["undone"] == 0
    assert set(status["images"]) == {"elliptical", "negative", "spiral"}


def test_the_split_leaks_nothing_and_says_simulated(done, project):
    about = json.loads((project / "dataset" / "split" / "split.json").read_text())
    assert about["leaking_pairs"] == 0
    assert "simulated" in about["origin"]
    assert "pairs across splits: 0" in done["galaxycurate split"].stdout


def test_the_network_is_tested_and_saved(done, project):
    metrics = json.loads((project / "training" / "metrics.json").read_text())
    assert 0 <= metrics["test"]["accuracy"] <= 1
    assert "simulated" in done["python -m train"].stdout
    assert (project / "training" / "galaxy_cnn_225.pth").stat().st_size > 1_000_000
    assert (project / "training" / "report.html").exists()


def test_a_repetition_changes_no_file_of_the_dataset(done, project):
    def files():
        kept = [p for p in (project / "dataset" / "images").rglob("*") if p.is_file()]
        kept += list((project / "manifests").rglob("*.parquet"))
        return {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in kept}

    before = files()
    for command in main_job()[:3]:
        commands.said(command.removeprefix("galaxycurate "), project)
    assert files() == before


@pytest.mark.parametrize(
    "command",
    [
        *("negatives --replace", "positives", "download", "dedupe --dry-run"),
        *("split --dry-run", "status", "report", "config show"),
    ],
)
def test_every_answer_may_be_json_alone(done, project, command):
    assert isinstance(json.loads(commands.said(f"{command} --json", project)), dict)


def test_the_report_is_one_page_that_needs_no_network(done, project):
    commands.said("report", project)
    page = (project / "report.html").read_text()
    assert "SIMULATED SKY" in page
    assert not re.search(r"""(?:src|href)=["']https?://[^"']+\.(?:js|css|png|jpg)""", page)


def test_the_library_lines_do_what_the_command_does(done, project, monkeypatch):
    code = re.search(r"```python\n(.+?)```", README, re.DOTALL)[1]
    monkeypatch.chdir(project)
    space = {}
    exec(code.replace("manifests/mine", "mine/negatives").replace("limit=500", "limit=9"), space)
    assert len(space["manifest"]) == 9
    assert (project / "mine" / "negatives.parquet").exists()
