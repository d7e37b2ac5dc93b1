"""A worker's side of the pace that all share: desks that report to the office and hear from it.

Messages go over the stream that each worker and the scheduler hold open anyway.
"""

from __future__ import annotations

import pickle
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from distributed import Worker

from galaxycurate.imagery.job import Settled
from galaxycurate.imagery.pace.leased import LeasedPace
from galaxycurate.pipeline.cluster import station

OP = "galaxycurate"
"""What our messages are called, of any run: a stream ends at a name that it does not know."""

_DESKS: dict[str, dict[str, LeasedPace]] = {}
"""Of this worker process, by run, then by a name of their own."""


@contextmanager
def leased(worker: Worker, run: str, lanes: Sequence[str]) -> Iterator[dict[str, LeasedPace]]:
    """Desks of a worker, one a provider, for as long as the block runs."""
    worker.stream_handlers.setdefault(OP, _receive)
    desks = _DESKS.setdefault(run, {})
    names = {lane: uuid.uuid4().hex for lane in lanes}
    paces = {lane: _desk(worker, run, lane, names[lane]) for lane in lanes}
    try:
        yield paces
    finally:
        for lane, pace in paces.items():
            pace.close()
            del desks[names[lane]]


def tell(worker: Worker, run: str, results: list[Settled]) -> None:
    """Send results to the office, from where the coordinator takes them."""
    worker.loop.add_callback(
        worker.batched_stream.send, {"op": OP, "run": run, "results": pickle.dumps(results)}
    )


def close(run: str) -> None:
    """End a run on this worker, when what is under way is done."""
    station.close(run)
    _DESKS.pop(run, None)


def _desk(worker: Worker, run: str, lane: str, name: str) -> LeasedPace:
    about = {"op": OP, "run": run, "desk": name, "lane": lane}

    def send(news: dict) -> None:
        worker.batched_stream.send({**about, "news": news})

    pace = _DESKS[run][name] = LeasedPace(worker.loop.add_callback, send)
    return pace


def _receive(run: str, desk: str = "", starts: Sequence[float] = (), **more) -> None:
    """What the office says to one desk, or the end of a run to all."""
    desks = _DESKS.get(run, {})
    if desk:
        if (pace := desks.get(desk)) is not None:
            pace.lease([*starts], **more)
        return
    for pace in [*desks.values()]:
        pace.lease([], stopped=True)
    threading.Thread(target=close, args=[run], daemon=True).start()  # it waits for the disk
