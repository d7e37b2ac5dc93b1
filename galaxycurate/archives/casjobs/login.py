"""Who asks CasJobs: a token, found or fetched, never shown.

First a token: the variable SCISERVER_TOKEN, a `SciServer` package that is logged in, the file of
SciServer Compute, the token of `galaxycurate casjobs login`. Then user and password: the variables
SCISERVER_USER and SCISERVER_PASSWORD, the keyring, a person. They are SciServer's, and go nowhere
else than there and to this machine: a settings file of somebody else's project may name any server.
To any other one only `galaxycurate casjobs login` logs in.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from galaxycurate.archives.casjobs import tokens
from galaxycurate.archives.wire import Wire
from galaxycurate.core.origin import is_loopback
from galaxycurate.errors import LoginNeeded, ServiceError

if TYPE_CHECKING:
    import requests

COMPUTE_TOKEN = Path("/home/idies/keystone.token")
HINT = (
    "galaxycurate casjobs login, or set SCISERVER_TOKEN, or SCISERVER_USER and "
    "SCISERVER_PASSWORD; accounts are free: https://apps.sciserver.org"
)
_HOMES = (".sdss.org", ".sciserver.org")


class Login:
    """A token, and where the next one comes from.

    Parameters
    ----------
    root, keystone : str
        URLs of the service that is shown the token, and of the one that gives it.
    credentials : callable
        Asks a person for user and password, or returns None.
    wire : Wire
    """

    def __init__(
        self,
        root: str,
        keystone: str,
        credentials: Callable[[], tuple[str, str] | None],
        wire: Wire,
    ):
        self.keystone = keystone
        self.place = f"{root} by {keystone}"
        self._is_own = all(is_official(url) or is_loopback(url) for url in (root, keystone))
        self._ask = credentials
        self._wire = wire
        self._token = ""
        self._refused: set[str] = set()
        self._typed: tuple[str, str] | None = None

    def token(self) -> str:
        """The token to show to CasJobs.

        Raises
        ------
        LoginNeeded
            There is none, and no user and password to fetch one with.
        """
        if not self._token:
            self._token = _sound(self._next())
        return self._token

    def refuse(self) -> None:
        """CasJobs does not take the token, or not any more: the next one is another."""
        self._refused.add(self._token)
        self._token = ""

    def fetch(self, user: str, password: str) -> str:
        """A new token for a user.

        Raises
        ------
        LoginNeeded
            The password is wrong.
        """
        who = {"user": {"name": user, "password": password}}
        reply = self._wire.send(
            "POST",
            self.keystone,
            lambda reply: reply,
            json={"auth": {"identity": {"methods": ["password"], "password": who}}},
        )
        if reply.status_code in (400, 401, 403):
            raise LoginNeeded(
                f"{self.keystone} does not accept the password of {user}",
                hint="galaxycurate casjobs login asks for it again; SCISERVER_USER and "
                "SCISERVER_PASSWORD are used where they are set",
            )
        return _token_of(reply, self.keystone)

    def _next(self) -> str:
        for token in self._tokens():
            if token and token not in self._refused:
                return token
        for pair in self._pairs():
            if pair and all(pair):
                return self.fetch(*pair)
        expired = "the login at CasJobs has expired"
        raise LoginNeeded(
            expired if self._refused else "nobody is logged in to CasJobs",
            hint=HINT if self._is_own else "galaxycurate casjobs login",
        )

    def _tokens(self) -> Iterator[str]:
        if self._is_own:
            yield os.environ.get("SCISERVER_TOKEN", "").strip()
        if is_official(self.keystone) and self._is_own:
            yield _of_package()
            yield _of_compute()
        yield tokens.kept(self.place)

    def _pairs(self) -> Iterator[tuple[str, str] | None]:
        if not self._is_own:
            return
        yield self._typed
        yield os.environ.get("SCISERVER_USER", ""), os.environ.get("SCISERVER_PASSWORD", "")
        yield _in_keyring(self.keystone)
        self._typed = self._ask()
        yield self._typed


def is_official(url: str) -> bool:
    """Whether a service is SDSS's or SciServer's own: their tokens go nowhere else."""
    return (urlsplit(url).hostname or "").endswith(_HOMES)


def package_urls() -> tuple[str, str]:
    """CasJobs and its login as the `SciServer` package is configured; empty where it is absent."""
    try:
        from SciServer import Config
    except Exception:  # absent, or broken: it loads a dozen packages of its own
        return "", ""
    return getattr(Config, "CasJobsRESTUri", ""), getattr(Config, "AuthenticationURL", "")


def _of_package() -> str:
    """Only a package that is loaded can be logged in; its getToken() writes tokens to sys.argv."""
    package = sys.modules.get("SciServer.Authentication")
    return str(getattr(getattr(package, "token", None), "value", None) or "")


def _of_compute() -> str:
    try:
        return COMPUTE_TOKEN.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _in_keyring(keystone: str) -> tuple[str, str] | None:
    """As put there by ``keyring set apps.sciserver.org USER``."""
    ring = tokens.keyring()
    user = os.environ.get("SCISERVER_USER") or None
    found = ring.get_credential(urlsplit(keystone).hostname, user) if ring else None
    return (found.username, found.password) if found else None


def _sound(token: str) -> str:
    """A header that cannot be sent is quoted in the error that says so."""
    if not re.fullmatch("[ -~]+", token):
        raise LoginNeeded("the token for CasJobs holds signs that no token has", hint=HINT)
    return token


def _token_of(reply: requests.Response, keystone: str) -> str:
    token = reply.headers.get("X-Subject-Token", "")
    if reply.status_code not in (200, 201) or not token:
        raise ServiceError(
            f"{keystone} gave no token: {reply.status_code} {reply.reason}",
            hint="galaxycurate config show tells where CasJobs logs in: keystone",
        )
    return token
