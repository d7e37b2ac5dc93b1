"""Small frames with sources at known places, and a Science Archive Server in front of them.

A field is cut out of a longer strip of one camera column, so that neighbours share pixels as the
survey's do.
"""

from __future__ import annotations

import asyncio
import bz2
import io
import threading
from collections import Counter
from collections.abc import Callable

import numpy as np
import simplejpeg
from aiohttp import web
from astropy.io import fits
from astropy.wcs import WCS

from galaxycurate.core.colour import lupton_irg

RUN, CAMCOL, FIRST = 94, 1, 11
STEP, SHARED, COLS = 260, 128, 420
SCALE = 0.396 / 3600
RA, DEC = 150.0, 2.0
SHIFT = {"r": (0.0, 0.0), "i": (-1.4, 3.4), "g": (2.2, 8.9)}  # columns, rows
SOURCES = [  # columns and rows of the r strip, and i, r, g fluxes
    (100.3, 40.6, (90.0, 60.0, 30.0)), (210.0, 150.2, (20.0, 30.0, 25.0)),
    (201.7, 318.4, (80.0, 80.0, 80.0)), (330.1, 200.0, (40.0, 30.0, 20.0)),
    (215.2, 330.9, (60.0, 30.0, 10.0)), (90.9, 560.0, (50.0, 50.0, 50.0)),
]  # fmt: skip
SIGMA = 1.6


def header(band: str, first_row: int = 0) -> fits.Header:
    """Of the strip from a row on."""
    dx, dy = SHIFT[band]
    angle = np.radians(30)
    cd = SCALE * np.array([[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    made = fits.Header(
        dict(
            CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CRVAL1=RA, CRVAL2=DEC, RUN=RUN, CAMCOL=CAMCOL,
            CRPIX1=210.5 + dx, CRPIX2=320.5 + dy - first_row, FILTER=band, BUNIT="nanomaggy",
        )
    )  # fmt: skip
    for (row, col), value in np.ndenumerate(cd):
        made[f"CD{row + 1}_{col + 1}"] = value
    return made


def strip(band: str, n_fields: int = 2, noise: float = 0.005) -> np.ndarray:
    """All pixels of a camera column."""
    rows = STEP * n_fields + SHARED
    dx, dy = SHIFT[band]
    rng = np.random.default_rng(ord(band))
    out = rng.normal(0, noise, (rows, COLS)).astype(np.float32)
    y, x = np.mgrid[:rows, :COLS]
    for col, row, fluxes in SOURCES:
        r2 = (x - col - dx) ** 2 + (y - row - dy) ** 2
        peak = fluxes["irg".index(band)] / (2 * np.pi * SIGMA**2)
        out += (peak * np.exp(-r2 / (2 * SIGMA**2))).astype(np.float32)
    return np.round(out * 4096) / 4096  # a twentieth of the noise; bzip2 is four times as fast


def place(col: float, row: float) -> tuple[float, float]:
    """Sky position of a pixel of the r strip."""
    ra, dec = WCS(header("r")).pixel_to_world_values(col, row)
    return float(ra), float(dec)


def packed(data: np.ndarray, head: fits.Header) -> bytes:
    """A frame as it is served."""
    out = io.BytesIO()
    fits.PrimaryHDU(data, head).writeto(out)
    return bz2.compress(out.getvalue(), 1)


def name(band: str, field: int, run: int = RUN) -> str:
    return f"frame-{band}-{run:06d}-{CAMCOL}-{field:04d}.fits.bz2"


def files(n_fields: int = 2, noise: float = 0.005) -> dict[str, bytes]:
    """The frames and JPEGs of neighbouring fields, by their names."""
    found, colours = {}, {}
    for band in "irg":
        whole = strip(band, n_fields, noise)
        for k in range(n_fields):
            part = whole[k * STEP : (k + 1) * STEP + SHARED]
            found[name(band, FIRST + k)] = packed(part, header(band, k * STEP))
    still = {band: on_r(band, n_fields, noise) for band in "irg"}
    for k in range(n_fields):
        part = slice(k * STEP, (k + 1) * STEP + SHARED)
        colours[k] = lupton_irg(*(still[band][part] for band in "irg"))
        jpeg = simplejpeg.encode_jpeg(np.ascontiguousarray(colours[k][::-1]), 95, "RGB", "444")
        found[f"frame-irg-{RUN:06d}-{CAMCOL}-{FIRST + k:04d}.jpg"] = jpeg
    return found


def on_r(band: str, n_fields: int, noise: float) -> np.ndarray:
    """A band on the pixels of r, as the survey draws its JPEGs; the noise is another."""
    out = np.zeros((STEP * n_fields + SHARED, COLS), np.float32)
    out += np.random.default_rng(ord(band) + 9).normal(0, noise, out.shape).astype(np.float32)
    y, x = np.mgrid[: out.shape[0], :COLS]
    for col, row, fluxes in SOURCES:
        r2 = (x - col) ** 2 + (y - row) ** 2
        peak = fluxes["irg".index(band)] / (2 * np.pi * SIGMA**2)
        out += (peak * np.exp(-r2 / (2 * SIGMA**2))).astype(np.float32)
    return out


Fault = Callable[[bytes, int], web.Response | bytes | None]


class FrameServer:
    """Serves files by name, in a thread of its own.

    ``faults[name]`` is called with the good body and how often the file was asked for before; it
    returns a reply, other bytes, or None. For names in ``silent`` the connection is dropped.
    ``asked`` counts requests, ``sent`` bytes.
    """

    SIGN = "frame test server (simulated sky)"

    def __init__(
        self, held: dict[str, bytes], faults: dict[str, Fault] | None = None, *, ranges: bool = True
    ):
        self.held, self.faults, self.ranges = held, faults or {}, ranges
        self.asked: Counter[str] = Counter()
        self.paths: set[str] = set()
        self.silent: set[str] = set()
        self.sent = 0

    async def reply(self, request: web.Request) -> web.Response:
        wanted = request.path.rsplit("/", 1)[-1]
        before, self.asked[wanted] = self.asked[wanted], self.asked[wanted] + 1
        self.paths.add(request.path)
        if wanted in self.silent:
            request.transport.abort()
            return web.Response(status=500)
        if wanted not in self.held:
            return web.Response(status=404, text="Not Found")
        body, status = self.held[wanted], 200
        made = self.faults[wanted](body, before) if wanted in self.faults else None
        if isinstance(made, web.Response):
            return made
        body = made or body
        part = request.http_range
        if self.ranges and part.stop is not None:
            body, status = body[part], 206
        self.sent += len(body)
        return web.Response(status=status, body=body, headers={"ETag": f'"{wanted}"'})

    async def _serve(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/sas/{rest:.*}", self.reply)

        async def sign(_request, reply):
            reply.headers["Server"] = self.SIGN

        app.on_response_prepare.append(sign)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = "http://{}:{}".format(*runner.addresses[0][:2])
        return runner

    def __enter__(self) -> FrameServer:
        self.loop = asyncio.new_event_loop()
        self.runner = self.loop.run_until_complete(self._serve())
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_exc) -> None:
        asyncio.run_coroutine_threadsafe(self.runner.cleanup(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()
