"""`galaxycurate casjobs` as a person meets it, on a terminal of its own too."""

import json
import os
import pty
import re
import select
import subprocess
import sys

import pytest

from tests.archives import small
from tests.archives.small import PASSWORD, USER
from tests.sandbox import tiny

QUERY = "SELECT run, field INTO mydb.{} FROM Field"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        process, url = small.serve(tiny.make(tmp_path_factory.mktemp("sky") / "tiny"), patch)
    yield url
    process.terminate()
    process.wait(20)


@pytest.fixture
def env(url, tmp_path):
    """Nobody is logged in, and there is no keyring."""
    known = {name: v for name, v in os.environ.items() if not name.startswith("SCISERVER_")}
    return known | {
        "GALAXYCURATE_SERVER": url,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }


@pytest.fixture
def user(env):
    return env | {"SCISERVER_USER": USER, "SCISERVER_PASSWORD": PASSWORD}


def run_alone(*words, cwd, env):
    return subprocess.run(
        [sys.executable, "-m", "galaxycurate", "casjobs", *words], cwd=cwd, env=env, check=False,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


@pytest.fixture
def run(command, monkeypatch, tmp_path):
    """`galaxycurate casjobs` in this process, for whoever is said to be logged in."""
    small.nobody(monkeypatch, tmp_path)
    return lambda *words, cwd, env: command("casjobs", *words, cwd=cwd, env=env)


def submit(url, table):
    body = {"Query": QUERY.format(table), "TaskName": table}
    return small.rest(url, "PUT", "/contexts/DR17/jobs", json=body).json()


def test_a_login_is_kept_until_the_logout(env, user, tmp_path):
    done = run_alone("login", cwd=tmp_path, env=user)
    assert (done.returncode, done.stdout) == (0, f"{USER} is logged in\n")
    assert "next: galaxycurate negatives --archive casjobs" in done.stderr
    file = tmp_path / "config" / "galaxycurate" / "token.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in done.stdout + done.stderr + file.read_text()
    assert run_alone("tables", cwd=tmp_path, env=env).returncode == 0
    assert json.loads(run_alone("logout", "--json", cwd=tmp_path, env=env).stdout)["forgotten"]
    assert not file.exists()
    done = run_alone("tables", cwd=tmp_path, env=env)
    assert done.returncode == 4
    assert "galaxycurate: nobody is logged in to CasJobs" in done.stderr
    assert "hint: galaxycurate casjobs login" in done.stderr


def test_a_person_types_the_password_unseen(env, tmp_path):
    person, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "galaxycurate", "casjobs", "login"], cwd=tmp_path, env=env,
        stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    shown = ""
    for asked, typed in (("SciServer user:", USER), ("\n> ", PASSWORD), ("next:", None)):
        while asked not in shown:
            assert select.select([person], [], [], 60)[0], shown
            shown += os.read(person, 1000).decode()
        if typed:
            os.write(person, f"{typed}\n".encode())
    assert process.wait(20) == 0
    os.close(person)
    assert f"{USER} is logged in" in shown
    assert PASSWORD not in shown


def ended(url):
    while (job := small.jobs(url)[-1])["Status"] != 5:
        pass
    return job["JobID"]


def test_tables_and_jobs_are_shown_and_one_table_is_dropped(run, url, user, tmp_path):
    number = submit(url, "mine")
    assert ended(url) == number
    done = run("cancel", str(number), cwd=tmp_path, env=user)
    assert done.returncode == 2
    assert f"galaxycurate: job {number} has ended: finished" in done.stderr
    shown = run("tables", cwd=tmp_path, env=user)
    assert re.search(r"^mine +2 +\S+ +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$", shown.stdout, re.M)
    rows = json.loads(run("tables", "--json", cwd=tmp_path, env=user).stdout)
    assert [(row["name"], row["rows"]) for row in rows] == [("mine", 2)]
    jobs = json.loads(run("jobs", "--json", cwd=tmp_path, env=user).stdout)
    assert (jobs[0]["job"], jobs[0]["state"], jobs[0]["task"]) == (number, "finished", "mine")
    assert f"{number}" in run("jobs", cwd=tmp_path, env=user).stdout
    done = run("drop", "mine", cwd=tmp_path, env=user)
    assert done.stdout == "MyDB table mine is dropped (2 rows)\n"
    assert small.tables(url) == []
    assert run("tables", cwd=tmp_path, env=user).stdout == "MyDB has no tables\n"


def test_a_job_is_canceled(run, url, user, tmp_path):
    small.faults(url, queue_s=60)
    number = submit(url, "never")
    done = run("cancel", str(number), "--json", cwd=tmp_path, env=user)
    small.faults(url)
    assert json.loads(done.stdout) == {"job": number, "state": "canceled"}
    assert small.jobs(url)[-1]["Status"] in (2, 3)


@pytest.mark.parametrize(
    ("words", "code", "line", "hint"),
    [
        (["drop", "gc_kepd"], 2, "MyDB has no table gc_kepd", "did you mean gc_kept?"),
        (["drop", "x; DROP TABLE gc_kept"], 2, "MyDB has no table x;", "casjobs tables"),
        (["cancel", "999999"], 1, "There is no such job", "hint: galaxycurate casjobs jobs"),
        (["cancel", "one"], 2, "Invalid value for 'number'", "--help"),
        (["tabels"], 2, "No such command 'tabels'", "--help"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_use_says_so_in_one_line(run, url, user, tmp_path, words, code, line, hint):
    if "gc_kept" not in small.tables(url):
        submit(url, "gc_kept")
        ended(url)
    done = run(*words, cwd=tmp_path, env=user)
    said = [text for text in done.stderr.splitlines() if text.startswith("galaxycurate: ")]
    assert (done.returncode, len(said)) == (code, 1)
    assert line in said[0]
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
    assert "gc_kept" in small.tables(url)


def test_without_a_person_a_login_says_what_to_set(run, env, tmp_path):
    done = run("login", cwd=tmp_path, env=env)
    assert done.returncode == 4
    assert "hint: set SCISERVER_USER and SCISERVER_PASSWORD" in done.stderr


def test_a_wrong_password_is_not_repeated(run, user, tmp_path):
    done = run("login", cwd=tmp_path, env=user | {"SCISERVER_PASSWORD": "hunter2-wrong"})
    assert done.returncode == 4
    assert f"does not accept the password of {USER}" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout
    assert not (tmp_path / "config").exists()
