"""The sandbox's HTTP face: SkyServer's addresses in front of a sky on this machine."""

from __future__ import annotations

import asyncio
import html
import json
import signal
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import ModuleType

from aiohttp import web

from galaxycurate.errors import GalaxyCurateError, InputError, QueryRefused, StorageError
from galaxycurate.sandbox import (
    casjobs,
    documented,
    hips2fits,
    imgcutout,
    keystone,
    legacy,
    sas,
    spoiling,
    sqlsearch,
)
from galaxycurate.sandbox.faults import Faults
from galaxycurate.sandbox.sky import Sky

MAX_URL_BYTES = 8192  # maxUrlLength of the service
MAX_UPLOAD_BYTES = 64 * 2**20
_RELEASE = r"/{release:[dD][rR]\d+}"


class Sandbox:
    """One sky, its counters and its faults.

    Parameters
    ----------
    sky : Sky
    queries_per_minute : int
        Of one client; 0 for no limit.
    workers : int
        Threads that render and query.
    """

    def __init__(self, sky: Sky, *, queries_per_minute: int = 60, workers: int = 2):
        self.sky = sky
        self.throttle = sqlsearch.Throttle(queries_per_minute)
        self.faults = Faults()
        self.counts: Counter[str] = Counter()
        self.keystone = keystone.Keystone()
        self.casjobs = casjobs.CasJobs(
            sky, self.keystone, faults=lambda: self.faults, in_thread=self._in_thread
        )
        self.frames = sas.Frames(sky)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="sandbox")

    def app(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(
            middlewares=[_long_urls_are_refused], client_max_size=MAX_UPLOAD_BYTES
        )
        service = f"{_RELEASE}/{{ws:(?i:skyserverws)}}"
        search = f"{service}/{{tools:(?i:searchtools)}}/{{sql:(?i:sqlsearch)}}"
        pages = f"{_RELEASE}/en/tools/search/{{page:x_results\\.aspx|x_sql\\.aspx?}}"
        on = partial(spoiling.spoiled, lambda: self.faults, self.counts)
        sql_search, jpeg = on("sql", self.sql_search), on("cutout", self.getjpeg)
        app.router.add_get(f"{service}/{{img:(?i:imgcutout)}}/{{jpeg:(?i:getjpeg)}}", jpeg)
        app.router.add_get(search, sql_search)
        app.router.add_post(search, sql_search)
        app.router.add_get(pages, sql_search)
        for drawer in (hips2fits, legacy):
            for route in drawer.ROUTES:
                app.router.add_get(route, on("cutout", partial(self.mosaic, drawer)))
        app.router.add_get(sas.ROUTE, on("frame", self.frame))
        self.keystone.add_routes(app)
        for method, path, handler in self.casjobs.routes():
            app.router.add_route(method, path, on("casjobs", self.casjobs.guarded(handler)))
        app.router.add_get("/", self.page)
        app.router.add_post("/__faults__", self.set_faults)
        app.router.add_get("/__stats__", self.stats)
        app.on_response_prepare.append(self._sign)
        app.on_cleanup.append(self._close)
        return app

    async def getjpeg(self, request: web.Request) -> web.Response:
        """One cutout, or what today's faults make of it."""
        try:
            wanted = imgcutout.parse(_lower(request.query))
        except InputError as error:
            self.counts["cutout 400"] += 1
            return _answer(*sqlsearch.error_body(400, "BadRequest", str(error), "json"))
        if request["fault"] == "status_500":
            self.counts["cutout 500"] += 1
            return _image(500, imgcutout.FAILED, imgcutout.error_tile(wanted, self.sky))
        if request["fault"] == "error_tile":
            self.counts["cutout error tile"] += 1
            return _image(200, "OK", imgcutout.error_tile(wanted, self.sky))
        status, reason, body = await self._in_thread(imgcutout.picture, wanted, self.sky)
        if request["fault"] != "truncate":
            self.counts[f"cutout {status}"] += 1
        return _image(status, reason, body)

    async def mosaic(self, service: ModuleType, request: web.Request) -> web.Response:
        """One cutout of another service (`hips2fits`, `legacy`), today's faults as above."""
        try:
            wanted = service.parse(request.query)
        except InputError as error:
            status, body, kind = service.refusal(error)
        else:
            if request["fault"] == "status_500":
                status, body, kind = service.failure()
            elif request["fault"] == "error_tile":
                status, body, kind = 200, imgcutout.error_tile(wanted, self.sky), "image/jpeg"
            else:
                status, body, kind = await self._in_thread(service.picture, wanted, self.sky)
        self.counts[f"{service.NAME} {status}"] += 1
        return _answer(status, body, kind)

    async def sql_search(self, request: web.Request) -> web.Response:
        """One query, by GET or POST."""
        params = _lower(request.query)
        if request.method == "POST":
            params |= _lower(await request.post())
        sql, form = params.get("cmd", ""), sqlsearch.known_format(params.get("format"))
        if not sql.strip():
            self.counts["sql 400"] += 1
            return _answer(*sqlsearch.error_body(400, "BadRequest", "cmd is missing", form))
        if request["fault"] == "sql_timeout":
            self.counts["sql timeout"] += 1
            return _answer(
                *sqlsearch.error_body(500, "InternalServerError", sqlsearch.TIMEOUT, form)
            )
        limit = int(self.faults["sql_max_rows"])
        if request["fault"] == "sql_throttle" or not self.throttle.allows(request.remote or ""):
            self.counts["sql throttled"] += 1
            refusal: str | None = self.throttle.refusal(sql)
        else:
            sql, refusal = sqlsearch.filtered(sql, limit=limit)
            self.counts["sql refused" if refusal else "sql"] += 1
        status, body, kind = await self._in_thread(self._query, sql, refusal, form, limit)
        return _answer(status, body, kind)

    async def frame(self, request: web.Request) -> web.Response:
        """One file of the Science Archive Server, or what today's faults make of it."""
        if request["fault"] == "frame_500":
            self.counts["frame 500"] += 1
            return web.Response(status=500, text="Internal Server Error\n")
        found = await self._in_thread(self.frames.read, **request.match_info)
        self.counts[f"frame {200 if found else 404}"] += 1
        if not found:
            return web.Response(status=404, text="Not Found\n")
        status, body, headers = sas.ranged(found[0], request.http_range)
        return web.Response(status=status, body=body, content_type=found[1], headers=headers)

    async def page(self, _request: web.Request) -> web.Response:
        """A page for people: which sky this is."""
        return web.Response(text=_page(self.sky, self.keystone.hint), content_type="text/html")

    async def set_faults(self, request: web.Request) -> web.Response:
        """Replace the faults by those of a JSON object."""
        try:
            settings = await request.json()
            if not isinstance(settings, dict):
                raise InputError("faults are a JSON object such as {}")
            self.faults = Faults(settings)
        except (json.JSONDecodeError, GalaxyCurateError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(settings)

    async def stats(self, _request: web.Request) -> web.Response:
        """What was asked so far, by kind of answer."""
        return web.json_response(dict(sorted(self.counts.items())))

    def _query(
        self, sql: str, refusal: str | None, form: str, limit: int
    ) -> tuple[int, bytes, str]:
        try:
            if refusal:
                table = sqlsearch.error_table(refusal)
            elif (table := documented.columns(sql, self.sky.archive.schema)) is None:
                table = self.sky.archive.execute(sql)
        except QueryRefused as error:
            self.counts["sql errors"] += 1
            return sqlsearch.error_body(500, "InternalServerError", str(error), form)
        body, kind = sqlsearch.render(table.head(limit), form, sql)
        return 200, body, kind

    async def _in_thread(self, function: Callable, *args, **named):
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, partial(function, *args, **named)
        )

    async def _sign(self, _request: web.Request, response: web.StreamResponse) -> None:
        name = self.sky.name.encode("ascii", "replace").decode()
        response.headers["Server"] = f"galaxycurate-sandbox ({self.sky.kind} sky: {name})"

    async def _close(self, _app: web.Application) -> None:
        await self.casjobs.close()
        self._pool.shutdown(wait=True, cancel_futures=True)


def serve(
    sky_folder: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    queries_per_minute: int = 60,
    ready: Callable[[str, Sky], None] = lambda url, sky: None,
) -> None:
    """Serve a sky until SIGINT or SIGTERM.

    Parameters
    ----------
    sky_folder : str or Path
        See `Sky.open`.
    host : str
        Address to listen on; the default is seen by this machine only.
    port : int
        0 picks a free one.
    queries_per_minute : int
        SQL queries of one client; 0 for no limit.
    ready : callable
        Told the URL and the sky once requests are answered.

    Raises
    ------
    InputError
        The folder is not a sky.
    StorageError
        The port is taken.
    """
    sandbox = Sandbox(Sky.open(sky_folder), queries_per_minute=queries_per_minute)
    asyncio.run(_run(sandbox, host, port, ready))


async def _run(sandbox: Sandbox, host: str, port: int, ready: Callable[[str, Sky], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    runner = web.AppRunner(
        sandbox.app(), max_line_size=1 << 17, access_log=None, shutdown_timeout=2.0
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise StorageError(
                f"cannot listen on {host}:{port}: {error.strerror}",
                hint="another program holds the port; --port 0 picks a free one",
            ) from error
        chosen = runner.addresses[0][1]
        ready(f"http://{host}:{chosen}", sandbox.sky)
        await stop.wait()
    finally:
        await runner.cleanup()


@web.middleware
async def _long_urls_are_refused(request: web.Request, handler) -> web.StreamResponse:
    if len(request.raw_path) > MAX_URL_BYTES:
        return web.Response(status=414, text="The request URI is too long: use POST.\n")
    return await handler(request)


def _lower(params) -> dict[str, str]:
    """Parameter names are not case-sensitive in ASP.NET."""
    return {name.lower(): value for name, value in params.items() if isinstance(value, str)}


def _answer(status: int, body: bytes, kind: str) -> web.Response:
    return web.Response(status=status, body=body, headers={"Content-Type": kind})


def _image(status: int, reason: str, body: bytes) -> web.Response:
    return web.Response(status=status, reason=reason, body=body, content_type="image/jpeg")


def _page(sky: Sky, login: str) -> str:
    simulated = "<p><strong>This sky is simulated. It is not SDSS.</strong></p>"
    name, note = html.escape(sky.name), html.escape(sky.note)
    tables = ", ".join(sorted(sky.archive.schema))
    return f"""<!doctype html><meta charset="utf-8"><title>galaxycurate sandbox: {name}</title>
<h1>galaxycurate sandbox</h1>{simulated if sky.simulated else ""}
<p>Sky: <b>{name}</b> ({sky.kind}), {len(sky.frames)} fields with frames. {note}</p>
<p>Tables: {html.escape(tables)}</p>
<p>It answers as SkyServer, SAS and CasJobs do, for any release, and as CDS's hips2fits and the
Legacy Surveys' viewer do for their pictures of SDSS:</p>
<pre>/dr17/SkyServerWS/SearchTools/SqlSearch?format=csv&amp;cmd=SELECT TOP 5 * FROM Field
/dr17/SkyServerWS/ImgCutout/getjpeg?ra=&amp;dec=&amp;scale=0.396127&amp;width=256&amp;height=256
/sas/dr17/eboss/photoObj/frames/301/RUN/CAMCOL/frame-r-RUN-CAMCOL-FIELD.fits.bz2
{hips2fits.ROUTES[0]}?hips={hips2fits.HIPS}&amp;width=256&amp;height=256&amp;fov=0.0282&amp;ra=&amp;dec=&amp;format=jpg
{legacy.ROUTES[0]}?ra=&amp;dec=&amp;layer={legacy.LAYER}&amp;pixscale=0.396127&amp;size=256
{keystone.PATH}
{casjobs.ROOT}/contexts/DR17/query</pre>
<p>CasJobs: {html.escape(login)}.</p>
<p>What the real services do otherwise, or may do, stands in docs/sandbox.md.</p>
"""
