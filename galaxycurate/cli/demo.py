"""`galaxycurate demo`: the whole job on a simulated sky, by the very commands a user types."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from galaxycurate.cli import face

# a miniature: small cutouts, as fast as this machine serves them
SETTINGS = """# made by `galaxycurate demo`: a sandbox with a SIMULATED sky, not SDSS
server = "{url}"
size_px = 128
limit = {limit}
rate = 0.0
concurrency = 8
queries_per_minute = 0
"""
CHAIN = (
    "galaxycurate negatives --score 0.2 --limit {negatives}",
    "galaxycurate positives --threshold 0.85",
    "galaxycurate download",
    "galaxycurate dedupe",
    "galaxycurate audit --page audit.html",
    "galaxycurate split",
    "python -m train",
    "galaxycurate report",
    "galaxycurate status",
)
NEXT = """
That was a SIMULATED sky. For the real one, in an empty folder:
  galaxycurate negatives --score 0.2
  galaxycurate positives --threshold 0.85
  galaxycurate download
  galaxycurate dedupe
  galaxycurate audit
  galaxycurate split
  python -m train"""


def demo(
    folder: Annotated[Path, typer.Option(help="Where everything goes.")] = Path("demo"),
    limit: Annotated[int, typer.Option(help="Galaxies at most.")] = 1000,
    negatives: Annotated[int, typer.Option(help="Negatives at most.")] = 200,
) -> None:
    """Run the whole job on a simulated sky: selection, download, dedupe, audit, split, CNN, report.

    Example: galaxycurate demo --folder demo
    """
    from galaxycurate.store.files import check_parent, check_writable, replacing
    from galaxycurate.store.settings import Settings

    started = time.monotonic()
    for option, value in {"--limit": limit, "--negatives": negatives}.items():
        Settings(limit=value, origins={"limit": option})  # said before anything starts
    check_parent(folder)
    check_writable(folder)
    with _sandbox(folder / "sky", _port_of(folder)) as url:
        with replacing(folder / "galaxycurate.toml") as part:
            part.write_text(SETTINGS.format(url=url, limit=limit))
        for step in CHAIN:
            _run(step.format(negatives=negatives), folder)
    face.answer(
        f"\n{folder}/report.html, {folder}/audit.html and {folder}/training/report.html: open them "
        f"in a browser ({time.monotonic() - started:.0f} s in all)"
    )
    face.answer(NEXT)


def _port_of(folder: Path) -> int:
    """The port of an earlier demo in this folder, whose manifests name it; else any."""
    from urllib.parse import urlsplit

    from galaxycurate.store.settings import load

    return urlsplit(load(folder=folder, environ={}).server).port or 0


def _run(command: str, folder: Path) -> None:
    """One command of the chain, shown as typed, in this very Python."""
    from galaxycurate.errors import GalaxyCurateError

    face.talk(f"\n$ {command}")
    words = shlex.split(command)
    module = {"galaxycurate": ["-m", "galaxycurate"], "python": []}[words[0]]
    started = time.monotonic()
    code = subprocess.run([sys.executable, *module, *words[1:]], cwd=folder, check=False).returncode
    if code == 130:
        raise KeyboardInterrupt
    if code:
        raise GalaxyCurateError(
            f"`{command}` ended with exit code {code}",
            hint=f"its own words stand above; go on with: cd {folder} && {command}",
        )
    face.talk(f"  ({time.monotonic() - started:.1f} s)")


@contextmanager
def _sandbox(sky: Path, port: int) -> Iterator[str]:
    """The sandbox in a process of its own, for as long as the block runs."""
    from galaxycurate.errors import GalaxyCurateError

    command = (
        f"galaxycurate sandbox serve --sky simulated --folder {shlex.quote(str(sky))} --port {port}"
    )
    face.talk(f"$ {command} --queries-per-minute 0 &")
    words = [*shlex.split(command)[1:], "--queries-per-minute", "0"]
    server = subprocess.Popen(
        [sys.executable, "-m", "galaxycurate", *words], stdout=subprocess.PIPE, text=True
    )
    try:
        url = (server.stdout.readline() if server.stdout else "").strip()
        if not url:
            raise GalaxyCurateError(
                f"the sandbox did not start (exit code {server.wait()})",
                hint="pip install 'galaxycurate[sandbox]', or see its own words above",
            )
        yield url
    finally:
        if server.poll() is None:
            os.kill(server.pid, signal.SIGTERM)
            server.wait(timeout=20)
