"""Commands that serve until they are interrupted: started in processes of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ENDS = {"--agreement", "--apply", "--dry-run", "--static"}  # `review` with these serves nothing


@contextmanager
def sandbox(sky: Path | str, *more: str) -> Iterator[str]:
    """A server with this sky, in a process of its own; its address."""
    words = ["sandbox", "serve", "--sky", str(sky), "--port", "0", "--queries-per-minute", "0"]
    server = subprocess.Popen(
        [sys.executable, "-m", "galaxycurate", *words, *more], stdout=subprocess.PIPE, text=True
    )
    try:
        yield server.stdout.readline().strip()
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


def looked_at(words: list[str]) -> str:
    """`galaxycurate review ...` until its page has come, then Ctrl-C; what it said at its end."""
    words = [sys.executable, "-m", *words]
    afar = {**os.environ, "SSH_CONNECTION": "::1 1 ::1 22"}  # no browser is opened before anybody
    served = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=afar
    )
    try:
        if url := served.stdout.readline().strip():
            with urllib.request.urlopen(url, timeout=20) as page:
                assert b"galaxycurate review" in page.read()
            served.send_signal(signal.SIGINT)
        talk = served.communicate(timeout=30)[1]
    finally:
        served.kill()
        served.wait()
    assert served.returncode == 0, f"{' '.join(words[2:])}:\n{talk}"
    assert re.search(r"\d+ of \d+ left in .+\n(.*\n)*next: ", talk), talk
    return talk
