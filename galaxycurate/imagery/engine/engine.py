"""One engine for all cutouts: a lane for each provider, fall-back from one to the next.

Memory does not grow with the number of jobs: they are drawn from an iterator as workers come free,
and only those that wait (for a retry, for another provider, for a look) are kept.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress

from galaxycurate.imagery.check import Checked
from galaxycurate.imagery.engine.checking import Checking
from galaxycurate.imagery.engine.item import Item
from galaxycurate.imagery.engine.lane import Lane
from galaxycurate.imagery.engine.loop import on_interrupt, run_here_or_beside
from galaxycurate.imagery.engine.routes import Routes
from galaxycurate.imagery.engine.waiting import Waiting
from galaxycurate.imagery.engine.wire import Wire
from galaxycurate.imagery.job import Job, LaneState, Limits, Sink
from galaxycurate.imagery.pace.pace import Pace
from galaxycurate.imagery.providers.provider import Answer, Provider

BEAT_S = 0.1
DRAIN_S = 5.0
"""After Ctrl-C, what is under way gets this long to finish."""


def fetch(
    jobs: Iterator[Job],
    providers: Sequence[Provider],
    sink: Sink,
    limits: Limits,
    *,
    paces: Mapping[str, Pace] | None = None,
    keep_open: bool = False,
) -> None:
    """Get cutouts until each job is settled.

    Parameters
    ----------
    jobs : iterator of Job
        Drawn from as workers come free.
    providers : sequence of Provider
        In the order in which they are asked: each cutout goes to the first that offers its format,
        and on to the next when that ends it as anything but a picture.
    sink : Sink
    limits : Limits
    paces : mapping of str to Pace, optional
        By the provider's name: known from an earlier run, or shared; others start anew. One that is
        told to stop ends it all as Ctrl-C does.
    keep_open : bool
        Leave the providers what they keep between cutouts: the caller closes them.

    Raises
    ------
    Unreachable
        Nobody answers, or every request fails in the same way; what was settled is in the sink.
    KeyboardInterrupt
        Ctrl-C: no new request was started, those under way were settled.
    UsageError
        No provider offers a job's format.
    GalaxyCurateError
        Whatever the sink raised.
    """
    engine = _Engine(jobs, providers, sink, limits, paces or {})
    engine.keep_open = keep_open
    run_here_or_beside(engine.run, engine.interrupt)
    if engine.interrupted:
        raise KeyboardInterrupt


class _Engine:
    def __init__(
        self,
        jobs: Iterator[Job],
        providers: Sequence[Provider],
        sink: Sink,
        limits: Limits,
        paces: Mapping[str, Pace],
    ):
        self.sink, self.limits = sink, limits
        self.routes = Routes(jobs, sink.settle, self._check)
        self.lanes = self.routes.lanes = [
            Lane(provider, paces.get(provider.name) or _pace(provider, limits), limits, self.routes)
            for provider in providers
        ]
        for lane in self.lanes:
            lane.pace.on_stop = self.stop
        self.checking = Checking(self._look, self._looked, limits.threads)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.n_workers = 0
        self.interrupted = self.keep_open = False
        self.drained_by = float("inf")
        self.pulse = Waiting()

    async def run(self) -> None:
        self.loop = asyncio.get_running_loop()
        if self.interrupted:  # before it began
            return
        async with AsyncExitStack() as stack:
            wires = []
            for lane in self.lanes:
                if not self.keep_open:
                    stack.push_async_callback(lane.provider.close)
                provider = lane.provider
                wire = Wire.open(provider.server, self.limits, most_bytes=provider.most_bytes)
                wires.append(await stack.enter_async_context(wire))
            stack.enter_context(on_interrupt(self.loop, self.interrupt))
            await self._work(wires)
        self.sink.beat(self._states())
        if not self.interrupted:
            self._raise_if_unreachable()

    def interrupt(self) -> None:
        """Start nothing more; a second time: drop what is under way, too."""
        self.drained_by = 0.0 if self.interrupted else time.monotonic() + DRAIN_S
        self.interrupted = True
        if self.loop is not None:
            with suppress(RuntimeError):  # the loop is closed: all is done
                self.loop.call_soon_threadsafe(self.routes.stop)

    def stop(self) -> None:
        """Interrupt it once, whoever asks for it."""
        if not self.interrupted:
            self.interrupt()

    async def _work(self, wires: list[Wire]) -> None:
        """Run all workers; what was handed over is looked at and settled, whatever happens."""
        self.n_workers = len(wires) * self.limits.concurrency
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.checking.run())
                workers = [
                    group.create_task(self._worker(lane, wire))
                    for lane, wire in zip(self.lanes, wires, strict=True)
                    for _ in range(self.limits.concurrency)
                ]
                group.create_task(self._beat(workers))
        except BaseException as error:
            self.routes.stop()
            with suppress(Exception):  # the first error is the one to tell
                self.checking.close()
            raise _first(error) from None
        self.checking.close()

    async def _worker(self, lane: Lane, wire: Wire) -> None:
        try:
            await lane.run(wire)
        finally:
            self.n_workers -= 1
            if not self.n_workers:
                self.checking.end()
                self.pulse.call_all()

    async def _beat(self, workers: list[asyncio.Task]) -> None:
        while self.n_workers:
            await self.pulse.wait(BEAT_S)
            self.sink.beat(self._states())
            if time.monotonic() > self.drained_by:
                for worker in workers:
                    worker.cancel()

    def _states(self) -> list[LaneState]:
        return [lane.state() for lane in self.lanes]

    def _raise_if_unreachable(self) -> None:
        """A job was left for want of a server, or nobody ever answered anything."""
        if self.routes.left is not None:
            raise self.routes.left
        if not any(lane.breaker.answered for lane in self.lanes):
            for lane in self.lanes:
                lane.breaker.ended()

    # ---- looking at what came

    async def _check(self, lane: Lane, item: Item, answer: Answer) -> None:
        await self.checking.put((lane, item, answer))

    def _look(self, thing: tuple[Lane, Item, Answer]) -> Checked:
        lane, item, answer = thing
        body, checked = lane.provider.finish(item.job, answer)
        if checked.flaw is None:
            server = answer.reply.headers.get("Server", "")
            self.sink.keep(item.job, body, lane.provider.origin(server))
        else:
            self.sink.reject(item.job, body, checked.flaw[0])
        return checked

    def _looked(self, thing: tuple[Lane, Item, Answer], checked: Checked) -> None:
        lane, item, answer = thing
        lane.judge(item, answer, checked)


def _first(error: BaseException) -> BaseException:
    return error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error


def _pace(provider: Provider, limits: Limits) -> Pace:
    rate = provider.courteous if limits.rate is None else limits.rate
    return Pace(rate, concurrency=limits.concurrency)
