"""Our own search over a folder of pictures, through the public functions, in a process of its own.

python -m benchmarks.drift_ours FOLDER OUT.npz [--no-flips] [--cores N]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from pathlib import Path

import numpy as np


def prints_of(paths: list[str]):
    """Fingerprints of some files, and the CPU seconds that these took without their decoding."""
    import simplejpeg

    from galaxycurate.curation.pixels.fingerprint import fingerprint

    made, busy = [], 0.0
    for path in paths:
        rgb = simplejpeg.decode_jpeg(Path(path).read_bytes())
        started = time.process_time()
        made.append(fingerprint(rgb))
        busy += time.process_time() - started
    return made, busy


def fingerprints(paths: list[str], cores: int):
    """As `Prints`, in the order of the paths, and CPU seconds an image; the kernels are warm."""
    from galaxycurate.curation.pixels.prints import Prints

    prints_of(paths[:1])
    parts = [paths[k : k + 50] for k in range(0, len(paths), 50)]
    with ProcessPoolExecutor(cores) as pool:
        told = list(pool.map(prints_of, parts))
    made = Prints.of([one for part, _ in told for one in part])
    return made, sum(busy for _, busy in told) / max(len(paths), 1)


def stored_bytes(prints) -> float:
    """Bytes a picture of the Parquet file that holds the prints."""
    import io

    import pyarrow.parquet as pq

    body = io.BytesIO()
    pq.write_table(prints.to_arrow(), body, compression="zstd")
    return body.tell() / max(len(prints), 1)


def cpu_s() -> float:
    """Of this process and its children that ended."""
    both = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in both)


def peak_mb() -> int:
    """Of the largest process."""
    both = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return max(u.ru_maxrss for u in both) // 1024


def _run() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--no-flips", action="store_true")
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    given = parser.parse_args()
    from galaxycurate.curation.pixels.search import search

    paths = sorted(str(path) for path in (given.folder / "images").iterdir())
    started = time.perf_counter()
    prints, each = fingerprints(paths, given.cores)
    made = time.perf_counter()
    found = search(prints, flips=not given.no_flips)
    ended = time.perf_counter()
    np.savez(given.out, **{f.name: np.asarray(getattr(found, f.name)) for f in fields(found)})
    told = {
        "images": len(paths), "wall": ended - started, "fingerprints_s": made - started,
        "search_s": ended - made, "cpu": cpu_s(), "peak_mb": peak_mb(),
        "fingerprint_ms": 1e3 * each, "stored_bytes": stored_bytes(prints),
    }  # fmt: skip
    print(json.dumps({k: round(v, 2) for k, v in told.items()}))


if __name__ == "__main__":
    _run()
