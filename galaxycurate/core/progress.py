"""Progress travels up as a callback, never as an import."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called with (done, total, what is going on); total is 0 while it is not known."""


def silent(_done: int, _total: int, _text: str) -> None:
    """No progress is shown."""
