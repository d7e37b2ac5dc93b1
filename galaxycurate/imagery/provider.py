"""SkyServer's ImgCutout: how a cutout is asked for, and what its replies mean.

Facts from the service's source (sciserver/SkyServerWS, `getJpegController.cs`, `ImgCutout.cs`):
outside the footprint is a 404 with a JPEG body, a failure inside is a 500 with a JPEG body, and a
position that does not parse is a 400.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

from galaxycurate.core.outcome import Reason, Status
from galaxycurate.core.releases import release_of
from galaxycurate.errors import SettingError


class Next(Enum):
    """What to do after a reply."""

    CHECK = "check the body"
    SETTLE = "settle it: asking again would change nothing"
    RETRY = "ask again: the reply is about this request"
    WAIT = "ask again later: the reply is about how often we ask"


@dataclass(frozen=True)
class Judgement:
    """What a reply means.

    ``status`` and ``reason`` are what the cutout ends as if it is not asked for again;
    ``wait_s`` is the pause that the server asked for [s], None where it named none.
    """

    next: Next
    status: Status = Status.FAILED
    reason: Reason | None = None
    detail: str = ""
    wait_s: float | None = None


@dataclass(frozen=True)
class SkyServer:
    """The cutout service of one data release.

    Parameters
    ----------
    server : str
        Such as ``https://skyserver.sdss.org``.
    release : str
        ``dr8`` to ``dr19``.
    """

    server: str
    release: str

    def __post_init__(self):
        """Refuse an address without its scheme, before a thousand requests fail on it."""
        if not self.server.lower().startswith(("http://", "https://")):
            raise SettingError(
                f"server = {self.server!r} is no address",
                hint=f"did you mean https://{self.server}?",
            )

    def url(self, row: Mapping) -> str:
        """The address of a cutout.

        Parameters
        ----------
        row : mapping
            ``ra``, ``dec`` [deg, ICRS], ``pixscale`` [arcsec/pixel], ``size_px`` [pixel].

        Returns
        -------
        str
            The same text for the same values, always.
        """
        ra, dec, scale, size = _words(row)
        release = release_of(self.release)
        return (
            f"{self.server.rstrip('/')}/{release.name}/{release.cutout}"
            f"?ra={ra}&dec={dec}&scale={scale}&width={size}&height={size}"
        )

    def request(self, row: Mapping) -> str:
        """Everything that decides the pixels, as one line: equal lines, equal pictures.

        The server is part of it: what a sandbox drew is never taken for SDSS's.
        """
        root = self.server.rstrip("/")
        return f"skyserver {self.release.lower()} {_picture(row)} @ {root}"

    def origin(self, server_header: str) -> str:
        """Who drew the pixels, for the ledger; the server's own name tells a simulated sky."""
        named = f" ({server_header})" if server_header else ""
        return f"skyserver {self.release.lower()} @ {self.server.rstrip('/')}{named}"

    def judge(self, status: int, phrase: str, headers: Mapping[str, str]) -> Judgement:
        """What a reply means, before its body is looked at.

        Parameters
        ----------
        status : int
            HTTP status.
        phrase : str
            The reason phrase, which SkyServer uses to explain.
        headers : mapping
            With ``Content-Type`` and ``Retry-After`` where sent.

        Returns
        -------
        Judgement
        """
        said = f"http {status} {phrase}".strip()
        is_image = headers.get("Content-Type", "").lower().startswith("image/")
        if status == 200 and is_image:
            return Judgement(Next.CHECK)
        if status == 404 and is_image:
            return Judgement(Next.SETTLE, Status.REJECTED, Reason.OUTSIDE, said)
        if status in (429, 503):
            wait_s = retry_after_s(headers.get("Retry-After", ""), datetime.now(UTC))
            return Judgement(Next.WAIT, reason=Reason.BUSY, detail=said, wait_s=wait_s)
        if status >= 500 or status in (408, 425):
            return Judgement(Next.RETRY, reason=Reason.BUSY, detail=said)
        if status == 200:
            kind = headers.get("Content-Type", "no content type")
            return Judgement(Next.RETRY, reason=Reason.NOT_IMAGE, detail=f"{said}: {kind}")
        if status == 400:
            return Judgement(Next.SETTLE, Status.REJECTED, Reason.REFUSED, said)
        return Judgement(Next.SETTLE, Status.FAILED, Reason.REFUSED, said)


def has_position(row: Mapping) -> bool:
    """Whether a row says where to look."""
    return all(row[name] is not None and math.isfinite(row[name]) for name in ("ra", "dec"))


def same_picture(request: str, row: Mapping) -> bool:
    """Whether a request was for this row's position, scale and size, of any server and release.

    Parameters
    ----------
    request : str
        As `SkyServer.request` wrote it; ``import ...`` is a file of the user and always fits.
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
    return request.partition(" @ ")[0].endswith(f" {_picture(row)}")


def retry_after_s(text: str, now: datetime) -> float | None:
    """The pause of a Retry-After header (RFC 9110, 10.2.3: seconds or a date).

    Parameters
    ----------
    text : str
        The header's value, or empty.
    now : datetime
        With a time zone.

    Returns
    -------
    float or None
        Seconds, at least 0; None where the header is absent or says nothing.
    """
    text = text.strip()
    if text.isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())


def _picture(row: Mapping) -> str:
    """What is asked of whichever server."""
    ra, dec, scale, size = _words(row)
    return f"ra={ra} dec={dec} scale={scale} size={size}"


def _words(row: Mapping) -> tuple[str, str, str, str]:
    """Eight decimals of a degree are 0.04 mas: finer than any position in the survey."""
    return (
        f"{row['ra']:.8f}",
        f"{row['dec']:.8f}",
        f"{row['pixscale']:.9g}",
        f"{int(row['size_px'])}",
    )
