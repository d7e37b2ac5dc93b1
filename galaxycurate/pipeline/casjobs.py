"""Housekeeping at CasJobs: the login, the jobs and the tables of MyDB."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from galaxycurate.archives.archive import Access
from galaxycurate.archives.casjobs import tokens
from galaxycurate.archives.casjobs.jobs import CasJobs, State
from galaxycurate.errors import InputError
from galaxycurate.store.settings import Settings

Credentials = Callable[[], tuple[str, str] | None]


def connect(
    settings: Settings,
    credentials: Credentials = lambda: None,
    talk: Callable[[str], None] = lambda text: None,
) -> CasJobs:
    """CasJobs as the settings name it.

    Parameters
    ----------
    settings : Settings
    credentials : callable
        Asked for user and password when nothing else tells them.
    talk : callable
        Told while the service does not answer.

    Returns
    -------
    CasJobs
    """
    return CasJobs(
        Access(
            settings.server, settings.release, casjobs=settings.casjobs,
            keystone=settings.keystone, credentials=credentials, talk=talk,
        )
    )  # fmt: skip


def log_in(settings: Settings, user: str, password: str) -> dict[str, str]:
    """Fetch a token and keep it.

    Parameters
    ----------
    settings : Settings
    user, password : str

    Returns
    -------
    dict
        ``user``, ``place`` and where the token is ``kept``; never the token.
    """
    login = connect(settings).login
    where = tokens.keep(login.place, login.fetch(user, password))
    return {"user": user, "place": login.place, "kept": where}


def log_out(settings: Settings) -> dict[str, Any]:
    """Forget the token that was kept.

    Returns
    -------
    dict
        ``place``, and whether a token was ``forgotten``.
    """
    place = connect(settings).login.place
    return {"place": place, "forgotten": tokens.forget(place)}


def tables(casjobs: CasJobs) -> list[dict[str, Any]]:
    """The tables of MyDB: name, rows, size and date.

    Returns
    -------
    list of dict
        Size as CasJobs gives it.
    """
    return [
        {
            "name": table["Name"],
            "rows": table.get("Rows"),
            "size": table.get("Size"),
            "date": _date(table.get("Date")),
        }
        for table in casjobs.tables()
    ]


def jobs(casjobs: CasJobs) -> list[dict[str, Any]]:
    """The user's jobs, newest first: job, state, task, submitted and message.

    Returns
    -------
    list of dict
    """
    found = sorted(casjobs.jobs(), key=lambda job: -int(job["JobID"]))
    return [
        {
            "job": int(job["JobID"]),
            "state": _state(job),
            "task": job.get("TaskName") or "",
            "submitted": _date(job.get("TimeSubmit")),
            "message": job.get("Message") or "",
        }
        for job in found
    ]


def cancel(casjobs: CasJobs, number: int) -> None:
    """Cancel a job.

    Raises
    ------
    InputError
        It has ended already.
    """
    job = casjobs.job(number)
    if int(job["Status"]) in (State.CANCELED, State.FAILED, State.FINISHED):
        raise InputError(f"job {number} has ended: {_state(job)}", hint="galaxycurate casjobs jobs")
    casjobs.cancel(number)


def drop(casjobs: CasJobs, name: str) -> dict[str, Any]:
    """Drop one table of MyDB.

    Returns
    -------
    dict
        The table that was dropped, as `tables` tells it.

    Raises
    ------
    InputError
        MyDB has no such table.
    """
    have = {table["name"].lower(): table for table in tables(casjobs)}
    bare = name.lower().removeprefix("mydb.")
    if bare not in have:
        near = difflib.get_close_matches(bare, have, n=1)
        raise InputError(
            f"MyDB has no table {name}",
            hint=f"did you mean {have[near[0]]['name']}?"
            if near
            else "galaxycurate casjobs tables",
        )
    casjobs.drop(have[bare]["name"])
    return have[bare]


def _state(job: dict[str, Any]) -> str:
    return State(int(job["Status"])).name.lower()


def _date(value: object) -> str:
    """ISO, whatever the service counts in: .NET's ticks, milliseconds or seconds."""
    try:
        number = float(str(value))
    except ValueError:
        return str(value or "")
    if number > 1e16:
        return (datetime(1, 1, 1, tzinfo=UTC) + timedelta(seconds=number / 1e7)).isoformat()[:19]
    return datetime.fromtimestamp(number / (1e3 if number > 1e11 else 1), UTC).isoformat()[:19]
