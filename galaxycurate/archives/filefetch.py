"""A file from a web server, whole or not at all: continued, checked, renamed at the end."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from galaxycurate.archives.wire import PAUSES_S, Wire
from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import ServiceError, StorageError, Unreachable, first_line

if TYPE_CHECKING:
    import requests

_BLOCK = 1 << 20
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
    """
    to = Path(to)
    try:
        checksum = checksum or _recorded(to)
        kinds = {"sha256", checksum.partition(":")[0] or "sha256"}
        if to.exists():
            return _checked(to, to, n_bytes, checksum, _Sums(kinds, to), "there")
        to.parent.mkdir(parents=True, exist_ok=True)
        part = _Part(to, kinds)
        began = part.path.stat().st_size if part.path.exists() else 0
        _load(url, part, n_bytes, progress, sleep)
        how = "continued" if began else "fetched"
        fetched = _checked(part.path, to, n_bytes, checksum, part.sums, how)
        os.replace(part.path, to)
        part.forget()
    except OSError as error:
        raise StorageError(
            f"cannot write {to}: {error.strerror or error}",
            hint="what has come is kept: free some space, and run the command again",
        ) from error
    return fetched


class _Sums:
    """Checksums of a file that grows."""

    def __init__(self, kinds: set[str], path: Path):
        self._sums = {kind: hashlib.new(kind, usedforsecurity=False) for kind in kinds}
        if path.exists():
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    self.add(block)

    def add(self, block: bytes) -> None:
        for one in self._sums.values():
            one.update(block)

    def of(self, kind: str) -> str:
        return self._sums[kind].hexdigest()


class _Part:
    """What has come of a file, and of which version of it the server said that it is."""

    def __init__(self, to: Path, kinds: set[str]):
        self.path = _beside(to, "part")
        self._version = _beside(to, "part.version")
        self._kinds = kinds
        self.sums = _Sums(kinds, self.path)

    def request(self) -> dict[str, str]:
        """Headers that ask for the rest; the whole where it is not sure to be of one file."""
        headers = {"Accept-Encoding": "identity"}
        if self.path.exists() and self._version.exists() and self.path.stat().st_size:
            headers["Range"] = f"bytes={self.path.stat().st_size}-"
            headers["If-Range"] = self._version.read_text()
        return headers

    def begin(self, reply: requests.Response) -> None:
        """A whole file comes: nothing of another is left."""
        self.drop()
        self.path.touch()
        etag = reply.headers.get("ETag", "")
        version = etag if not etag.startswith("W/") else reply.headers.get("Last-Modified", "")
        if version:
            self._version.write_text(version)

    def drop(self) -> None:
        """Begin again."""
        self.path.unlink(missing_ok=True)
        self._version.unlink(missing_ok=True)
        self.sums = _Sums(self._kinds, self.path)

    def forget(self) -> None:
        """It is the whole file, or none: its version is of no more use."""
        self._version.unlink(missing_ok=True)


def _load(
    url: str, part: _Part, n_bytes: int, progress: Progress, sleep: Callable[[float], None]
) -> None:
    host = urlsplit(url).hostname or url
    wire = Wire(host, sleep=sleep, fault=_fault, is_secret=False)
    tries = 0

    def size() -> int:
        return part.path.stat().st_size if part.path.exists() else 0

    while True:
        before = size()
        try:
            return wire.send(
                "GET", url, lambda reply: _take(reply, part, n_bytes, progress), once=True,
                headers=part.request(), stream=True,
            )  # fmt: skip
        except Unreachable as error:
            tries = 0 if size() > before else tries
            if tries == len(PAUSES_S):
                raise Unreachable(
                    str(error), hint="run the command again: it goes on from what has come"
                ) from error
            progress(size(), n_bytes, f"no answer: asking again in {PAUSES_S[tries]:.0f} s")
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


def _take(reply: requests.Response, part: _Part, n_bytes: int, progress: Progress) -> None:
    """Write what comes; a ValueError says that it was not all."""
    if reply.status_code == 416:  # nothing comes after what is here
        whole = reply.headers.get("Content-Range", "").rpartition("/")[2]
        if whole == str(part.path.stat().st_size):
            return
        part.drop()
        raise ValueError("the part that was here is none of this file")
    first = reply.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    if reply.status_code == 206 and first != str(part.path.stat().st_size):
        part.drop()
        raise ValueError("another part was sent than was asked for")
    blocks = _blocks(reply)
    block = next(blocks, b"")
    if block.lstrip()[:14].lower().startswith(_PAGE):
        raise ValueError(f"a web page came, not the file: {first_line(_words(block))}")
    if reply.status_code == 200:
        part.begin(reply)
    came = part.path.stat().st_size
    total = came + int(reply.headers.get("Content-Length", 0)) or n_bytes
    with part.path.open("ab") as file:
        while block:
            file.write(block)
            part.sums.add(block)
            came += len(block)
            progress(came, total, "bytes")
            block = next(blocks, b"")
    if part.path.stat().st_size != (total or came):
        raise ValueError(f"the connection ended after {came:,} of {total:,} bytes")


def _blocks(reply: requests.Response):
    """The bytes as they are on the server: a .gz stays packed."""
    from urllib3.exceptions import HTTPError

    try:
        yield from reply.raw.stream(_BLOCK, decode_content=False)
    except HTTPError as error:
        raise ValueError(f"the connection broke: {first_line(error)}") from error


def _words(page: bytes) -> str:
    import re

    text = re.sub(r"<(style|script)\b.*?</\1>|<[^>]+>", " ", page.decode("utf-8", "replace"),
                  flags=re.S | re.I)  # fmt: skip
    return " ".join(text.split())


def _recorded(to: Path) -> str:
    """The checksum of an earlier day, where none is published."""
    path = _beside(to, "sha256")
    return f"sha256:{path.read_text().split()[0]}" if path.exists() else ""


def _checked(path: Path, to: Path, n_bytes: int, checksum: str, sums: _Sums, how: str) -> Fetched:
    """Compare with what is published, or with what came on an earlier day."""
    kind, _, expected = checksum.partition(":")
    size = path.stat().st_size
    is_other = bool(expected) and sums.of(kind) != expected.lower()
    if is_other or (n_bytes and size != n_bytes):
        bad = _beside(to, "bad")
        os.replace(path, bad)
        _beside(to, "part.version").unlink(missing_ok=True)
        said = f"its {kind} is {sums.of(kind)}, not {expected}" if is_other else f"{size:,} bytes"
        said += f", not {n_bytes:,} bytes" if n_bytes and size != n_bytes else ""
        earlier = _beside(to, "sha256")
        raise ServiceError(
            f"{to.name} is not the {'earlier' if earlier.exists() else 'published'} file: {said}; "
            f"it was set aside as {bad}",
            hint=f"if a new one was published, remove {earlier}, and run the command again"
            if earlier.exists()
            else "run the command again to fetch it anew",
        )
    if not expected:
        _beside(to, "sha256").write_text(f"{sums.of('sha256')}  {to.name}\n")
    return Fetched(to, size, sums.of("sha256"), bool(expected), how)


def _beside(to: Path, ending: str) -> Path:
    return to.with_name(f"{to.name}.{ending}")
