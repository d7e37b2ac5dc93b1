"""What a worker of a Dask cluster does with a parcel of cutouts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from galaxycurate.errors import GalaxyCurateError
from galaxycurate.imagery.engine.engine import fetch
from galaxycurate.imagery.job import Job, LaneState, Settled
from galaxycurate.imagery.pace.leased import LeasedPace
from galaxycurate.pipeline.cluster.station import Keeper, Orders, station

TOLD_S = 0.25
TOLD_ROWS = 256
"""Results travel as they come: at most so long, and so many together."""


def work(orders: Orders, jobs: Sequence[Job], connections: int) -> GalaxyCurateError | None:
    """Fetch a parcel; called on a worker.

    Parameters
    ----------
    orders : Orders
    jobs : sequence of Job
    connections : int
        This parcel's share of them.

    Returns
    -------
    GalaxyCurateError or None
        Why some cutouts did not end; how the others did, the pace's office has heard before.
    """
    from distributed import get_worker

    from galaxycurate.pipeline.cluster.desks import leased, tell

    worker = get_worker()
    try:
        here = station(orders, worker.address)
        limits = replace(orders.limits, concurrency=connections)
        sink = _Sink(here.keeper, lambda results: tell(worker, orders.run, results))
        with (
            here.at_work() as providers,
            leased(worker, orders.run, [p.name for p in providers]) as paces,
        ):
            try:
                ahead = _until_stopped(jobs, [*paces.values()])
                fetch(ahead, providers, sink, limits, paces=paces, keep_open=True)
            finally:
                sink.send()
    except KeyboardInterrupt:  # the office said so
        return None
    except GalaxyCurateError as error:
        return error
    return None


def _until_stopped(jobs: Sequence[Job], paces: Sequence[LeasedPace]) -> Iterator[Job]:
    for job in jobs:
        if any(pace.stopped for pace in paces):
            return
        yield job


class _Sink:
    """Pictures to the keeper, results to the coordinator."""

    def __init__(self, keeper: Keeper, tell: Callable[[list[Settled]], None]):
        self.keep, self.reject, self._tell = keeper.keep, keeper.reject, tell
        self._results: list[Settled] = []
        self._sent_at = time.monotonic()

    def settle(self, result: Settled) -> None:
        """It is told with others."""
        self._results.append(result)
        if len(self._results) >= TOLD_ROWS:
            self.send()

    def beat(self, lanes: Sequence[LaneState]) -> None:
        """The coordinator asks the pace's office how the lanes are."""
        if time.monotonic() - self._sent_at > TOLD_S:
            self.send()

    def send(self) -> None:
        """Tell of what has ended."""
        results, self._results = self._results, []
        self._sent_at = time.monotonic()
        if results:
            self._tell(results)
