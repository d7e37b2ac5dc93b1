"""CasJobs at once and by job: the same answer, one job whatever happens, no secret anywhere."""

import json
import os
import signal
import subprocess
import sys
import threading
import traceback

import pandas as pd
import pytest

from galaxycurate.archives.archive import Access
from galaxycurate.archives.casjobs import archive as casjobs
from galaxycurate.archives.casjobs.archive import CasJobsArchive
from galaxycurate.archives.casjobs.into import into, table_of
from galaxycurate.archives.local.archive import LocalArchive
from galaxycurate.archives.skyserver import SkyServerArchive
from galaxycurate.core.query import Query
from galaxycurate.errors import AnswerTooLarge, JobFailed, LoginNeeded, QueryRefused, Unreachable
from galaxycurate.store import sqlfiles
from galaxycurate.store.shelf import FolderShelf
from tests.archives import small
from tests.archives.small import PASSWORD, USER, faults

pytest.importorskip("galsim")

pytestmark = pytest.mark.slow
QUESTIONS = sorted(path.stem for path in sqlfiles.folder().glob("*.sql"))
JOB = {"quick_cells": 120}  # every question of more than a few rows becomes a job, in pages
STARS = sqlfiles.read("negatives_star").bind()
TABLE = table_of(STARS, "DR17")


@pytest.fixture(scope="module")
def sky(tmp_path_factory):
    return small.make(tmp_path_factory.mktemp("casjobs") / "small")


@pytest.fixture(scope="module")
def local(sky):
    return LocalArchive(sky / "tables")


@pytest.fixture(scope="module")
def stars(local):
    table = local.run(STARS)
    assert len(table) > 20
    return table


@pytest.fixture(scope="module")
def server(sky):
    with pytest.MonkeyPatch.context() as patch:
        process, url = small.serve(sky, patch)
    yield url
    process.terminate()
    process.wait(20)


@pytest.fixture
def url(server, monkeypatch, tmp_path):
    """A good day, an empty MyDB, and a user who is known."""
    small.nobody(monkeypatch, tmp_path / "config")
    monkeypatch.setenv("SCISERVER_USER", USER)
    monkeypatch.setenv("SCISERVER_PASSWORD", PASSWORD)
    faults(server)
    for table in small.tables(server):
        small.rest(server, "POST", "/contexts/MyDB/query", json={"Query": f"DROP TABLE {table}"})
    return server


@pytest.fixture
def jobs(url):
    """The jobs since the test began, oldest first."""
    before = len(small.jobs(url))
    return lambda: small.jobs(url)[before:]


@pytest.fixture
def shelf(tmp_path):
    return FolderShelf(tmp_path / "shelf")


def archive(url, shelf=None, **more):
    more |= {"shelf": shelf} if shelf else {}
    return CasJobsArchive(Access(url, "dr17", 0, **more), sleep=small.hurry)


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_archive_gives_the_same_answer(url, local, name):
    query, said = sqlfiles.read(name).bind(), []
    here = local.run(query)
    anonymous = SkyServerArchive(Access(url, "dr17", 0)).run(query)
    at_once = archive(url).run(query)
    faults(url, too_large_first=1)
    by_job = archive(url, talk=said.append).run(query)
    assert "it becomes a job" in said[0]
    for other in (anonymous, at_once, by_job):
        pd.testing.assert_frame_equal(other, here, check_exact=True)
    assert small.tables(url) == []


def test_the_name_tells_who_answered(url):
    asked = archive(url)
    assert asked.name == f"{url}/CasJobs/RestApi/contexts/DR17"
    asked.run(STARS)
    assert asked.name.endswith("/contexts/DR17 (galaxycurate-sandbox (simulated sky: small))")


def test_a_large_answer_comes_in_pages_that_the_server_gives(url, stars, shelf, jobs):
    faults(url, **JOB)
    told = []
    asked = archive(url, shelf)
    table = asked.run(STARS, progress=lambda done, total, text: told.append((done, total)))
    pd.testing.assert_frame_equal(table, stars, check_exact=True)
    pages = [told_now for told_now in told if told_now[1]]
    assert len(pages) > 2
    assert pages[-1] == (len(stars), len(stars))
    assert len(jobs()) == 1
    assert shelf.note(STARS) is None


def test_a_queue_is_told_of_and_waited_for(url, stars):
    faults(url, **JOB, queue_s=0.3, job_s=0.3)
    told = []
    table = archive(url).run(STARS, progress=lambda done, total, text: told.append(text))
    assert len(table) == len(stars)
    assert any(": ready, " in text for text in told)
    assert any(": started, " in text for text in told)


def test_an_answer_that_is_kept_is_not_asked_for_again(url, shelf, jobs):
    faults(url, **JOB)
    first = archive(url, shelf).run(STARS)
    again = archive(url, shelf)
    pd.testing.assert_frame_equal(again.run(STARS), first)
    assert len(jobs()) == 1
    assert again.name.endswith("(galaxycurate-sandbox (simulated sky: small))")


def test_tables_may_be_kept_and_are_used_again(url, stars, jobs):
    faults(url, **JOB)
    archive(url, keep_tables=True).run(STARS)
    assert small.tables(url) == [TABLE]
    pd.testing.assert_frame_equal(archive(url).run(STARS), stars)
    assert small.tables(url) == []
    assert len(jobs()) == 1


def test_no_rows_by_job_are_an_empty_typed_table(url, local, shelf):
    query = sqlfiles.read("negatives_star").bind(bright_mag_r=29.0, faint_mag_r=29.5)
    faults(url, too_large_first=1)
    table = archive(url, shelf).run(query)
    pd.testing.assert_frame_equal(table, local.run(query))
    assert len(table) == 0


@pytest.mark.parametrize("route", [{}, JOB], ids=["at once", "by job"])
@pytest.mark.parametrize(
    "fault",
    [
        {"casjobs_503_first": 2},
        {"casjobs_503_rate": 0.3, "seed": 1},
        {"casjobs_drop_rate": 0.2, "seed": 3},
        {"casjobs_truncate_rate": 0.2, "seed": 2},
        {"casjobs_cut_rate": 0.2, "seed": 2},
        {"token_expired_first": 2},
        {"token_expired_rate": 0.3},
        {"token_uses": 2},
        {"name_taken_first": 1},
    ],
    ids=str,
)
def test_a_bad_day_gives_the_same_answer(url, stars, shelf, route, fault, jobs):
    faults(url, **route, **fault)
    pd.testing.assert_frame_equal(archive(url, shelf).run(STARS), stars, check_exact=True)
    faults(url)
    assert small.tables(url) == []
    finished = [job for job in jobs() if job["Status"] == 5]
    assert len(finished) == len(route)


def test_a_reply_to_a_submission_that_is_lost_makes_no_second_job(url, stars, jobs):
    faults(url, **JOB)
    asked = archive(url)
    submit, asked._casjobs.submit = asked._casjobs.submit, None

    def lost(*args):
        asked._casjobs.submit = submit
        faults(url, **JOB, casjobs_drop_first=1, queue_s=0.2)
        return submit(*args)

    asked._casjobs.submit = lost
    pd.testing.assert_frame_equal(asked.run(STARS), stars)
    assert len(jobs()) == 1


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_number_that_lost_a_digit_is_no_job_of_ours(
    url, stars, shelf, jobs, monkeypatch, is_listed
):
    faults(url, **JOB, queue_s=0.2)
    said = []
    asked = archive(url, shelf, talk=said.append)
    submit = asked._casjobs.submit
    monkeypatch.setattr(asked._casjobs, "submit", lambda *args: submit(*args) + 10**6)
    if is_listed:
        pd.testing.assert_frame_equal(asked.run(STARS), stars)
        assert said[-1] == f"it is CasJobs job {jobs()[0]['JobID']}"
    else:
        monkeypatch.setattr(asked._casjobs, "jobs", lambda: [])
        with pytest.raises(JobFailed, match="but knows of no such job") as caught:
            asked.run(STARS)
        assert caught.value.hint.startswith("the same command looks for it")
        pd.testing.assert_frame_equal(archive(url, shelf).run(STARS), stars)
    assert len(jobs()) == 1
    assert small.tables(url) == []


def test_the_number_of_somebody_elses_job_is_not_believed(url, stars, shelf, jobs, monkeypatch):
    faults(url, **JOB, job_failed_first=1)
    sql = "SELECT COUNT(*) AS n INTO mydb.other FROM Field"
    other = small.rest(url, "PUT", "/contexts/DR17/jobs", json={"Query": sql, "TaskName": "other"})
    asked = archive(url, shelf)
    submit = asked._casjobs.submit
    monkeypatch.setattr(asked._casjobs, "submit", lambda *args: submit(*args) and int(other.text))
    pd.testing.assert_frame_equal(asked.run(STARS), stars)
    assert len(jobs()) == 2


def test_a_page_of_one_row_that_is_too_large_names_the_table(url, shelf):
    faults(url, quick_cells=3)
    with pytest.raises(AnswerTooLarge, match=f"not even give one row of {TABLE} at once") as caught:
        archive(url, shelf).run(STARS)
    assert f"galaxycurate casjobs drop {TABLE} drops it" in caught.value.hint
    assert small.tables(url) == [TABLE]


def test_a_pause_is_told_of(url):
    faults(url, casjobs_503_first=2)
    said = []
    archive(url, talk=said.append).run(STARS)
    assert said[:2] == [f"CasJobs did not answer: asking again in {n} s" for n in (2, 6)]


def test_a_failed_job_is_told_with_the_servers_reason_and_can_be_asked_again(url, stars, shelf):
    faults(url, **JOB, job_failed_first=1)
    with pytest.raises(JobFailed, match=r"job \d+ failed: Execution Timeout Expired") as caught:
        archive(url, shelf).run(STARS)
    assert "--dry-run" in caught.value.hint
    assert shelf.note(STARS) is None
    pd.testing.assert_frame_equal(archive(url, shelf).run(STARS), stars)


def test_a_canceled_job_is_no_finished_one(url, shelf):
    faults(url, **JOB, job_canceled_first=1)
    with pytest.raises(JobFailed, match=r"job \d+ was canceled") as caught:
        archive(url, shelf).run(STARS)
    assert caught.value.hint == "the same command hands it in again"


def test_sql_that_is_wrong_is_refused_with_the_servers_words(url):
    wrong = Query("wrong", "SELECT p.nothing FROM PhotoObjAll AS p", (("nothing", "int"),))
    with pytest.raises(QueryRefused, match="Invalid column name 'nothing'"):
        archive(url).run(wrong)


def test_a_service_that_is_down_is_unreachable_in_its_own_words(url):
    faults(url, casjobs_503_rate=1.0)
    with pytest.raises(Unreachable, match="503, a web page: 503 Service Unavailable") as caught:
        archive(url).run(STARS)
    assert "galaxycurate config show" in caught.value.hint


def test_nobody_at_the_address_is_unreachable(monkeypatch):
    monkeypatch.setenv("SCISERVER_TOKEN", "t")
    with pytest.raises(Unreachable, match=r"did not answer at http://127.0.0.1:9"):
        archive("http://127.0.0.1:9").run(STARS)


def test_a_job_outlives_the_login_and_is_found_again(url, stars, shelf, monkeypatch, jobs):
    monkeypatch.delenv("SCISERVER_PASSWORD")
    monkeypatch.setenv("SCISERVER_TOKEN", small.token(url))
    faults(url, **JOB, queue_s=0.5, token_uses=4)
    with pytest.raises(LoginNeeded, match="login at CasJobs has expired") as caught:
        archive(url, shelf).run(STARS)
    assert "goes on at CasJobs, the same command picks it up" in caught.value.hint
    faults(url, **JOB)
    monkeypatch.setenv("SCISERVER_TOKEN", small.token(url))
    pd.testing.assert_frame_equal(archive(url, shelf).run(STARS), stars)
    assert len(jobs()) == 1


@pytest.mark.parametrize("cancel", [True, False])
def test_ctrl_c_asks_whether_to_cancel(url, stars, shelf, cancel, jobs):
    faults(url, **JOB, queue_s=1.0)
    asked, said = [], []

    def confirm(question):
        asked.append(question)
        return cancel

    def interrupted(seconds):
        small.hurry(seconds)
        if seconds >= 1:
            raise KeyboardInterrupt

    access = Access(url, "dr17", 0, shelf=shelf, confirm=confirm, talk=said.append)
    with pytest.raises(KeyboardInterrupt):
        CasJobsArchive(access, sleep=interrupted).run(STARS)
    number = jobs()[0]["JobID"]
    assert asked == [f"cancel CasJobs job {number}? if not, it goes on"]
    state = "is canceled" if cancel else "goes on"
    assert said[-1].startswith(f"CasJobs job {number} {state}")
    pd.testing.assert_frame_equal(archive(url, shelf).run(STARS), stars)
    assert len(jobs()) == 1 + cancel


@pytest.mark.parametrize(
    ("rows", "new_jobs"),
    [
        ("", 1),  # what is left of a job that failed
        ("1\n2\n4\n", 1),  # a row is missing
        (None, 0),  # complete
    ],
)
def test_a_table_of_that_name_is_used_only_when_it_is_complete(url, stars, rows, new_jobs, jobs):
    text = "gc_row\n" + rows if rows is not None else _numbered(stars)
    small.rest(url, "POST", f"/contexts/MyDB/Tables/{TABLE}", data=text)
    faults(url, **JOB)
    pd.testing.assert_frame_equal(archive(url).run(STARS), stars)
    assert len(jobs()) == new_jobs
    assert small.tables(url) == []


def test_rows_that_a_failed_job_left_are_no_answer(url, stars, shelf, jobs):
    """As when MyDB was full: the first rows are there, numbered without a gap."""
    faults(url, **JOB, job_failed_first=1)
    with pytest.raises(JobFailed):
        archive(url, shelf).run(STARS)
    left = _numbered(stars.head(5))
    small.rest(url, "POST", f"/contexts/MyDB/Tables/{TABLE}", data=left)
    pd.testing.assert_frame_equal(archive(url, shelf).run(STARS), stars)
    assert len(jobs()) == 2


def test_a_failed_job_leaves_no_table(url, stars, monkeypatch):
    asked = archive(url)
    monkeypatch.setattr(asked._casjobs, "jobs", lambda: [])  # nobody could tell whose rows they are
    submit = asked._casjobs.submit

    def submit_and_fill(*args):
        number = submit(*args)
        text = _numbered(stars.head(5))
        small.rest(url, "POST", f"/contexts/MyDB/Tables/{TABLE}", data=text)
        return number

    monkeypatch.setattr(asked._casjobs, "submit", submit_and_fill)
    faults(url, **JOB, job_failed_first=1)
    with pytest.raises(JobFailed):
        asked.run(STARS)
    assert small.tables(url) == []


def _numbered(table):
    return table.assign(gc_row=range(1, len(table) + 1)).to_csv(index=False)


def test_two_who_ask_the_same_both_get_it(url, stars):
    faults(url, **JOB, queue_s=0.3)
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(archive(url).run(STARS))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for answer in answers:
        pd.testing.assert_frame_equal(answer, stars)
    assert len(answers) == 2


ASK = """
import os, signal, sys
from pathlib import Path
from galaxycurate.archives.casjobs import pages
from galaxycurate.archives.casjobs.archive import CasJobsArchive
from galaxycurate.archives.archive import Access
from galaxycurate.store import sqlfiles
from galaxycurate.store.shelf import FolderShelf
from tests.archives import small

url, folder, stage, out = sys.argv[1:]
archive = CasJobsArchive(Access(url, "dr17", 0, shelf=FolderShelf(Path(folder))), sleep=small.hurry)

def die_at(owner, name, call, after=False):
    real, calls = getattr(owner, name), []
    def dying(*args, **more):
        calls.append(1)
        if after:
            real(*args, **more)
        if len(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **more)
    setattr(owner, name, dying)

{
    "before submit": lambda: die_at(archive._casjobs, "submit", 1),
    "after submit": lambda: die_at(archive._casjobs, "submit", 1, after=True),
    "while waiting": lambda: die_at(archive._casjobs, "job", 3),
    "between pages": lambda: die_at(pages, "_page", 2),
    "before drop": lambda: die_at(archive._casjobs, "drop", 1),
    "after drop": lambda: die_at(archive._casjobs, "drop", 1, after=True),
}[stage]()
archive.run(sqlfiles.read("negatives_star").bind()).to_parquet(out)
"""


STAGES = [
    "before submit", "after submit", "while waiting", "between pages", "before drop", "after drop"
]  # fmt: skip


@pytest.mark.parametrize("stage", STAGES)
def test_after_kill_9_the_same_command_goes_on_with_the_same_job(url, stars, tmp_path, stage, jobs):
    faults(url, **JOB, queue_s=0.4)
    out = tmp_path / "answer.parquet"

    command = [sys.executable, "-c", ASK, url, str(tmp_path / "shelf"), stage, str(out)]
    killed = subprocess.run(command, timeout=60, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not out.exists()
    again = archive(url, FolderShelf(tmp_path / "shelf")).run(STARS)
    pd.testing.assert_frame_equal(again, stars)
    assert len(jobs()) == 1
    assert small.tables(url) == []


def test_a_job_is_found_without_a_note(url, stars, jobs):
    faults(url, **JOB, queue_s=0.3)
    small.rest(
        url, "PUT", "/contexts/DR17/jobs", json={"Query": into(STARS, TABLE), "TaskName": TABLE}
    )
    pd.testing.assert_frame_equal(archive(url).run(STARS), stars)
    assert len(jobs()) == 1


def test_a_service_that_lists_no_jobs_still_gives_the_answer(url, stars):
    faults(url, **JOB)
    asked = archive(url)
    asked._casjobs.jobs = lambda: []
    pd.testing.assert_frame_equal(asked.run(STARS), stars)


def test_a_page_with_a_row_missing_is_never_an_answer(url, shelf, monkeypatch):
    faults(url, too_large_first=1)
    asked = archive(url, shelf)
    query = asked._casjobs.query

    def lossy(sql, context="MyDB"):
        return query(sql, context).drop(3, errors="ignore")

    asked._casjobs.query = lossy
    with pytest.raises(Unreachable, match="gave not all of the rows 1 to") as caught:
        asked.run(STARS)
    assert "the same command picks it up" in caught.value.hint
    assert shelf.answer(STARS) is None
    assert small.tables(url) == [TABLE]


def test_another_release_or_value_is_another_table():
    other = sqlfiles.read("negatives_star").bind(seed=43)
    names = {table_of(STARS, "DR17"), table_of(STARS, "DR16"), table_of(other, "DR17")}
    assert len(names) == 3
    assert table_of(STARS, "dr17") == TABLE


@pytest.mark.parametrize("sql", ["SELECT DISTINCT run FROM Field", "DROP TABLE x", "SELECT 1 AS a"])
def test_what_is_no_plain_select_becomes_no_job(sql):
    with pytest.raises(QueryRefused, match="cannot be asked by a job"):
        into(Query("odd", sql), "t")


def test_words_in_texts_and_brackets_are_not_taken_for_clauses():
    sql = "SELECT TOP 5 (SELECT 1 FROM a) AS [from], 'x from y' AS b FROM t ORDER BY t.c"
    assert into(Query("q", sql), "gc_1") == (
        "SELECT TOP 5 ROW_NUMBER() OVER (ORDER BY t.c) AS gc_row, (SELECT 1 FROM a) AS [from], "
        "'x from y' AS b INTO mydb.gc_1 FROM t ORDER BY t.c"
    )


def test_no_secret_is_in_what_is_said_or_written(url, shelf, tmp_path, monkeypatch, capfd, jobs):
    """Everything that may be printed or kept, on good days and bad ones."""
    token, said = small.token(url), []
    monkeypatch.setenv("SCISERVER_TOKEN", token)
    faults(url, **JOB, job_failed_first=1, token_expired_first=3)
    for settings in ({}, {"casjobs_503_rate": 1.0}, {"quick_cells": 120}):
        access = Access(url, "dr17", 0, shelf=shelf, talk=said.append)
        asked = CasJobsArchive(access, sleep=small.hurry)
        try:
            asked.run(STARS)
        except (JobFailed, Unreachable) as error:
            said += [traceback.format_exc(), str(error.hint)]
        said += [repr(access), repr(asked), repr(asked._casjobs.login), asked.name]
        faults(url, **settings)
    said += [json.dumps(jobs()), *capfd.readouterr(), " ".join(sys.argv)]
    said += [str(path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file()]
    assert len(said) > 10
    assert not [text for text in said if token in text or PASSWORD in text]


def test_the_longest_pause_is_short_enough_for_a_person():
    assert casjobs.LONGEST_PAUSE_S <= 15
    assert os.environ.get("SCISERVER_PASSWORD") != PASSWORD
