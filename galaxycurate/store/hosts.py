"""What each host was found to allow, remembered from one download to the next."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from galaxycurate.core.origin import is_loopback
from galaxycurate.errors import StorageError
from galaxycurate.store.files import replacing
from galaxycurate.store.settings import Settings

FILE = "hosts.json"
MEMORY = timedelta(days=7)
"""What a host allowed longer ago is found out anew."""


@dataclass(frozen=True)
class Allowed:
    """What a host allowed: starts a second, and requests at once; 0 where it set no limit."""

    rate: float
    window: int
    time_utc: str


class Hosts:
    """The memory of one user: a small JSON file in the state folder.

    A server on this machine is remembered only where the user named the folder: the next one on
    its port may be another one.

    Parameters
    ----------
    settings : Settings
    now : callable
        This moment, with a time zone.
    """

    def __init__(self, settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)):
        self._file = settings.state_folder / FILE
        self._here_too, self._now = bool(settings.state), now

    def recall(self, provider: str, server: str) -> Allowed | None:
        """What a provider at a server allowed in the last week, or None."""
        known = self._read().get(_key(provider, server))
        if known is None or self._now() - datetime.fromisoformat(known.time_utc) > MEMORY:
            return None
        return known

    def remember(self, provider: str, server: str, *, rate: float, window: int) -> None:
        """Note what a server was found to allow; a disk that refuses is no harm."""
        if is_loopback(server) and not self._here_too:
            return
        time_utc = self._now().isoformat(timespec="seconds")
        known = self._read() | {_key(provider, server): Allowed(rate, window, time_utc)}
        text = json.dumps({key: asdict(allowed) for key, allowed in known.items()}, indent=1)
        try:
            with replacing(self._file) as part:
                part.write_text(text + "\n")
        except StorageError:
            return

    def _read(self) -> dict[str, Allowed]:
        """What can be read; a line that is damaged is as good as none."""
        try:
            found = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}
        lines = found.items() if isinstance(found, dict) else ()
        return {key: allowed for key, line in lines if (allowed := _allowed(line))}


def _allowed(line: object) -> Allowed | None:
    try:
        allowed = Allowed(**line)  # type: ignore[arg-type]
        sound = math.isfinite(allowed.rate) and allowed.rate >= 0 and allowed.window >= 0
        return allowed if sound and datetime.fromisoformat(allowed.time_utc).tzinfo else None
    except (TypeError, ValueError):
        return None


def _key(provider: str, server: str) -> str:
    return f"{provider} @ {server}"
