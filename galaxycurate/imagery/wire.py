"""One GET over a pool of connections: a reply, a reply that was cut short, or silence."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from galaxycurate import __version__
from galaxycurate.core.origin import is_loopback
from galaxycurate.imagery.job import Limits

if TYPE_CHECKING:
    import aiohttp

USER_AGENT = f"galaxycurate/{__version__} (SDSS cutouts for machine learning)"


class Silence(Exception):
    """No answer came; the text tells how."""


@dataclass(frozen=True)
class Reply:
    """An answer; ``cut`` tells how its body ended early, empty when it is whole."""

    status: int
    phrase: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    cut: str = ""


class Wire:
    """An open pool of connections to one server."""

    def __init__(self, session: aiohttp.ClientSession):
        self._session = session

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

        timeout = aiohttp.ClientTimeout(
            total=limits.total_s, sock_connect=limits.connect_s, sock_read=limits.gap_s
        )
        async with aiohttp.ClientSession(
            timeout=timeout,
            connector=aiohttp.TCPConnector(limit=limits.concurrency, ttl_dns_cache=300),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT, "Accept": "image/jpeg"},
            trust_env=not is_loopback(server),
        ) as session:
            yield cls(session)

    async def get(self, url: str) -> Reply:
        """Ask once.

        Raises
        ------
        Silence
            No connection, no answer in time, or the connection was lost before one.
        """
        import aiohttp

        try:
            async with self._session.get(url) as response:
                status, phrase, headers = response.status, response.reason or "", response.headers
                try:
                    return Reply(status, phrase, headers, await response.read())
                except aiohttp.ClientPayloadError:
                    return Reply(status, phrase, headers, cut="the body ended early")
        except TimeoutError:
            raise Silence("no answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Silence(_how(error)) from None


def _how(error: Exception) -> str:
    """The cause in the system's own words: "Connection refused"."""
    cause = getattr(error, "os_error", error)
    number = getattr(cause, "errno", None)
    if number and number > 0:
        return os.strerror(number)
    return str(getattr(cause, "strerror", None) or error) or type(error).__name__
