"""A few fields in memory, each fetched once however many cutouts wait for it."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from galaxycurate.core.sas import Where
from galaxycurate.imagery.engine.wire import Reply
from galaxycurate.imagery.frames.field import Field
from galaxycurate.imagery.providers.provider import Ask, Judgement

AT_WORK = 3
"""Fields that cutouts are drawn from at the same time."""

KEPT = 6
"""Fields in memory: neighbours, too; frames of one are 37 MB, its JPEG 9 MB."""


class NoField(Exception):
    """A field cannot be had, and asking again in this run would change nothing."""

    def __init__(self, judgement: Judgement, url: str, reply: Reply):
        super().__init__(judgement.detail)
        self.judgement, self.url, self.reply = judgement, url, reply


Load = Callable[[Where, Ask], Awaitable[Field]]
"""Fetches a field; raises `NoField`, or `Silence` where no answer came."""


class Shelf:
    """Fields that were fetched.

    Parameters
    ----------
    load : callable
    at_work, kept : int
        See `AT_WORK` and `KEPT`.
    """

    def __init__(self, load: Load, *, at_work: int = AT_WORK, kept: int = KEPT):
        self._load, self._at_work, self._most = load, at_work, kept
        self._kept: OrderedDict[Where, Field] = OrderedDict()
        self._coming: dict[Where, asyncio.Task[Field]] = {}
        self._absent: dict[Where, tuple[Judgement, str, Reply]] = {}
        self._users: Counter[Where] = Counter()
        self._left = asyncio.Event()

    @asynccontextmanager
    async def lent(self, where: Where, ask: Ask) -> AsyncIterator[Field]:
        """A field, when there is room for it.

        Raises
        ------
        NoField, Silence
        """
        while where not in self._users and len(self._users) >= self._at_work:
            self._left.clear()
            await self._left.wait()
        self._users[where] += 1
        try:
            yield await self.get(where, ask)
        finally:
            self._users[where] -= 1
            if not self._users[where]:
                del self._users[where]
            self._trim()
            self._left.set()

    async def get(self, where: Where, ask: Ask) -> Field:
        """A field beside one that was lent; it does not wait for room.

        Raises
        ------
        NoField, Silence
        """
        if where in self._kept:
            self._kept.move_to_end(where)
            return self._kept[where]
        if where in self._absent:
            raise NoField(*self._absent[where])
        if where not in self._coming:
            self._coming[where] = task = asyncio.ensure_future(self._load(where, ask))
            task.add_done_callback(lambda done: self._came(where, done))
        return await asyncio.shield(self._coming[where])  # others may wait for it, too

    async def close(self) -> None:
        """Forget all fields, and drop those under way."""
        coming = list(self._coming.values())
        for task in coming:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)
        self._kept.clear()
        self._left = asyncio.Event()  # the next loop may be another one

    def _came(self, where: Where, done: asyncio.Task[Field]) -> None:
        del self._coming[where]
        if done.cancelled():
            return
        error = done.exception()
        if isinstance(error, NoField):
            nothing_asked = Reply(0, "", {})  # one broken file is not a broken server
            self._absent[where] = error.judgement, error.url, nothing_asked
        elif error is None:
            self._kept[where] = done.result()
            self._trim()

    def _trim(self) -> None:
        """Let go of those unused for longest."""
        spare = [where for where in self._kept if where not in self._users]
        for where in spare[: max(0, len(self._kept) - self._most)]:
            del self._kept[where]
