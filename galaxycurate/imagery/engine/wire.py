"""One GET over a pool of connections: a reply, a reply that was cut short, or silence."""

from __future__ import annotations

import math
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from galaxycurate import __version__
from galaxycurate.core.origin import is_loopback
from galaxycurate.imagery.job import Limits

if TYPE_CHECKING:
    import aiohttp

USER_AGENT = f"galaxycurate/{__version__} (SDSS cutouts for machine learning)"


class Silence(Exception):
    """No answer came; the text tells how, ``late`` whether one might still have come."""

    def __init__(self, how: str, *, late: bool = False):
        super().__init__(how)
        self.late = late


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; ``cut`` tells how its body ended early, empty when it is whole."""

    status: int
    phrase: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    cut: str = ""


class Wire:
    """An open pool of connections to one server."""

    def __init__(self, session: aiohttp.ClientSession, limits: Limits, proxy: str | None):
        import aiohttp
        from yarl import URL

        self._session, self._proxy, self._url, self._errors = session, proxy, URL, aiohttp
        self._limits = limits
        self._timeout = lru_cache(64)(self._make_timeout)

    @classmethod
    @asynccontextmanager
    async def open(cls, server: str, limits: Limits) -> AsyncIterator[Wire]:
        """Open a pool; connections are made when needed and used again.

        Parameters
        ----------
        server : str
            Proxies of the environment are used unless it is this machine.
        limits : Limits
        """
        import aiohttp

        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=limits.concurrency, ttl_dns_cache=300),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={
                "User-Agent": USER_AGENT,
                "Accept": "image/jpeg, */*;q=0.5",
                "Accept-Encoding": "identity",
            },
        ) as session:
            yield cls(session, limits, _proxy(server))

    async def get(
        self, url: str, gap_s: float | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Ask once.

        Parameters
        ----------
        url : str
            Encoded as it is to be sent.
        gap_s : float, optional
            Silence that ends the attempt [s]; otherwise that of the limits.
        headers : mapping, optional
            Beside the usual ones.

        Raises
        ------
        Silence
            No connection, no answer in time, or the connection was lost before one.
        """
        aiohttp = self._errors
        timeout = self._timeout(math.ceil(4 * (gap_s or self._limits.gap_s)))
        try:
            async with self._session.get(
                self._url(url, encoded=True), timeout=timeout, proxy=self._proxy, headers=headers
            ) as response:
                status, phrase, headers = response.status, response.reason or "", response.headers
                try:
                    return Reply(status, phrase, headers, await response.read())
                except aiohttp.ClientPayloadError:
                    return Reply(status, phrase, headers, cut="the body ended early")
        except aiohttp.ConnectionTimeoutError:
            raise Silence("no connection in time") from None
        except TimeoutError:
            raise Silence("no answer in time", late=True) from None
        except (aiohttp.ClientError, OSError) as error:
            raise Silence(_how(error)) from None

    def _make_timeout(self, quarters: int) -> aiohttp.ClientTimeout:
        """A time-out for each quarter of a second of patience: few, and used again."""
        limits = self._limits
        return self._errors.ClientTimeout(
            total=limits.total_s, sock_connect=limits.connect_s, sock_read=quarters / 4
        )


def _proxy(server: str) -> str | None:
    """The environment's proxy for a server, looked up once and not for each request."""
    parts = urlsplit(server)
    if is_loopback(server) or proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)


def _how(error: Exception) -> str:
    """The cause in the system's own words: "Connection refused"."""
    cause = getattr(error, "os_error", error)
    number = getattr(cause, "errno", None)
    if number and number > 0:
        return os.strerror(number)
    return str(getattr(cause, "strerror", None) or error) or type(error).__name__
