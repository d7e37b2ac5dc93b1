"""The folder of a dataset's shards: which there are, and where in them each image lies."""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from galaxycurate.errors import StorageError
from galaxycurate.store.shards.index import Found, Index, bury, load_places, save_places
from galaxycurate.store.shards.locks import lock
from galaxycurate.store.shards.openshard import OpenShard, write_anew
from galaxycurate.store.shards.samples import scan

TRIES = 20
"""While other processes name shards, one that was listed may be gone a moment later."""


class ShardFolder:
    """All shards of a dataset, as one process knows them; not for two threads at once.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._index: Index | None = None
        self._paths: dict[int, Path] = {}
        self._inodes: dict[int, int] = {}
        self._classes: dict[str, int] = {}

    # ---- where images lie

    @property
    def known(self) -> Index:
        """Where each image lies."""
        if self._index is None:
            self.load()
        assert self._index is not None
        return self._index

    def load(self) -> np.ndarray:
        """Learn of all shards anew; of an image that lies twice, the newer counts.

        Returns
        -------
        ndarray
            ``shard`` and ``offset`` of those that do not count.

        Raises
        ------
        StorageError
            A shard is listed and cannot be read, such as a link to nowhere.
        """
        for _ in range(TRIES):
            try:
                return self._load()
            except FileNotFoundError as error:  # one got its number meanwhile
                last = error
            except OSError as error:
                raise _unreadable(error) from error
        raise _unreadable(last) from last

    def _load(self) -> np.ndarray:
        paths = [*self.folder.glob(".open/*.tar"), *self.folder.glob("[0-9]*.tar")]
        state = {path: path.stat() for path in paths}
        numbers = self._numbers(paths)
        newest = sorted(paths, key=lambda path: state[path].st_mtime_ns, reverse=True)
        index = Index()
        again = index.load({numbers[path]: self._places(path)[0] for path in newest})
        self._paths = {numbers[path]: path for path in newest}
        self._inodes = {numbers[path]: state[path].st_ino for path in newest}
        self._index = index
        return again

    def _numbers(self, paths: list[Path]) -> dict[Path, int]:
        """What shards are known by: as before, or a new number."""
        known = {path: number for number, path in self._paths.items()}
        free = itertools.count(max(self._paths, default=-1) + 1)
        return {path: known[path] if path in known else next(free) for path in paths}

    def read(self, relative: str) -> bytes | None:
        """The bytes of an image; None where no shard has it."""
        while (found := self.known.find(relative)) is not None:
            number, offset, n_bytes = found
            with suppress(FileNotFoundError), self._paths[number].open("rb", buffering=0) as file:
                if os.fstat(file.fileno()).st_ino == self._inodes[number]:
                    file.seek(offset)
                    return file.read(n_bytes)
            self.load()  # another process renamed or rewrote it
        return None

    def paths(self) -> Iterator[str]:
        """The paths of all images, read from the tar files."""
        self.load()
        for path in [*self._paths.values()]:
            living = set(self._places(path)[0]["offset"].tolist())
            with path.open("rb") as file:
                yield from (m.relative for m in scan(file) if m.offset in living)

    def _places(self, path: Path) -> tuple[np.ndarray, int]:
        """The living images of a shard, and how many are gone."""
        saved = None if _is_open(path) else load_places(self._index_of(path), path.stat().st_size)
        if saved is not None:
            return saved
        with path.open("rb") as file:
            places = OpenShard.places_of(scan(file))
        if not _is_open(path):
            with suppress(OSError):  # who may only read, or has no room, does without
                save_places(self._index_of(path), path.stat().st_size, places)
        return places, 0

    def _index_of(self, path: Path) -> Path:
        return self.folder / ".index" / path.stem

    # ---- open shards

    def new(self) -> OpenShard:
        """Begin a shard."""
        folder = self.folder / ".open"
        folder.mkdir(parents=True, exist_ok=True)
        while (shard := OpenShard.take(folder / f"{uuid.uuid4().hex}.tar", create=True)) is None:
            pass  # another process was quicker to lock it
        return self._numbered(shard)

    def orphan(self) -> OpenShard | None:
        """An open shard that no living process holds, if there is one."""
        for path in sorted(self.folder.glob(".open/*.tar")):
            if (shard := OpenShard.take(path)) is not None:
                return self._numbered(shard)
        return None

    def _numbered(self, shard: OpenShard) -> OpenShard:
        """Among the known ones; of one that another process filled, its images, too."""
        known = self.known
        shard.number = self._numbers([shard.path])[shard.path]
        self._paths[shard.number] = shard.path
        self._inodes[shard.number] = shard.path.stat().st_ino
        for member in shard.members:
            if known.find(member.relative) is None:
                known.put(member.relative, (shard.number, member.offset, member.n_bytes))
        return shard

    def publish(self, shard: OpenShard) -> None:
        """Close a shard; it gets the next number by rename. After an error it is open as before."""
        if not shard.n_images:
            shard.discard()
            del self._paths[shard.number]
            return
        length = shard.close()
        with self._alone():
            taken = [int(path.stem) for path in self.folder.glob("[0-9]*.tar")]
            final = self.folder / f"{max(taken, default=-1) + 1:06d}.tar"
            shard.path.rename(final)
        shard.release()
        self._paths[shard.number] = final
        with suppress(OSError):  # it is made again when it is missed
            save_places(self._index_of(final), length, OpenShard.places_of(shard.members))

    @contextmanager
    def _alone(self):
        """One process at a time names or rewrites shards."""
        with (self.folder / ".lock").open("w") as file:
            lock(file.fileno())
            yield

    # ---- what is gone

    def drop(self, relative: str, found: Found) -> None:
        """Forget an image; one in the open shard of a dead process, when that has its number."""
        number, offset, _ = found
        if _is_open(self._paths[number]) and (left := OpenShard.take(self._paths[number])):
            self.publish(self._numbered(left))
        self._bury(number, offset)
        self.known.put(relative, None)

    def tidy(self) -> None:
        """Write the shards anew in which images are gone, or lie although they lie in another."""
        for row in self.load():
            self._bury(int(row["shard"]), int(row["offset"]))
        for path in self._paths.values():
            places, n_gone = self._places(path)
            if not n_gone:
                continue
            with self._alone():
                kept = write_anew(path, set(places["offset"].tolist()))
            if kept is None:
                self._index_of(path).unlink()
            else:
                save_places(self._index_of(path), path.stat().st_size, kept)
        self._index = None

    def _bury(self, number: int, offset: int) -> None:
        path = self._paths[number]
        if not _is_open(path):  # what another process is filling is settled when it is done
            self._places(path)  # a lost index is made first
            bury(self._index_of(path), [offset])

    def class_number(self, label: str) -> int:
        """The number of a class: its line in `classes.txt`, in the order of appearance."""
        if label not in self._classes:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._alone(), (self.folder / "classes.txt").open("a+") as file:
                file.seek(0)
                names = file.read().splitlines()
                if label not in names:
                    file.write(f"{label}\n")
                    names.append(label)
            self._classes = {name: number for number, name in enumerate(names)}
        return self._classes[label]


def _unreadable(error: OSError) -> StorageError:
    return StorageError(
        f"cannot read the shard {error.filename}: {error.strerror}",
        hint="put the file there, or remove what stands for it; its images are then fetched again",
    )


def _is_open(path: Path) -> bool:
    return path.parent.name == ".open"
