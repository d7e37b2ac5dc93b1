"""CasJobs' REST service: contexts, synchronous queries, jobs, and the tables of MyDB.

After what `SciServer.CasJobs` (sciserver/SciScript-Python) sends and reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiohttp import web

from galaxycurate.errors import GalaxyCurateError, QueryRefused
from galaxycurate.sandbox import formats, mydb, sqlsearch
from galaxycurate.sandbox.faults import Faults
from galaxycurate.sandbox.jobs import Job, Queue
from galaxycurate.sandbox.keystone import Keystone
from galaxycurate.sandbox.sky import Sky
from galaxycurate.sandbox.spoiling import Handler

if TYPE_CHECKING:
    import pandas as pd

ROOT = "/CasJobs/RestApi"
WEB_SERVICES_ID = 1001
TOO_LARGE = "Query results exceed memory limitations."
DEFAULT_TABLE = "MyTable"
_RELEASE = re.compile(r"dr([89]|1\d)\Z", re.IGNORECASE)
_MYDB = re.compile(r"\bmydb\]?\s*\.", re.IGNORECASE)


class CasJobs:
    """One user's CasJobs in front of a sky.

    Parameters
    ----------
    sky : Sky
    keystone : Keystone
        Who may ask.
    faults : callable
        Today's `Faults`.
    in_thread : callable
        Awaited with a function and its arguments.
    """

    def __init__(
        self,
        sky: Sky,
        keystone: Keystone,
        *,
        faults: Callable[[], Faults],
        in_thread: Callable[..., Awaitable],
    ):
        self._sky = sky
        self._keystone = keystone
        self._faults = faults
        self._in_thread = in_thread
        self._since = datetime.now(UTC)
        self._queue = Queue(self._work)
        self.mydb = mydb.MyDB()

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, address and handler of all that is answered."""
        context = f"{ROOT}/contexts/{{context}}"
        return [
            ("GET", f"{ROOT}/users/{{user}}", self.user),
            ("GET", f"{context}/{{tables:(?i:tables)}}", self.tables),
            ("POST", f"{context}/{{tables:(?i:tables)}}/{{name}}", self.upload),
            ("POST", f"{context}/query", self.query),
            ("PUT", f"{context}/jobs", self.submit),
            ("GET", f"{ROOT}/jobs", self.jobs),
            ("GET", f"{ROOT}/jobs/", self.jobs),
            ("GET", f"{ROOT}/jobs/{{number:\\d+}}", self.job),
            ("DELETE", f"{ROOT}/jobs/{{number:\\d+}}", self.cancel),
        ]

    def guarded(self, handler: Handler) -> Handler:
        """A handler that wants a token, and whose errors are the service's JSON objects."""

        async def answer(request: web.Request) -> web.Response:
            token = request.headers.get("X-Auth-Token", "")
            if request["fault"] == "token_expired":
                self._keystone.forget(token)
            if not self._keystone.knows(token, self._faults()):
                return _error(401, "Unauthorized", "The token is missing, unknown or has expired.")
            try:
                return await handler(request)
            except web.HTTPException as error:
                return _error(error.status, error.reason, error.text or error.reason)
            except GalaxyCurateError as error:
                return _error(500, "InternalServerError", str(error))

        answer.__name__ = handler.__name__
        return answer

    async def user(self, request: web.Request) -> web.Response:
        """The number that CasJobs knows a user by."""
        if request.match_info["user"] != self._keystone.user_id:
            raise web.HTTPNotFound(text="There is no such user.")
        return web.json_response({"WebServicesId": WEB_SERVICES_ID, "UserID": self._keystone.user})

    async def tables(self, request: web.Request) -> web.Response:
        """The tables of a context."""
        if _context(request) == "MyDB":
            return web.json_response(await self._in_thread(self.mydb.tables))

        def listed() -> list[dict]:
            archive = self._sky.archive
            return [mydb.listed(archive, name, self._since) for name in sorted(archive.schema)]

        return web.json_response(await self._in_thread(listed))

    async def upload(self, request: web.Request) -> web.Response:
        """A CSV becomes a table of MyDB."""
        if _context(request) != "MyDB":
            raise web.HTTPBadRequest(text="Tables are made in MyDB only.")
        name = request.match_info["name"]
        await self._in_thread(self.mydb.upload, name, await request.read())
        return web.json_response({"Name": name})

    async def query(self, request: web.Request) -> web.Response:
        """A synchronous query; a large answer is refused."""
        context, (sql, _) = _context(request), await _asked(request)
        kind = request.headers.get("Accept", "")
        refused = self._faults().next_fault("quick", request.path) == "too_large"
        cells = self._faults()["quick_cells"]

        def answer() -> tuple[bytes, str]:
            made, table = self._execute(sql, context)
            table = table.iloc[:0, :0] if made else table
            if table.shape[1] and (refused or table.size > cells):
                raise QueryRefused(TOO_LARGE)
            return _render(table, kind)

        body, content_type = await self._in_thread(answer)
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def submit(self, request: web.Request) -> web.Response:
        """A query joins the queue; the answer is its number."""
        context, (sql, task) = _context(request), await _asked(request)
        faults = self._faults()
        job = self._queue.submit(
            sql,
            context,
            task,
            queue_s=faults["queue_s"],
            job_s=faults["job_s"],
            fault=faults.next_fault("job", sql),
        )
        return web.Response(text=str(job.number))

    async def jobs(self, _request: web.Request) -> web.Response:
        """All jobs, newest first."""
        jobs = self._queue.newest_first()
        return web.json_response([job.described(WEB_SERVICES_ID) for job in jobs])

    async def job(self, request: web.Request) -> web.Response:
        """One job."""
        return web.json_response(self._job(request).described(WEB_SERVICES_ID))

    async def cancel(self, request: web.Request) -> web.Response:
        """Ask for the end of a job."""
        job = self._job(request)
        self._queue.cancel(job)
        return web.json_response(job.described(WEB_SERVICES_ID))

    async def close(self) -> None:
        """End the jobs that go on."""
        await self._queue.close()

    def _job(self, request: web.Request) -> Job:
        job = self._queue.get(int(request.match_info["number"]))
        if job is None:
            raise web.HTTPNotFound(text="There is no such job.")
        return job

    async def _work(self, job: Job) -> None:
        made, table = await self._in_thread(self._execute, job.query, job.context, job)
        job.table, job.rows = made or "", len(table)

    def _execute(
        self, sql: str, context: str, job: Job | None = None
    ) -> tuple[str | None, pd.DataFrame]:
        """The name of the table that was made, if any, and the rows."""
        import pandas as pd

        asked = mydb.statement(sql)
        if asked.drop:
            self.mydb.drop(asked.drop, if_exists=asked.if_exists)
            return None, pd.DataFrame()
        into = asked.into or (self._free_name() if job else None)
        if into and (self.mydb.has(into) or (job and job.fault == "name_taken")):
            raise mydb.taken(into)
        own = context == "MyDB" or _MYDB.search(asked.select)
        table = (self.mydb if own else self._sky.archive).execute(asked.select)
        if into is None or (job and job.unwanted.is_set()):
            return None, table
        self.mydb.make(into, table)
        return into, table

    def _free_name(self) -> str:
        names = [DEFAULT_TABLE, *(f"{DEFAULT_TABLE}_{n}" for n in range(len(self.mydb.tables())))]
        return next(name for name in names if not self.mydb.has(name))


def _context(request: web.Request) -> str:
    name = request.match_info["context"]
    if name.lower() == "mydb":
        return "MyDB"
    if not _RELEASE.match(name):
        raise web.HTTPNotFound(text=f"There is no context {name}.")
    return name.upper()


async def _asked(request: web.Request) -> tuple[str, str]:
    """Query and TaskName of a body."""
    try:
        body = await request.json()
        return str(body["Query"]), str(body.get("TaskName", ""))
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
        raise web.HTTPBadRequest(text='The body is a JSON object with a "Query".') from None


def _render(table: pd.DataFrame, accept: str) -> tuple[bytes, str]:
    if "fits" in accept:
        return formats.astropy(table, "fits"), "application/fits"
    if "text/plain" in accept or "csv" in accept:
        return (formats.csv(table) if table.shape[1] else b""), "text/plain"
    result = {"Columns": [str(name) for name in table.columns], "Data": formats.records(table)}
    return json.dumps({"Result": [result]}, default=str).encode(), "application/json"


def _error(status: int, kind: str, message: str) -> web.Response:
    _, body, content_type = sqlsearch.error_body(status, kind, message, "json")
    return web.Response(status=status, body=body, headers={"Content-Type": content_type})
