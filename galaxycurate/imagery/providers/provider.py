"""Who draws cutouts: what is asked of it over HTTP, and what its replies mean."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Protocol

from galaxycurate.core.outcome import Reason, Status
from galaxycurate.errors import SettingError
from galaxycurate.imagery.check import Checked
from galaxycurate.imagery.engine.wire import Reply
from galaxycurate.imagery.job import Job

REFUSALS = (429, 503)
"""Replies about how often we ask, and not about what."""


class Next(Enum):
    """What to do after a reply."""

    CHECK = "look at the pixels"
    SETTLE = "settle it: asking again would change nothing"
    RETRY = "ask again: the reply is about this request"
    WAIT = "ask again later: the reply is about how often we ask"


@dataclass(frozen=True)
class Judgement:
    """What a reply means.

    ``status`` and ``reason`` are what the cutout ends as if it is not asked for again.
    """

    next: Next
    status: Status = Status.FAILED
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came for a cutout, before its pixels are looked at.

    ``raw`` is what `Provider.finish` makes the picture of: the body of a reply, or a frame.
    """

    judgement: Judgement
    url: str
    reply: Reply
    raw: object = field(default=b"", repr=False)


class Ask(Protocol):
    """A polite GET: it waits for its turn, and again when the server refuses (429, 503).

    Such a reply comes back only when there were too many. Raises `Silence` when no answer comes.
    """

    def __call__(self, url: str, headers: Mapping[str, str] | None = None, /) -> Awaitable[Reply]:
        """Ask; ``headers`` beside the usual ones, such as Range."""


class Provider(ABC):
    """Somebody who draws cutouts.

    Parameters
    ----------
    server : str
        The root of its addresses, such as ``https://skyserver.sdss.org``.

    Attributes
    ----------
    name : str
        As on the command line.
    formats : frozenset of str
        The forms that cutouts can be had in.
    courteous : float
        Requests a second at most, unless the user says otherwise; 0 for as many as it takes.
    by_field : bool
        Whether it is kinder when cutouts of one field are asked for together.
    most_bytes : int
        What no body of it comes near; more is not read.
    """

    name: str
    formats: frozenset[str]
    courteous: float
    by_field: bool = False
    most_bytes: int = 64_000_000

    def __init__(self, server: str):
        if not server.lower().startswith(("http://", "https://")):
            rest = server.partition("://")[2]
            hint = "an address begins with http:// or https://"
            raise SettingError(
                f"server = {server!r} is no address",
                hint=hint if rest else f"did you mean https://{server}?",
            )
        self.server = server.rstrip("/")

    @property
    @abstractmethod
    def called(self) -> str:
        """Its name and what of it is asked, such as ``skyserver dr17``."""

    def request(self, job: Job) -> str:
        """What is asked for, and of whom, as one line; lines of one cutout are equal in every run.

        The server is part of it: what a sandbox drew is never taken for SDSS's. Where several
        fields hold a position, `url` tells from which one the picture was drawn.
        """
        return f"{self.called} {picture_words(job)} @ {self.server}"

    def origin(self, server_header: str = "") -> str:
        """Who drew the pixels, for the ledger; the server's own name tells a simulated sky."""
        named = f" ({server_header})" if server_header else ""
        return f"{self.called} @ {self.server}{named}"

    @abstractmethod
    def url(self, job: Job) -> str:
        """The address of a cutout, or of a file it is made of; always the same text.

        Empty where the job does not tell enough, so that nothing can be asked for.
        """

    @abstractmethod
    async def bring(self, job: Job, ask: Ask) -> Answer:
        """Ask for a cutout; called on the event loop.

        Raises
        ------
        Silence
            No answer came.
        """

    @abstractmethod
    def finish(self, job: Job, answer: Answer) -> tuple[bytes, Checked]:
        """Make the picture of what came, in the job's format; called on a worker thread.

        Returns
        -------
        bytes
            The file; where there is a flaw, what came.
        Checked
            Of these bytes; with a flaw where it is no picture of that sky.
        """

    async def close(self) -> None:  # noqa: B027  (most keep nothing)
        """Let go what was kept between cutouts."""


def retry_after_s(text: str, now: datetime | None = None) -> float | None:
    """The pause of a Retry-After header (RFC 9110, 10.2.3: seconds or a date).

    Parameters
    ----------
    text : str
        The header's value, or empty.
    now : datetime, optional
        With a time zone; this moment.

    Returns
    -------
    float or None
        Seconds, at least 0; None where the header is absent or says nothing.
    """
    text = text.strip()
    if text.isdecimal():
        seconds = float(text)
        return seconds if math.isfinite(seconds) else None
    try:
        until = parsedate_to_datetime(text)
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())
    except (ValueError, OverflowError, TypeError, IndexError):  # years and offsets of any length
        return None


def has_position(row: Mapping) -> bool:
    """Whether a row says where to look."""
    return all(row[name] is not None and math.isfinite(row[name]) for name in ("ra", "dec"))


def picture_words(job: Job) -> str:
    """What is asked of whichever provider: position, scale, size, and what is not usual."""
    words = f"{_place(job.ra, job.dec)} {_frame(job.pixscale, job.size_px)}"
    form = "" if job.format == "jpg" else f" as={job.format}"
    return f"{words}{form}{' ' if job.remark else ''}{job.remark}"


def same_picture(request: str, row: Mapping) -> bool:
    """Whether a request was for this row's position, scale and size, whoever was asked.

    Parameters
    ----------
    request : str
        As `Provider.request` wrote it; ``import ...`` is a file of the user and always fits. One
        with a remark has a scale and size of its own.
    row : mapping
        ``ra``, ``dec`` [deg, ICRS], ``pixscale`` [arcsec/pixel], ``size_px`` [pixel]; a row that
        lacks one of them asks for no picture.

    Returns
    -------
    bool
    """
    if request.startswith("import "):
        return True
    values = [row.get(name) for name in ("ra", "dec", "pixscale", "size_px")]
    if any(value is None or not math.isfinite(value) for value in values):
        return False
    words = request.partition(" @ ")[0]
    if f" {_place(row['ra'], row['dec'])} " not in words:
        return False
    own = any(word.startswith(("petro=", "own=")) for word in words.split())
    return own or f" {_frame(row['pixscale'], row['size_px'])} " in f"{words} "


def _place(ra: float, dec: float) -> str:
    """Eight decimals of a degree are 0.04 mas: finer than any position in the survey."""
    return f"ra={ra:.8f} dec={dec:.8f}"


def _frame(pixscale: float, size_px: int) -> str:
    return f"scale={pixscale:.9g} size={int(size_px)}"
