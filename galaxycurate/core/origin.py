"""Where pixels and rows come from, as servers name themselves."""

from __future__ import annotations

from urllib.parse import urlsplit


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
