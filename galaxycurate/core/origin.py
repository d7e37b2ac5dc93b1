"""Where pixels and rows come from, as servers name themselves."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_LOCAL = re.compile(r"local: (?P<place>.*?)(?P<sky> \(simulated sky: .*\))?", re.DOTALL)


def is_simulated(*texts: str) -> bool:
    """Whether one of these origins says that its sky is simulated.

    Parameters
    ----------
    *texts : str
        Such as ``https://... (galaxycurate-sandbox (simulated sky: miniature))``.

    Returns
    -------
    bool
    """
    return any("simulated" in text.lower() for text in texts)


def without_folders(text: str) -> str:
    """An origin as others may read it: of a file or folder of this machine only its own name.

    Parameters
    ----------
    text : str
        Such as ``local: /home/ann/sky.duckdb (simulated sky: miniature)``.

    Returns
    -------
    str
        Such as ``local: sky.duckdb (simulated sky: miniature)``; others are as they were.
    """
    found = _LOCAL.fullmatch(text)
    if not found:
        return text
    name = re.split(r"[/\\]", found["place"].rstrip("/\\"))[-1]
    return f"local: {name}{found['sky'] or ''}"


def is_loopback(server: str) -> bool:
    """Whether a server's address is this machine.

    Parameters
    ----------
    server : str
        A URL.

    Returns
    -------
    bool
    """
    return urlsplit(server).hostname in ("localhost", "127.0.0.1", "::1")
