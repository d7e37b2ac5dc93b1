"""The decoding of a tree into its cache, in threads, so that a kill costs seconds of it.

Rows are written as they are decoded, and marked as done by their file's digest, once the disk
holds them. A build that finds marks goes on after them.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from io import RawIOBase

import numpy as np

from galaxycurate.errors import InputError
from train.data.decode import Window, decoded
from train.data.shelf import DIGEST, Shelf, known_rows
from train.data.tree import Tree

BLOCK = 64  # rows that a thread decodes in one go
AT_ONCE = 16  # pictures that one call writes: half the time of one each
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
        root, files = os.fspath(self.tree.root), self.tree.files
        # written, not mapped: a page fault costs more than a call, and a full disk is an error
        with self.shelf.part(self.shelf.pixels).open("r+b", buffering=0) as file:
            together = Together(file, self.offset)
            for place, row in enumerate(rows.tolist()):
                try:
                    content = _read(f"{root}/{files[row]}")
                    digest = hashlib.sha256(content).digest()[:16]
                    known = self.earlier.get(digest)
                    picture = decoded(content, self.window) if known is None else known
                except InputError as error:
                    block.faults[row] = str(error)
                    continue
                together.add(row, picture)
                block.digests[place] = digest
                block.known += known is not None
            together.write()
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


class Together:
    """Pictures on their way into a file: those of rows that follow each other in one call.

    Parameters
    ----------
    file : RawIOBase
    offset : int
        Of the first row in it [byte].
    """

    def __init__(self, file: RawIOBase, offset: int):
        self.file, self.offset = file, offset
        self.first, self.pieces = 0, []

    def add(self, row: int, picture: np.ndarray) -> None:
        """Take a picture; others may be written for it."""
        if row != self.first + len(self.pieces) or len(self.pieces) == AT_ONCE:
            self.write()
            self.first = row
        self.pieces.append(np.ascontiguousarray(picture).data.cast("B"))

    def write(self) -> None:
        """Write what was taken.

        Raises
        ------
        OSError
            The disk is full.
        """
        if self.pieces:
            self.file.seek(self.offset + self.first * len(self.pieces[0]))
            write_whole(self.file, self.pieces)
            self.pieces = []


def write_whole(file: RawIOBase, pieces: list[memoryview]) -> None:
    """Write every byte: one call writes what fits, and only the next one says that more does not.

    Raises
    ------
    OSError
        The disk is full.
    """
    pieces = list(pieces)
    while pieces:
        # Windows has no writev
        written = (
            os.writev(file.fileno(), pieces) if hasattr(os, "writev") else file.write(*pieces[:1])
        )
        while pieces and written >= len(pieces[0]):
            written -= len(pieces.pop(0))
        if written:
            pieces[0] = pieces[0][written:]


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


def _read(path: str) -> bytes:
    """A file's bytes, by half the calls of the system that a Path takes."""
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            size = os.fstat(file).st_size
            content = os.read(file, size + 1)
            # what grows meanwhile, or is no plain file, comes in parts
            while len(content) < size and (more := os.read(file, size - len(content))):
                content += more
            return content
        finally:
            os.close(file)
    except OSError as error:
        raise InputError(f"unreadable: {error.strerror or error}") from error
