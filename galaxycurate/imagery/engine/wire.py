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
from galaxycurate.errors import first_line
from galaxycurate.imagery.job import Limits

if TYPE_CHECKING:
    import aiohttp

USER_AGENT = f"galaxycurate/{__version__} (SDSS cutouts for machine learning)"


MOST_REDIRECTS = 3


class Silence(Exception):
    """No answer came; the text tells how, ``late`` whether one might still have come."""

    def __init__(self, how: str, *, late: bool = False):
        super().__init__(how)
        self.late = late


class Garbled(Silence):
    """Something came, but no reply of HTTP, or none that leads anywhere; the text tells what."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; ``cut`` tells how its body ended early, empty when it is whole."""

    status: int
    phrase: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    cut: str = ""


class Wire:
    """An open pool of connections to one server.

    Each `get` is one request but for redirects: aiohttp's own repetition after a connection that
    was lost is switched off, since nobody would count it or wait before it.
    """

    def __init__(
        self, session: aiohttp.ClientSession, limits: Limits, proxy: str | None, most_bytes: int
    ):
        import aiohttp
        from yarl import URL

        self._session, self._proxy, self._url, self._errors = session, proxy, URL, aiohttp
        self._limits, self._most_bytes = limits, most_bytes
        session._retry_connection = False
        self._timeout = lru_cache(64)(self._make_timeout)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, server: str, limits: Limits, *, most_bytes: int = 64_000_000
    ) -> AsyncIterator[Wire]:
        """Open a pool; connections are made when needed and used again.

        Parameters
        ----------
        server : str
            Proxies of the environment are used unless it is this machine.
        limits : Limits
        most_bytes : int
            A longer body is not read.
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
            yield cls(session, limits, _proxy(server), most_bytes)

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
        Garbled
            What came is no reply.
        """
        aiohttp = self._errors
        timeout = self._timeout(math.ceil(4 * (gap_s or self._limits.gap_s)))
        try:
            async with self._session.get(
                self._url(url, encoded=True),
                timeout=timeout,
                proxy=self._proxy,
                headers=headers,
                max_redirects=MOST_REDIRECTS,
            ) as response:
                return await self._read(response)
        except aiohttp.TooManyRedirects:
            raise Garbled(f"redirected {MOST_REDIRECTS} times") from None
        except aiohttp.RedirectClientError as error:
            raise Garbled(f"redirected to no address: {first_line(error)}") from None
        except aiohttp.ClientResponseError as error:
            raise Garbled(f"not HTTP: {first_line(error.message)}") from None
        except aiohttp.ConnectionTimeoutError:
            raise Silence("no connection in time") from None
        except TimeoutError:
            raise Silence("no answer in time", late=True) from None
        except (aiohttp.ClientError, OSError) as error:
            raise Silence(_how(error)) from None

    async def _read(self, response: aiohttp.ClientResponse) -> Reply:
        """The whole reply, or what there is of it."""
        head = response.status, _clean(response.reason or ""), _clean_all(response.headers)
        length = response.content_length
        is_told = length is not None and "Content-Encoding" not in response.headers
        try:
            if length is not None and length > self._most_bytes:
                body = None
            elif is_told:
                body = await response.read()
            else:
                body = await self._read_some(response.content)
        except self._errors.ClientPayloadError:
            return Reply(*head, cut="the body ended early")
        if body is None:
            response.close()
            return Reply(*head, cut=f"the body is longer than {self._most_bytes / 1e6:.0f} MB")
        return Reply(*head, body)

    async def _read_some(self, content: aiohttp.StreamReader) -> bytes | None:
        """A body of unknown length; None where it is too long."""
        body = bytearray()
        async for piece in content.iter_any():
            body += piece
            if len(body) > self._most_bytes:
                return None
        return bytes(body)

    def _make_timeout(self, quarters: int) -> aiohttp.ClientTimeout:
        """A time-out for each quarter of a second of patience: few, and used again."""
        limits = self._limits
        return self._errors.ClientTimeout(
            total=limits.total_s, sock_connect=limits.connect_s, sock_read=quarters / 4
        )


def _clean(text: str) -> str:
    """Bytes that are no UTF-8 are replaced: neither a ledger nor a terminal takes surrogates."""
    if text.isascii():
        return text
    return text.encode(errors="surrogateescape").decode(errors="replace")


def _clean_all(headers: Mapping[str, str]) -> Mapping[str, str]:
    if all(value.isascii() for value in headers.values()):
        return headers
    from multidict import CIMultiDict

    return CIMultiDict((name, _clean(value)) for name, value in headers.items())


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
