"""Downloading: images a second, CPU per image, and wrong files kept, against two usual scripts.

One run, one machine, one server on loopback: `../shared/bench/acquisition/cutout_server.py` where
it is there, else the test server (without the scenario of faults).
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.request import urlopen

from benchmarks.downloaders import CLIENTS
from galaxycurate.store.manifest import Header, Manifest

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
SHARED = HERE.parents[1] / "shared" / "bench" / "acquisition"
SIZE = 256

SCENARIOS = {  # name: (images, options of the server)
    "far: 50 ms away": (200, ["--latency-ms", "50"]),
    "near: no latency": (800, ["--latency-ms", "0"]),
    "faults: 12 % bad at first": (
        200,
        ["--latency-ms", "5", "--http500", ".02", "--truncate-close", ".02", "--short", ".02",
         "--flip", ".02", "--html200", ".02", "--blank", ".02"],
    ),
}  # fmt: skip


@contextmanager
def server(options: list[str]):
    """A server in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "tests.imagery.cutouts", port]
    if SHARED.is_dir():
        command = [sys.executable, str(SHARED / "cutout_server.py"), "--port", port, *options]
    process = subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", int(port))) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def write_manifest(folder: Path, n: int) -> None:
    columns = {
        "name": [f"{i:05d}" for i in range(n)],
        "label": ["galaxy"] * n,
        "ra": [150 + i / 1000 for i in range(n)],
        "dec": [2.0] * n,
        "pixscale": [0.396127] * n,
        "size_px": [SIZE] * n,
    }
    header = Header("benchmark", "2026-01-01T00:00:00+00:00")
    Manifest.build(header, columns, where="benchmark").write(folder / "manifests" / "b.parquet")


def measure(name: str, n: int, url: str, folder: Path) -> dict:
    """Run one client against a server that has forgotten the ones before."""
    write_manifest(folder, n)
    if SHARED.is_dir():
        urlopen(f"{url}/__reset__").read()
    command = [sys.executable, "-m", "benchmarks.downloaders", name, url, str(folder)]
    told = subprocess.run(command, cwd=HERE.parent, stdout=subprocess.PIPE, check=True, timeout=120)
    figures = json.loads(told.stdout.splitlines()[-1])
    files = list((folder / "dataset" / "images").rglob("*.jpg"))
    return {
        "images_per_s": round(n / figures["wall_s"], 1),
        "cpu_ms_per_image": round(1000 * figures["cpu_s"] / n, 3),
        "files": len(files),
        "wrong_files": wrong(files) if SHARED.is_dir() else None,
    }


@cache
def truth():
    """What the shared server holds."""
    sys.path.insert(0, str(SHARED))
    from cutouts import Pool

    return Pool.draw()


def wrong(files: list[Path]) -> int:
    """How many differ from what the server holds for their position."""
    keys = {path: f"{150 + int(path.stem) / 1000:.8f},2.00000000" for path in files}
    return sum(path.read_bytes() != truth().body(key) for path, key in keys.items())


def run(scenario: str, n: int, options: list[str]) -> dict[str, dict]:
    """All clients one after the other, as lines of a table."""
    print(f"\n{scenario}, {n} images")
    print(f"  {'':<18}{'images/s':>10}{'CPU ms/image':>14}{'files':>8}{'wrong files':>13}")
    results = {}
    with server(options) as url:
        for name in CLIENTS:
            with tempfile.TemporaryDirectory(prefix="galaxycurate-bench-") as folder:
                results[name] = measure(name, n, url, Path(folder))
            line = map(str, results[name].values())
            print(f"  {name:<18}" + "{:>10}{:>14}{:>8}{:>13}".format(*line))
    return results


def ratios(of: dict[str, dict]) -> dict[str, float]:
    """Ours by theirs."""
    ours = of["galaxycurate"]
    return {
        f"{figure} by {peer}": round(ours[figure] / of[peer][figure], 2)
        for figure in ("images_per_s", "cpu_ms_per_image")
        for peer in ("requests_loop", "requests_threads")
    }


def main() -> None:
    results: dict[str, dict] = {}
    for scenario, (n, options) in SCENARIOS.items():
        if SHARED.is_dir() or not scenario.startswith("faults"):
            found = run(scenario, n, options)
            results[scenario] = found | {"ratios": ratios(found)}
            print("  ours: " + ", ".join(f"{k} {v}" for k, v in ratios(found).items()))
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps({"cores": os.cpu_count(), "results": results}, indent=1)
    (RESULTS / "acquisition.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
