"""Coroutines that wait until somebody calls them, one by one or all together."""

from __future__ import annotations

import asyncio
from collections import deque


class Waiting:
    """A queue of sleepers on one event loop."""

    def __init__(self) -> None:
        self._queue: deque[asyncio.Future[None]] = deque()

    async def wait(self, seconds: float | None = None) -> None:
        """Sleep until called, or for so many seconds."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._queue.append(future)
        timer = None if seconds is None else loop.call_later(seconds, _call, future)
        try:
            await future
        finally:
            if timer is not None:
                timer.cancel()
            if future in self._queue:
                self._queue.remove(future)

    def call(self, n: int = 1) -> None:
        """Wake those that have waited longest."""
        while n > 0 and self._queue:
            future = self._queue.popleft()
            n -= not future.done()
            _call(future)

    def call_all(self) -> None:
        """Wake everybody."""
        self.call(len(self._queue))


def _call(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
