"""What a person should hear at once: a provider pauses, goes on, or is given up."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from galaxycurate.imagery.job import LaneState

Notice = Callable[[str], None]
PAUSE_S = 1.0
"""Shorter pauses are not worth a line."""


def unheard(_text: str) -> None:
    """Nobody listens."""


class Notices:
    """Tells each change once.

    Parameters
    ----------
    notice : callable
        Called with a line of text.
    """

    def __init__(self, notice: Notice):
        self._notice = notice
        self._said: dict[str, str] = {}

    def look(self, lanes: Iterable[LaneState]) -> None:
        """See how the lanes are now."""
        for lane in lanes:
            before = self._said.get(lane.provider, "")
            now = "down" if lane.down else "paused" if lane.paused_s > PAUSE_S else ""
            if now == before or (before == "paused" and not now and lane.paused_s > 0):
                continue
            self._said[lane.provider] = now
            text = {
                "down": f"is given up: {lane.down}",
                "paused": f"asks for a pause: {lane.paused_s:.0f} s",
                "": "goes on",
            }[now]
            self._notice(f"{lane.provider} {text}")
