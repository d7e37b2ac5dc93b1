"""Work done ahead of its use, on a thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress

PATIENCE_S = 0.1  # how often a waiting thread looks whether it is still wanted


def ahead(items: Iterable, depth: int = 2) -> Iterator:
    """The same items in the same order, up to `depth` of them made before they are asked for.

    Parameters
    ----------
    items : iterable
        Run on a thread; what it raises is raised here.
    depth : int

    Yields
    ------
    object
    """
    ready: queue.Queue = queue.Queue(depth)
    given_up = threading.Event()

    def put(what) -> None:
        while not given_up.is_set():
            with suppress(queue.Full):
                ready.put(what, timeout=PATIENCE_S)
                return

    def fill() -> None:
        try:
            for item in items:
                put((item, None))
                if given_up.is_set():
                    return
            put((None, StopIteration()))
        except BaseException as error:
            put((None, error))

    thread = threading.Thread(target=fill, daemon=True, name="ahead")
    thread.start()
    try:
        while True:
            item, error = ready.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item
    finally:
        given_up.set()
        thread.join()
