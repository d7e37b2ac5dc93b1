"""The decoding of a tree into its cache, in threads, so that a kill costs seconds of it.

Rows are written as they are decoded, and marked as done by their file's digest, once the disk
holds them. A build that finds marks goes on after them.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path

import numpy as np

from galaxycurate.errors import InputError
from train.data.decode import Window, decoded
from train.data.shelf import DIGEST, Shelf, known_rows
from train.data.tree import Tree

BLOCK = 64  # rows that a thread decodes in one go
SAFE_EVERY_S = 5.0  # how much work a kill may cost
SAY_EVERY_S = 5.0


@dataclass
class Block:
    """Rows that a thread has filled.

    Attributes
    ----------
    rows : ndarray of int, shape (k,)
    digests : ndarray of V16, shape (k,)
        Zero where the file is not readable: a later build looks again.
    faults : dict of int to str
        Row of each unreadable file, and the reason.
    known : int
        Rows whose pixels an older cache held.
    """

    rows: np.ndarray
    digests: np.ndarray
    faults: dict[int, str]
    known: int = 0


class Filling:
    """A build of the cache of one tree.

    Parameters
    ----------
    tree : Tree
    shelf : Shelf
    window : Window
    """

    def __init__(self, tree: Tree, shelf: Shelf, window: Window):
        self.tree, self.shelf, self.window = tree, shelf, window
        pixels, self.digests = shelf.growing(len(tree.files), window.size_px)
        self.offset = pixels.offset  # of the first row in the file
        self.left = np.flatnonzero(self.digests == np.zeros((), DIGEST))
        self.earlier = known_rows(shelf)
        self.waiting: list[Block] = []  # on their way to the disk

    def fill(self, rows: np.ndarray) -> Block:
        """Decode some rows and write their pixels."""
        block = Block(rows, np.zeros(rows.size, DIGEST), {})
        # written, not mapped: a page fault costs more than a call, and a full disk is an error
        with self.shelf.part(self.shelf.pixels).open("r+b", buffering=0) as file:
            for place, row in enumerate(rows):
                try:
                    content = _read(self.tree.root / self.tree.files[row])
                    digest = hashlib.sha256(content).digest()[:16]
                    known = self.earlier.get(digest)
                    picture = decoded(content, self.window) if known is None else known
                except InputError as error:
                    block.faults[int(row)] = str(error)
                    continue
                file.seek(self.offset + int(row) * picture.nbytes)
                write_whole(file, np.ascontiguousarray(picture).data.cast("B"))
                block.digests[place] = digest
                block.known += known is not None
        return block

    def mark(self) -> None:
        """Have the disk hold all filled rows, then their digests, which tell of them."""
        self.shelf.settle()
        for block in self.waiting:
            self.digests[block.rows] = block.digests
        self.digests.flush()
        self.waiting = []


def build(
    tree: Tree, shelf: Shelf, window: Window, *, workers: int, say: Callable[[str], None]
) -> None:
    """Decode what is left of a tree, and give the cache its name.

    Parameters
    ----------
    tree : Tree
    shelf : Shelf
    window : Window
    workers : int
        Decoding threads.
    say : callable
        Takes a line of progress.

    Raises
    ------
    OSError
        The folder cannot be written, or is too small.
    """
    filling = Filling(tree, shelf, window)
    total, images = filling.left.size, len(tree.files)
    if total < images:
        say(f"going on with the cache: {images - total:,} of {images:,} rows are there")
    started = marked = said = time.perf_counter()
    done, known, bad = 0, 0, {}
    for block in _in_threads(filling.fill, filling.left, max(1, workers)):
        filling.waiting.append(block)
        bad |= block.faults
        done, known = done + block.rows.size, known + block.known
        now = time.perf_counter()
        if now - marked > SAFE_EVERY_S or done == total:
            filling.mark()
            marked = time.perf_counter()
        if now - said > SAY_EVERY_S and done < total:
            said = now
            say(f"decoded {done:,} of {total:,} images ({done / (now - started):,.0f} a second)")
    shelf.complete(bad)
    seconds = max(time.perf_counter() - started, 1e-9)
    again = f", {known:,} of them known by content" if known else ""
    say(f"decoded {total:,} images in {seconds:.1f} s ({total / seconds:,.0f} a second){again}")


def write_whole(file: RawIOBase, content: memoryview) -> None:
    """Write every byte: one call writes what fits, and only the next one says that more does not.

    Raises
    ------
    OSError
        The disk is full.
    """
    while content:
        content = content[file.write(content) :]


def _in_threads(fill: Callable, rows: np.ndarray, workers: int) -> Iterator[Block]:
    """Blocks as they come; at most a few wait, so that an interrupt ends it soon."""
    with ThreadPoolExecutor(workers) as pool:
        under_way = set()
        for at in range(0, rows.size, BLOCK):
            under_way.add(pool.submit(fill, rows[at : at + BLOCK]))
            if len(under_way) >= 4 * workers:
                ready, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                yield from (one.result() for one in ready)
        yield from (one.result() for one in under_way)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"unreadable: {error.strerror or error}") from error
