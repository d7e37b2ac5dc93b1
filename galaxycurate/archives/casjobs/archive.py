"""CasJobs: at once where the answer is small, else by a job that survives our death.

A job fills a table of MyDB, named after the question. Whoever asks the same question again finds
the job, by its note or by its name, and goes on; a table of that name which no job of ours is
filling is used where its rows are complete, and dropped where it is empty, lacks a row, or was left
by a job that failed or was canceled.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from galaxycurate.archives.archive import Access
from galaxycurate.archives.casjobs.into import into, table_of
from galaxycurate.archives.casjobs.jobs import CasJobs, State
from galaxycurate.archives.casjobs.pages import TableChanged, extent, fetch
from galaxycurate.archives.owned import OwnedShelf
from galaxycurate.archives.wire import PAUSES_S
from galaxycurate.core.progress import Progress, silent
from galaxycurate.core.query import Query
from galaxycurate.core.rows import typed
from galaxycurate.errors import (
    AnswerTooLarge,
    GalaxyCurateError,
    JobFailed,
    LoginNeeded,
    QueryRefused,
    Unreachable,
    first_line,
)

if TYPE_CHECKING:
    import pandas as pd

LONGEST_PAUSE_S = 15.0
_ROUNDS = 3
_GOING_ON = (State.READY, State.STARTED)
_TAKEN = "already an object named"


class CasJobsArchive:
    """The databases of CasJobs, asked by a user who is logged in.

    Parameters
    ----------
    access : Access
    sleep : callable
        Waits; tests switch it off.
    """

    rows_at_once = 2_000_000

    def __init__(self, access: Access, *, sleep: Callable[[float], None] = time.sleep):
        self._access = access
        self._shelf = OwnedShelf(access.shelf, self._giver)
        self._context = access.release.upper()
        self._sleep = sleep
        self._casjobs = CasJobs(access, sleep=sleep)

    @property
    def name(self) -> str:
        """Where the rows come from, with the server's own name once it has answered."""
        url = f"{self._casjobs.root}/contexts/{self._context}"
        return f"{url} ({self._casjobs.says})" if self._casjobs.says else url

    def lacks(self, sql: str) -> list[str]:
        """Nothing: a release has all its columns."""
        return []

    def run(self, query: Query, *, progress: Progress = silent) -> pd.DataFrame:
        """Ask one question.

        Parameters
        ----------
        query : Query
        progress : callable
            Told how the job stands and how many rows were fetched.

        Returns
        -------
        pandas.DataFrame
            One column for each of the query's columns: ids as text, typed and empty when no row
            matches.

        Raises
        ------
        LoginNeeded
            Nobody is logged in, or not any more; a job that was begun goes on.
        JobFailed
            The job failed or was canceled.
        QueryRefused
            The text is the server's first line.
        Unreachable
            No answer in time; a job that was begun goes on.
        """
        answer, begun = self._shelf.answer(query), self._shelf.note(query) is not None
        if answer is None and not begun:
            try:
                return typed(self._casjobs.query(query.sql, self._context), query)
            except AnswerTooLarge:
                self._access.talk("CasJobs does not answer this at once: it becomes a job")
        if answer is None:
            answer, begun = self._by_job(query, progress), True
            self._shelf.keep_answer(query, answer)
        if begun:
            self._clear_away(query)
        return typed(answer, query)

    def _giver(self) -> str:
        if self._casjobs.says is None:
            self._casjobs.tables()
        return self._casjobs.says or ""

    def _by_job(self, query: Query, progress: Progress) -> pd.DataFrame:
        table = table_of(query, self._context)
        for _ in range(_ROUNDS):
            try:
                job = self._begun(query, table)
                if job is not None:
                    self._wait(query, job, progress)
                return fetch(self._casjobs, query, table, progress=progress, sleep=self._sleep)
            except TableChanged:
                self._shelf.write_note(query, None)
        raise JobFailed(
            f"the table {table} in MyDB is made or dropped by someone else again and again",
            hint="is the same command running twice? galaxycurate casjobs tables",
        )

    def _begun(self, query: Query, table: str) -> int | None:
        """The number of the job that fills the table; None when the table is complete."""
        job = self._job(self._noted(query), table)
        if job and _state(job) in _GOING_ON:
            return int(job["JobID"])
        if any(found["Name"].lower() == table for found in self._casjobs.tables()):
            rows, last = extent(self._casjobs, table)
            is_ours = self._noted(query) and job
            is_whole = job is None or _state(job) == State.FINISHED
            if rows == last and is_whole and (rows or is_ours):
                return None
            self._casjobs.drop(table)
        return self._submit(query, table, job)

    def _job(self, number: int | None, table: str) -> dict[str, Any] | None:
        """The job of this number, else the latest one that fills the table."""
        if number:
            try:
                job = self._casjobs.job(number)
            except QueryRefused:  # forgotten, or the number lost a digit on its way
                job = {}
            if _fills(job, table):
                return job
        ours = [job for job in self._casjobs.jobs() if _fills(job, table) and not _came_late(job)]
        return max(
            ours, key=lambda job: (_state(job) in _GOING_ON, int(job["JobID"])), default=None
        )

    def _noted(self, query: Query) -> int | None:
        return (self._shelf.note(query) or {}).get("job")

    def _submit(self, query: Query, table: str, last: dict[str, Any] | None) -> int:
        sql = into(query, table)
        self._shelf.write_note(query, {"table": table, "job": None})
        try:
            number = self._casjobs.submit(sql, self._context, table)
        except Unreachable:  # the reply is lost, the job may not be
            self._sleep(PAUSES_S[0])
            job = self._job(None, table)
            is_new = job is not None and (last is None or job["JobID"] != last["JobID"])
            if job and is_new:
                number = int(job["JobID"])
            else:
                number = self._casjobs.submit(sql, self._context, table)
        self._shelf.write_note(query, {"table": table, "job": number})
        self._access.talk(f"CasJobs job {number}: it goes on there should this command end")
        return number

    def _wait(self, query: Query, number: int, progress: Progress) -> None:
        started, pause = time.monotonic(), 1.0
        try:
            while job := self._job(number, table_of(query, self._context)):
                if int(job["JobID"]) != number:
                    number = int(job["JobID"])
                    self._access.talk(f"it is CasJobs job {number}")
                if _state(job) == State.FINISHED:
                    return
                self._check(query, number, job)
                waited = time.monotonic() - started
                progress(0, 0, f"CasJobs job {number}: {_state(job).name.lower()}, {waited:.0f} s")
                self._sleep(pause)
                pause = min(pause * 1.5, LONGEST_PAUSE_S)
            raise JobFailed(
                f"CasJobs took job {number}, but knows of no such job",
                hint="the same command looks for it, and hands it in again if need be",
            )
        except (Unreachable, LoginNeeded) as error:
            error.hint = (
                f"{error.hint}; job {number} goes on at CasJobs, the same command picks it up"
            )
            raise
        except KeyboardInterrupt:
            self._interrupted(query, number)
            raise

    def _check(self, query: Query, number: int, job: dict[str, Any]) -> None:
        """Told apart from a job that finished: one that failed, one that was canceled."""
        message = first_line(job.get("Message") or "it gives no reason")
        if _state(job) not in (State.FAILED, State.CANCELED):
            return
        self._shelf.write_note(query, None)
        if _came_late(job):
            raise TableChanged
        self._drop(table_of(query, self._context))  # it may hold some of the rows
        if _state(job) == State.CANCELED:
            raise JobFailed(
                f"CasJobs job {number} was canceled", hint="the same command hands it in again"
            )
        raise JobFailed(
            f"CasJobs job {number} failed: {message}",
            hint="the same command hands it in again, --dry-run shows its SQL; is MyDB full? "
            "galaxycurate casjobs tables",
        )

    def _interrupted(self, query: Query, number: int) -> None:
        """Ctrl-C: the job is canceled only when a person says so."""
        if not self._access.confirm(f"cancel CasJobs job {number}? if not, it goes on"):
            self._access.talk(
                f"CasJobs job {number} goes on: the same command picks it up, "
                f"galaxycurate casjobs cancel {number} ends it"
            )
            return
        try:
            self._casjobs.cancel(number)
        except GalaxyCurateError as error:
            self._access.talk(f"CasJobs job {number} was not canceled: {error}")
            return
        self._shelf.write_note(query, None)
        self._access.talk(f"CasJobs job {number} is canceled")

    def _clear_away(self, query: Query) -> None:
        """The answer is safe: drop the table, forget the job."""
        if not self._access.keep_tables:
            self._drop(table_of(query, self._context))
        self._shelf.write_note(query, None)

    def _drop(self, table: str) -> None:
        try:
            self._casjobs.drop(table)
        except GalaxyCurateError as error:
            self._access.talk(f"{table} stays in MyDB ({error}): galaxycurate casjobs drop {table}")


def _state(job: dict[str, Any]) -> State:
    return State(int(job["Status"]))


def _fills(job: dict[str, Any], table: str) -> bool:
    return table in (job.get("TaskName") or "") or table in (job.get("Query") or "")


def _came_late(job: dict[str, Any]) -> bool:
    """Whether it failed because another job had made the table."""
    return _state(job) == State.FAILED and _TAKEN in (job.get("Message") or "")
