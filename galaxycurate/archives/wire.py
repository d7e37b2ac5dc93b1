"""Requests to a service that is now and then down, and the one error that remains of it."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from galaxycurate import __version__
from galaxycurate.core.origin import is_loopback
from galaxycurate.errors import AnswerTooLarge, SettingError, Unreachable, first_line

if TYPE_CHECKING:
    import requests

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 60.0
PAUSES_S = (2.0, 6.0, 20.0)
_JITTER = (0.8, 1.2)  # many clients that failed together do not come back together
_DOWN = {429, 502, 503, 504}
T = TypeVar("T")


def fault_of(reply: requests.Response) -> str | None:
    """What a front end says in the place of the service, or None."""
    if reply.is_redirect:
        return f"{reply.status_code}, moved to {reply.headers['Location']}"
    if reply.content[:100].lstrip().startswith(b"<"):
        page = re.sub(r"<(head|style|script)\b.*?</\1>|<[^>]+>", " ", reply.text, flags=re.S | re.I)
        return f"{reply.status_code}, a web page: {' '.join(page.split())}"
    if reply.status_code in _DOWN:
        return f"{reply.status_code} {reply.reason}"
    return None


class Wire:
    """Sends requests, again after a pause where nobody or only a front end answered.

    Parameters
    ----------
    service : str
        What the service is called, for the errors.
    sleep : callable
        Waits before each request, if only 0 s; tests switch it off.
    fault : callable
        What a reply says that is none of the service's, or None.
    is_secret : bool
        A password or a token is sent: never in the clear, never on to wherever a reply points.
    talk : callable
        Told before it waits.
    """

    def __init__(
        self,
        service: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        fault: Callable[[requests.Response], str | None] = fault_of,
        is_secret: bool = True,
        talk: Callable[[str], None] = lambda text: None,
    ):
        self.says: str | None = None  # until anybody has answered
        self._service = service
        self._sleep = sleep
        self._fault = fault
        self._is_secret = is_secret
        self._talk = talk
        self._session: requests.Session | None = None

    def send(
        self,
        method: str,
        url: str,
        read: Callable[[requests.Response], T],
        *,
        timeout_s: float | None = None,
        once: bool = False,
        **what,
    ) -> T:
        """Send one request.

        Parameters
        ----------
        method, url : str
        read : callable
            Makes the answer of the reply; a ValueError says that the reply was cut off.
        timeout_s : float, optional
            So long may the server work on it; without, a minute, and then it is asked again.
        once : bool
            Never again: what is sent must not be done twice.
        **what
            ``headers`` and ``json``, as requests takes them.

        Raises
        ------
        Unreachable
            No answer after the last pause; the text is the server's first line.
        AnswerTooLarge
            The server was still working when the time was out.
        SettingError
            The address is none, or would carry a secret in the clear.
        """
        import requests

        check_address(url, self._is_secret)
        fault: object = None
        is_absent = False
        for pause in (0.0,) if once else (0.0, *PAUSES_S):
            if pause:
                self._talk(f"{self._service} did not answer: asking again in {pause:.0f} s")
            self._sleep(pause * random.uniform(*_JITTER))
            try:
                # a redirection would lose what is posted
                reply = self._opened(url).request(
                    method, url, timeout=(CONNECT_TIMEOUT_S, timeout_s or READ_TIMEOUT_S),
                    allow_redirects=method == "GET" and not self._is_secret, **what,
                )  # fmt: skip
                self.says = reply.headers.get("Server", self.says or "")
                fault = self._fault(reply)
                if fault is None:
                    return read(reply)
                is_slow = reply.status_code == 504
            except (requests.RequestException, ValueError) as error:
                fault, is_slow = error, isinstance(error, requests.ReadTimeout)
            if timeout_s and is_slow:
                raise AnswerTooLarge(f"{self._service} did not answer in time at {url}")
            is_absent = is_loopback(url) and _is_refused(fault)
            if is_absent and pause:  # a server of one's own is there at once, or not at all
                break
        sandbox = "galaxycurate sandbox serve starts a server here;"
        is_it = sandbox if is_absent else "is the service up?"
        why = "connection refused" if is_absent else first_line(fault)
        raise Unreachable(
            f"{self._service} did not answer at {url}: {why}",
            hint=f"{is_it} galaxycurate config show tells which server is asked",
        ) from (fault if isinstance(fault, Exception) else None)

    def _opened(self, url: str) -> requests.Session:
        import requests

        if self._session is None:
            self._session = requests.Session()
            self._session.headers["User-Agent"] = f"galaxycurate/{__version__}"
            # the environment's proxies lead out, never back to this machine
            self._session.trust_env = not is_loopback(url)
        return self._session


def check_address(url: str, is_secret: bool) -> None:
    """Refuse what is no web address, or would carry a secret in the clear."""
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        meant = url.rpartition("://")[2].split("/")[0] or "skyserver.sdss.org"
        raise SettingError(f"{url!r} is no web address", hint=f"did you mean https://{meant}?")
    if is_secret and urlsplit(url).scheme == "http" and not is_loopback(url):
        raise SettingError(
            f"{url} is not encrypted: no password and no token is sent there",
            hint=f"did you mean https{url.removeprefix('http')}?",
        )


def _is_refused(fault: object) -> bool:
    """Whether nobody listens there: what lies under the errors of the libraries."""
    while isinstance(fault, BaseException) and not isinstance(fault, ConnectionRefusedError):
        fault = fault.__cause__ or fault.__context__
    return isinstance(fault, ConnectionRefusedError)
