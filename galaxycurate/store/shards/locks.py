"""Locks that end with the process which holds them, where the system has such."""

from __future__ import annotations

try:
    import fcntl
except ImportError:  # Windows: one process at a time is on its own there
    fcntl = None  # type: ignore[assignment]


def lock(file: int) -> None:
    """Lock an open file for this process, when nobody else has it any more."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX)


def lock_now(file: int) -> None:
    """Lock an open file for this process.

    Raises
    ------
    BlockingIOError
        Another process has it.
    """
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
