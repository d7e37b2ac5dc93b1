"""The browser of whoever sits at this machine."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import webbrowser
from contextlib import suppress
from pathlib import Path

_GONE_AFTER_S = 60.0
_PAGE = """<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={url}"><a href="{url}">the review</a>
"""


def is_there() -> bool:
    """Whether a browser would open before the eyes of whoever typed the command."""
    if os.environ.get("SSH_CONNECTION"):
        return False
    named = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return named or sys.platform in ("darwin", "win32")


def show_page(url: str) -> None:
    """Open a page without waiting for it.

    The address holds the token, and everybody on a machine sees what others' programs were started
    with: the browser is given a file that only its owner may read, which leads there.

    Parameters
    ----------
    url : str
    """
    handle, name = tempfile.mkstemp(prefix="galaxycurate-review-", suffix=".html")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(_PAGE.format(url=url))
    threading.Thread(target=_show, args=(Path(name),), daemon=True).start()


def _show(file: Path) -> None:
    with suppress(webbrowser.Error, OSError):
        webbrowser.open(file.as_uri())
    timer = threading.Timer(_GONE_AFTER_S, lambda: file.unlink(missing_ok=True))
    timer.daemon = True
    timer.start()
