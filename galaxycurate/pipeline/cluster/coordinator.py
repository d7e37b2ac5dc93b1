"""The process of the command: it hands parcels to the workers of a cluster, and hears of each."""

from __future__ import annotations

import pickle
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from galaxycurate.errors import GalaxyCurateError, Unreachable
from galaxycurate.imagery.engine.engine import BEAT_S, DRAIN_S
from galaxycurate.imagery.job import Job, LaneState, Sink
from galaxycurate.pipeline.cluster.parcels import parcels
from galaxycurate.pipeline.cluster.station import Orders
from galaxycurate.pipeline.cluster.work import work

FIRST, LARGEST = 16, 200
PARCEL_S = 5.0
"""A parcel is about so much work: what another worker does again when one dies."""

ASK_S = 0.25
ANSWER_S = 10.0
"""The office is asked for news so often, and given up for now after so long."""

LAST_WORDS_S = 2.0
"""After the workers' own time to finish, to hear of it."""

GONE = "the Dask scheduler is gone"
_GO_ON = "what came is kept; the same command goes on from there"


class Coordinator:
    """Who hands out the parcels and takes the results.

    Parameters
    ----------
    client : distributed.Client
    orders : Orders
    jobs : iterator of Job
    sink : Sink
    """

    def __init__(self, client, orders: Orders, jobs: Iterator[Job], sink: Sink):
        self.client, self.orders, self.sink = client, orders, sink
        by_field = any(provider.by_field for provider in orders.providers)
        self.parcels = parcels(jobs, lambda: self.size, by_field=by_field)
        self.free = _shares(orders.limits.concurrency, sum(client.nthreads().values()))
        self.size, self.news = FIRST, threading.Event()
        self.running: dict = {}  # future: connections, when it began, cutouts
        self.awaited: set[str] = set()  # paths: of what is done twice, the first end counts
        self.interrupted = self.is_stopped = False
        self.drained_by = float("inf")
        self.error: GalaxyCurateError | None = None
        self.lanes: list[LaneState] = []
        self.n_taken, self.asked_at = 0, 0.0

    def run(self) -> None:
        """Until nothing is left, or no more is wanted."""
        with _on_interrupt(self._interrupt):
            try:
                self._go_on()
            except GalaxyCurateError:  # of the sink: nothing can be noted any more
                self.awaited.clear()
                self._stop()
                raise
            finally:
                self._cancel()
            self._ask()
            self.sink.beat(self.lanes)
        if self.error is not None:
            raise self.error
        if self.interrupted:
            raise KeyboardInterrupt

    def _go_on(self) -> None:
        while time.monotonic() < self.drained_by:
            self._hand_out()
            if not self.running:
                return
            self._collect()
            self.sink.beat(self.lanes)
            if (self.interrupted or self.error) and not self.is_stopped:
                self._stop()

    def _hand_out(self) -> None:
        """Give a parcel to each free share of the connections."""
        while self.free and self.error is None and not self.interrupted:
            parcel = next(self.parcels, None)
            if parcel is None:
                return
            share = self.free.pop()
            key = f"{self.orders.run}-{uuid.uuid4().hex}"
            future = self.client.submit(work, self.orders, parcel, share, key=key, pure=False)
            future.add_done_callback(lambda _: self.news.set())
            self.running[future] = share, time.monotonic(), len(parcel)
            self.awaited.update(job.path for job in parcel)

    def _collect(self) -> None:
        """Take the results that came, then the parcels that ended: theirs are among them."""
        self.news.wait(BEAT_S)
        self.news.clear()
        if self.client.status != "running":
            raise Unreachable(GONE, hint=_GO_ON)
        done = [future for future in self.running if future.done()]
        is_due = time.monotonic() - self.asked_at > ASK_S
        if (done or is_due) and self._ask():
            for future in done:
                self._close(future)

    def _close(self, future) -> None:
        share, began, n = self.running.pop(future)
        self.free.append(share)
        self.error = self.error or _error_of(future)
        speed = n / max(time.monotonic() - began, 1e-3)
        self.size = int(min(LARGEST, max(4 * share, 4, speed * PARCEL_S)))

    def _interrupt(self) -> None:
        """Start nothing more; a second time: drop what is under way, too."""
        self.drained_by = 0.0 if self.interrupted else _last_words()
        self.interrupted = True

    def _stop(self) -> None:
        self.drained_by = min(self.drained_by, _last_words())
        self.is_stopped = self._ask(stop=True)

    def _cancel(self) -> None:
        if self.running and self.client.status == "running":
            self.client.cancel([*self.running])

    def _ask(self, **what) -> bool:
        """Take the news from the office, if it answers."""
        self.asked_at = time.monotonic()
        try:
            told = ask(self.client, self.orders.run, taken=self.n_taken, **what)
        except OSError:
            return False
        self.lanes = [LaneState(**state) for state in told["lanes"]] or self.lanes
        for batch in told["results"]:
            self.n_taken += 1
            for settled in pickle.loads(batch):
                if settled.job.path in self.awaited:
                    self.awaited.remove(settled.job.path)
                    self.sink.settle(settled)
        return True


def ask(client, run: str, **what) -> dict:
    """Ask the office of a run; see `PaceOffice.asked`.

    Raises
    ------
    OSError
        It does not answer.
    """
    from galaxycurate.pipeline.cluster.desks import OP

    if client.status != "running":
        raise ConnectionError(GONE)
    return client.sync(getattr(client.scheduler, OP), run=run, callback_timeout=ANSWER_S, **what)


def _error_of(future) -> GalaxyCurateError | None:
    """Why a parcel did not come to its end, in words."""
    from asyncio import CancelledError
    from concurrent.futures import CancelledError as Cancelled

    from distributed import KilledWorker

    try:
        return future.result(timeout=ANSWER_S)
    except KilledWorker as error:
        n, why = error.allowed_failures + 1, "died at the same parcel of cutouts"
        hint = f"look at the workers' logs (memory?); {_GO_ON}"
        return GalaxyCurateError(f"{n} Dask workers {why}", hint=hint)
    except (CancelledError, Cancelled, OSError) as error:
        said = f"a parcel of cutouts was lost by the Dask cluster ({_line(error)})"
        return Unreachable(said, hint=_GO_ON)
    except Exception as error:
        said = f"a Dask worker failed: {type(error).__name__}: {_line(error)}"
        return GalaxyCurateError(said, hint=f"look at the workers' logs; {_GO_ON}")


def _line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _last_words() -> float:
    return time.monotonic() + DRAIN_S + LAST_WORDS_S


def _shares(connections: int, threads: int) -> list[int]:
    """How many connections each of the parcels under way may have; together as many as allowed."""
    n = max(1, min(connections, threads))
    return [connections // n + (i < connections % n) for i in range(n)]


@contextmanager
def _on_interrupt(handler: Callable[[], None]):
    """Ctrl-C calls the handler, at no moment when it could tear something; heard by the main thread
    alone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: handler())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
