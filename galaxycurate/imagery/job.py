"""What goes into the engine, and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from galaxycurate.core.outcome import Reason, Status


@dataclass(frozen=True)
class Limits:
    """How hard to try, and how politely.

    ``rate`` [starts/s], 0 for no limit but the server's, None for what each provider's own
    etiquette says; ``concurrency`` connections to one provider at most; ``retries`` after the first
    attempt; ``backoff_s`` [s], the scale of the random waits between attempts, 0 for none;
    ``connect_s``, ``gap_s`` (silence within a reply) and ``total_s`` are time-outs [s]; ``threads``
    check and write.
    """

    rate: float | None = None
    concurrency: int = 4
    retries: int = 4
    backoff_s: float = 0.5
    connect_s: float = 10.0
    gap_s: float = 30.0
    total_s: float = 120.0
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Job:
    """One cutout to get: which sky, in which form, and where it goes.

    ``ra``, ``dec`` [deg, ICRS] are of the centre, ``pixscale`` is [arcsec/pixel]; ``field`` is run,
    camcol and field where they are known, else zeros; ``remark`` tells how scale and size came
    about, when they are not those of the manifest, and is part of the request.
    """

    ra: float
    dec: float
    pixscale: float
    size_px: int
    path: str
    name: str = ""
    label: str = ""
    manifest: str = ""
    format: str = "jpg"
    field: tuple[int, int, int] = (0, 0, 0)
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """How a job ended.

    ``provider`` is the name of who ended it, ``request`` everything that decided the pixels,
    ``origin`` who drew them as the server names itself; ``took_s`` is the last attempt's time.
    """

    job: Job
    status: Status
    reason: Reason | None = None
    detail: str = ""
    sha256: str = ""
    n_bytes: int = 0
    http: int = 0
    etag: str = ""
    attempts: int = 1
    provider: str = ""
    request: str = ""
    origin: str = ""
    url: str = ""
    took_s: float = 0.0


@dataclass(frozen=True)
class LaneState:
    """How it goes with one provider.

    ``rate`` [starts/s] and ``window`` (requests at once) are the pace now, infinite where nothing
    limits it; ``rate_found`` and ``window_found`` what the server was found to allow, 0 where it
    never refused; ``paused_s`` is the rest of a pause that it asked for; ``down`` tells why it was
    given up, empty while it is not.
    """

    provider: str
    server: str
    rate: float
    window: int
    in_flight: int = 0
    paused_s: float = 0.0
    served: int = 0
    refused: int = 0
    rate_found: float = 0.0
    window_found: int = 0
    down: str = ""


class Sink(Protocol):
    """Where results go."""

    def keep(self, job: Job, body: bytes, origin: str) -> None:
        """Store a picture in the job's format; called on a worker thread, before its `settle`."""

    def reject(self, job: Job, body: bytes, reason: Reason) -> None:
        """See the bytes of a body that is no picture of that sky; called on a worker thread."""

    def settle(self, result: Settled) -> None:
        """Take note of a result; called on the engine's thread."""

    def beat(self, lanes: Sequence[LaneState]) -> None:
        """Called about ten times a second on the engine's thread, and once at the end."""
