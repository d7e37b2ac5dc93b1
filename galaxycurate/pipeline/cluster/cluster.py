"""A download by many processes: parcels for the workers of a Dask cluster, one pace, one ledger.

The coordinator, the process of the command, draws the cutouts and writes the ledger; workers fetch
and write the pictures. A parcel whose worker died is done again by another; what is not in the
ledger is fetched again, as ever.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from galaxycurate.errors import GalaxyCurateError, SettingError, Unreachable
from galaxycurate.imagery.engine.engine import BEAT_S, DRAIN_S
from galaxycurate.imagery.job import Job, LaneState, Limits, Sink
from galaxycurate.imagery.providers.provider import Provider
from galaxycurate.pipeline.cluster.paceoffice import MakePace, PaceOffice
from galaxycurate.pipeline.cluster.parcels import parcels
from galaxycurate.pipeline.cluster.work import Done, Keeper, Orders, close, work
from galaxycurate.store.files import unwritable

CONNECT_S = 10.0
LARGEST = 200
PARCEL_S = 5.0
"""A parcel is about so much work, and no more cutouts than that: what a kill of the coordinator
repeats, and how often progress is told."""

FIRST = 16
STATE_S = 0.5
DEATHS = 3
"""A parcel at which more workers died is not tried again."""


def fetch_on_cluster(
    address: str,
    jobs: Iterator[Job],
    providers: Sequence[Provider],
    sink: Sink,
    limits: Limits,
    *,
    keeper: Keeper,
    paces: Mapping[str, MakePace],
    root: Path,
) -> None:
    """Get cutouts until each job is settled, as `imagery.engine.fetch` does, on a cluster.

    Parameters
    ----------
    address : str
        ``tcp://host:port`` of a Dask scheduler, or ``local``: a process for each core.
    jobs : iterator of Job
    providers : sequence of Provider
    sink : Sink
        ``settle`` and ``beat`` are called here; ``keep`` and ``reject`` never.
    limits : Limits
        Of all workers together.
    keeper : Keeper
        Where workers put pictures.
    paces : mapping of str to callable
        By the provider's name: makes the pace that all workers share.
    root : Path
        The dataset, on a disk that all workers see.

    Raises
    ------
    SettingError
        No such address, or other versions there.
    Unreachable
        No scheduler answers, or no provider does.
    KeyboardInterrupt
        Ctrl-C: what was under way is settled.
    GalaxyCurateError
        Whatever the sink or a worker raised.
    """
    run = f"galaxycurate-{uuid.uuid4().hex}"
    with ExitStack() as stack:
        client = stack.enter_context(_client(address, limits))
        _check_versions(client)
        office = PaceOffice(run, paces, {p.name: p.server for p in providers}, client.id)
        client.register_plugin(office, name=run)
        stack.callback(_leave, client, run)
        token = stack.enter_context(_token(root, run))
        orders = Orders(run, providers, limits, keeper, token)
        _Coordinator(client, orders, jobs, sink).run()


class _Coordinator:
    def __init__(self, client, orders: Orders, jobs: Iterator[Job], sink: Sink):
        self.client, self.orders, self.sink = client, orders, sink
        self.parcels = parcels(jobs, lambda: self.size)
        self.free = _shares(orders.limits.concurrency, sum(client.nthreads().values()))
        self.size, self.news = FIRST, threading.Event()
        self.running: dict = {}  # future: connections, when it began
        self.interrupted = self.is_stopped = False
        self.drained_by = float("inf")
        self.error: GalaxyCurateError | None = None
        self.lanes: list[LaneState] = []
        self.asked_at = 0.0

    def run(self) -> None:
        """Until nothing is left, or no more is wanted."""
        with _on_interrupt(self._interrupt):
            try:
                self._go_on()
            except GalaxyCurateError:  # of the sink: nothing can be noted any more
                self._stop()
                self.client.cancel([*self.running])
                raise
            self._beat(last=True)
        if self.error is not None:
            raise self.error
        if self.interrupted:
            raise KeyboardInterrupt

    def _go_on(self) -> None:
        while True:
            self._hand_out()
            if not self.running:
                return
            self._collect()
            self._beat()
            if self.interrupted and not self.is_stopped:
                self._stop()
            if time.monotonic() > self.drained_by:
                self.client.cancel([*self.running])
                return

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
            self.running[future] = share, time.monotonic()

    def _collect(self) -> None:
        self.news.wait(BEAT_S)
        self.news.clear()
        if self.client.status != "running":
            raise Unreachable("the Dask scheduler is gone", hint=_GO_ON)
        for future in [future for future in self.running if future.done()]:
            share, began = self.running.pop(future)
            self.free.append(share)
            done = self._result(future)
            for settled in done.settled:
                self.sink.settle(settled)
            if done.error is not None and self.error is None:
                self.error = done.error
                self._stop()
            speed = len(done.settled) / max(time.monotonic() - began, 1e-3)
            self.size = int(min(LARGEST, max(4 * share, 4, speed * PARCEL_S)))

    def _result(self, future) -> Done:
        from distributed import KilledWorker

        try:
            return future.result()
        except KilledWorker:
            raise GalaxyCurateError(
                f"{DEATHS + 1} Dask workers died at the same parcel of cutouts",
                hint=f"look at the workers' logs (memory?); {_GO_ON}",
            ) from None

    def _interrupt(self) -> None:
        """Start nothing more; a second time: drop what is under way, too."""
        self.drained_by = 0.0 if self.interrupted else time.monotonic() + DRAIN_S
        self.interrupted = True

    def _stop(self) -> None:
        self.is_stopped = True
        with suppress(OSError):
            self._ask(stop=True)

    def _ask(self, **what) -> None:
        states = self.client.sync(getattr(self.client.scheduler, self.orders.run), **what)
        self.lanes = [LaneState(**state) for state in states]
        self.asked_at = time.monotonic()

    def _beat(self, last: bool = False) -> None:
        if last or time.monotonic() - self.asked_at > STATE_S:
            with suppress(OSError):
                self._ask()
        self.sink.beat(self.lanes)


_GO_ON = "what came is kept; the same command goes on from there"


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


@contextmanager
def _client(address: str, limits: Limits):
    """A client of the scheduler, or of one made for this run."""
    from distributed import Client, LocalCluster

    if address == "local":
        n = max(1, min(os.cpu_count() or 1, limits.concurrency))
        with (
            LocalCluster(n_workers=n, threads_per_worker=1, dashboard_address=None) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            client.run(_deaf)
            yield client
        return
    if not re.fullmatch(r"(tcp|tls|ucx|wss?)://.+:\d+", address):
        raise SettingError(
            f"dask = {address!r} is no address of a scheduler", hint="tcp://HOST:PORT, or local"
        )
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise Unreachable(
            f"no Dask scheduler answers at {address}",
            hint="start one (dask scheduler; dask worker), or use --dask local",
        ) from error
    with client:
        yield client


def _deaf() -> None:
    """Ctrl-C goes to the whole terminal, but the coordinator alone decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _check_versions(client) -> None:
    """Pickles travel: all must run the same Python, Dask and galaxycurate."""
    found = client.get_versions(packages=["galaxycurate"])
    mine = _versions(found["client"])
    others = {"the scheduler": found["scheduler"], **found["workers"]}
    if not found["workers"]:
        raise Unreachable("the Dask cluster has no workers", hint="dask worker ADDRESS")
    for who, theirs in others.items():
        for name, version in _versions(theirs).items():
            if version != mine[name]:
                raise SettingError(
                    f"{name} is {version or 'missing'} on {who}, but {mine[name]} here",
                    hint="use one environment on all machines of the cluster",
                )


def _versions(about: dict) -> dict[str, str | None]:
    python = ".".join(about["host"]["python"].split(".")[:2])
    packages = about["packages"]
    return {"python": python} | {n: packages[n] for n in ("distributed", "galaxycurate")}


@contextmanager
def _token(root: Path, run: str):
    """A file in the dataset by which workers see that they write to the same disk.

    It lies with what this process has in the making: `ImageTree.clean` removes what a kill left.
    """
    token = root.absolute() / ".part" / str(os.getpid()) / run
    try:
        token.parent.mkdir(parents=True, exist_ok=True)
        token.touch()
    except OSError as error:
        raise unwritable(token, error) from error
    try:
        yield token
    finally:
        token.unlink(missing_ok=True)
        with suppress(OSError):  # others may be at work
            token.parent.rmdir()
            token.parents[1].rmdir()


def _leave(client, run: str) -> None:
    """Close what the workers hold open, and the office."""
    with suppress(OSError, RuntimeError):
        client.run(close, run)
        client.unregister_scheduler_plugin(run)
