"""Room for a few fields at a time: cutouts of others wait, so that memory has a bound."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from galaxycurate.core.sas import Where

AT_WORK = 3
"""Fields that cutouts are drawn from at the same time."""


class Room:
    """Who is at work on which field.

    Parameters
    ----------
    at_work : int
        See `AT_WORK`.
    """

    def __init__(self, at_work: int = AT_WORK):
        self._at_work = at_work
        self._users: Counter[Where] = Counter()
        self._left = asyncio.Event()

    @asynccontextmanager
    async def held(self, where: Where) -> AsyncIterator[None]:
        """Work on a field, when there is room for it; any number may work on the same one."""
        if not self._users:
            self._left = asyncio.Event()  # this may be another event loop than before
        while where not in self._users and len(self._users) >= self._at_work:
            self._left.clear()
            await self._left.wait()
        self._users[where] += 1
        try:
            yield
        finally:
            self._users[where] -= 1
            if not self._users[where]:
                del self._users[where]
            self._left.set()

    def close(self) -> None:
        """Be ready for another event loop."""
        self._left = asyncio.Event()
