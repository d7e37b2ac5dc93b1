"""What a worker of a Dask cluster does with a parcel of cutouts."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from galaxycurate.core.outcome import Reason
from galaxycurate.errors import GalaxyCurateError, StorageError
from galaxycurate.imagery.engine.engine import fetch
from galaxycurate.imagery.job import Job, LaneState, Limits, Settled
from galaxycurate.imagery.pace.leased import LeasedPace
from galaxycurate.imagery.providers.provider import Provider
from galaxycurate.pipeline.download.book import about_picture
from galaxycurate.store.images import ImageTree
from galaxycurate.store.shards.tree import ShardTree, Tree


class Keeper(Protocol):
    """Where the workers put pictures; it can be sent to other processes."""

    def keep(self, job: Job, body: bytes, origin: str) -> None:
        """As `Sink.keep`."""

    def reject(self, job: Job, body: bytes, reason: Reason) -> None:
        """As `Sink.reject`."""

    def close(self) -> None:
        """This process puts nothing more."""


@dataclass(frozen=True)
class ImageKeeper:
    """Pictures to a tree; what is none to ``rejects``, or nowhere."""

    tree: Tree
    rejects: ImageTree | None = None

    def keep(self, job: Job, body: bytes, origin: str) -> None:
        """Write a picture."""
        self.tree.write(job.path, body, about_picture(job, origin))

    def reject(self, job: Job, body: bytes, reason: Reason) -> None:
        """Keep what was no picture where the user wants to see it."""
        if self.rejects is not None:
            self.rejects.quarantine(str(reason), job.label, job.name, body)

    def close(self) -> None:
        """Leave nothing in the making."""
        for tree in (self.tree, self.rejects):
            if isinstance(tree, ShardTree):
                tree.close()
            elif tree is not None:
                tree.finish()


@dataclass(frozen=True)
class Orders:
    """What all parcels of a run have in common.

    ``token`` is a file that the coordinator made where the pictures go: who does not see it writes
    to another disk.
    """

    run: str
    providers: Sequence[Provider]
    limits: Limits
    keeper: Keeper
    token: Path

    @property
    def dataset(self) -> Path:
        """Where the token lies, three folders up."""
        return self.token.parents[2]


@dataclass
class Done:
    """How the cutouts of a parcel ended; ``error`` is why some of them did not."""

    settled: list[Settled] = field(default_factory=list)
    error: GalaxyCurateError | None = None


def work(orders: Orders, jobs: Sequence[Job], connections: int) -> Done:
    """Fetch a parcel; called on a worker.

    Parameters
    ----------
    orders : Orders
    jobs : sequence of Job
    connections : int
        This parcel's share of them.

    Returns
    -------
    Done
    """
    from distributed import get_worker

    from galaxycurate.pipeline.cluster.paceoffice import leased

    worker, done = get_worker(), Done()
    try:
        sink = _Sink(_opened(orders, worker.address), done)
        limits = replace(orders.limits, concurrency=connections)
        with leased(worker, orders.run, [p.name for p in orders.providers]) as paces:
            ahead = _until_stopped(jobs, [*paces.values()])
            fetch(ahead, orders.providers, sink, limits, paces=paces)
    except GalaxyCurateError as error:
        done.error = error
    return done


def close(run: str) -> None:
    """End a run on this worker."""
    with _OPENING:
        keeper = _KEEPERS.pop(run, None)
    if keeper is not None:
        keeper.close()


_KEEPERS: dict[str, Keeper] = {}
"""Of this process, by run: what is open stays open from parcel to parcel."""

_OPENING = threading.Lock()


def _opened(orders: Orders, address: str) -> Keeper:
    with _OPENING:
        if orders.run not in _KEEPERS:
            if not orders.token.exists():
                raise StorageError(
                    f"the Dask worker {address} does not see {orders.dataset}",
                    hint="the dataset must lie on a disk that all workers share, "
                    "under the same path",
                )
            _KEEPERS[orders.run] = orders.keeper
        return _KEEPERS[orders.run]


def _until_stopped(jobs: Sequence[Job], paces: Sequence[LeasedPace]) -> Iterator[Job]:
    for job in jobs:
        if any(pace.stopped for pace in paces):
            return
        yield job


class _Sink:
    """Pictures to the keeper, results to the coordinator."""

    def __init__(self, keeper: Keeper, done: Done):
        self.keep, self.reject = keeper.keep, keeper.reject
        self.settle = done.settled.append

    def beat(self, lanes: Sequence[LaneState]) -> None:
        """The coordinator asks the pace's office."""
