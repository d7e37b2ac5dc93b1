"""A download in a process of its own, to be interrupted or killed.

``downloader.py once SETTINGS`` says "go" when the first picture is there and prints its summary;
``downloader.py kills SETTINGS N SEED`` forks one downloader after another, kills N of them with
signal 9 at random moments, and lets the last one end. SETTINGS are JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from galaxycurate.imagery.job import Limits
from galaxycurate.pipeline.download.download import download
from galaxycurate.store.settings import Settings


def once(settings: Settings, tell: int = 1) -> int:
    told = []

    def go(done, _total, _text):
        if done and not told:
            told.append(done)
            os.write(tell, b"go\n")

    limits = Limits(rate=settings.rate, concurrency=settings.concurrency, backoff_s=0.05)
    try:
        summary, code = download(settings, progress=go, limits=limits), 0
    except KeyboardInterrupt as interrupted:
        summary, code = interrupted.args[0], 130
    sys.stdout.write(json.dumps(summary.as_dict()) + "\n")
    return code


def kills(settings: Settings, n: int, seed: int) -> int:
    for slow in ("aiohttp", "pandas", "pyarrow.parquet", "sqlalchemy.dialects.sqlite"):
        importlib.import_module(slow)  # once, not in each child
    rng = random.Random(seed)
    images = Path(settings.dataset) / "images"
    for death in range(n):
        hear, tell = os.pipe()
        child = os.fork()
        if not child:
            os._exit(once(settings, tell))
        os.close(tell)
        if death % 5:  # each fifth dies at any moment of its start
            os.read(hear, 3)
        time.sleep(rng.uniform(0.0, 0.3))
        os.kill(child, signal.SIGKILL)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(hear)
        seen = {str(p.relative_to(images)): p.stat().st_size for p in images.rglob("*.*")}
        sys.stdout.write(json.dumps({"ended": ended, "seen": seen}) + "\n")
        sys.stdout.flush()
    return once(settings)


if __name__ == "__main__":
    given = Settings(**json.loads(sys.argv[2]))
    sys.exit(once(given) if sys.argv[1] == "once" else kills(given, *map(int, sys.argv[3:5])))
