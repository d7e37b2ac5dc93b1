"""Who may talk to a review's server: this machine, with the token, from its own page."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from aiohttp import web

LOOPBACK = "127.0.0.1"
_HOSTS = {"127.0.0.1", "localhost"}

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; script-src 'self'; "
    "style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Of every answer, refusals too."""


def new_token() -> str:
    """A secret that nobody guesses."""
    return secrets.token_urlsafe(32)


def guard(token: str):
    """A middleware that refuses whoever does not have the token.

    Parameters
    ----------
    token : str
        The first part of every path.

    Returns
    -------
    callable
    """

    @web.middleware
    async def refuse_strangers(request: web.Request, handler):
        try:
            why = _against(request, token)
            answer = web.Response(status=403, text=why) if why else await handler(request)
        except web.HTTPException as error:  # a page that there is not is an answer, too
            error.headers.update(HEADERS)
            raise
        answer.headers.update(HEADERS)
        return answer

    return refuse_strangers


def _against(request: web.Request, token: str) -> str:
    """Why a request is refused; empty for one that may pass.

    The host is checked because a page of the internet can give its own name the address of this
    machine; its port may be another one, as ``ssh -L`` maps it.
    """
    # "OPTIONS *" and "CONNECT host:1" have no path
    given = request.path.partition("/")[2].partition("/")[0].encode(errors="replace")
    if not secrets.compare_digest(given, token.encode()):
        return "the address lacks the token of this review: open the one that the command printed\n"
    if _name(f"http://{request.host}") not in _HOSTS:
        return "this server answers as 127.0.0.1 or localhost only\n"
    if request.method not in ("GET", "HEAD") and not _is_own_page(request):
        return "only the page of this review may send decisions\n"
    return ""


def _is_own_page(request: web.Request) -> bool:
    return request.headers.get("Origin") == f"http://{request.host}"


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
