"""Running the engine: on uvloop where it is installed, beside a loop that runs already."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

Main = Callable[[], Coroutine[None, None, None]]


def run_here_or_beside(main: Main, interrupt: Callable[[], None]) -> None:
    """Run a coroutine to its end.

    Parameters
    ----------
    main : callable
        Makes the coroutine.
    interrupt : callable
        What Ctrl-C does where another thread has to run it.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        _run(main)
    else:
        _run_beside(main, interrupt)


def _run(main: Main) -> None:
    with asyncio.Runner(loop_factory=_factory()) as runner:
        runner.run(main())


def _factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _run_beside(main: Main, interrupt: Callable[[], None]) -> None:
    """Run in another thread: a notebook has a loop of its own in this one."""
    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(_run, main)
        try:
            running.result()
        except KeyboardInterrupt:
            interrupt()
            running.result()


@contextmanager
def on_interrupt(loop: asyncio.AbstractEventLoop, handler: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C calls the handler, afterwards whoever it called before.

    Only the main thread hears it, and on Windows no event loop can.
    """
    before = signal.getsignal(signal.SIGINT)
    heard = before is not None and threading.current_thread() is threading.main_thread()
    with suppress(NotImplementedError):
        if heard:
            loop.add_signal_handler(signal.SIGINT, handler)
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            if heard:
                loop.remove_signal_handler(signal.SIGINT)
                signal.signal(signal.SIGINT, before)
