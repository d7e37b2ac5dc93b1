"""The way to a Dask cluster: a scheduler that answers, workers of the same versions, one disk."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from galaxycurate.errors import SettingError, StorageError, Unreachable
from galaxycurate.store.files import unwritable

CONNECT_S = 10.0


@contextmanager
def connected(address: str, connections: int):
    """A client of a scheduler, or of one made for this run.

    Parameters
    ----------
    address : str
        ``tcp://host:port``, or ``local``: a process for each core.
    connections : int
        More workers would have nothing to do.

    Yields
    ------
    distributed.Client

    Raises
    ------
    SettingError
        No such address, or other versions there.
    Unreachable
        No scheduler answers, or it has no workers.
    """
    with _client(address, connections) as client:
        _check_versions(client)
        yield client


@contextmanager
def _client(address: str, connections: int):
    from distributed import Client, LocalCluster

    if address == "local":
        n = max(1, min(os.cpu_count() or 1, connections))
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
def token(root: Path, run: str) -> Iterator[Path]:
    """A file in the dataset by which workers see that they write to the same disk.

    It lies with what this process has in the making: `ImageTree.clean` removes what a kill left.
    """
    made = root.absolute() / ".part" / str(os.getpid()) / run
    try:
        made.parent.mkdir(parents=True, exist_ok=True)
        made.touch()
    except OSError as error:
        raise unwritable(made, error) from error
    try:
        yield made
    finally:
        made.unlink(missing_ok=True)
        with suppress(OSError):  # others may be at work
            made.parent.rmdir()
            made.parents[1].rmdir()


def check_disk(made: Path, address: str) -> None:
    """On a worker: whether it sees the token.

    Raises
    ------
    StorageError
        It sees another disk.
    """
    if not made.exists():
        raise StorageError(
            f"the Dask worker {address} does not see {made.parents[2]}",
            hint="the dataset must lie on a disk that all workers share, under the same path",
        )
