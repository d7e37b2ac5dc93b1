"""The files of one cache of decoded images.

``pixels_<tree>_<key>.npy`` holds the pixels, ``..._digests.npy`` the sha256 of each file (its first
16 bytes), ``.json`` the files that cannot be read and why. While they grow they are called
``.part``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.files import read_json, write_json

DIGEST = np.dtype("V16")


@dataclass(frozen=True)
class Shelf:
    """The files of one cache.

    Attributes
    ----------
    folder : Path
    tree : str
        Stands for the tree's folder and the window: a newer cache of both replaces an older one.
    key : str
        Stands for the files and how they are decoded.
    manner : str
        How they are decoded.
    """

    folder: Path
    tree: str
    key: str
    manner: str

    @property
    def pixels(self) -> Path:
        """The pixels; lies there when all else does."""
        return self.folder / f"pixels_{self.tree}_{self.key}.npy"

    @property
    def digests(self) -> Path:
        """The sha256 of each file."""
        return self.pixels.with_name(f"{self.pixels.stem}_digests.npy")

    @property
    def listing(self) -> Path:
        """The unreadable files, and how the others were decoded."""
        return self.pixels.with_suffix(".json")

    def part(self, path: Path) -> Path:
        """The file under the name that it has while it grows."""
        return path.with_name(f".{path.stem}.part")

    def growing(self, images: int, size_px: int) -> tuple[np.ndarray, np.ndarray]:
        """Pixels and digests of an interrupted build, or new ones of zeros, mapped."""
        shape = (images, size_px, size_px, 3)
        return (
            _mapped(self.part(self.pixels), np.dtype(np.uint8), shape),
            _mapped(self.part(self.digests), DIGEST, shape[:1]),
        )

    def settle(self) -> None:
        """Have the disk hold the pixels that were written."""
        with self.part(self.pixels).open("rb") as file:
            os.fsync(file.fileno())

    def complete(self, bad: dict[int, str]) -> None:
        """Give the files their names, the pixels last, and remove those they replace.

        Parameters
        ----------
        bad : dict of int to str
            Row of each unreadable file, and the reason.
        """
        told = {str(row): reason for row, reason in sorted(bad.items())}
        write_json(self.listing, {"manner": self.manner, "bad": told})
        os.replace(self.part(self.digests), self.digests)
        os.replace(self.part(self.pixels), self.pixels)
        for pattern in (f"pixels_{self.tree}_*", f".pixels_{self.tree}_*"):
            for old in self.folder.glob(pattern):
                if self.key not in old.name:
                    old.unlink(missing_ok=True)

    def unreadable(self) -> dict[int, str]:
        """Row of each unreadable file, and the reason."""
        return {int(row): why for row, why in read_json(self.listing).get("bad", {}).items()}

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the build of this cache; a kill lets it go."""
        path = self.folder / f".{self.pixels.stem}.lock"
        with path.open("a") as file:
            try:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX)
            except ImportError:  # Windows has no such locks
                pass
            yield
            path.unlink(missing_ok=True)


def known_rows(shelf: Shelf) -> dict[bytes, np.ndarray]:
    """The pixels of every file in the folder's caches, by the digest of the file's content."""
    rows: dict[bytes, np.ndarray] = {}
    for listing in shelf.folder.glob("pixels_*.json"):
        pixels = listing.with_suffix(".npy")
        digests = listing.with_name(f"{listing.stem}_digests.npy")
        if read_json(listing).get("manner") != shelf.manner or not pixels.is_file():
            continue
        images = np.load(pixels, mmap_mode="r")
        for row, digest in enumerate(np.load(digests)):
            if any(digest.tobytes()):
                rows[digest.tobytes()] = images[row]
    return rows


def _mapped(path: Path, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    try:
        there = np.lib.format.open_memmap(path, mode="r+")
        if there.shape == shape and there.dtype == dtype:
            return there
    except (OSError, ValueError):
        pass
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
