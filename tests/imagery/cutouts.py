"""A small ImgCutout on loopback, over real HTTP, that misbehaves where a test asks it to.

``python tests/imagery/cutouts.py PORT`` serves until it is killed. The pictures are noise with a
blob: the bytes follow from the position alone.
"""

from __future__ import annotations

import asyncio
import io
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

import numpy as np
from aiohttp import web
from PIL import Image, ImageDraw

SERVER = "cutout test server (simulated sky: noise)"
PATH = "/{release}/SkyServerWS/ImgCutout/getjpeg"


def jpeg(rgb: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=75)
    return out.getvalue()


@lru_cache(4096)
def picture(ra: float, size: int = 64) -> bytes:
    """One picture for a position."""
    rng = np.random.default_rng(round(ra * 1000))
    y, x = np.mgrid[:size, :size] - size / 2
    blob = 150 * np.exp(-(x**2 + y**2) / 60)
    noise = rng.normal(30, 6, (size, size, 3))
    return jpeg(np.clip(noise + blob[..., None], 0, 255).astype(np.uint8))


def error_tile(size: int = 128) -> bytes:
    image = Image.new("RGB", (size, size))
    ImageDraw.Draw(image).text((4, 4), "getFrames() has failed:\nSELECT img, f.a", fill="white")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=75)
    return out.getvalue()


def image_reply(body: bytes, status: int = 200, **headers: str) -> web.Response:
    return web.Response(body=body, status=status, content_type="image/jpeg", headers=headers)


async def truncated(request: web.Request, body: bytes) -> web.StreamResponse:
    reply = web.StreamResponse(headers={"Content-Type": "image/jpeg"})
    reply.content_length = len(body)
    await reply.prepare(request)
    await reply.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.abort()
    return reply


class CutoutServer:
    """Serves in a thread of its own; faults by right ascension in whole degrees.

    ``faults[ra]`` is called with the request, the good body and how often this position was asked
    for before; it returns a reply, or None for the good one.
    """

    def __init__(self, faults: dict[int, Callable] | None = None, latency_s: float = 0.0):
        self.faults, self.latency_s = faults or {}, latency_s
        self.asked: Counter[int] = Counter()
        self.starts: list[float] = []
        self.connections: set = set()
        self.agents: set[str] = set()
        self.n_at_once = self.peak = 0

    async def reply(self, request: web.Request) -> web.StreamResponse:
        ra = float(request.query["ra"])
        self.starts.append(time.monotonic())
        self.connections.add(request.transport)
        self.agents.add(request.headers["User-Agent"])
        before, self.asked[int(ra)] = self.asked[int(ra)], self.asked[int(ra)] + 1
        self.n_at_once += 1
        self.peak = max(self.peak, self.n_at_once)
        try:
            await asyncio.sleep(self.latency_s)
            body = picture(ra, int(request.query["width"]))
            fault = self.faults.get(int(ra)) or self.faults.get(-1)
            made = fault(request, body, before) if fault else None
            if asyncio.iscoroutine(made):
                made = await made
            return made or image_reply(body)
        finally:
            self.n_at_once -= 1

    async def serve(self, port: int = 0) -> web.AppRunner:
        app = web.Application()
        app.router.add_get(PATH, self.reply)

        async def name(_request, reply):
            reply.headers["Server"] = SERVER

        app.on_response_prepare.append(name)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self.url = "http://{}:{}".format(*runner.addresses[0][:2])
        return runner

    def __enter__(self) -> CutoutServer:
        self.loop = asyncio.new_event_loop()
        self.runner = self.loop.run_until_complete(self.serve())
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_exc) -> None:
        asyncio.run_coroutine_threadsafe(self.runner.cleanup(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()


async def _forever(port: int) -> None:
    await CutoutServer().serve(port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_forever(int(sys.argv[1])))
