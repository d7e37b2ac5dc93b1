"""The command line of a review; the page itself is looked at in tests/web/review."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from galaxycurate.store.ledger import Ledger
from tests.pipeline.project import Project


@pytest.fixture
def project(tmp_path):
    made = Project(tmp_path)
    made.fetch(made.manifest("spiral", 3, size_px=[48] * 3), side=48)
    made.fetch(made.manifest("elliptical", 2, size_px=[48] * 2), side=48)
    return made


def test_a_dry_run_counts_what_waits_and_writes_nothing(command, project):
    done = command("review", "--dry-run", cwd=project.root)
    assert done.returncode == 0
    assert re.search(r"^unreviewed +5 of 5 wait$", done.stdout, re.M)
    assert re.search(r"^noise +no training wrote label_noise.csv yet", done.stdout, re.M)
    told = json.loads(command("review", "--dry-run", "--json", cwd=project.root).stdout)
    assert {one["queue"] for one in told} >= {"unreviewed", "contaminated", "pairs", "disputed"}
    some = command("review", "--filter", "label=spiral", "--dry-run", cwd=project.root)
    assert some.stdout == "filter: label=spiral 3 of 3 wait\n"
    none = command("review", "--filter", "vote_fraction>9", "--dry-run", cwd=project.root)
    assert none.stdout == "filter: vote_fraction>9 no picture passes the filter 'vote_fraction>9'\n"
    guess = command("review", "--filter", "p>0.5 or label=spiral", "--dry-run", cwd=project.root)
    assert guess.returncode == 0
    assert "note: 2 of 5 pictures cannot be told by the filter" in guess.stderr
    assert "p is not known" in guess.stderr
    with Ledger.open(project.settings.ledger_url) as ledger:
        assert ledger.last_run("review") is None


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (["--queue", "nois"], "no queue is called 'nois'", "did you mean noise?"),
        (["--queue", "pairs"], "nothing waits in pairs", "galaxycurate dedupe"),
        (["--queue", "noise"], "no training wrote label_noise.csv", "python -m train folds"),
        (["--noise", "no.csv"], "no such file: no.csv", "ls ."),
        (["--filter", "lable=x"], "no column of these pictures is called 'lable'", "mean label?"),
        (["--filter", "label=ring"], "label is never 'ring'", "label: elliptical, spiral"),
        (["--filter", "label=spirl", "--dry-run"], "label is never", "did you mean spiral?"),
        (
            ["--filter", "vote_fraction>9"],
            "galaxycurate: no picture passes the filter",
            "--dry-run",
        ),
        (["--filter", "1=1"], "compares nothing", "label=spiral AND p>0.9"),
        (["--second-look", "all"], "'all' is no share", "--second-look 5%"),
        (["--limit", "0"], "limit = 0 leaves nothing", "--limit 100"),
        (["--new-class", "a/b"], "class 'a/b' cannot be a file name", "letters"),
        (["--new-class", "../x", "--dry-run"], "class '../x' cannot be a file name", "letters"),
        (["--noise", "dataset/images", "--dry-run"], "dataset/images cannot be read", ""),
        (["--noise", "galaxycurate.toml", "--queue", "noise", "--dry-run"], "no such file", "ls"),
        (["--predictions", "nope.csv"], "no such file: nope.csv", "ls ."),
        (["--predictions", "nope.csv", "--dry-run"], "no such file: nope.csv", "ls ."),
        (["--agreement", "--apply", "a.csv"], "--apply and --agreement do not go", "each"),
        (["--apply", "a.csv", "--static", "q.html"], "--apply and --static do not go", "each"),
        (["--agreement", "--queue", "pairs"], "--agreement and --queue do not go", "each"),
        (["--reviewer", "ann, again"], "be read as somebody's second looks", "--reviewer ann"),
        (["--reviewer", "a" * 41], "has 41 characters, at most 40", "--reviewer a"),
        (["--static", "no/folder/q.html"], "there is no folder no/folder", "mkdir -p no/folder"),
        (["--static", "page.html", "--blind"], "a page cannot hide labels", "--static"),
        (["--static", "page.html", "--second-look", "5%"], "does not know earlier", "--static"),
        (["--static", "dataset"], "the page dataset is a folder", "--static dataset/page.html"),
        (["--port", "70000"], "70000", "review --help"),
    ],
)
def test_a_wrong_word_touches_nothing_and_says_what_to_type(command, project, words, said, hint):
    before = sorted(project.root.rglob("*"))
    done = command("review", "--no-open", *words, cwd=project.root)
    assert done.returncode == 2
    assert said in done.stderr
    assert hint in done.stderr
    assert done.stdout == ""
    assert sorted(project.root.rglob("*")) == before


def test_without_images_it_says_how_to_get_some(command, tmp_path):
    done = command("review", cwd=tmp_path)
    assert done.returncode == 2
    assert "galaxycurate negatives --score 0.2" in done.stderr


def test_one_file_is_written_and_says_how_its_decisions_come_back(command, project):
    words = ("review", "--static", "page.html", "--limit", "4")
    planned = command(*words, "--dry-run", cwd=project.root)
    assert planned.stdout == "page.html: 4 pictures, would be written\n"
    assert not (project.root / "page.html").exists()
    done = command(*words, cwd=project.root)
    assert re.fullmatch(r"page\.html: 4 pictures, 0\.\d MB\n", done.stdout)
    assert "next: galaxycurate review --apply decisions.csv" in done.stderr
    told = json.loads(command(*words, "--json", cwd=project.root).stdout)
    assert told["shown"] == told["total"] == 4


def test_a_file_for_somebody_leaves_out_what_they_decided_on_and_says_so(command, project):
    file = project.root / "d.csv"
    file.write_text(f"path,kind\n{first_path(project)},unsure\n")
    assert command("review", "--apply", "d.csv", "--reviewer", "ann", cwd=project.root).stdout
    done = command("review", "--static", "p.html", "--reviewer", "ann", cwd=project.root)
    assert done.stdout.startswith("p.html: 4 pictures")
    assert "not in it: 1 that ann has decided on" in done.stderr
    assert "fit" not in done.stderr


def first_path(project):
    with Ledger.open(project.settings.ledger_url) as ledger:
        return next(iter(ledger.outcomes())).path


def test_with_second_looks_the_terminal_counts_pictures(command, project):
    words = ("review", "--dry-run", "--queue", "random", "--second-look", "100%")
    assert command(*words, cwd=project.root).stdout == f"{'random':<14} 5 of 5 wait\n"


def test_interrupted_it_ends_well_and_says_what_comes_next(project):
    process = subprocess.Popen(
        [sys.executable, "-m", "galaxycurate", "review", "--no-open", "--json"], text=True,
        cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "LOGNAME": "dora", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    lines = []
    while not lines or lines[-1] != "}\n":
        lines.append(process.stdout.readline())
    told = json.loads("".join(lines))
    assert (told["reviewer"], told["total"], told["decided"]) == ("dora", 5, 0)
    with urllib.request.urlopen(told["url"], timeout=10) as answer:
        assert b"galaxycurate review" in answer.read()
    process.send_signal(signal.SIGINT)
    _, talk = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "ssh -L" in talk
    assert "nothing decided; 5 of 5 left in unreviewed" in talk
    assert talk.endswith("next: galaxycurate dedupe\n")  # as status says
    assert "Traceback" not in talk
