"""Work on all cores, for code that holds Python's lock: parts of it go to other processes."""

from __future__ import annotations

import itertools
import os
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from types import ModuleType
from typing import Any

from galaxycurate.errors import GalaxyCurateError

MOST = 16
EACH_MB = 250
"""Memory of a process with what it imports."""


def cores(memory_mb: float = float("inf")) -> int:
    """How many processes this machine, and the memory given, have room for; at least one."""
    has_mask = hasattr(os, "sched_getaffinity")
    n = len(os.sched_getaffinity(0)) if has_mask else os.cpu_count() or 1
    return int(max(1, min(n, MOST, memory_mb // EACH_MB)))


def can_travel(thing: object) -> bool:
    """Whether another process can be given this; what a caller's script defines cannot."""
    try:
        return b"__main__" not in pickle.dumps(thing)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False


def spread(
    do: Callable, parts: Iterable[Sequence], *, workers: int, begin: Callable, given: tuple = ()
) -> Iterator[Any]:
    """What ``do`` makes of each part, in whatever order they are done.

    The processes are spawned, for threads of the caller, such as a progress bar's, must not be
    forked; and they import nothing of the caller's script, guarded by ``__name__`` or not.

    Parameters
    ----------
    do : callable
        Of a module; takes a part.
    parts : iterable of sequence
        Taken as they are needed.
    workers : int
    begin : callable
        Called first in each process, with a lock that all of them share.
    given : tuple
        What else ``begin`` is called with.

    Yields
    ------
    object

    Raises
    ------
    GalaxyCurateError
        A process was killed.
    """
    context = get_context("spawn")
    pool = ProcessPoolExecutor(
        workers, mp_context=context, initializer=begin, initargs=(context.Lock(), *given)
    )
    queue = iter(parts)
    left: set[Future] = set()
    try:
        while True:
            with _nobodys_script():
                for part in itertools.islice(queue, 2 * workers - len(left)):
                    left.add(pool.submit(do, part))
            if not left:
                return
            done, left = wait(left, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    except BrokenProcessPool as error:
        raise GalaxyCurateError(
            "a process that read pictures was killed, perhaps for its memory",
            hint="run again to continue; --memory 300MB uses one process",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _nobodys_script() -> Iterator[None]:
    """Processes that start meanwhile do not run the caller's script again, as they else would."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script
