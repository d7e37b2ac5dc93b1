"""The acquisition bench of `../shared/bench/acquisition`, with our client among its own.

Its server, its faults and its byte-by-byte check are used as they are; what is ours is a line in
its table of clients, and a manifest that both sides read alike: positions with eight decimals, as
our addresses carry them, and files where our tree has them.
"""

from __future__ import annotations

import argparse
import csv
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

from galaxycurate.store.manifest import Header, Manifest

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "shared" / "bench" / "acquisition"
OURS = "galaxycurate"
NEEDS = {
    OURS: "galaxycurate.pipeline.download.download, aiohttp, pyarrow.parquet, simplejpeg, PIL",
    "reference": "aiohttp, uvloop, simplejpeg",
    "reference_adaptive": "aiohttp, uvloop, simplejpeg",
    "img2dataset": "img2dataset",
    "parfive": "parfive",
    "requests_threads": "requests",
    "aiohttp_gather": "aiohttp",
}
"""What a client imports; aria2 is a program. Importing it once leaves compiled files, as on any
machine where it was used before."""

PIXSCALE, SIDE = 0.4, 256


@cache
def bench() -> ModuleType | None:
    """The bench as a module that knows our client, or None where it is absent."""
    if not (FOLDER / "bench.py").is_file():
        return None
    sys.path.insert(0, str(FOLDER))
    try:
        import bench as module
    except ImportError as error:
        print(f"the acquisition bench needs {error.name}: pip install psutil numpy pillow")
        return None
    module.CLIENTS[OURS] = [str(HERE / "bench_client.py")]
    return module


def options(work: Path, listing: Path, **given) -> argparse.Namespace:
    """The bench's own options; what is not given is its default."""
    usual = dict(
        manifest=str(listing), concurrency=32, retries=0, timeout=10.0, limit_s=300.0, seed=7,
        wait_quiet=0.0, wait_max=120.0, server="", extra="", work=str(work), keep=False,
        results=str(work / "results.jsonl"), kills=3, client=OURS, scenario="clean",
    )  # fmt: skip
    return argparse.Namespace(**usual | given)


def write_listing(work: Path, n: int, scheme: str = "http") -> Path:
    """The bench's CSV of n objects on a free port, with our Parquet manifest beside it.

    The manifest holds no address and is written once.
    """
    listing = work / f"{scheme}-{n}.csv"
    bench().write_manifest(
        argparse.Namespace(n=n, out=listing, port=free_port(), scheme=scheme, seed=7)
    )
    rows = [_as_ours(row) for row in bench().load(listing)]
    with listing.open("w", newline="") as file:
        lines = csv.DictWriter(file, list(rows[0]))
        lines.writeheader()
        lines.writerows(rows)
    if not listing.with_suffix(".parquet").exists():
        _write_manifest(listing.with_suffix(".parquet"), rows)
    return listing


def _as_ours(row: dict) -> dict:
    ra, dec = f"{float(row['ra']):.8f}", f"{float(row['dec']):.8f}"
    base = row["url"].split("?", 1)[0]
    url = f"{base}?ra={ra}&dec={dec}&scale={PIXSCALE}&width={SIDE}&height={SIDE}"
    return row | {
        "ra": ra, "dec": dec, "url": url, "path": f"images/{row['label']}/{row['id']}.jpg",
    }  # fmt: skip


def _write_manifest(path: Path, rows: list[dict]) -> None:
    columns = {
        "name": [row["id"] for row in rows],
        "label": [row["label"] for row in rows],
        "ra": [float(row["ra"]) for row in rows],
        "dec": [float(row["dec"]) for row in rows],
        "pixscale": [PIXSCALE] * len(rows),
        "size_px": [SIDE] * len(rows),
    }
    header = Header("benchmark", "2026-01-01T00:00:00+00:00")
    Manifest.build(header, columns, where="benchmark").write(path)


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def pythons(peers: str) -> Iterator[None]:
    """Let the bench start its server and the peers by their Python, our client by this one."""
    module, ours = bench(), sys.executable
    plain = module.run_client

    def run_client(*given, **more):
        sys.executable = ours if given[1] == OURS else peers
        try:
            return plain(*given, **more)
        finally:
            sys.executable = peers

    module.run_client, sys.executable = run_client, peers
    try:
        yield
    finally:
        module.run_client, sys.executable = plain, ours


def run(args: argparse.Namespace, client: str, peers: str) -> dict:
    """One client in one scenario; the bench's own figures."""
    with pythons(peers):
        table = bench().load(args.manifest)
        return bench().one(args, client, args.scenario, pool(args.seed), table)


def crash(args: argparse.Namespace, peers: str) -> None:
    """Three kills and a repetition with nothing to do; the bench prints a line."""
    with pythons(peers):
        bench().crash(args)


@cache
def pool(seed: int):
    """The pictures that the server draws from a seed."""
    return bench().Pool.draw(128, seed)


def installed(client: str, peers: str) -> bool:
    """Whether a client can be run; ours always."""
    its = sys.executable if client == OURS else peers
    command = [its, "-c", f"import {NEEDS[client]}"] if client in NEEDS else ["aria2c", "-v"]
    compiles = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    try:
        ended = subprocess.run(command, capture_output=True, env=compiles)
    except FileNotFoundError:
        return False
    return client == OURS or not ended.returncode
