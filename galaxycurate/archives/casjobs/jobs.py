"""CasJobs' REST service: queries, jobs and the tables of MyDB."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from galaxycurate.archives.archive import Access
from galaxycurate.archives.casjobs.login import Login, is_official, package_urls
from galaxycurate.archives.wire import Wire, fault_of
from galaxycurate.errors import AnswerTooLarge, LoginNeeded, QueryRefused, first_line

if TYPE_CHECKING:
    import pandas as pd
    import requests

CASJOBS = "https://skyserver.sdss.org/CasJobs/RestApi"
KEYSTONE = "https://apps.sciserver.org/login-portal/keystone/v3/tokens"
QUERY_TIMEOUT_S = 180.0  # what takes longer is a job
_TOO_MUCH = re.compile(r"memory limit|time-?out|timed out|time limit|too (large|many)", re.I)
_LOGINS = 6
"""As many tokens as may lie about, and a new one."""


class State(IntEnum):
    """What CasJobs says of a job."""

    READY = 0
    STARTED = 1
    CANCELING = 2
    CANCELED = 3
    FAILED = 4
    FINISHED = 5


class CasJobs:
    """The service as one user sees it.

    Parameters
    ----------
    access : Access
    sleep : callable
        Waits; tests switch it off.
    """

    def __init__(self, access: Access, *, sleep: Callable[[float], None] = time.sleep):
        self.root, keystone = _addresses(access)
        self._wire = Wire("CasJobs", sleep=sleep, fault=_fault, talk=access.talk)
        self.login = Login(self.root, keystone, access.credentials, self._wire)

    @property
    def says(self) -> str | None:
        """The server's own name; None until it has answered."""
        return self._wire.says

    def query(self, sql: str, context: str = "MyDB") -> pd.DataFrame:
        """Ask at once, without a job.

        Parameters
        ----------
        sql : str
            T-SQL.
        context : str
            ``MyDB``, or a release such as ``DR17``.

        Returns
        -------
        pandas.DataFrame
            Values as JSON has them.

        Raises
        ------
        AnswerTooLarge
            The answer is too large, or takes too long: ask by a job.
        QueryRefused
            The text is the server's first line.
        """
        return self._ask(sql, context, _table)

    def submit(self, sql: str, context: str, task: str) -> int:
        """Hand in a job, never twice: a lost reply is an `Unreachable`.

        Parameters
        ----------
        sql : str
            ``SELECT ... INTO mydb.<table>``.
        context : str
        task : str
            By this name the job is found again.

        Returns
        -------
        int
            The job's number.
        """
        return self._call(
            "PUT", f"/contexts/{context}/jobs", _number,
            once=True, headers={"Accept": "text/plain"}, json={"Query": sql, "TaskName": task},
        )  # fmt: skip

    def job(self, number: int) -> dict[str, Any]:
        """What CasJobs says of a job: Status, Message, TaskName, Rows and more."""
        return self._call("GET", f"/jobs/{number}", _json)

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs of the user; none where the service does not list them."""
        return self._call("GET", "/jobs/", _list)

    def cancel(self, number: int) -> None:
        """Cancel a job."""
        self._call("DELETE", f"/jobs/{number}", _checked)

    def tables(self) -> list[dict[str, Any]]:
        """The tables of MyDB: Name, Rows, Size, Date."""
        return self._call("GET", "/contexts/MyDB/Tables", _json)

    def drop(self, table: str) -> None:
        """Drop a table of MyDB, if it is there."""
        try:
            self._ask(f"DROP TABLE [{table.replace(']', ']]')}]", "MyDB", _checked)
        except QueryRefused as error:  # dropped before, or the reply to it was lost
            if "does not exist" not in str(error):
                raise

    def _ask(self, sql: str, context: str, read: Callable):
        return self._call(
            "POST", f"/contexts/{context}/query", read, timeout_s=QUERY_TIMEOUT_S,
            headers={"Accept": "application/json+array"},
            json={"Query": sql, "TaskName": "galaxycurate"},
        )  # fmt: skip

    def _call(self, method: str, path: str, read: Callable, *, headers=None, **what):
        for _ in range(_LOGINS):
            token = {"X-Auth-Token": self.login.token()}
            try:
                return self._wire.send(
                    method, f"{self.root}{path}", _signed(read), headers=token | (headers or {}),
                    **what,
                )  # fmt: skip
            except _NotLoggedIn:
                self.login.refuse()
        raise LoginNeeded(
            f"{self.root} refuses even a fresh token of {self.login.keystone}",
            hint="the same command tries again later; casjobs and keystone must belong together: "
            "galaxycurate config show",
        )


def _fault(reply: requests.Response) -> str | None:
    """A page of HTML with these numbers is the service's own answer, not a front end's."""
    return None if reply.status_code in (401, 403, 404, 405, 501) else fault_of(reply)


class _NotLoggedIn(Exception):
    """HTTP 401."""


def _signed(read: Callable) -> Callable:
    def known(reply: requests.Response):
        if reply.status_code == 401:
            raise _NotLoggedIn
        return read(reply)

    return known


def _checked(reply: requests.Response) -> requests.Response:
    """The reply, or the error that it tells."""
    if reply.status_code < 400:
        return reply
    message = _message(reply)
    if _TOO_MUCH.search(message):
        raise AnswerTooLarge(f"CasJobs: {message}")
    sees = "run the command with --dry-run to see its SQL"
    raise QueryRefused(
        f"CasJobs refused it ({reply.status_code}): {message}",
        hint="galaxycurate casjobs jobs, or tables" if reply.status_code == 404 else sees,
    )


def _message(reply: requests.Response) -> str:
    try:
        body = reply.json()
    except ValueError:
        return first_line(fault_of(reply) or reply.text or reply.reason)
    if isinstance(body, dict):
        told = [text for name, text in body.items() if "message" in name.lower() and text]
        body = told[0] if told else reply.reason
    return first_line(body)


def _number(reply: requests.Response) -> int:
    return int(_checked(reply).text.strip().strip('"'))


def _json(reply: requests.Response):
    return json.loads(_checked(reply).content)


def _list(reply: requests.Response) -> list[dict[str, Any]]:
    return [] if reply.status_code in (404, 405, 501) else _json(reply)


def _table(reply: requests.Response) -> pd.DataFrame:
    import pandas as pd

    try:
        found = _json(reply)["Result"][0]
        return pd.DataFrame(found["Data"], columns=found["Columns"], dtype=object)
    except (KeyError, IndexError, TypeError):
        raise ValueError("JSON, but no table") from None


def _addresses(access: Access) -> tuple[str, str]:
    """REST root and login: as set, as the `SciServer` package has them, or the server's own."""
    server = access.server.rstrip("/")
    if is_official(server):
        root, keystone = package_urls() if not (access.casjobs and access.keystone) else ("", "")
        own = (root or CASJOBS, keystone or KEYSTONE)
    else:
        own = (f"{server}/CasJobs/RestApi", f"{server}/login-portal/keystone/v3/tokens")
    return (access.casjobs or own[0]).rstrip("/"), (access.keystone or own[1]).rstrip("/")
