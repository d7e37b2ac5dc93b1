"""A download by many processes: parcels for the workers of a Dask cluster, one pace, one ledger.

The coordinator, the process of the command, draws the cutouts and writes the ledger; workers fetch
and write the pictures, and tell of each within half a second. A parcel whose worker died is done
again by another; what is not in the ledger is fetched again, as ever.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from galaxycurate.imagery.job import Job, Limits, Sink
from galaxycurate.imagery.pace.pace import Pace
from galaxycurate.imagery.providers.provider import Provider
from galaxycurate.pipeline.cluster.connection import connected, token
from galaxycurate.pipeline.cluster.coordinator import Coordinator, ask
from galaxycurate.pipeline.cluster.station import Keeper, Orders

MakePace = Callable[[], Pace]


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
        No two of them of the same path.
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
    from galaxycurate.pipeline.cluster.paceoffice import PaceOffice

    run = f"galaxycurate-{uuid.uuid4().hex}"
    with ExitStack() as stack:
        client = stack.enter_context(connected(address, limits.concurrency))
        office = PaceOffice(run, paces, {p.name: p.server for p in providers}, client.id)
        client.register_plugin(office, name=run)
        stack.callback(_leave, client, run)
        made = stack.enter_context(token(root, run))
        orders = Orders(run, providers, limits, keeper, made)
        Coordinator(client, orders, jobs, sink).run()


def _leave(client, run: str) -> None:
    """Close what the workers hold open, and the office."""
    with suppress(OSError, RuntimeError):
        client.run(_closed, run, on_error="return")
        ask(client, run, taken=0, end=True)


async def _closed(run: str) -> None:
    """On a worker, which goes on reporting meanwhile."""
    from galaxycurate.pipeline.cluster.desks import close

    await asyncio.to_thread(close, run)
