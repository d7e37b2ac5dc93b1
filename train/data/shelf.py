"""The files of one cache of decoded images.

``pixels_<tree>_<key>.npy`` holds the pixels, ``..._digests.npy`` the sha256 of each file (its first
16 bytes), ``.json`` the files that cannot be read and why. While they grow they are called
``.part``.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from train.files import locked, read_json, write_json

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
        for key in self._other_keys():
            other = replace(self, key=key)
            with locked(other.lock, wait=False) as free:
                for old in self.folder.glob(f"*{other.pixels.stem}*"):
                    if free:  # nobody fills it now
                        old.unlink(missing_ok=True)

    def whole(self, images: int, size_px: int) -> np.ndarray | None:
        """The pixels, mapped read-only; nothing where a file is absent, cut off or another's.

        Parameters
        ----------
        images, size_px : int
            What they should be.

        Returns
        -------
        ndarray of uint8, shape (images, size_px, size_px, 3), or None
        """
        if read_json(self.listing).get("manner") != self.manner:
            return None
        pixels = _loaded(self.pixels)
        fits = pixels is not None and pixels.shape == (images, size_px, size_px, 3)
        return pixels if fits and pixels.dtype == np.uint8 else None

    def unreadable(self) -> dict[int, str]:
        """Row of each unreadable file, and the reason."""
        return {int(row): why for row, why in read_json(self.listing).get("bad", {}).items()}

    @property
    def lock(self) -> Path:
        """Who holds it fills this cache; see `train.files.locked`."""
        return self.folder / f".{self.pixels.stem}.lock"

    def _other_keys(self) -> set[str]:
        name = re.compile(rf"\.?pixels_{self.tree}_([0-9a-f]+)")
        found = (name.match(path.name) for path in self.folder.iterdir())
        return {match[1] for match in found if match} - {self.key}


def known_rows(shelf: Shelf) -> dict[bytes, np.ndarray]:
    """The pixels of every file in the folder's caches, by the digest of the file's content."""
    rows: dict[bytes, np.ndarray] = {}
    for listing in shelf.folder.glob("pixels_*.json"):
        pixels = listing.with_suffix(".npy")
        digests = listing.with_name(f"{listing.stem}_digests.npy")
        if read_json(listing).get("manner") != shelf.manner:
            continue
        images, told = _loaded(pixels), _loaded(digests)
        if images is None or told is None or len(images) != len(told):
            continue
        for row, digest in enumerate(told):
            if any(digest.tobytes()):
                rows[digest.tobytes()] = images[row]
    return rows


def _loaded(path: Path) -> np.ndarray | None:
    """An array's file, mapped read-only; nothing where it is absent or cut off."""
    try:
        return np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None


def _mapped(path: Path, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    try:
        there = np.lib.format.open_memmap(path, mode="r+")
        if there.shape == shape and there.dtype == dtype:
            return there
    except (OSError, ValueError):
        pass
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
