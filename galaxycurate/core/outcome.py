"""What happened to a cutout, and what is thought of its picture."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How an attempt to get a cutout ended."""

    OK = "ok"
    REJECTED = "rejected"  # an answer came, and it is no picture of that sky: final
    FAILED = "failed"  # no usable answer came: `--retry-failed` may heal it


class Reason(StrEnum):
    """Why a picture was not kept."""

    OUTSIDE = "outside the footprint"
    NO_POSITION = "no position"
    NO_RADIUS = "no Petrosian radius"
    NO_SCALE = "no such pixel scale"
    NO_FIELD = "field unknown"
    NOT_IMAGE = "not an image"
    TRUNCATED = "truncated"
    WRONG_SIZE = "wrong size"
    BLANK = "blank"
    ERROR_TILE = "error tile"
    PARTIAL = "partly covered"
    REFUSED = "the server refused the request"
    BUSY = "the server is busy"
    UNREACHABLE = "no answer"
    NO_FILE = "no such file"
    UNREADABLE = "the file cannot be read"
    CHANGED = "changed on disk"
    REPLACED = "replaced by another format"


@dataclass(frozen=True)
class Outcome:
    """One settled cutout: a line of the ledger.

    ``path`` is relative to the dataset (``images/<label>/<name>.jpg``); ``request`` is everything
    that decides the pixels, so that another size or release is another request. ``pixscale``
    [arcsec/pixel] and ``size_px`` are the picture's own, 0 where unknown; ``took_ms`` is how long
    the last attempt took; ``stands`` is 1 where an older picture of another request stays in place.
    """

    path: str
    name: str
    label: str
    request: str
    status: Status
    reason: str = ""
    detail: str = ""
    sha256: str = ""
    n_bytes: int = 0
    url: str = ""
    provider: str = ""
    http: int = 0
    etag: str = ""
    attempts: int = 1
    manifest: str = ""
    pixscale: float = 0.0
    size_px: int = 0
    took_ms: int = 0
    stands: int = 0


class VerdictKind(StrEnum):
    """What is thought of a kept picture."""

    EXACT_FILE = "exact file"  # the same bytes under another name
    SAME_OBJECT = "same object"  # the same objID, or its DR7 twin
    OVERLAP = "overlap"  # the two footprints share sky
    NEAR_FIELD = "same or next field"  # no positions: their ids say that they may share sky
    CONFLICT = "label conflict"  # the same object under two labels


@dataclass(frozen=True)
class Verdict:
    """A verdict on a picture, or on a pair of them; ``amount`` is the shared fraction of a pair."""

    path: str
    kind: VerdictKind
    partner: str = ""
    amount: float = 1.0
    keep: bool = True
    evidence: str = ""
