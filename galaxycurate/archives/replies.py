"""What SkyServer's replies to a query mean: rows, half of them, or one of many ways to say no.

Facts of the service: refusals come as HTTP 200 with one column ``error_message``; CSV starts with a
``#Table1`` line and ends each line, the last one too; quotes inside of it are not escaped;
front-end trouble is an HTML page.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, NoReturn

from galaxycurate.archives.wire import fault_of
from galaxycurate.core.query import Query
from galaxycurate.core.rows import empty, typed
from galaxycurate.errors import AnswerTooLarge, QueryRefused, ServiceError, Throttled, first_line

if TYPE_CHECKING:
    import pandas as pd
    import requests

_TOO_MUCH = re.compile(
    r"timeout (period )?(elapsed|expired)|request timed out|buffer limit exceeded", re.I
)
_THROTTLED = "queries allowed per minute"
_FEWER = re.compile(r"error: limit is\s+top\s+(\d+)", re.I)
_NO_ROWS = "No objects have been found"  # an older page's way to say so
_NOT_HERE = {404, 405, 501}


class NotHere(Exception):
    """This address does not answer SQL, or not by this method."""


class FewerRows(QueryRefused):
    """More rows were asked for than this server gives; `most` is its limit."""

    most: int


def fault(reply: requests.Response) -> str | None:
    """What a front end says in the place of the service, or None.

    A page that says where SQL is not answered, or that the answer is too large, is for `read`.
    """
    is_telling = reply.is_redirect or reply.status_code in _NOT_HERE or _is_too_much(reply)
    return None if is_telling else fault_of(reply)


def read(reply: requests.Response, query: Query) -> pd.DataFrame:
    """The rows of a reply.

    Parameters
    ----------
    reply : requests.Response
    query : Query

    Returns
    -------
    pandas.DataFrame
        Of the query's columns and types.

    Raises
    ------
    NotHere
        SQL is answered elsewhere, or by another method.
    AnswerTooLarge
        The time was out, or the server could not hold the answer.
    Throttled, QueryRefused
        The text is the server's first line.
    ServiceError
        A line is damaged.
    ValueError
        The answer breaks off.
    """
    if reply.is_redirect or reply.status_code in _NOT_HERE:
        raise NotHere(f"{reply.status_code} {reply.reason}")
    if _is_too_much(reply):
        raise AnswerTooLarge(f"SkyServer: {_message(reply)}")
    if reply.status_code != 200:
        raise QueryRefused(
            f"SkyServer refused the query ({reply.status_code}): {_message(reply)}",
            hint="run the command with --dry-run to see its SQL",
        )
    return table(reply.content.decode("utf-8", "replace"), query)


def table(text: str, query: Query) -> pd.DataFrame:
    """The rows of a CSV reply; raises as `read` does."""
    import pandas as pd

    if _NO_ROWS in text[:200]:
        return empty(query)
    lines = text.rstrip().split("\n")
    head = next((n for n, line in enumerate(lines) if not line.startswith("#")), -1)
    if not text.strip() or head < 0:
        raise ValueError("its answer has no columns")
    first = " ".join(line.strip().strip('"') for line in lines[head + 1 : head + 4])
    if lines[head].strip('"').lower().startswith("error_message") or _THROTTLED in first:
        _refuse(first)
    if not text.endswith("\n"):
        raise ValueError(f"its answer breaks off after {len(text):,} characters")
    _check_fields(lines, head, query)
    rows = pd.read_csv(io.StringIO("\n".join(lines[head:])), dtype=str, keep_default_na=False)
    return typed(rows, query)


def _check_fields(lines: list[str], head: int, query: Query) -> None:
    """Ids and numbers hold no comma, so each line has as many as the first."""
    commas = lines[head].count(",")
    for number, line in enumerate(lines[head + 1 :], head + 2):
        if line.count(",") == commas:
            continue
        what = f"line {number:,} has {line.count(',') + 1} fields, not {commas + 1}"
        if number == len(lines):
            raise ValueError(f"its answer breaks off: {what}")
        raise ServiceError(
            f"SkyServer's answer to {query.name} is damaged: {what}: {first_line(line)}",
            hint="the same command asks again; ids and numbers only come through undamaged",
        )


def _refuse(message: str) -> NoReturn:
    if _THROTTLED in message:
        raise Throttled(
            f"SkyServer: {message[:120]}",
            hint="wait a minute, or lower queries_per_minute in galaxycurate.toml",
        )
    fewer = _FEWER.match(message)
    error = (FewerRows if fewer else QueryRefused)(
        f"SkyServer refused the query: {message[:300]}",
        hint="run the command with --dry-run to see its SQL",
    )
    if isinstance(error, FewerRows) and fewer:
        error.most = int(fewer[1])
    raise error


def _message(reply: requests.Response) -> str:
    """The server's first line, out of its JSON, its page or its table."""
    try:
        body = reply.json()
    except ValueError:
        text = re.sub(r"<[^>]+>", " ", _beginning(reply))
        return first_line(re.sub(r"\A(\s*#.*\n)?\s*error_message\s", "", text))
    return first_line(body.get("ErrorMessage", reply.reason) if isinstance(body, dict) else body)


def _beginning(reply: requests.Response) -> str:
    return reply.content[:4000].decode("utf-8", "replace")


def _is_too_much(reply: requests.Response) -> bool:
    return bool(_TOO_MUCH.search(_beginning(reply)))
