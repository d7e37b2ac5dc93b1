"""Where a Dask cluster keeps its pace: with the scheduler, which outlives every worker.

Messages go over the streams that scheduler and workers hold open anyway, both ways, so that a pause
reaches everybody within milliseconds. What workers have settled waits here for the coordinator.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial

from distributed.diagnostics.plugin import SchedulerPlugin

from galaxycurate.imagery.job import LaneState
from galaxycurate.imagery.pace.leased import SharedPace
from galaxycurate.imagery.pace.pace import Pace
from galaxycurate.pipeline.cluster.desks import OP

MakePace = Callable[[], Pace]


class PaceOffice(SchedulerPlugin):
    """The paces of one run, by provider; lives on the scheduler.

    Parameters
    ----------
    run : str
        A name that no other run has.
    makers : mapping of str to callable
        They make a provider's pace; they are called there, since clocks differ.
    servers : mapping of str to str
        Their addresses.
    client : str
        Dask's name of the process that coordinates; when it is gone, the run ends.
    """

    def __init__(
        self, run: str, makers: Mapping[str, MakePace], servers: Mapping[str, str], client: str
    ):
        self.name = run
        self._makers, self._servers, self._client = dict(makers), dict(servers), client

    async def start(self, scheduler) -> None:
        """Open the office."""
        self._scheduler, self._loop = scheduler, asyncio.get_running_loop()
        self._lanes = {name: SharedPace(make()) for name, make in self._makers.items()}
        self._desks: dict[str, tuple[str, str]] = {}  # worker and lane
        self._workers: set[str] = set()
        self._alarms: dict[str, asyncio.TimerHandle] = {}
        self._results: deque[bytes] = deque()
        self._n_taken, self._stopped = 0, False
        _OFFICES[self.name] = self
        scheduler.stream_handlers.setdefault(OP, partial(_hear, scheduler))
        scheduler.handlers.setdefault(OP, _asked)

    async def close(self) -> None:
        """The scheduler ends."""
        self.end()

    def hear(self, worker: str, message: dict) -> None:
        """A worker tells of results, or one of its desks reports."""
        self._workers.add(worker)
        if "results" in message:
            self._results.append(message["results"])
        else:
            self._hear_desk(worker, **message)

    def asked(self, taken: int, *, stop: bool = False, end: bool = False) -> dict:
        """The coordinator asks what there is of news.

        Parameters
        ----------
        taken : int
            So many batches of results have reached it; the others are told, again if need be.
        stop, end : bool
            All desks shall draw no more work; nobody needs the office any more.
        """
        while self._n_taken < taken:
            self._results.popleft()
            self._n_taken += 1
        if stop:
            self._stop()
        if end:
            self.end()
        lanes = [asdict(self._state(name, shared.pace)) for name, shared in self._lanes.items()]
        return {"lanes": lanes, "results": [*self._results]}

    def remove_worker(self, scheduler, worker: str, **_) -> None:
        """A worker is gone: what it held is free."""
        self._workers.discard(worker)
        for desk, (its, lane) in [*self._desks.items()]:
            if its == worker:
                self._lanes[lane].gone(desk)
                del self._desks[desk]
                self._serve(lane)

    def remove_client(self, scheduler, client: str) -> None:
        """Nobody will take the results."""
        if client == self._client:
            self.end()

    def end(self) -> None:
        """Close the office; workers finish what is under way, and what they hold open."""
        if _OFFICES.pop(self.name, None) is None:
            return
        self._stop()
        for worker in self._workers:
            _tell(self._scheduler, worker, {"run": self.name})
        if self.name in self._scheduler.plugins:
            self._scheduler.remove_plugin(name=self.name)

    def _hear_desk(self, worker: str, desk: str, lane: str, news: dict) -> None:
        if desk not in self._desks:
            self._desks[desk] = worker, lane
            if self._stopped:
                self._tell(desk, [], stopped=True)
        pause_s = self._lanes[lane].hear(desk, news)
        if pause_s:
            for other in [d for d, (_, its) in self._desks.items() if its == lane]:
                self._tell(other, [], pause_s=pause_s)
        if news["closed"]:
            self._lanes[lane].gone(desk)
            del self._desks[desk]
        self._serve(lane)

    def _stop(self) -> None:
        self._stopped = True
        for alarm in self._alarms.values():
            alarm.cancel()
        for desk in [*self._desks]:
            self._tell(desk, [], stopped=True)

    def _serve(self, lane: str) -> None:
        """Give starts, now and when some are due again."""
        if (alarm := self._alarms.pop(lane, None)) is not None:
            alarm.cancel()
        if self._stopped:
            return
        given, again_s = self._lanes[lane].give()
        starts: dict[str, list[float]] = {}
        for desk, wait_s in given:
            starts.setdefault(desk, []).append(wait_s)
        for desk, waits in starts.items():
            self._tell(desk, waits)
        if again_s is not None:
            self._alarms[lane] = self._loop.call_later(again_s, self._serve, lane)

    def _tell(self, desk: str, starts: list[float], **more) -> None:
        message = {"run": self.name, "desk": desk, "starts": starts, **more}
        _tell(self._scheduler, self._desks[desk][0], message)

    def _state(self, name: str, pace: Pace) -> LaneState:
        learned = pace.learned()
        return LaneState(
            provider=name,
            server=self._servers[name],
            rate=pace.rate,
            window=pace.window,
            in_flight=pace.in_flight,
            paused_s=pace.pause_left(),
            served=pace.n_served,
            refused=pace.n_refused,
            rate_found=learned.rate,
            window_found=learned.window,
        )


_OFFICES: dict[str, PaceOffice] = {}
"""Of this process, by run."""


def _hear(scheduler, run: str, worker: str, **message) -> None:
    """A worker's message for the office of a run; where that is closed, the worker is told so."""
    if (office := _OFFICES.get(run)) is not None:
        office.hear(worker, message)
    elif not message.get("news", {}).get("closed"):
        _tell(scheduler, worker, {"run": run})


def _asked(run: str, taken: int, **what) -> dict:
    office = _OFFICES.get(run)
    return {"lanes": [], "results": []} if office is None else office.asked(taken, **what)


def _tell(scheduler, worker: str, message: dict) -> None:
    comm = scheduler.stream_comms.get(worker)
    if comm is not None and not comm.closed():
        comm.send({"op": OP, **message})
