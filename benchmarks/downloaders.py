"""One downloader in a process of its own: `downloaders.py NAME SERVER FOLDER` prints its figures.

FOLDER holds `manifests/`; the images go to `FOLDER/dataset/images`. Imports are not counted.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CONNECTIONS = 32


def jobs(server: str, folder: Path):
    """(url, path) of each row, made before the clock starts."""
    from galaxycurate.imagery.job import Job
    from galaxycurate.imagery.providers.skyserver import SkyServer
    from galaxycurate.store.manifest import read_all

    sky = SkyServer(server, "dr17")
    (manifest,) = read_all((), folder=folder / "manifests")
    rows = list(manifest.rows())
    (folder / "dataset" / "images" / rows[0]["label"]).mkdir(parents=True)
    return [
        (
            sky.url(Job(row["ra"], row["dec"], row["pixscale"], row["size_px"], "")),
            folder / "dataset" / "images" / row["label"] / f"{row['name']}.jpg",
        )
        for row in rows
    ]


def requests_loop(server: str, folder: Path):
    """What most scripts do: one request after another, the body straight to its file."""
    import requests

    todo = jobs(server, folder)
    yield
    for url, path in todo:
        try:
            reply = requests.get(url, timeout=10)
            reply.raise_for_status()
            path.write_bytes(reply.content)
        except requests.RequestException:
            continue


def requests_threads(server: str, folder: Path):
    """A careful script: 32 threads, a session each, urllib3 retries."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util.retry import Retry

    local = threading.local()
    todo = jobs(server, folder)

    def get(job):
        url, path = job
        if not hasattr(local, "session"):
            local.session = requests.Session()
            retry = Retry(4, backoff_factor=0.1, status_forcelist=(429, 500, 502, 503, 504))
            local.session.mount("http://", HTTPAdapter(max_retries=retry))
        try:
            reply = local.session.get(url, timeout=10)
            reply.raise_for_status()
            path.write_bytes(reply.content)
        except requests.RequestException:
            return

    yield
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(get, todo))


def galaxycurate(server: str, folder: Path):
    """Ours, whole: manifest, plan, checks, rename, sha256, ledger."""
    import aiohttp  # noqa: F401  (imports are not counted)
    import pandas  # noqa: F401
    import simplejpeg  # noqa: F401

    from galaxycurate.imagery.job import Limits
    from galaxycurate.pipeline.download import download
    from galaxycurate.store.settings import Settings

    settings = Settings(
        server=server, manifests=str(folder / "manifests"), dataset=str(folder / "dataset"), rate=0
    )
    yield
    download(settings, limits=Limits(rate=0, concurrency=CONNECTIONS, backoff_s=0.1, gap_s=10))


CLIENTS = {f.__name__: f for f in (requests_loop, requests_threads, galaxycurate)}


def _run() -> None:
    name, server, folder = sys.argv[1:]
    client = CLIENTS[name](server, Path(folder))
    next(client)
    wall, cpu = time.perf_counter(), time.process_time()
    next(client, None)
    print(json.dumps({"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}))


if __name__ == "__main__":
    _run()
