"""SkyServer's SqlSearch: anonymous SQL over HTTP, with everything that can go wrong told apart.

Facts of the service: refusals come as HTTP 200 with one column ``error_message``; CSV starts with a
``#Table1`` line; 60 queries a minute and client; front-end trouble is an HTML page.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from galaxycurate import __version__
from galaxycurate.core.origin import is_loopback
from galaxycurate.core.query import Query
from galaxycurate.errors import (
    GalaxyCurateError,
    QueryRefused,
    SettingError,
    Throttled,
    Unreachable,
    first_line,
)

if TYPE_CHECKING:
    import pandas as pd
    import requests

READ_TIMEOUT_S = 620.0  # the server's own limit is 600 s
THROTTLE_PAUSE_S = 60.0
_RETRY_PAUSES_S = (2.0, 6.0)
_FLOATS = {"float", "real", "numeric", "decimal"}


class SkyServerArchive:
    """The anonymous SQL service of one data release.

    Parameters
    ----------
    server : str
        Root URL.
    release : str
        Such as ``dr17``.
    queries_per_minute : int
        Spacing of the queries; 0 for none.
    sleep : callable
        Waits; tests switch it off.
    """

    def __init__(
        self,
        server: str,
        release: str,
        *,
        queries_per_minute: int = 50,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self._server = server
        self.url = f"{server.rstrip('/')}/{release}/SkyServerWS/SearchTools/SqlSearch"
        self._gap_s = 60.0 / queries_per_minute if queries_per_minute else 0.0
        self._sleep = sleep
        self._last = -1e9
        self._says = ""
        self._session: requests.Session | None = None

    @property
    def name(self) -> str:
        """Where the rows come from, with the server's own name once it has answered."""
        return f"{self.url} ({self._says})" if self._says else self.url

    def run(self, query: Query) -> pd.DataFrame:
        """Ask one question.

        Parameters
        ----------
        query : Query

        Returns
        -------
        pandas.DataFrame
            One column for each of the query's columns: ids as text, never through a float; typed
            and empty when no row matches.

        Raises
        ------
        QueryRefused
            The text is the server's first line.
        Throttled
            The limit was still exceeded after a pause of a minute.
        Unreachable
            No answer in time, or a page of the front end instead of a table.
        SettingError
            The server's address is none.
        """
        try:
            return _table(self._ask(query.sql), query)
        except Throttled:
            self._sleep(THROTTLE_PAUSE_S)
            return _table(self._ask(query.sql), query)

    def _ask(self, sql: str) -> str:
        import requests

        fault: Exception | None = None
        for pause in (0.0, *_RETRY_PAUSES_S):
            self._sleep(pause)
            self._wait_for_turn()
            try:
                return self._read(self._send(sql))
            except (
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
                Unreachable,
            ) as error:
                fault = error
            except requests.RequestException as error:
                raise self._trouble(error) from error
        if isinstance(fault, Unreachable):
            raise fault
        raise self._trouble(fault) from fault

    def _trouble(self, fault: Exception | None) -> GalaxyCurateError:
        """The error for a question that requests could not put: the address is at fault, or not."""
        import requests

        scheme, _, rest = self._server.rpartition("://")
        is_web = scheme.lower() in ("http", "https")
        if not is_web or isinstance(fault, requests.exceptions.InvalidURL):
            meant = "skyserver.sdss.org" if is_web else rest
            return SettingError(
                f"server = {self._server!r} is no web address",
                hint=f"did you mean https://{meant}?",
            )
        return Unreachable(
            f"SkyServer did not answer at {self.url}: {first_line(fault)}",
            hint="is the server up? galaxycurate config show tells which one is asked; "
            "galaxycurate sandbox serve starts one on this machine",
        )

    def _wait_for_turn(self) -> None:
        due = self._last + self._gap_s - time.monotonic()
        if due > 0:
            self._sleep(due)
        self._last = time.monotonic()

    def _send(self, sql: str) -> requests.Response:
        """POST has no limit of length; releases without it take a GET."""
        import requests

        if self._session is None:
            self._session = requests.Session()
            self._session.headers["User-Agent"] = f"galaxycurate/{__version__}"
            # the environment's proxies lead out, never back to this machine
            self._session.trust_env = not is_loopback(self._server)
        form = {"cmd": sql, "format": "csv"}
        timeout = (10.0, READ_TIMEOUT_S)
        reply = self._session.post(self.url, data=form, timeout=timeout)
        if reply.status_code in (404, 405, 501):
            reply = self._session.get(self.url, params=form, timeout=timeout)
        return reply

    def _read(self, reply: requests.Response) -> str:
        self._says = reply.headers.get("Server", self._says)
        text = reply.text
        if text.lstrip().startswith("<"):
            raise Unreachable(
                f"SkyServer answered {reply.status_code} with a web page instead of a table: "
                f"{first_line(_without_tags(text))}",
                hint="the service is down or moved; try again later, or another --release",
            )
        if reply.status_code != 200:
            raise QueryRefused(
                f"SkyServer refused the query ({reply.status_code}): {_message(reply)}",
                hint="run the command with --dry-run to see its SQL",
            )
        return text


def _table(text: str, query: Query) -> pd.DataFrame:
    import pandas as pd

    lines = text.split("\n")
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    header = lines[0].strip().strip('"') if lines else ""
    if header.lower().startswith("error_message"):
        _refuse(" ".join(line.strip().strip('"') for line in lines[1:] if line.strip()))
    names = [name for name, _ in query.columns]
    if not header:
        return pd.DataFrame({name: pd.Series(dtype=_dtype(kind)) for name, kind in query.columns})
    table = pd.read_csv(io.StringIO("\n".join(lines)), dtype=str, keep_default_na=False)
    if table.columns.size and str(table.iloc[0, 0] if len(table) else "").startswith("ERROR: Max"):
        _refuse(str(table.iloc[0, 0]))
    lower = {column.lower(): column for column in table.columns}
    missing = [name for name in names if name.lower() not in lower]
    if missing:
        raise QueryRefused(f"the answer to {query.name} lacks the column {', '.join(missing)}")
    return typed(table.rename(columns={lower[n.lower()]: n for n in names})[names], query)


def typed(table: pd.DataFrame, query: Query) -> pd.DataFrame:
    """Give text columns the types that the query declares.

    Parameters
    ----------
    table : pandas.DataFrame
        The query's columns, as text.
    query : Query

    Returns
    -------
    pandas.DataFrame
        Text for ``varchar``, Int64 for integers, float64 else.
    """
    import pandas as pd

    result = {}
    for name, kind in query.columns:
        values = table[name]
        if _dtype(kind) == "str":
            result[name] = values.fillna("").astype(str)
        else:
            result[name] = pd.to_numeric(values, errors="coerce").astype(_dtype(kind))
    return pd.DataFrame(result)


def _dtype(kind: str) -> str:
    return "str" if kind == "varchar" else "float64" if kind in _FLOATS else "Int64"


def _refuse(message: str):
    if "queries allowed per minute" in message:
        raise Throttled(
            f"SkyServer: {message[:120]}",
            hint="wait a minute, or lower queries_per_minute in galaxycurate.toml",
        )
    raise QueryRefused(
        f"SkyServer refused the query: {message[:300]}",
        hint="run the command with --dry-run to see its SQL",
    )


def _message(reply: requests.Response) -> str:
    try:
        body = reply.json()
    except ValueError:
        return first_line(reply.text)
    return first_line(body.get("ErrorMessage", reply.reason) if isinstance(body, dict) else body)


def _without_tags(html: str) -> str:
    import re

    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()
