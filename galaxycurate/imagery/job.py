"""What goes into the engine, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from galaxycurate.core.outcome import Reason, Status


@dataclass(frozen=True)
class Limits:
    """How hard to try, and how politely.

    ``rate`` [starts/s], 0 for no limit but the server's; ``retries`` after the first attempt;
    ``backoff_s`` [s], the scale of the random waits between attempts, 0 for none; ``connect_s``,
    ``gap_s`` (silence within a reply) and ``total_s`` are time-outs [s]; ``threads`` check and
    write.
    """

    rate: float = 2.0
    concurrency: int = 4
    retries: int = 4
    backoff_s: float = 0.5
    connect_s: float = 10.0
    gap_s: float = 30.0
    total_s: float = 120.0
    threads: int = 2


@dataclass(frozen=True)
class Job:
    """One cutout to get; ``path``, ``request`` and ``label`` come back as the caller gave them."""

    url: str
    size_px: int
    path: str
    request: str = ""
    label: str = ""
    name: str = ""
    manifest: str = ""


@dataclass(frozen=True)
class Settled:
    """How a job ended; ``server`` is the name in the reply's Server header."""

    job: Job
    status: Status
    reason: Reason | None = None
    detail: str = ""
    sha256: str = ""
    n_bytes: int = 0
    http: int = 0
    etag: str = ""
    server: str = ""
    attempts: int = 1


class Sink(Protocol):
    """Where results go."""

    def keep(self, job: Job, body: bytes, server: str) -> None:
        """Store a picture that a server drew; called on a worker thread, before its `settle`."""

    def settle(self, result: Settled) -> None:
        """Take note of a result; called on the engine's thread."""

    def beat(self) -> None:
        """Called about ten times a second on the engine's thread."""
