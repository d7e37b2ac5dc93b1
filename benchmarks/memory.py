"""Memory and time of one download of many images, and of its repetition with nothing to do.

    python -m benchmarks.memory --n 500000 [--peers PYTHON] [--work FOLDER]

A server without latency, as fast as it goes. 500,000 images are 10 GB in FOLDER (removed at the
end) and a quarter of an hour.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.acquisition_bench import (
    OURS,
    bench,
    installed,
    options,
    pool,
    pythons,
    write_listing,
)

MOST_MB = 120


def tell(what: str, run: dict, n: int, requests: int) -> None:
    """A line of the table."""
    print(
        f"| {what} | {n:,} | {run['wall_s']:.1f} | {run['cpu_s']:.1f} "
        f"| {1000 * run['cpu_s'] / n:.3f} | {run['peak_rss_mb']:.0f} | {requests:,} |",
        flush=True,
    )


def measure(args: argparse.Namespace, work: Path, peers: str) -> bool:
    """Download, repeat, check every file; True where all is well and memory stays low."""
    table = bench().load(args.manifest)
    runs, asked = [], 0
    print(
        "| run | images | wall s | CPU s | CPU ms/image | peak RSS MB | requests |\n" + "|---" * 7
    )
    with pythons(peers):
        server = bench().Server(args, bench().SCENARIOS["cpu"], table[0]["url"])
        try:
            for what in ("all to do", "nothing to do"):
                runs.append(bench().run_client(args, OURS, work, server.env))
                counts = server.get("/__stats__")["counts"]
                before, asked = asked, counts["method_GET"] + counts.get("method_HEAD", 0)
                tell(what, runs[-1], len(table), asked - before)
        finally:
            server.stop()
    found = bench().verify(table, work, pool(args.seed), args.seed, {})
    print(f"\n{found['exact']:,} of {len(table):,} files are what the server holds")
    peak = max(run["peak_rss_mb"] for run in runs)
    print(f"{'reached' if peak < MOST_MB else 'MISSED'}: memory under {MOST_MB} MB ({peak:.0f})")
    return peak < MOST_MB and found["exact"] == len(table) and asked == len(table)


def main(argv: list[str] = ()) -> bool:
    """True where all is well, or skipped."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--n", type=int, default=5000)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--peers", default=os.environ.get("GALAXYCURATE_PEERS", sys.executable))
    given = parser.parse_args(list(argv))
    if bench() is None or not installed(OURS, given.peers):
        print("memory: skipped, the bench of downloaders is not beside this folder")
        return True
    work = Path(tempfile.mkdtemp(prefix="galaxycurate-memory-", dir=given.work))
    try:
        listing = write_listing(work, given.n)
        args = options(work, listing, limit_s=max(300.0, given.n / 50))
        return measure(args, work, given.peers)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
