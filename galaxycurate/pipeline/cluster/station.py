"""What a worker of a Dask cluster keeps of a run from parcel to parcel."""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from galaxycurate.core.outcome import Reason
from galaxycurate.errors import GalaxyCurateError
from galaxycurate.imagery.job import Job, Limits
from galaxycurate.imagery.providers.provider import Provider
from galaxycurate.pipeline.cluster.connection import check_disk


class Keeper(Protocol):
    """Where the workers put pictures; it can be sent to other processes."""

    def keep(self, job: Job, body: bytes, origin: str) -> None:
        """As `Sink.keep`."""

    def reject(self, job: Job, body: bytes, reason: Reason) -> None:
        """As `Sink.reject`."""

    def close(self) -> None:
        """This process puts nothing more."""


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


class Station:
    """A run on this worker: its keeper is closed when the last parcel is done, not before.

    Parameters
    ----------
    orders : Orders
    """

    def __init__(self, orders: Orders):
        self.keeper = orders.keeper
        self._providers, self._idle = orders.providers, list[Sequence[Provider]]()
        self._free = threading.Condition()
        self._n_at_work, self._is_closed = 0, False

    @contextmanager
    def at_work(self) -> Iterator[Sequence[Provider]]:
        """Work on a parcel, with providers that nobody else uses meanwhile.

        They keep what the parcel before left in them, such as frames.
        """
        with self._free:
            if self._is_closed:
                raise GalaxyCurateError("the run has ended")
            self._n_at_work += 1
            providers = self._idle.pop() if self._idle else copy.deepcopy(self._providers)
        try:
            yield providers
        finally:
            with self._free:
                self._n_at_work -= 1
                self._idle.append(providers)
                self._free.notify_all()

    def close(self) -> None:
        """Wait until nobody is at work, then leave nothing in the making."""
        with self._free:
            self._is_closed = True
            self._free.wait_for(lambda: not self._n_at_work)
        for provider in (provider for providers in self._idle for provider in providers):
            asyncio.run(provider.close())
        self.keeper.close()


_STATIONS: dict[str, Station] = {}
"""Of this process, by run."""

_OPENING = threading.Lock()


def station(orders: Orders, address: str) -> Station:
    """That of a run, opened when its first parcel comes.

    Raises
    ------
    StorageError
        The worker at this address writes to another disk.
    """
    with _OPENING:
        if orders.run not in _STATIONS:
            check_disk(orders.token, address)
            _STATIONS[orders.run] = Station(orders)
        return _STATIONS[orders.run]


def close(run: str) -> None:
    """End a run on this worker, when what is under way is done."""
    with _OPENING:
        known = _STATIONS.pop(run, None)
    if known is not None:
        known.close()
