"""The second layout: images in WebDataset shards, `shards/<nnnnnn>.tar`, for datasets of millions.

A shard is filled under a hidden name, `shards/.open/*.tar`, by the one process that holds its lock,
and gets its number by rename when it is full or the run ends: what bears a number is whole, and on
the disk. A killed process leaves an open shard; whoever writes next cuts it after its last whole
sample and goes on with it, so that nothing the ledger knows of is lost, and what it does not know
of is found there when it is fetched again, not written twice.

Images that were replaced or set aside are noted as gone in the shard's index (`shards/.index/`)
at once, and `finish` writes their shards anew without them. A lost index is made again of the tar.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from galaxycurate.store.files import unwritable
from galaxycurate.store.images import ImageTree
from galaxycurate.store.shards.folder import ShardFolder
from galaxycurate.store.shards.index import Found
from galaxycurate.store.shards.openshard import OpenShard
from galaxycurate.store.shards.samples import sample

FOLDER = "shards"
MAX_IMAGES, MAX_BYTES = 1000, 100 << 20
"""A shard is closed when it holds so many images, or bytes."""


class ShardTree:
    """The folder of a dataset whose new images go into shards; those that lie as files stay.

    It offers what `ImageTree` offers, under the same paths; threads may share it, and processes
    may each have one of the same folder.

    Parameters
    ----------
    root : Path
        The dataset.
    """

    def __init__(self, root: Path):
        self.root = Path(root)
        self._files = ImageTree(self.root)
        self._shards = ShardFolder(self.root / FOLDER)
        self._lock = threading.RLock()
        self._open: OpenShard | None = None

    def __reduce__(self):
        """Another process opens the same folder anew."""
        return ShardTree, (self.root,)

    def relative(self, label: str, name: str, ending: str = "jpg") -> str:
        """The path of a cutout in the dataset, as the ledger keeps it: that of `ImageTree`."""
        return self._files.relative(label, name, ending)

    def path(self, relative: str) -> Path:
        """Where an image would lie as a file."""
        return self._files.path(relative)

    def paths(self) -> Iterator[str]:
        """Every image, as the ledger would call it."""
        yield from self._files.paths()
        yield from self._shards.paths()

    def size(self, relative: str) -> int | None:
        """Bytes of an image, or None where there is none."""
        found = self._find(relative)
        return self._files.size(relative) if found is None else found[2]

    def read(self, relative: str) -> bytes:
        """The bytes of an image.

        Raises
        ------
        InputError
            There is none.
        """
        with self._lock:
            body = self._shards.read(relative)
        return self._files.read(relative) if body is None else body

    def write(self, relative: str, body: bytes, about: Mapping | None = None) -> None:
        """Append an image to the open shard; where the same bytes lie already, nothing happens.

        Parameters
        ----------
        relative : str
        body : bytes
        about : mapping, optional
            What is known of it, for the sample's JSON.

        Raises
        ------
        StorageError
            The disk refused.
        """
        label = relative.split("/")[1]
        with self._on_disk():
            number = self._shards.class_number(label)
        members, begin = sample(relative, body, number, {"label": label} | dict(about or {}))
        with self._on_disk():
            self._writing()  # it may hold what is written now, from before a kill
            if (found := self._find(relative)) is not None:
                if self._shards.read(relative) == body:
                    return
                self._drop(relative, found)
            self._append(relative, members, begin, len(body))
            with suppress(FileNotFoundError):
                self.path(relative).unlink()

    def adopt(self, source: Path, relative: str, mode: str) -> None:
        """Take an existing image into the tree, as a file (`ImageTree.adopt`)."""
        self._files.adopt(source, relative, mode)

    def quarantine(self, reason: str, label: str, name: str, body: bytes) -> None:
        """Keep what came instead of a picture, as a file (`ImageTree.quarantine`)."""
        self._files.quarantine(reason, label, name, body)

    def set_aside(self, relative: str) -> None:
        """Move an image, if there is one, to the same place under `set_aside/`, as a file."""
        with self._on_disk():
            if (found := self._find(relative)) is not None:
                self._files.write(relative, self.read(relative))
                self._drop(relative, found)
        self._files.set_aside(relative)

    def clean(self) -> None:
        """Remove what killed processes left in the making; their open shards are gone on with."""
        self._files.clean()

    def close(self) -> None:
        """Give this process's open shard its number.

        Raises
        ------
        StorageError
            The disk refused; the shard stays open, with all that is in it.
        """
        with self._on_disk():
            if self._open is not None:
                self._shards.publish(self._open)
                self._open = None

    def finish(self) -> None:
        """When all is done: every shard gets its number, and loses what is gone or lies twice.

        Raises
        ------
        StorageError
            The disk refused; nothing is lost.
        """
        with self._on_disk():
            self.close()
            while (left := self._shards.orphan()) is not None:
                self._open = left
                self.close()
            self._shards.tidy()
        self._files.finish()

    @contextmanager
    def _on_disk(self) -> Iterator[None]:
        """Alone among the threads; what the disk refuses is told in words."""
        try:
            with self._lock:
                yield
        except OSError as error:
            raise unwritable(self._shards.folder, error) from error

    def _find(self, relative: str) -> Found | None:
        with self._lock:
            return self._shards.known.find(relative)

    def _writing(self) -> OpenShard:
        if self._open is None:
            self._open = self._shards.orphan() or self._shards.new()
        return self._open

    def _append(self, relative: str, members: bytes, begin: int, n_bytes: int) -> None:
        shard = self._writing()
        offset = shard.append(relative, members, begin, n_bytes)
        self._shards.known.put(relative, (shard.number, offset, n_bytes))
        if shard.n_images >= MAX_IMAGES or shard.length >= MAX_BYTES:
            self.close()

    def _drop(self, relative: str, found: Found) -> None:
        """Forget an image; one in the open shard, when that has its number."""
        if self._open is not None and found[0] == self._open.number:
            self.close()
        self._shards.drop(relative, found)


Tree = ImageTree | ShardTree


def open_tree(root: Path, layout: str = "") -> Tree:
    """The images of a dataset, in the layout that it has.

    Parameters
    ----------
    root : Path
    layout : {'', 'imagefolder', 'webdataset'}
        Of new images; a dataset that has shards goes on with them.

    Returns
    -------
    ImageTree or ShardTree
    """
    root = Path(root)
    if layout == "webdataset" or (root / FOLDER).is_dir():
        return ShardTree(root)
    return ImageTree(root)
