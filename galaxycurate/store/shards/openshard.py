"""A shard that is being filled: appended to by one process, which holds its lock."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from galaxycurate.store.shards.index import PLACE, hashed
from galaxycurate.store.shards.locks import lock_now
from galaxycurate.store.shards.samples import END, Member, scan


class OpenShard:
    """A tar file without its end, locked until this process ends or lets it go.

    Attributes
    ----------
    path : Path
    number : int
        What the tree knows it by.
    members : list of Member
        The images in it, at most about a thousand.
    length : int
        Bytes of whole samples.
    """

    def __init__(self, path: Path, file: int, members: list[Member]):
        self.path, self.number, self.members = path, -1, members
        self.length = members[-1].end if members else 0
        self._file = file
        os.ftruncate(file, self.length)

    @classmethod
    def take(cls, path: Path, *, create: bool = False) -> OpenShard | None:
        """Lock an open shard and cut it after its last whole sample.

        Returns
        -------
        OpenShard or None
            None where another process holds it, or it got its number meanwhile.
        """
        try:
            file = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o666)
        except FileNotFoundError:
            return None
        try:
            lock_now(file)
            if os.path.samestat(os.fstat(file), os.stat(path)):
                with os.fdopen(os.dup(file), "rb") as reading:
                    return cls(path, file, [*scan(reading)])
        except (BlockingIOError, FileNotFoundError):
            pass
        os.close(file)
        return None

    @property
    def n_images(self) -> int:
        """How many images it holds."""
        return len(self.members)

    def append(self, relative: str, members: bytes, begin: int, n_bytes: int) -> int:
        """Append the members of an image; a disk that is full keeps no part of them.

        Returns
        -------
        int
            Where the image's bytes begin.
        """
        self._write(members)
        offset, end = self.length + begin, self.length + len(members)
        self.members.append(Member(relative, offset, n_bytes, self.length, end))
        self.length = end
        return offset

    def close(self) -> int:
        """Write the end of the tar file and force it to the disk; the lock is kept.

        Where the disk is full, the shard stays as it was.

        Returns
        -------
        int
            Its length [bytes].
        """
        written = os.fstat(self._file)
        self._write(END)
        os.fsync(self._file)
        os.utime(self.path, ns=(written.st_atime_ns, written.st_mtime_ns))  # that of its pictures
        return self.length + len(END)

    def _write(self, body: bytes) -> None:
        """All of it after the last whole sample, or nothing."""
        os.lseek(self._file, self.length, os.SEEK_SET)  # an end may stand there
        try:
            left = memoryview(body)
            while left:
                left = left[os.write(self._file, left) :]
        except OSError:
            os.ftruncate(self._file, self.length)
            raise

    def release(self) -> None:
        """Let the file and its lock go."""
        os.close(self._file)

    def discard(self) -> None:
        """Remove it; nothing is in it."""
        self.path.unlink()
        self.release()

    @staticmethod
    def places_of(members: Iterable[Member]) -> np.ndarray:
        """Where the images lie, for an index; of a path that comes twice the last counts."""
        last = {m.relative: m for m in members}
        rows = [(*hashed(m.relative), m.n_bytes, m.offset) for m in last.values()]
        return np.array(rows, PLACE)


def write_anew(path: Path, living: set[int]) -> np.ndarray | None:
    """Rewrite a shard with the images alone that live.

    Parameters
    ----------
    path : Path
        Its tar file, replaced by rename.
    living : set of int
        Where their bytes begin in it.

    Returns
    -------
    ndarray of PLACE or None
        Where they lie now; None where nothing lives, and the file is removed.
    """
    if not living:
        path.unlink()
        return None
    part = path.with_name(f".{path.name}.part")
    try:
        with path.open("rb") as old, part.open("wb") as new:
            members = _copy(old, new, living)
        shutil.copystat(path, part)
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return OpenShard.places_of(members)


def _copy(old: BinaryIO, new: BinaryIO, living: set[int]) -> list[Member]:
    """The samples that live, one after the other, forced to the disk."""
    members, end = [], 0
    for member in [m for m in scan(old) if m.offset in living]:
        old.seek(member.begin)
        new.write(old.read(member.end - member.begin))
        moved = end - member.begin
        end += member.end - member.begin
        members.append(member._replace(offset=member.offset + moved, begin=0, end=end))
    new.write(END)
    new.flush()
    os.fsync(new.fileno())
    return members
