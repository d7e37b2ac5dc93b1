"""SkyServer's SqlSearch: anonymous SQL over HTTP, politely, within its limits.

Facts of the service: 60 queries a minute and client, 500,000 rows (older servers give fewer),
600 s; an address holds less than 8,192 bytes; older releases take no POST. A question without a TOP
is cut at the limit of rows without a word, a TOP beyond the limit is refused with its number: each
question is sent with a TOP.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from galaxycurate.archives import replies
from galaxycurate.archives.archive import Access
from galaxycurate.archives.owned import OwnedShelf
from galaxycurate.archives.parts import run_in_parts
from galaxycurate.archives.wire import Wire, check_address
from galaxycurate.core.progress import Progress, silent
from galaxycurate.core.query import Query
from galaxycurate.core.releases import release_of
from galaxycurate.errors import AnswerTooLarge, QueryRefused, Throttled, Unreachable

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 500_000
ADDRESS_BYTES = 8192
READ_TIMEOUT_S = 620.0  # the server's own limit is 600 s
THROTTLE_PAUSE_S = 60.0
THROTTLE_PAUSES = 3
_NO_TOP = re.compile(r"\A\s*SELECT\s+(?:(?:ALL|DISTINCT)\s+)?(?!TOP\b|ALL\b|DISTINCT\b|\s)", re.I)
_HELLO = Query("hello", "SELECT 1 AS one", (("one", "int"),))


class SkyServerArchive:
    """The anonymous SQL service of one data release.

    Parameters
    ----------
    access : Access
    sleep : callable
        Waits; tests switch it off.
    """

    rows_at_once = 400_000  # under the limit of most servers

    def __init__(self, access: Access, *, sleep: Callable[[float], None] = time.sleep):
        release = release_of(access.release)
        root = f"{access.server.rstrip('/')}/{release.name}"
        self._ways = [
            (method, f"{root}/{search.path}", search.form)
            for search in release.searches
            for method in search.methods
        ]
        per_minute = access.queries_per_minute
        self._gap_s = 60.0 / per_minute if per_minute else 0.0
        self._access = access
        self._shelf = OwnedShelf(access.shelf, self._giver)
        self._sleep = sleep
        self._most_rows = MOST_ROWS  # until the server names a lower limit
        self._last = -1e9
        self._wire = Wire(
            "SkyServer",
            sleep=self._wait_for_turn,
            fault=replies.fault,
            is_secret=False,
            talk=access.talk,
        )

    @property
    def url(self) -> str:
        """The address that is asked."""
        return self._ways[0][1]

    @property
    def name(self) -> str:
        """Where the rows come from, with the server's own name once it has answered."""
        return f"{self.url} ({self._wire.says})" if self._wire.says else self.url

    def lacks(self, sql: str) -> list[str]:
        """Nothing: a release has all its columns."""
        return []

    def run(self, query: Query, *, progress: Progress = silent) -> pd.DataFrame:
        """Ask one question, in parts where the answer is too large.

        Parameters
        ----------
        query : Query
        progress : callable
            Told how much is answered, in percent, where there are parts.

        Returns
        -------
        pandas.DataFrame
            One column for each of the query's columns: ids as text, never through a float; typed
            and empty when no row matches.

        Raises
        ------
        QueryRefused
            The text is the server's first line.
        AnswerTooLarge
            More rows or time than the server gives, and the question has no smaller parts.
        Throttled
            The limit was still exceeded after three pauses of a minute.
        Unreachable
            No answer in time, or again and again a page of the front end or half an answer.
        SettingError
            The server's address is none.
        """
        check_address(self._access.server, is_secret=False)
        return run_in_parts(query, self._patiently, self._shelf, progress=progress)

    def _giver(self) -> str:
        if self._wire.says is None:
            self._patiently(_HELLO)
        return self._wire.says or ""

    def _patiently(self, query: Query) -> pd.DataFrame:
        for _ in range(THROTTLE_PAUSES):
            try:
                return self._ask(query)
            except Throttled:
                self._access.talk(
                    f"SkyServer was asked too often: waiting {THROTTLE_PAUSE_S:.0f} s"
                )
                self._sleep(THROTTLE_PAUSE_S)
        return self._ask(query)

    def _ask(self, query: Query) -> pd.DataFrame:
        while True:
            try:
                return self._ask_for(query, self._most_rows)
            except replies.FewerRows as error:
                if error.most >= self._most_rows:
                    raise
                self._most_rows = error.most

    def _ask_for(self, query: Query, most: int) -> pd.DataFrame:
        """At most so many rows; an answer of just so many may be cut."""
        if query.limit and query.limit <= most:
            return self._send(query)
        if query.limit:
            query = replace(query, values={**query.values, "limit": most})
        statement = _NO_TOP.sub(rf"\g<0>TOP {most} ", query.statement)
        table = self._send(replace(query, statement=statement))
        if len(table) >= most:
            raise AnswerTooLarge(f"SkyServer gives {most:,} rows at most")
        return table

    def _send(self, query: Query) -> pd.DataFrame:
        """POST has no limit of length; where it is not taken, GET is, and is remembered."""
        while True:
            method, url, more = self._ways[0]
            form = {"cmd": query.sql, "format": "csv", **more}
            if method == "GET":
                _check_length(url, form)
            what: dict[str, Any] = {"data" if method == "POST" else "params": form}
            read = partial(replies.read, query=query)
            try:
                return self._wire.send(method, url, read, timeout_s=READ_TIMEOUT_S, **what)
            except replies.NotHere as error:
                if len(self._ways) == 1:
                    raise Unreachable(
                        f"SkyServer takes no SQL at {url}: {error}",
                        hint="is it the right server? galaxycurate config show tells; or try "
                        "another --release",
                    ) from None
                self._ways.pop(0)

    def _wait_for_turn(self, pause: float) -> None:
        """Wait so long at least, and not so short that the pace is exceeded."""
        pause = max(pause, self._last + self._gap_s - time.monotonic())
        if pause > 0:
            self._sleep(pause)
        self._last = time.monotonic()


def _check_length(url: str, form: dict[str, str]) -> None:
    length = len(urlsplit(url).path) + 1 + len(urlencode(form))
    if length >= ADDRESS_BYTES:
        raise QueryRefused(
            f"the query makes an address of {length:,} bytes, {url} takes less than "
            f"{ADDRESS_BYTES:,} and no POST",
            hint="ask another --release, or CasJobs: --archive casjobs",
        )
