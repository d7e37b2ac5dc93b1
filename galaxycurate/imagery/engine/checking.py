"""Looking at what came, off the event loop: threads that make, judge and store pictures.

Handing over and collecting go in batches, because each switch between threads costs more than the
look at a small picture.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

from galaxycurate.imagery.engine.waiting import Waiting

TICK_S = 0.02
BATCH = 16
MOST_OUT = 64
"""Bodies that wait for a look at most; then those who bring more wait."""

T = TypeVar("T")
R = TypeVar("R")


class Checking(Generic[T, R]):
    """A few threads that look at things, and one task that hears of it.

    Parameters
    ----------
    look : callable
        Called with a thing on a thread of its own.
    done : callable
        Called with the thing and what `look` returned, on the event loop.
    threads : int
        At most; the second starts when the first does not keep up.
    """

    def __init__(self, look: Callable[[T], R], done: Callable[[T, R], None], threads: int = 1):
        self._look, self._done, self._most = look, done, max(1, threads)
        self._batch: list[T] = []
        self._queue: SimpleQueue[list[T] | None] = SimpleQueue()
        self._results: deque[tuple[T, R | BaseException, bool]] = deque()
        self._threads: list[threading.Thread] = []
        self._bell, self._room = Waiting(), Waiting()
        self._out = 0
        self._ended = False

    async def put(self, thing: T) -> None:
        """Hand over; waits while too many wait already."""
        while self._out >= MOST_OUT and not self._ended:
            await self._room.wait()
        self._out += 1
        self._batch.append(thing)
        if len(self._batch) >= BATCH:
            self._hand_over()
        if self._out == 1:
            self._bell.call()

    async def run(self) -> None:
        """Hand over and collect until `end`; what `look` or `done` raised comes out here."""
        while not self._ended:
            await self._bell.wait(TICK_S if self._out else None)
            self._hand_over()
            self._collect()

    def end(self) -> None:
        """Let `run` return, and those that wait for room go on."""
        self._ended = True
        self._bell.call_all()
        self._room.call_all()

    def close(self) -> None:
        """Finish what was handed over, hear of all of it, then raise the first error."""
        self._hand_over()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
        errors = []
        while self._results:
            try:
                self._collect()
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _hand_over(self) -> None:
        if not self._batch:
            return
        if not self._threads or (self._queue.qsize() and len(self._threads) < self._most):
            thread = threading.Thread(target=self._work, name="galaxycurate-check", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._queue.put(self._batch)
        self._batch = []

    def _work(self) -> None:
        while (batch := self._queue.get()) is not None:
            for thing in batch:
                try:
                    self._results.append((thing, self._look(thing), True))
                except BaseException as error:
                    self._results.append((thing, error, False))

    def _collect(self) -> None:
        while self._results:
            thing, result, is_well = self._results.popleft()
            self._out -= 1
            self._room.call()
            if not is_well:
                raise result  # type: ignore[misc]
            self._done(thing, result)  # type: ignore[arg-type]
