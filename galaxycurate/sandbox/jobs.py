"""CasJobs' queue: jobs that wait, run, and end in one of three ways."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from itertools import count

from galaxycurate.errors import first_line
from galaxycurate.sandbox.sqlsearch import TIMEOUT


class Status(IntEnum):
    """As `getJobStatus` numbers them."""

    READY = 0
    STARTED = 1
    CANCELING = 2
    CANCELED = 3
    FAILED = 4
    FINISHED = 5


@dataclass
class Job:
    """One query in the queue, and what became of it.

    It stays Ready for ``queue_s`` and Started for ``job_s``, at least; ``fault`` is its fate.
    """

    number: int
    query: str
    context: str
    task: str
    queue_s: float = 0.0
    job_s: float = 0.0
    fault: str | None = None
    status: Status = Status.READY
    message: str = ""
    table: str = ""
    rows: int = 0
    submitted: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: datetime | None = None
    ended: datetime | None = None
    unwanted: asyncio.Event = field(default_factory=asyncio.Event)

    def described(self, web_services_id: int) -> dict:
        """The fields of `getJobStatus`."""
        return {
            "JobID": self.number,
            "Rows": self.rows,
            "WebServicesID": web_services_id,
            "TimeSubmit": _time(self.submitted),
            "TimeStart": _time(self.started),
            "TimeEnd": _time(self.ended),
            "SendEmail": 0,
            "Status": int(self.status),
            "AutoComplete": 0,
            "Estimate": 500,
            "TaskName": self.task,
            "OutputLoc": "",
            "HostIP": "127.0.0.1",
            "Message": self.message,
            "Query": self.query,
            "ModifiedQuery": self.query,
            "Target": self.context,
            "OutputType": "QUERY",
            "Params": "",
            "Created_Table": self.table,
        }


class Queue:
    """The jobs of one user, oldest first.

    Parameters
    ----------
    work : callable
        Runs a job's query: awaited with the job, it fills in ``table`` and ``rows``.
    """

    def __init__(self, work: Callable[[Job], Awaitable[None]]):
        self._work = work
        self._jobs: dict[int, Job] = {}
        self._tasks: set[asyncio.Task] = set()
        self._numbers = count(int(time.time()))  # those of another server's jobs are not ours

    def submit(self, query: str, context: str, task: str, **days) -> Job:
        """Put a query into the queue; `days` are the ``queue_s``, ``job_s``, ``fault`` of `Job`."""
        job = Job(next(self._numbers), query, context, task, **days)
        self._jobs[job.number] = job
        running = asyncio.create_task(self._run(job))
        self._tasks.add(running)
        running.add_done_callback(self._tasks.discard)
        return job

    def get(self, number: int) -> Job | None:
        """A job by its number."""
        return self._jobs.get(number)

    def newest_first(self) -> list[Job]:
        """All jobs."""
        return list(reversed(self._jobs.values()))

    def cancel(self, job: Job) -> None:
        """Ask for the end of a job; one that has ended stays as it is."""
        if job.status in (Status.READY, Status.STARTED):
            job.status = Status.CANCELING
            job.unwanted.set()

    async def close(self) -> None:
        """End what is still going on."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, job: Job) -> None:
        if await _unwanted_within(job, job.queue_s):
            return _end(job, Status.CANCELED)
        job.status, job.started = Status.STARTED, datetime.now(UTC)
        if await _unwanted_within(job, job.job_s):
            return _end(job, Status.CANCELED)
        if job.fault in _FATES:
            return _end(job, *_FATES[job.fault])
        try:
            await self._work(job)
        except Exception as error:  # whatever happens, a job ends
            return _end(job, Status.FAILED, first_line(error))
        if job.unwanted.is_set() and not job.table:
            return _end(job, Status.CANCELED)
        return _end(job, Status.FINISHED, "Query Complete")


_FATES = {
    "job_failed": (Status.FAILED, TIMEOUT),
    "job_canceled": (Status.CANCELED, "Job canceled by an administrator."),
}


async def _unwanted_within(job: Job, seconds: float) -> bool:
    try:
        await asyncio.wait_for(job.unwanted.wait(), max(seconds, 0.001))
    except TimeoutError:
        return False
    return True


def _end(job: Job, status: Status, message: str = "") -> None:
    job.status, job.message, job.ended = status, message, datetime.now(UTC)


def _time(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] if moment else None
