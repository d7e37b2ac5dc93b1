"""The login portal: a user, a password, and tokens that run out.

After what `SciServer.Authentication` (sciserver/SciScript-Python) sends and reads.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from galaxycurate.sandbox.faults import Faults

USER, PASSWORD = "GALAXYCURATE_SANDBOX_USER", "GALAXYCURATE_SANDBOX_PASSWORD"
"""Environment variables that name the sandbox's user; both are `sandbox` by default."""

PATH = "/login-portal/keystone/v3/tokens"


@dataclass
class _Token:
    issued: datetime
    uses: int = 0


class Keystone:
    """One user and the tokens that were given out."""

    def __init__(self):
        self.user = os.environ.get(USER) or "sandbox"
        self._password = os.environ.get(PASSWORD) or "sandbox"
        self.user_id = f"{self.user}-0001"
        self._tokens: dict[str, _Token] = {}

    @property
    def hint(self) -> str:
        """How to log in, for people; a password of the environment is not told."""
        known = self._password == "sandbox"
        return f"user {self.user}, password {'sandbox' if known else f'as in {PASSWORD}'}"

    def add_routes(self, app: web.Application) -> None:
        """Answer under the login portal's address."""
        for path in (PATH, f"{PATH}/{{token:.*}}"):
            app.router.add_post(path, self.login)
            app.router.add_get(path, self.describe)

    async def login(self, request: web.Request) -> web.Response:
        """A token for the right password."""
        try:
            user = (await request.json())["auth"]["identity"]["password"]["user"]
            name, password = str(user["name"]), str(user["password"])
        except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError):
            return _error(400, "Bad Request", "auth.identity.password.user is missing")
        right = [secrets.compare_digest(a.encode(), b.encode()) for a, b in (
            (name, self.user), (password, self._password))]  # fmt: skip
        if not all(right):
            return _error(401, "Unauthorized", "The request you have made requires authentication.")
        token = secrets.token_hex(16)
        self._tokens[token] = _Token(datetime.now(UTC))
        return self._described(token)

    async def describe(self, request: web.Request) -> web.Response:
        """Whose token this is; it stands in the address or in a header."""
        token = request.match_info.get("token") or request.headers.get(
            "X-Subject-Token", request.headers.get("X-Auth-Token", "")
        )
        if token not in self._tokens:
            return _error(404, "Not Found", "Could not find token.")
        return self._described(token)

    def knows(self, token: str, faults: Faults) -> bool:
        """Whether a token is good for this call, which is counted; today's faults end it early."""
        if token not in self._tokens:
            return False
        known = self._tokens[token]
        known.uses += 1
        age = (datetime.now(UTC) - known.issued).total_seconds()
        uses, seconds = faults["token_uses"], faults["token_s"]
        if (uses and known.uses > uses) or (seconds and age > seconds):
            self.forget(token)
        return token in self._tokens

    def forget(self, token: str) -> None:
        """From now on the token is not known."""
        self._tokens.pop(token, None)

    def _described(self, token: str) -> web.Response:
        domain = {"id": "default", "name": "Default"}
        body = {
            "token": {
                "issued_at": self._tokens[token].issued.isoformat(),
                "methods": ["password"],
                "user": {"id": self.user_id, "name": self.user, "domain": domain},
            }
        }
        return web.json_response(body, headers={"X-Subject-Token": token})


def _error(status: int, title: str, message: str) -> web.Response:
    body = {"error": {"code": status, "title": title, "message": message}}
    return web.json_response(body, status=status)
