"""SearchTools/SqlSearch: the filter, the throttle and the formats of SkyServer.

After `spExecuteSQL` (sciserver/sqlloader, `spSQLSupport.sql`) and `SqlSearchController.cs`
(sciserver/SkyServerWS).
"""

from __future__ import annotations

import html
import json
import re
import time
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from galaxycurate.sandbox import formats

if TYPE_CHECKING:
    import pandas as pd

MAX_ROWS = 500_000
TIMEOUT = (
    "Execution Timeout Expired.  The timeout period elapsed prior to completion of the operation "
    "or the server is not responding."
)
"""SQL Server's words after 600 s."""

_FORBIDDEN = re.compile(r"[. ](xp|sp|fn|ms|dt)_", re.IGNORECASE)
_SELECT = re.compile(r"select ", re.IGNORECASE)
_HEAD = re.compile(r"\s*select\s+?(\s*all |\s*distinct )?", re.IGNORECASE)
_TYPES = {
    "csv": "text/csv",
    "txt": "text/plain",
    "json": "application/json",
    "xml": "application/xml",
    "votable": "application/x-votable+xml",
    "fits": "application/fits",
    "html": "text/html",
}


class Throttle:
    """At most so many queries of one client in any minute.

    Parameters
    ----------
    per_minute : int
        0 for no limit.
    clock : callable
        Seconds that only grow.
    """

    def __init__(self, per_minute: int = 60, *, clock: Callable[[], float] = time.monotonic):
        self.per_minute = per_minute
        self._clock = clock
        self._asked: dict[str, deque[float]] = defaultdict(deque)

    def allows(self, client: str) -> bool:
        """Whether this client may ask now; a query that is let through counts."""
        if not self.per_minute:
            return True
        now, asked = self._clock(), self._asked[client]
        while asked and asked[0] <= now - 60:
            asked.popleft()
        if len(asked) >= self.per_minute:
            return False
        asked.append(now)
        return True

    def refusal(self, sql: str) -> str:
        """The service's words for the query that was one too many."""
        limit = self.per_minute or 60
        return f"ERROR: Maximum {limit} queries allowed per minute. Rejected query: {sql}"


def filtered(sql: str, *, limit: int = MAX_ROWS) -> tuple[str, str | None]:
    """What the filter makes of a statement.

    Parameters
    ----------
    sql : str
        As it came.
    limit : int
        Rows at most.

    Returns
    -------
    sql : str
        The statement that is executed.
    refusal : str or None
        Text for the one column ``error_message``, or None.
    """
    sql = _cleaned(sql + " ")
    if not sql.lstrip().lower().startswith("select "):
        return sql, f"error: must be a select statement: {sql}"
    head = _HEAD.match(sql)
    at = head.end() if head else 0
    top = re.match(r"\s*top (\s*)(\S*)", sql[at:], re.IGNORECASE)
    if top is None:
        sql = f"{sql[:at]} top {limit} {sql[at:]}"
    elif not (top[2].isdecimal() and 1 <= int(top[2]) <= limit):
        return sql, f"error: limit is  top {limit} {sql}"
    return _only_first_select(sql), None


def _cleaned(sql: str) -> str:
    before = None
    while sql != before:
        before = sql
        sql = _FORBIDDEN.sub("#", sql)
        sql = re.sub(r"[\r\n\t]", " ", sql).replace("  ", " ")
        sql = sql.replace(" ; ", "#").replace(";", "#")
    return sql


def _only_first_select(sql: str) -> str:
    """A later SELECT is left alone in brackets, and spoiled with a `#` elsewhere."""
    parts, end = [], 0
    for number, found in enumerate(_SELECT.finditer(sql)):
        parts.append(sql[end : found.start()])
        opened = sql[: found.start()].endswith(("(", "( "))
        if number and not opened:
            parts.append("#")
        end = found.start()
    return "".join([*parts, sql[end:]])


def error_table(message: str) -> pd.DataFrame:
    """One column ``error_message``: how refusals come back, with HTTP 200."""
    import pandas as pd

    return pd.DataFrame({"error_message": [message]})


def known_format(name: str | None) -> str:
    """The format that is answered: unknown ones and none become JSON."""
    name = (name or "json").lower()
    return name if name in _TYPES else "json"


def render(table: pd.DataFrame, form: str, sql: str) -> tuple[bytes, str]:
    """Write a result.

    Parameters
    ----------
    table : pandas.DataFrame
    form : str
        ``csv``, ``txt``, ``json``, ``xml``, ``votable``, ``fits`` or ``html``.
    sql : str
        Repeated in json, xml and html.

    Returns
    -------
    body : bytes
    content_type : str
    """
    writers: dict[str, Callable[[pd.DataFrame, str], bytes]] = {
        "csv": lambda t, _: b"#Table1\n" + formats.csv(t),
        "txt": lambda t, _: b"#Table1\n" + formats.csv(t),
        "json": _json,
        "xml": _xml,
        "votable": lambda t, _: formats.astropy(t, "votable"),
        "fits": lambda t, _: formats.astropy(t, "fits"),
        "html": _html,
    }
    return writers[form](table, sql), _TYPES[form]


def error_body(status: int, kind: str, message: str, form: str) -> tuple[int, bytes, str]:
    """What a failed query comes back as.

    Parameters
    ----------
    status : int
    kind : str
        Such as ``InternalServerError``.
    message : str
    form : str
        html hides errors behind HTTP 200, as the service does.

    Returns
    -------
    status : int
    body : bytes
    content_type : str
    """
    if form == "html":
        page = f"<html><body><h1>Skyserver Error</h1><p>{html.escape(message)}</p></body></html>"
        return 200, page.encode(), "text/html"
    body = {
        "ErrorCode": status,
        "ErrorType": kind,
        "ErrorMessage": message,
        "LogMessageID": "",
        "LogTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
    }
    return status, json.dumps(body).encode(), "application/json"


def _json(table: pd.DataFrame, sql: str) -> bytes:
    answer = [
        {"TableName": "Table1", "Rows": _records(table)},
        {"TableName": "SqlQuery", "Rows": [{"query": sql}]},
    ]
    return json.dumps(answer).encode()


def _xml(table: pd.DataFrame, sql: str) -> bytes:
    rows = "".join(
        "<Row>"
        + "".join(
            f'<Item name="{html.escape(name)}">{html.escape(_text(value))}</Item>'
            for name, value in row.items()
        )
        + "</Row>"
        for row in _records(table)
    )
    query = f"<query>{html.escape(sql)}</query>"
    return (
        f'<?xml version="1.0" encoding="utf-8"?><root><Table1>{rows}</Table1>'
        f"<SqlQuery>{query}</SqlQuery></root>"
    ).encode()


def _html(table: pd.DataFrame, sql: str) -> bytes:
    head = "".join(f"<th>{html.escape(str(name))}</th>" for name in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(_text(v))}</td>" for v in row.values()) + "</tr>"
        for row in _records(table)
    )
    return (
        f"<html><body><h2>Your SQL command was:</h2><pre>{html.escape(sql)}</pre>"
        f"<table border=1><tr>{head}</tr>{rows}</table></body></html>"
    ).encode()


def _records(table: pd.DataFrame) -> list[dict]:
    names = [str(name) for name in table.columns]
    return [dict(zip(names, row, strict=True)) for row in formats.records(table)]


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
