"""Parts of a dataset's files, worked on by a cluster: what `cores.spread` is on one machine."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from galaxycurate.errors import GalaxyCurateError
from galaxycurate.pipeline.cluster.connection import check_disk, connected, token

AHEAD = 2
"""Parts that wait, for each thread of a worker: more would only fill the scheduler."""


def spread_on_cluster(
    address: str, do: Callable, parts: Iterable[Sequence], *, root: Path, workers: int
) -> Iterator[Any]:
    """What ``do`` makes of each part of a dataset's files, in whatever order they are done.

    Parameters
    ----------
    address : str
        ``tcp://host:port`` of a Dask scheduler, or ``local``: a process for each core.
    do : callable
        Of a module; takes a part.
    parts : iterable of sequence
        Taken as they are needed.
    root : Path
        The dataset, on a disk that all workers see.
    workers : int
        Of ``local``, at most.

    Yields
    ------
    object

    Raises
    ------
    SettingError
        No such address, or other versions there.
    Unreachable
        No scheduler answers, or it has no workers.
    StorageError
        A worker does not see the dataset.
    GalaxyCurateError
        Workers died of a part again and again.
    """
    from distributed import KilledWorker, as_completed

    with (
        connected(address, workers) as client,
        token(root, f"galaxycurate-{uuid.uuid4().hex}") as made,
    ):
        queue = iter(parts)
        at_once = AHEAD * sum(client.nthreads().values())
        begin = [_submitted(client, made, do, part) for part in itertools.islice(queue, at_once)]
        under_way = as_completed(begin, loop=client.loop, with_results=True)
        del begin  # what is done is forgotten, by the workers, too
        try:
            for _, result in under_way:
                for part in itertools.islice(queue, 1):
                    under_way.add(_submitted(client, made, do, part))
                yield result
        except KilledWorker as error:
            raise GalaxyCurateError(
                "Dask workers that read pictures were killed, perhaps for their memory",
                hint="give them more, or leave out --dask: this machine then reads them itself",
            ) from error


def _submitted(client, made: Path, do: Callable, part: Sequence):
    return client.submit(_done, made, do, part, pure=False)


def _done(made: Path, do: Callable, part: Sequence):
    """On a worker."""
    from distributed import get_worker

    check_disk(made, get_worker().address)
    return do(part)
