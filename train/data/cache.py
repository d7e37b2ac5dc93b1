"""Every image of a tree, decoded once, in one memory-mapped file.

The key of a cache is made of the files' names, sizes and times, so that a current one is found
without opening a file; where the key is new, rows are found again by their files' content, so that
a renamed, moved or grown tree is not decoded anew. One process builds, others that want the same
cache wait for it; after a kill the next build goes on.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from galaxycurate.errors import StorageError
from train.data.decode import DECODER, Window
from train.data.filling import build
from train.data.shelf import Shelf
from train.data.tree import Tree
from train.files import locked

LAYOUT = 3  # raised when decoding changes, so that an older cache is not taken for a new one


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
    digest = hashlib.sha256(_manner(window).encode())
    root = os.fspath(tree.root)
    for path in tree.files:
        # a name need not be UTF-8
        digest.update(os.fsencode(f"{path.as_posix()}|{_state(f'{root}/{path}')}\n"))
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
    home = os.fsencode(f"{tree.root.resolve()} {_manner(window)}")
    place = hashlib.sha256(home).hexdigest()[:8]
    shelf = Shelf(Path(folder), place, key_of(tree, window), _manner(window))
    like = len(tree.files), window.size_px
    images = shelf.whole(*like)
    if images is None:
        try:
            shelf.folder.mkdir(parents=True, exist_ok=True)
            with locked(shelf.lock):
                if shelf.whole(*like) is None:  # no other process made it meanwhile
                    build(tree, shelf, window, workers=workers, say=say)
            images = np.load(shelf.pixels, mmap_mode="r")
        except OSError as error:
            raise StorageError(
                f"cannot write the decoded images to {folder}: {error.strerror or error}",
                hint="free some space, or choose another folder with --out",
            ) from error
    return Pixels(images, shelf.unreadable(), shelf.key)


def fingerprints(images: np.ndarray) -> list[bytes]:
    """A hash of each image's pixels, 16 bytes; equal for equal images."""
    return [hashlib.blake2b(image, digest_size=16).digest() for image in images]


def numbered(prints: list[bytes]) -> np.ndarray:
    """The first half of each fingerprint, int64: a network keeps those of what taught it."""
    return np.frombuffer(b"".join(one[:8] for one in prints), "<i8").astype(np.int64)


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


def _state(path: str) -> str:
    try:
        stat = os.stat(path)
    except OSError:  # it vanished, or its link leads nowhere: told as unreadable
        return "absent"
    return f"{stat.st_size}|{stat.st_mtime_ns}"


def _manner(window: Window) -> str:
    return f"{LAYOUT} {DECODER} {window}"
