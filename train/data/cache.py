"""Every image of a tree, decoded once, in one memory-mapped file.

``pixels_<tree>_<key>.npy`` holds the pixels, ``..._digests.npy`` the sha256 of each file (its first
16 bytes), ``.json`` the files that cannot be read and why. The key is made of the files' names,
sizes and times, so that a current cache is found without opening a file; where the key is new, rows
are found again by their files' content, so that a renamed, moved or grown tree is not decoded anew.

A build writes ``.part`` files, row by row, and remembers which rows are safe on the disk: after a
kill the next build goes on. One process builds, others that want the same cache wait for it.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from galaxycurate.errors import InputError, StorageError
from train.data.decode import DECODER, Window, decoded
from train.data.tree import Tree
from train.files import read_json, write_json

LAYOUT = 2  # raised when decoding changes, so that an older cache is not taken for a new one
BLOCK = 64  # rows that a thread decodes in one go
SAFE_EVERY_S = 5.0  # how much work a kill may cost
SAY_EVERY_S = 5.0
DIGEST = np.dtype("V16")


@dataclass(frozen=True)
class Pixels:
    """The decoded images of a tree.

    Attributes
    ----------
    images : ndarray of uint8, shape (n, size_px, size_px, 3)
        Read-only and memory-mapped; rows of unreadable files are zero.
    bad : dict of int to str
        Row of each unreadable file, and the reason.
    key : str
        Changes when any file, its place or the decoding changes.
    """

    images: np.ndarray
    bad: dict[int, str] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True)
class Shelf:
    """The files of one cache.

    Attributes
    ----------
    folder : Path
    tree : str
        Stands for the tree's folder and the window: a newer cache of both replaces an older one.
    key : str
    """

    folder: Path
    tree: str
    key: str

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


def key_of(tree: Tree, window: Window) -> str:
    """A name for this content: files, their sizes and times, and how they are decoded."""
    digest = hashlib.sha256(_manner(window).encode())
    for path in tree.files:
        stat = (tree.root / path).stat()
        digest.update(f"{path.as_posix()}|{stat.st_size}|{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def load_pixels(
    tree: Tree,
    folder: Path,
    window: Window,
    *,
    workers: int = 2,
    say: Callable[[str], None] = lambda line: None,
) -> Pixels:
    """The decoded images, from the cache where it is current.

    Parameters
    ----------
    tree : Tree
    folder : Path
        Where the cache lies. An outdated one of the same tree and window is removed.
    window : Window
        As in `train.data.decode.decode`.
    workers : int
        Decoding threads.
    say : callable
        Takes a line of progress.

    Returns
    -------
    Pixels

    Raises
    ------
    StorageError
        The folder cannot be written, or is too small.
    """
    place = hashlib.sha256(f"{tree.root.resolve()} {_manner(window)}".encode()).hexdigest()[:8]
    shelf = Shelf(Path(folder), place, key_of(tree, window))
    if not shelf.pixels.is_file():
        try:
            shelf.folder.mkdir(parents=True, exist_ok=True)
            with _alone(shelf):
                if not shelf.pixels.is_file():  # another process made it meanwhile
                    _build(tree, shelf, window, workers=workers, say=say)
                    _sweep(shelf)
        except OSError as error:
            raise StorageError(
                f"cannot write the decoded images to {folder}: {error.strerror or error}",
                hint="free some space, or choose another folder with --out",
            ) from error
    bad = read_json(shelf.listing).get("bad", {})
    return Pixels(
        np.load(shelf.pixels, mmap_mode="r"), {int(row): bad[row] for row in bad}, shelf.key
    )


def fingerprints(images: np.ndarray) -> list[bytes]:
    """A hash of each image's pixels, 16 bytes; equal for equal images."""
    return [hashlib.blake2b(image, digest_size=16).digest() for image in images]


def shared_pictures(prints: list[bytes], split: np.ndarray) -> int:
    """How many test images equal a train or val image, pixel by pixel.

    Parameters
    ----------
    prints : list of bytes, length n
        From `fingerprints`.
    split : ndarray of str, shape (n,)

    Returns
    -------
    int
    """
    pairs = list(zip(prints, split, strict=True))
    seen = {one for one, name in pairs if name != "test"}
    return sum(one in seen for one, name in pairs if name == "test")


def _build(tree: Tree, shelf: Shelf, window: Window, *, workers: int, say) -> None:
    shape = (len(tree.files), window.size_px, window.size_px, 3)
    pixels = _growing(shelf.part(shelf.pixels), np.dtype(np.uint8), shape)
    digests = _growing(shelf.part(shelf.digests), DIGEST, shape[:1])
    left = np.flatnonzero(digests == np.zeros((), DIGEST))
    if left.size < shape[0]:
        say(f"going on with the cache: {shape[0] - left.size:,} of {shape[0]:,} rows are there")
    started, bad = time.perf_counter(), {}
    earlier = _Earlier(shelf, window)

    def fill(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
        found, faults = np.zeros(rows.size, DIGEST), {}
        # written, not mapped: a page fault costs more than a call, and a full disk is an error
        with shelf.part(shelf.pixels).open("r+b", buffering=0) as file:
            for place, row in enumerate(rows):
                try:
                    content = _read(tree.root / tree.files[row])
                    digest = hashlib.sha256(content).digest()[:16]
                    known = earlier.find(digest)
                    picture = decoded(content, window) if known is None else known
                except InputError as error:  # its digest stays zero: a later build looks again
                    faults[int(row)] = str(error)
                    continue
                file.seek(pixels.offset + int(row) * picture.nbytes)
                file.write(np.ascontiguousarray(picture).data)
                found[place] = digest
        return rows, found, faults

    blocks = [left[at : at + BLOCK] for at in range(0, left.size, BLOCK)]
    done, said, safe, waiting = 0, started, started, []
    for rows, found, faults in _in_threads(fill, blocks, max(1, workers)):
        bad |= faults
        waiting.append((rows, found))
        done += rows.size
        now = time.perf_counter()
        if now - safe > SAFE_EVERY_S or done == left.size:
            _settle(shelf.part(shelf.pixels))  # first: a digest on the disk tells of its row
            for some, theirs in waiting:
                digests[some] = theirs
            digests.flush()
            safe, waiting = time.perf_counter(), []
        if now - said > SAY_EVERY_S and done < left.size:
            said = now
            say(
                f"decoded {done:,} of {left.size:,} images ({done / (now - started):,.0f} a second)"
            )
    told = {str(row): reason for row, reason in sorted(bad.items())}
    write_json(shelf.listing, {"manner": _manner(window), "bad": told})
    os.replace(shelf.part(shelf.digests), shelf.digests)
    os.replace(shelf.part(shelf.pixels), shelf.pixels)
    seconds = max(time.perf_counter() - started, 1e-9)
    again = f", {earlier.used:,} of them known by content" if earlier.used else ""
    say(
        f"decoded {left.size:,} images in {seconds:.1f} s ({left.size / seconds:,.0f} a second)"
        + again
    )


class _Earlier:
    """Rows of older caches in the same folder, found by the content of their files."""

    def __init__(self, shelf: Shelf, window: Window):
        self.rows: dict[bytes, np.ndarray] = {}
        self.used = 0
        for listing in shelf.folder.glob("pixels_*.json"):
            pixels = listing.with_suffix(".npy")
            digests = listing.with_name(f"{listing.stem}_digests.npy")
            if read_json(listing).get("manner") != _manner(window) or not pixels.is_file():
                continue
            images = np.load(pixels, mmap_mode="r")
            for row, digest in enumerate(np.load(digests)):
                if any(digest.tobytes()):
                    self.rows[digest.tobytes()] = images[row]

    def find(self, digest: bytes) -> np.ndarray | None:
        """The pixels of a file of this content, if they are there."""
        known = self.rows.get(digest)
        self.used += known is not None
        return known


def _in_threads(fill, blocks: list, workers: int) -> Iterator:
    """Results as they come; at most a few blocks wait, so that an interrupt ends it soon."""
    with ThreadPoolExecutor(workers) as pool:
        under_way, coming = set(), iter(blocks)
        for block in coming:
            under_way.add(pool.submit(fill, block))
            if len(under_way) >= 4 * workers:
                ready, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                yield from (one.result() for one in ready)
        yield from (one.result() for one in under_way)


def _growing(path: Path, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    """The array of an interrupted build, or a new one of zeros."""
    try:
        there = np.lib.format.open_memmap(path, mode="r+")
        if there.shape == shape and there.dtype == dtype:
            return there
    except (OSError, ValueError):
        pass
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)


def _settle(path: Path) -> None:
    """Have the disk hold what was written."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _alone(shelf: Shelf) -> Iterator[None]:
    """Hold the build of a cache; a kill lets it go."""
    path = shelf.folder / f".{shelf.pixels.stem}.lock"
    with path.open("a") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        except ImportError:  # Windows has no such locks
            pass
        yield
        path.unlink(missing_ok=True)


def _manner(window: Window) -> str:
    return f"{LAYOUT} {DECODER} {window}"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"unreadable: {error.strerror or error}") from error


def _sweep(shelf: Shelf) -> None:
    """Remove what was made for an earlier state of the same tree."""
    for pattern in (f"pixels_{shelf.tree}_*", f".pixels_{shelf.tree}_*"):
        for old in shelf.folder.glob(pattern):
            if shelf.key not in old.name:
                old.unlink(missing_ok=True)
