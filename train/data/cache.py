"""Every image of a tree, decoded once, in one memory-mapped file."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from galaxycurate.errors import InputError, StorageError
from train.data.decode import Window, decode
from train.data.tree import Tree
from train.files import read_json, write_json

LAYOUT = 1  # raised when decoding changes, so that an older cache is not taken for a new one
ABANDONED_AFTER_S = 3600  # a partial cache older than this belongs to a killed run


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


def key_of(tree: Tree, window: Window) -> str:
    """A name for this content: files, their sizes and times, and how they are decoded."""
    digest = hashlib.sha256(f"{LAYOUT} {window}".encode())
    for path, label, split in zip(tree.files, tree.label, tree.split, strict=True):
        stat = (tree.root / path).stat()
        digest.update(
            f"{path.as_posix()}|{stat.st_size}|{stat.st_mtime_ns}|{label}|{split}\n".encode()
        )
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
        Where the cache lies. An outdated one is removed.
    size_px, zoom : int, float
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
    key = key_of(tree, window)
    path, listing = folder / f"pixels_{key}.npy", folder / f"pixels_{key}.json"
    if not (path.is_file() and listing.is_file()):
        started = time.perf_counter()
        bad = _build(tree, path, window, workers=workers)
        write_json(listing, {"bad": {str(row): reason for row, reason in bad.items()}})
        _sweep(folder, key)
        seconds = time.perf_counter() - started
        speed = len(tree.files) / max(seconds, 1e-9)
        say(f"decoded {len(tree.files):,} images in {seconds:.1f} s ({speed:,.0f} a second)")
    bad = {int(row): reason for row, reason in read_json(listing).get("bad", {}).items()}
    return Pixels(np.load(path, mmap_mode="r"), bad, key)


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


def _build(tree: Tree, path: Path, window: Window, *, workers: int) -> dict[int, str]:
    part = path.with_name(f".{path.stem}.{os.getpid()}.part")
    bad: dict[int, str] = {}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        shape = (len(tree.files), window.size_px, window.size_px, 3)
        pixels = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=shape)

        def put(row: int) -> None:
            try:
                pixels[row] = decode(tree.root / tree.files[row], window)
            except InputError as error:
                bad[row] = str(error)

        with ThreadPoolExecutor(max(1, workers)) as pool:
            list(pool.map(put, range(len(tree.files))))
        pixels.flush()
        os.replace(part, path)
    except OSError as error:
        raise StorageError(
            f"cannot write the decoded images to {path.parent}: {error.strerror or error}",
            hint="free some space, or choose another folder with --out",
        ) from error
    finally:
        if path.parent.is_dir():
            part.unlink(missing_ok=True)
    return dict(sorted(bad.items()))


def _sweep(folder: Path, key: str) -> None:
    for old in folder.glob("pixels_*.*"):
        if key not in old.name:
            old.unlink(missing_ok=True)
    for part in folder.glob(".pixels_*.part"):
        if time.time() - part.stat().st_mtime > ABANDONED_AFTER_S:
            part.unlink(missing_ok=True)
