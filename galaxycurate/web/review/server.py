"""The server of a review: loopback only, one token, decisions in the ledger before the answer."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from aiohttp import web

from galaxycurate.errors import GalaxyCurateError, InputError, StorageError, UsageError
from galaxycurate.pipeline.review.objects import Objects, words
from galaxycurate.pipeline.review.session import AT_ONCE, Session
from galaxycurate.web.review.guard import LOOPBACK, guard, new_token
from galaxycurate.web.review.place import dataset_id, listening, own_port

PAGE = Path(__file__).parent / "page"
_KINDS = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
_FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}
_NEVER = {"Cache-Control": "no-store"}
_MOST_BYTES = 64 * 1024


class ReviewServer:
    """Answers the page of one review.

    Parameters
    ----------
    session : Session
    objects : Objects, optional
        Who is asked for catalogue objects.
    """

    def __init__(self, session: Session, objects: Objects | None = None):
        self.session = session
        self.token = new_token()
        self.dataset = dataset_id(session.material.settings)
        self._objects = objects or Objects(session.material, session.pictures)
        # a session, and SQLite, are for one thread at a time; pictures are read beside it
        self._ledger = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._readers = ThreadPoolExecutor(4, thread_name_prefix="pictures")
        self._files = {file.name: file.read_bytes() for file in PAGE.iterdir()}

    def app(self) -> web.Application:
        """The application that aiohttp runs."""
        app = web.Application(middlewares=[guard(self.token)], client_max_size=_MOST_BYTES)
        at = f"/{self.token}"
        app.add_routes([
            web.get(f"{at}/", self._page),
            web.get(f"{at}/page/{{name}}", self._file),
            web.get(f"{at}/session", self._session),
            web.get(f"{at}/items", self._items),
            web.get(f"{at}/item/{{key}}", self._item),
            web.get(f"{at}/picture/{{key}}/{{side:[01]}}", self._picture),
            web.get(f"{at}/small/{{key}}/{{side:[01]}}", self._picture),
            web.get(f"{at}/objects/{{key}}/{{side:[01]}}", self._around),
            web.post(f"{at}/decide", self._decide),
        ])  # fmt: skip
        return app

    def close(self) -> None:
        """Wait for what is being written."""
        self._objects.close()
        self._ledger.shutdown(wait=True)
        self._readers.shutdown(wait=False, cancel_futures=True)

    async def _page(self, _request: web.Request) -> web.Response:
        return self._static("index.html")

    async def _file(self, request: web.Request) -> web.Response:
        return self._static(request.match_info["name"])

    def _static(self, name: str) -> web.Response:
        if name not in self._files:
            raise web.HTTPNotFound
        kind = _KINDS[Path(name).suffix]
        return web.Response(
            body=self._files[name], content_type=kind, charset="utf-8", headers=_NEVER
        )

    async def _session(self, _request: web.Request) -> web.Response:
        return await self._told(lambda: self.session.about() | {"id": self.dataset})

    async def _items(self, request: web.Request) -> web.Response:
        start, n = (_whole(request.query.get(name, "")) for name in ("from", "n"))
        return await self._told(self.session.items, start, min(n, AT_ONCE))

    async def _item(self, request: web.Request) -> web.Response:
        return await self._told(self.session.shown, request.match_info["key"])

    async def _decide(self, request: web.Request) -> web.Response:
        try:
            said = (await request.json())["decisions"]
            sound = isinstance(said, list) and all(isinstance(one, dict) for one in said)
        except (ValueError, TypeError, KeyError):
            sound = False
        if not sound:
            return _json({"error": "this is no list of decisions"}, 400)
        return await self._told(self.session.decide, said)

    async def _told(self, ask: Callable, *about) -> web.Response:
        """What the session answers; what it refuses is told in words."""
        try:
            return _json(await self._in(self._ledger, ask, *about))
        except UsageError as error:
            return _json({"error": str(error)}, 400)
        except GalaxyCurateError as error:
            return _json({"error": words(error)}, 503 if isinstance(error, StorageError) else 500)

    async def _picture(self, request: web.Request) -> web.Response:
        key, side = request.match_info["key"], int(request.match_info["side"])
        pictures = self.session.pictures
        read = pictures.small if request.path.split("/")[2] == "small" else pictures.full
        try:
            picture = await self._in(self._readers, read, self.session.path(key, side))
        except UsageError:
            raise web.HTTPNotFound from None
        except (InputError, OSError):  # which file it is would tell its class
            return web.Response(status=404, text="this picture cannot be read\n", headers=_NEVER)
        return web.Response(body=picture.body, content_type=picture.kind, headers=_FOREVER)

    async def _around(self, request: web.Request) -> web.Response:
        key, side = request.match_info["key"], int(request.match_info["side"])
        try:
            path = await self._in(self._ledger, self.session.asked_about, key, side)
            name, marks = await asyncio.wrap_future(self._objects.around(path))
        except Exception as error:  # whatever it is, it is a sentence in the page
            return _json({"error": words(error)}, 200)
        return _json({"archive": name, "marks": [asdict(mark) for mark in marks]})

    @staticmethod
    async def _in(pool: ThreadPoolExecutor, call: Callable, *about):
        return await asyncio.get_running_loop().run_in_executor(pool, call, *about)


def serve(session: Session, port: int, ready: Callable[[str], None]) -> None:
    """Serve a review until Ctrl-C or SIGTERM.

    Parameters
    ----------
    session : Session
    port : int
        0 for that of the dataset and the reviewer, or the next one that is free.
    ready : callable
        Told the address when it answers.

    Raises
    ------
    UsageError
        The port is taken; nothing was touched.
    """
    server = ReviewServer(session)
    try:
        bound = listening(port, own_port(server.dataset, session.reviewer))
        with suppress(KeyboardInterrupt):  # where there are no signal handlers
            asyncio.run(_serve(server, bound, ready))
    finally:
        server.close()


async def _serve(server: ReviewServer, bound: socket.socket, ready: Callable[[str], None]) -> None:
    runner = web.AppRunner(server.app(), access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    ended = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(name, ended.set)
    try:
        await web.SockSite(runner, bound).start()
        ready(f"http://{LOOPBACK}:{bound.getsockname()[1]}/{server.token}/")
        await ended.wait()
    finally:
        await runner.cleanup()


def _json(value: object, status: int = 200) -> web.Response:
    body = json.dumps(value, allow_nan=False)
    return web.Response(text=body, status=status, content_type="application/json", headers=_NEVER)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
