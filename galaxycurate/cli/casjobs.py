"""`galaxycurate casjobs`: the login, the jobs and the tables that CasJobs keeps for a user."""

from __future__ import annotations

import os
import sys
from getpass import getpass
from typing import Annotated

import typer

from galaxycurate.cli import face, options

app = typer.Typer(no_args_is_help=True, help="CasJobs: log in, look after jobs and tables.")


@app.command("login")
def login(
    user: Annotated[str | None, typer.Option(help="SciServer user [SCISERVER_USER].")] = None,
    as_json: options.Json = False,
) -> None:
    """Log in and keep a token; the password is asked for, or SCISERVER_PASSWORD.

    Example: galaxycurate casjobs login
    """
    from galaxycurate.errors import LoginNeeded
    from galaxycurate.pipeline.casjobs import connect, log_in

    settings = options.settings()
    face.talk(f"logging in to {connect(settings).login.place}")
    user = user or os.environ.get("SCISERVER_USER")
    password = os.environ.get("SCISERVER_PASSWORD")
    pair = (user, password) if user and password else credentials(user)
    if pair is None:
        raise LoginNeeded(
            "nobody is here to type a password",
            hint="set SCISERVER_USER and SCISERVER_PASSWORD, or run it in a terminal",
        )
    done = log_in(settings, *pair)
    if as_json:
        face.answer_json(done)
    else:
        face.answer(f"{done['user']} is logged in")
        face.talk(f"the token is kept in {done['kept']}; the password is not kept")
        face.next_command("galaxycurate negatives --archive casjobs")


@app.command("logout")
def logout(as_json: options.Json = False) -> None:
    """Forget the token.

    Example: galaxycurate casjobs logout
    """
    from galaxycurate.pipeline.casjobs import log_out

    done = log_out(options.settings())
    if as_json:
        face.answer_json(done)
    else:
        what = "forgotten" if done["forgotten"] else "there was none"
        face.answer(f"token for {done['place']}: {what}")


@app.command("tables")
def tables(as_json: options.Json = False) -> None:
    """The tables in MyDB: rows, size, date.

    Example: galaxycurate casjobs tables
    """
    from galaxycurate.pipeline import casjobs

    found = casjobs.tables(_connect())
    if as_json:
        face.answer_json(found)
    elif found:
        _show([{n: f"{v:,}" if isinstance(v, int) else v for n, v in t.items()} for t in found])
    else:
        face.answer("MyDB has no tables")


@app.command("jobs")
def jobs(as_json: options.Json = False) -> None:
    """The jobs, newest first: number, state, name.

    Example: galaxycurate casjobs jobs
    """
    from galaxycurate.pipeline import casjobs

    found = casjobs.jobs(_connect())
    if as_json:
        face.answer_json(found)
    elif found:
        _show(found)
    else:
        face.answer("no jobs, or CasJobs does not list them")


@app.command("cancel")
def cancel(
    number: Annotated[int, typer.Argument(help="The job, as `jobs` shows it.")],
    as_json: options.Json = False,
) -> None:
    """Cancel a job.

    Example: galaxycurate casjobs cancel 1234
    """
    from galaxycurate.pipeline import casjobs

    casjobs.cancel(_connect(), number)
    if as_json:
        face.answer_json({"job": number, "state": "canceled"})
    else:
        face.answer(f"job {number} is being canceled")


@app.command("drop")
def drop(
    table: Annotated[str, typer.Argument(help="The table, as `tables` shows it.")],
    as_json: options.Json = False,
) -> None:
    """Drop one table of MyDB.

    Example: galaxycurate casjobs drop gc_0a1b2c
    """
    from galaxycurate.pipeline import casjobs

    dropped = casjobs.drop(_connect(), table)
    if as_json:
        face.answer_json({"dropped": dropped})
    else:
        face.answer(f"MyDB table {dropped['name']} is dropped ({dropped['rows']:,} rows)")


def credentials(user: str | None = None) -> tuple[str, str] | None:
    """Ask the person at the terminal for user and password.

    Parameters
    ----------
    user : str, optional
        Then only the password is asked for.

    Returns
    -------
    tuple of (str, str), or None
        None where nobody is at a terminal.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    if not user:
        face.talk("SciServer user:")  # a line of its own: a progress bar may be on the screen
        user = sys.stdin.readline().strip()
    face.talk(f"password of {user}, it is not shown:")
    return user, getpass("> ")


def _connect():
    from galaxycurate.pipeline.casjobs import connect

    return connect(options.settings(), credentials, face.talk)


def _show(rows: list[dict]) -> None:
    lines = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    wide = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    for line in lines:
        face.answer("  ".join(f"{c:<{w}}" for c, w in zip(line, wide, strict=True)).rstrip())
