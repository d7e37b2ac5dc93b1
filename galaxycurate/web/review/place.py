"""Where a browser keeps what is not in the ledger yet: a name and a port of each review's own."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

from galaxycurate.errors import UsageError
from galaxycurate.store.settings import Settings, masked
from galaxycurate.web.review.guard import LOOPBACK

_FIRST, _N_PORTS, _TRIED = 20_000, 10_000, 20
"""Below the ports that systems give to those who ask for any."""


def dataset_id(settings: Settings) -> str:
    """A name of the ledger and the dataset that no other has; it tells neither.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    where = Path(settings.dataset).resolve()
    words = "\0".join((masked(settings.db), settings.ledger_dataset, str(where)))
    return hashlib.sha256(words.encode(errors="surrogateescape")).hexdigest()[:32]


def own_port(dataset: str, reviewer: str) -> int:
    """The port that a reviewer of a dataset always gets, where nobody else has it.

    A browser keeps things by port: at another one it would not find what it could not send.

    Parameters
    ----------
    dataset : str
        As `dataset_id` names it.
    reviewer : str

    Returns
    -------
    int
    """
    digest = hashlib.sha256(f"{dataset}\0{reviewer}".encode(errors="surrogateescape")).digest()
    return _FIRST + int.from_bytes(digest[:8]) % (_N_PORTS - _TRIED)


def listening(port: int, own: int) -> socket.socket:
    """A socket of this machine alone.

    Parameters
    ----------
    port : int
        0 for ``own``, or the next one that is free.
    own : int

    Returns
    -------
    socket.socket

    Raises
    ------
    UsageError
        The port is taken; nothing was touched.
    """
    for one in range(own, own + _TRIED) if not port else ():
        try:
            return _bound(one)
        except OSError:
            continue
    try:
        return _bound(port)
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"port {port} cannot be used: {getattr(error, 'strerror', None) or error}",
            hint="leave out --port: a free one is taken then",
        ) from error


def _bound(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would let two servers have one port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((LOOPBACK, port))
        made.listen()  # a port that is bound, but not listened to, could be bound twice
    except (OSError, OverflowError):
        made.close()
        raise
    return made
