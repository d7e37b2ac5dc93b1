"""What happened to a cutout, and what is thought of its picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
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
    [arcsec/pixel] and ``size_px`` are the picture's own, 0 where unknown; ``height_px`` is told of
    pictures that are no squares; ``took_ms`` is how long the last attempt took; ``stands`` is 1
    where an older picture of another request stays in place.
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
    height_px: int = 0


class VerdictKind(StrEnum):
    """What is thought of a kept picture."""

    EXACT_FILE = "exact file"  # the same bytes under another name
    SAME_PIXELS = "same pixels"  # other bytes that decode to the same picture
    COPY = "copy"  # one picture saved twice: recompressed, resized, turned or mirrored
    DRIFT = "drift"  # part of the same exposure, shifted: the noise is shared
    SAME_SKY = "same sky"  # another exposure of the same stars and galaxies
    SAME_OBJECT = "same object"  # the same objID, or its DR7 twin, or another run's detection
    BLEND = "blend"  # a parent and its child
    OVERLAP = "overlap"  # the two footprints share sky
    NEAR_FIELD = "same or next field"  # no positions: their ids say that they may share sky
    CONFLICT = "label conflict"  # the same object under two labels
    WRONG_IMAGE = "wrong image"  # pixels that disagree with the coordinates
    CLEAN = "clean"  # nothing in it that its label denies, to the limit
    CONTAMINATED = "contaminated"  # a negative with a galaxy
    BORDERLINE = "borderline"  # perhaps one, or near the limit
    OFF_CENTRE = "not centred"  # a positive whose galaxy lies elsewhere
    SECOND_GALAXY = "second galaxy"  # of comparable light
    CUT = "cut by the border"
    STAR_OVER = "star overlapping"
    UNREADABLE = "unreadable"  # no picture can be decoded


TWINS = (
    VerdictKind.EXACT_FILE, VerdictKind.SAME_PIXELS, VerdictKind.COPY, VerdictKind.SAME_OBJECT,
)  # fmt: skip
"""Pairs of which a training set needs one; pictures that only share sky stay, in one group."""


@dataclass(frozen=True)
class Verdict:
    """A verdict on a picture, or on a pair of them.

    Parameters
    ----------
    path : str
    kind : VerdictKind
    partner : str
        The other picture's path; of an audit the object (its objID, empty where unknown).
    amount : float
        Shared fraction of a pair.
    keep : bool
        Whether splits use the picture.
    evidence : str
        In words, for a person.
    tier : str
        Which evidence told: ``bytes``, ``pixels``, ``noise``, ``sources``, ``resized``, ``sky``,
        ``object``, ``field``; of an audit ``catalogue``, ``light`` or ``both``.
    dx, dy : float
        [pixel]; of a pair as in `galaxycurate.curation.pairs.Matches` (the partner is the first
        picture, the path the second), of an audit the object's place from the picture's middle, to
        the right and down.
    flip : int
    scale : float
    score, fdr : float
        How strong the evidence is, and the estimated share of false ones among those as strong.
    mag_r : float
        Of the object in an audit [mag], 0 where unknown.
    sha256 : str
        Of an audit: the picture that it looked at, as the ledger then knew it.
    """

    path: str
    kind: VerdictKind
    partner: str = ""
    amount: float = 1.0
    keep: bool = True
    evidence: str = ""
    tier: str = ""
    dx: float = 0.0
    dy: float = 0.0
    flip: int = 0
    scale: float = 1.0
    score: float = 0.0
    fdr: float = 0.0
    mag_r: float = 0.0
    sha256: str = ""


def pairs_by_kind(verdicts: Iterable[Verdict]) -> Counter[str]:
    """Pairs of pictures by what is thought of them, each once in a kind.

    Parameters
    ----------
    verdicts : iterable of Verdict

    Returns
    -------
    Counter
    """
    pairs = {(v.kind, *sorted((v.path, v.partner))) for v in verdicts if v.partner}
    return Counter(str(kind) for kind, *_ in sorted(pairs))
