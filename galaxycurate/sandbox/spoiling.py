"""Answers that do not come, or not whole: how today's faults fall on a handler."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from aiohttp import web

from galaxycurate.sandbox.faults import Faults

Handler = Callable[[web.Request], Awaitable[web.Response]]
Spoiled = Callable[[web.Request], Awaitable[web.StreamResponse]]

RETRY_AFTER_S = 2
_LATENCY = {"cutout": "latency_s", "sql": "sql_latency_s"}
_EFFECTS = {"drop": "dropped", "truncate": "truncated", "cut": "cut"}


def spoiled(
    faults: Callable[[], Faults], counts: Counter[str], place: str, handler: Handler
) -> Spoiled:
    """A handler on which the faults of a place fall.

    What any answer can suffer happens here: by the end of the fault's name a page of HTML with
    status 503, nothing at all, half of the body. Of the others the handler hears in
    ``request["fault"]``.

    Parameters
    ----------
    faults : callable
        Today's.
    counts : Counter
        What happened, for ``/__stats__``.
    place : str
        See `faults.KINDS`.
    handler : callable

    Returns
    -------
    callable
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        fault = request["fault"] = faults().next_fault(place, request.path_qs)
        if place in _LATENCY:
            await asyncio.sleep(faults()[_LATENCY[place]])
        if place == "casjobs":
            counts[f"casjobs {handler.__name__}"] += 1
        effect = (fault or "").rpartition("_")[2]
        if effect == "503":
            counts[f"{place} 503"] += 1
            return _unavailable()
        response = await handler(request)
        if effect in _EFFECTS:
            counts[f"{place} {_EFFECTS[effect]}"] += 1
            return await _broken(request, response, effect)
        return response

    return answer


def _unavailable() -> web.Response:
    """The page of the machine in front of the service."""
    page = (
        "<html><body><h1>503 Service Unavailable</h1>\n"
        "No server is available to handle this request.\n</body></html>\n"
    )
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return web.Response(status=503, text=page, content_type="text/html", headers=headers)


async def _broken(request: web.Request, whole: web.Response, effect: str) -> web.StreamResponse:
    """Nothing of an answer, half of it, or half of it as if it were whole."""
    body = bytes(whole.body or b"")  # type: ignore[arg-type]
    half = body[: len(body) // 2]
    if effect == "cut":
        whole.body = half.rstrip(b"\n")
        return whole
    response = web.StreamResponse(status=whole.status)
    if effect == "truncate":
        response.content_type = whole.content_type
        response.content_length = len(body)
        await response.prepare(request)
        await response.write(half)
    if request.transport is not None:
        request.transport.close()
    return response
