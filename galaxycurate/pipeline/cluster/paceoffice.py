"""Where a Dask cluster keeps its pace: with the scheduler, which outlives every worker.

Messages go over the streams that scheduler and workers hold open anyway, both ways, so that a pause
reaches everybody within milliseconds.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from distributed import Worker
from distributed.diagnostics.plugin import SchedulerPlugin

from galaxycurate.imagery.job import LaneState
from galaxycurate.imagery.pace.leased import LeasedPace, SharedPace
from galaxycurate.imagery.pace.pace import Pace

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
        self._alarms: dict[str, asyncio.TimerHandle] = {}
        self._stopped = False
        scheduler.stream_handlers[self.name] = self.hear
        scheduler.handlers[self.name] = self.asked

    async def close(self) -> None:
        """Nobody works any more."""
        for alarm in self._alarms.values():
            alarm.cancel()
        self._scheduler.stream_handlers.pop(self.name, None)
        self._scheduler.handlers.pop(self.name, None)

    def hear(self, desk: str, lane: str, news: dict, worker: str) -> None:
        """A desk reports."""
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

    def asked(self, stop: bool = False) -> list[dict]:
        """How it goes with each provider; ``stop`` tells all desks to draw no more work."""
        if stop:
            self._stop()
        return [asdict(self._state(name, shared.pace)) for name, shared in self._lanes.items()]

    def remove_worker(self, scheduler, worker: str, **_) -> None:
        """A worker is gone: what it held is free."""
        for desk, (its, lane) in [*self._desks.items()]:
            if its == worker:
                self._lanes[lane].gone(desk)
                del self._desks[desk]
                self._serve(lane)

    def remove_client(self, scheduler, client: str) -> None:
        """Nobody will take the results."""
        if client == self._client:
            self._stop()

    def _stop(self) -> None:
        self._stopped = True
        for desk in [*self._desks]:
            self._tell(desk, [], stopped=True)

    def _serve(self, lane: str) -> None:
        """Give starts, now and when some are due again."""
        if (alarm := self._alarms.pop(lane, None)) is not None:
            alarm.cancel()
        given, again_s = self._lanes[lane].give()
        starts: dict[str, list[float]] = {}
        for desk, wait_s in given:
            starts.setdefault(desk, []).append(wait_s)
        for desk, waits in starts.items():
            self._tell(desk, waits)
        if again_s is not None:
            self._alarms[lane] = self._loop.call_later(again_s, self._serve, lane)

    def _tell(self, desk: str, starts: list[float], **more) -> None:
        comm = self._scheduler.stream_comms.get(self._desks[desk][0])
        if comm is not None:
            comm.send({"op": self.name, "desk": desk, "starts": starts, **more})

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


_DESKS: dict[str, LeasedPace] = {}
"""Of this worker process, by a name of their own."""


@contextmanager
def leased(worker: Worker, run: str, lanes: Sequence[str]) -> Iterator[dict[str, LeasedPace]]:
    """Desks of a worker, one a provider, for as long as the block runs."""
    worker.stream_handlers[run] = _receive
    names = {lane: uuid.uuid4().hex for lane in lanes}
    paces = {lane: _desk(worker, run, lane, names[lane]) for lane in lanes}
    try:
        yield paces
    finally:
        for lane, pace in paces.items():
            pace.close()
            del _DESKS[names[lane]]


def _desk(worker: Worker, run: str, lane: str, name: str) -> LeasedPace:
    about = {"op": run, "desk": name, "lane": lane}

    def send(news: dict) -> None:
        worker.batched_stream.send({**about, "news": news})

    pace = _DESKS[name] = LeasedPace(worker.loop.add_callback, send)
    return pace


def _receive(desk: str, starts: list[float], **more) -> None:
    if (pace := _DESKS.get(desk)) is not None:
        pace.lease(starts, **more)
