"""What has come of a file, and who fetches it: `<name>.part`, its version, `<name>.lock`."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.errors import InputError

if TYPE_CHECKING:
    import requests

BLOCK = 1 << 20
_RANGE = re.compile(r"bytes (\d+-\d+|\*)/(\d*)")  # first-last/total


@contextmanager
def alone(to: Path) -> Iterator[None]:
    """Hold `<name>.lock`, which says who fetches; it is free as soon as that process is gone."""
    import fcntl

    path = beside(to, "lock")
    while True:
        with path.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise InputError(
                    f"process {lock.read().strip()} is fetching {to} at the moment",
                    hint="wait until it is done, then repeat",
                ) from None
            if not _is_at(path, lock.fileno()):
                continue  # the one that held it has just removed it
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def _is_at(path: Path, descriptor: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False


class Sums:
    """Checksums of a file that grows."""

    def __init__(self, kinds: set[str], path: Path):
        self._sums = {kind: hashlib.new(kind, usedforsecurity=False) for kind in kinds}
        if path.exists():
            with path.open("rb") as file:
                while block := file.read(BLOCK):
                    self.add(block)

    def add(self, block: bytes) -> None:
        """It has grown by a block."""
        for one in self._sums.values():
            one.update(block)

    def of(self, kind: str) -> str:
        """Its checksum so far, as hexadecimal digits."""
        return self._sums[kind].hexdigest()


class Part:
    """What has come of a file, and of which version of it the server said that it is."""

    def __init__(self, to: Path, kinds: set[str]):
        self.path = beside(to, "part")
        self._version = beside(to, "part.version")
        self._kinds = kinds
        self.is_plain = to.suffix != ".gz"
        self.sums = Sums(kinds, self.path)

    @property
    def size(self) -> int:
        """So many bytes have come."""
        return self.path.stat().st_size if self.path.exists() else 0

    def request(self) -> dict[str, str]:
        """Headers that ask for the rest; the whole where it is not sure to be of one file."""
        headers = {"Accept-Encoding": "identity"}
        if self.size and self._version.exists():
            headers["Range"] = f"bytes={self.size}-"
            headers["If-Range"] = self._version.read_text()
        return headers

    def begin(self, reply: requests.Response, *, is_packed: bool) -> None:
        """A whole file comes: nothing of another is left."""
        self.drop()
        self.path.touch()
        version = _version_of(reply)
        if version and not is_packed:  # the server counts the bytes that it sends
            self._version.write_text(version)

    def rest(self, reply: requests.Response) -> int:
        """The size of the whole, as a reply to `request` says; 0 where it does not.

        Raises
        ------
        ValueError
            It is not the rest of what is here: nothing of that is left.
        """
        said = reply.headers.get("Content-Range", "")
        span, total = (m[1], int(m[2] or 0)) if (m := _RANGE.match(said)) else ("", 0)
        known = self._version.read_text() if self._version.exists() else ""
        is_same = bool(known) and _version_of(reply) in ("", known)
        first, last = (int(n) for n in span.split("-")) if "-" in span else (total, total - 1)
        n_bytes = int(reply.headers.get("Content-Length", last + 1 - first))
        is_rest = first == self.size and (reply.status_code == 416 or n_bytes == last + 1 - first)
        if is_same and is_rest and not reply.headers.get("Content-Encoding"):
            return total
        self.drop()
        raise ValueError("what was sent is not the rest of the part that was here")

    def drop(self) -> None:
        """Begin again."""
        self.path.unlink(missing_ok=True)
        self._version.unlink(missing_ok=True)
        self.sums = Sums(self._kinds, self.path)

    def forget(self) -> None:
        """It is the whole file, or none: its version is of no more use."""
        self._version.unlink(missing_ok=True)


def _version_of(reply: requests.Response) -> str:
    etag = reply.headers.get("ETag", "")
    return etag if not etag.startswith("W/") else reply.headers.get("Last-Modified", "")


def beside(to: Path, ending: str) -> Path:
    """What is noted of a file, under its name with another ending."""
    return to.with_name(f"{to.name}.{ending}")
