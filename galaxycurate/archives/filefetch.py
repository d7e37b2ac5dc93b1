"""A file from a web server, whole or not at all: continued, checked, renamed at the end."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from galaxycurate.archives.filepart import BLOCK, Part, Sums, alone, beside
from galaxycurate.archives.wire import PAUSES_S, Wire
from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import ServiceError, StorageError, Unreachable, first_line

if TYPE_CHECKING:
    import requests

_PAGE = (b"<!doctype html", b"<html")
_GONE = {401, 403, 404, 410}


@dataclass(frozen=True)
class Fetched:
    """A file that is here.

    ``how`` is ``fetched``, ``continued`` or ``there`` (before); ``verified`` tells whether its
    checksum is the published one, or the one of an earlier day where none is published.
    """

    path: Path
    n_bytes: int
    sha256: str
    verified: bool
    how: str


def fetch(
    url: str,
    to: Path,
    *,
    n_bytes: int = 0,
    checksum: str = "",
    progress: Progress = silent,
    sleep: Callable[[float], None] = time.sleep,
) -> Fetched:
    """Fetch a file, or what is missing of it.

    What has come lies in ``<name>.part`` until all has; a later call goes on from there where the
    server allows, and where it still has the same file. A file that is there is checked and kept.
    Without a published checksum the sha256 is written to ``<name>.sha256``.

    Parameters
    ----------
    url : str
    to : Path
        The file.
    n_bytes : int
        Its published size; 0 where unknown.
    checksum : str
        ``sha256:...`` or ``md5:...``; empty where unknown.
    progress : callable
        Told how many bytes have come.
    sleep : callable
        Waits before another try; tests switch it off.

    Returns
    -------
    Fetched

    Raises
    ------
    Unreachable
        No answer, or never the whole file; what has come is kept.
    ServiceError
        There is no such file, or not the published one: that is set aside as ``<name>.bad``.
    StorageError
        The disk did not take it.
    InputError
        Another process is fetching it.
    """
    to = Path(to)
    try:
        checksum = checksum or _recorded(to)
        kinds = {"sha256", checksum.partition(":")[0] or "sha256"}
        if not to.exists():
            to.parent.mkdir(parents=True, exist_ok=True)
            with alone(to):
                if not to.exists():
                    part = Part(to, kinds)
                    how = "continued" if part.size else "fetched"
                    _load(url, part, n_bytes, progress, sleep)
                    fetched = _checked(part.path, to, n_bytes, checksum, part.sums, how)
                    os.replace(part.path, to)
                    part.forget()
                    return fetched
        return _checked(to, to, n_bytes, checksum, Sums(kinds, to), "there")
    except OSError as error:
        raise StorageError(
            f"cannot write {to}: {error.strerror or error}",
            hint="what has come is kept: free some space, and run the command again",
        ) from error


def _load(
    url: str, part: Part, n_bytes: int, progress: Progress, sleep: Callable[[float], None]
) -> None:
    host = urlsplit(url).hostname or url
    wire = Wire(host, sleep=sleep, fault=_fault, is_secret=False)
    tries = 0

    while True:
        before = part.size
        try:
            return wire.send(
                "GET", url, lambda reply: _take(reply, part, n_bytes, progress), once=True,
                headers=part.request(), stream=True,
            )  # fmt: skip
        except Unreachable as error:
            tries = 0 if part.size > before else tries
            if tries == len(PAUSES_S):
                raise Unreachable(
                    str(error), hint="run the command again: it goes on from what has come"
                ) from error
            progress(part.size, n_bytes, f"no answer: asking again in {PAUSES_S[tries]:.0f} s")
            sleep(PAUSES_S[tries])
            tries += 1


def _fault(reply: requests.Response) -> str | None:
    if reply.status_code in _GONE:
        raise ServiceError(
            f"{urlsplit(reply.url).hostname} does not give {reply.url}: "
            f"{reply.status_code} {reply.reason}",
            hint="the file may have moved: galaxycurate catalogs add PATH takes one from elsewhere",
        )
    if reply.status_code in (200, 206, 416):
        return None
    return f"{reply.status_code} {reply.reason}"


def _take(reply: requests.Response, part: Part, n_bytes: int, progress: Progress) -> None:
    """Write what comes; a ValueError says that it was not all."""
    is_part = reply.status_code != 200
    total = part.rest(reply) if is_part else int(reply.headers.get("Content-Length", 0))
    if reply.status_code == 416:  # nothing comes after what is here
        return
    is_packed = "gzip" in reply.headers.get("Content-Encoding", "") and part.is_plain
    total = (0 if is_packed else total) or n_bytes
    blocks = _blocks(reply, unpack=is_packed)
    block = next(blocks, b"")
    if block.lstrip()[:14].lower().startswith(_PAGE):
        raise ValueError(f"a web page came, not the file: {first_line(_words(block))}")
    if not is_part:
        part.begin(reply, is_packed=is_packed)
    came = part.size
    with part.path.open("ab") as file:
        while block:
            file.write(block)
            part.sums.add(block)
            came += len(block)
            progress(came, total, "bytes")
            block = next(blocks, b"")
    if part.size > (total or came):
        part.drop()
        raise ValueError(f"{came:,} bytes came, not {total:,}")
    if part.size != (total or came):
        raise ValueError(f"the connection ended after {came:,} of {total:,} bytes")


def _blocks(reply: requests.Response, *, unpack: bool):
    """The bytes as they are on the server: a .gz stays packed, what was packed to be sent not."""
    from urllib3.exceptions import HTTPError

    try:
        yield from reply.raw.stream(BLOCK, decode_content=unpack)
    except HTTPError as error:
        raise ValueError(f"the connection broke: {first_line(error)}") from error


def _words(page: bytes) -> str:
    text = re.sub(r"<(style|script)\b.*?</\1>|<[^>]+>", " ", page.decode("utf-8", "replace"),
                  flags=re.S | re.I)  # fmt: skip
    return " ".join(text.split())


def _recorded(to: Path) -> str:
    """The checksum of an earlier day, where none is published."""
    path = beside(to, "sha256")
    words = path.read_text().split() if path.exists() else []
    return f"sha256:{words[0]}" if words else ""


def _checked(path: Path, to: Path, n_bytes: int, checksum: str, sums: Sums, how: str) -> Fetched:
    """Compare with what is published, or with what came on an earlier day."""
    kind, _, expected = checksum.partition(":")
    size = path.stat().st_size
    is_other = bool(expected) and sums.of(kind) != expected.lower()
    if is_other or (n_bytes and size != n_bytes):
        bad = beside(to, "bad")
        os.replace(path, bad)
        beside(to, "part.version").unlink(missing_ok=True)
        said = f"its {kind} is {sums.of(kind)}, not {expected}" if is_other else f"{size:,} bytes"
        said += f", not {n_bytes:,} bytes" if n_bytes and size != n_bytes else ""
        earlier = beside(to, "sha256")
        raise ServiceError(
            f"{to.name} is not the {'earlier' if earlier.exists() else 'published'} file: {said}; "
            f"it was set aside as {bad}",
            hint=f"if a new one was published, remove {earlier}, and run the command again"
            if earlier.exists()
            else "run the command again to fetch it anew",
        )
    if not expected:
        part = beside(to, "sha256.part")
        part.write_text(f"{sums.of('sha256')}  {to.name}\n")
        os.replace(part, beside(to, "sha256"))
    return Fetched(to, size, sums.of("sha256"), bool(expected), how)
