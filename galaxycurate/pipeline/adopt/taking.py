"""Images into the dataset: each checked and written by one of a few threads, with its outcome."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from galaxycurate.catalogs.reading.hdf5 import THREADS, Images
from galaxycurate.core.encode import WRITERS
from galaxycurate.core.outcome import Outcome, Reason, Status
from galaxycurate.core.pixels import flaw
from galaxycurate.errors import InputError
from galaxycurate.imagery.check import check_file
from galaxycurate.pipeline.adopt.collection import Collection
from galaxycurate.pipeline.adopt.joining import Item
from galaxycurate.store.files import sha256_of
from galaxycurate.store.shards.tree import Tree

PROVIDER = "import"
_AHEAD = 64  # files that are asked for before the first is settled

Done = Mapping[tuple[str, str], Outcome]
A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True)
class Taken:
    """What became of an item; ``size_px`` is 0 where it could not be read.

    ``is_known`` says that the ledger holds this outcome already.
    """

    item: Item
    outcome: Outcome
    size_px: int
    is_known: bool = False


def path_of(item: Item, collection: Collection, tree: Tree) -> str:
    """Where an item lies in the dataset."""
    if collection.is_arrays:
        return tree.relative(item.label, item.name, collection.mode)
    ending = "jpg" if item.source is None else item.source.suffix.lower()[1:]
    return tree.relative(item.label, item.name, "jpg" if ending == "jpeg" else ending)


def same_source(before: Outcome, item: Item, collection: Collection, sha256: str) -> bool:
    """Whether an image that was imported came from this collection, or has an item's bytes.

    Parameters
    ----------
    before : Outcome
    item : Item
    collection : Collection
    sha256 : str
        Of the collection's file, where it holds the images.
    """
    if before.url == item.origin or item.source is None:
        return True
    ours = collection.source.resolve()
    if collection.is_arrays:
        is_ours = Path(before.url.rpartition("#")[0]).resolve() == ours
        return is_ours or before.request.endswith(f"#{item.row} sha256 {sha256}")
    if Path(before.url).resolve().is_relative_to(ours):
        return True
    try:
        return before.sha256 == sha256_of(item.source)
    except OSError:
        return True  # nothing of it will be written


def take(
    items: list[Item], collection: Collection, sha256: str, tree: Tree,
    done: Done,
) -> Iterator[Taken]:  # fmt: skip
    """Take items into the tree, in any number of threads, a bounded number at once.

    Parameters
    ----------
    items : list of Item
    collection : Collection
    sha256 : str
        Of the collection's file, where it holds the images: with the row's number it stands for
        the pixels, so a repetition reads none.
    tree : Tree
    done : mapping of (str, str) to Outcome
        By label and name, as the ledger knows them.

    Yields
    ------
    Taken
    """
    with ThreadPoolExecutor(THREADS) as pool:
        if collection.is_arrays:
            yield from _Arrays(collection, sha256, tree, done).take(items, pool)
        else:
            files = _Files(collection, tree, done)
            yield from _ahead(pool, files.take, items, _AHEAD)


@dataclass(frozen=True)
class _Files:
    """Files of the user enter as they are: the ledger knows the sha256 of each."""

    collection: Collection
    tree: Tree
    done: Done

    def take(self, item: Item) -> Taken:
        """Check one and write it where it is good."""
        path = path_of(item, self.collection, self.tree)
        before = self.done.get((item.label, item.name))
        if item.source is None:
            return self._lost(item, path, before, Reason.NO_FILE, item.wanted)
        try:
            checked = check_file(item.source)
        except OSError as error:
            return self._lost(item, path, before, Reason.UNREADABLE, f"{item.wanted}: {error}")
        size_px = min(checked.width, checked.height)
        request = f"{item.wanted} sha256 {checked.sha256}"
        if checked.flaw:
            self.tree.set_aside(before.path if before else path)  # an earlier, good version of it
            bad = _rejected(item, path, request, checked.flaw, sha256=checked.sha256)
            return Taken(item, bad, size_px)
        good = _outcome(item, path, request, Status.OK, sha256=checked.sha256,
                        n_bytes=checked.n_bytes, url=str(item.source),
                        **_sides(checked.width, checked.height))  # fmt: skip
        if before and before.path != path:
            self.tree.set_aside(before.path)  # it had another ending
        elif before and before.request == good.request and self._is_there(before):
            return Taken(item, good, size_px, is_known=True)
        self.tree.adopt(item.source, path, self.collection.mode)
        return Taken(item, good, size_px)

    def _lost(
        self, item: Item, path: str, before: Outcome | None, reason: Reason, detail: str
    ) -> Taken:
        """A row without an image, unless it was taken earlier, perhaps from another folder."""
        if before and before.status is Status.OK and self._is_there(before):
            return Taken(item, before, 0, is_known=True)
        lost = _outcome(item, path, item.wanted, Status.FAILED, reason=reason, detail=detail)
        return Taken(item, lost, 0)

    def _is_there(self, before: Outcome) -> bool:
        return self.tree.size(before.path) == before.n_bytes


@dataclass(frozen=True)
class _Arrays:
    """Arrays of one file become image files, a block of them a thread."""

    collection: Collection
    sha256: str
    tree: Tree
    done: Done

    def take(self, items: list[Item], pool: ThreadPoolExecutor) -> Iterator[Taken]:
        """What is done first, then block by block."""
        with Images(self.collection.source) as images:
            size_px = min(images.shape[1:3])
            todo: dict[int, Item] = {}
            for item in items:
                before = self._before(item)
                if before:
                    yield Taken(item, before, size_px, is_known=True)
                else:
                    todo[item.row] = item
            if todo and max(todo) >= len(images):
                raise InputError(
                    f"{self.collection.source} holds {len(images):,} images, but its columns have "
                    f"a row {max(todo):,}",
                    hint="was the download cut off?",
                )

            def work(rows: range) -> list[Taken]:
                if todo.keys().isdisjoint(rows):
                    return []
                both = zip(rows, images.read(rows), strict=True)
                return [self._write(todo[row], rgb) for row, rgb in both if row in todo]

            for block in _ahead(pool, work, images.blocks(), THREADS):
                yield from block

    def _request(self, item: Item) -> str:
        return f"{self.collection.source.name}#{item.row} sha256 {self.sha256}"

    def _before(self, item: Item) -> Outcome | None:
        """The outcome of an earlier run, where it still holds."""
        before = self.done.get((item.label, item.name))
        if before is None or before.request != f"import {self._request(item)}":
            return None
        is_there = self.tree.size(before.path) == before.n_bytes
        return before if before.status is Status.REJECTED or is_there else None

    def _write(self, item: Item, rgb) -> Taken:
        path, request = path_of(item, self.collection, self.tree), self._request(item)
        size_px = min(rgb.shape[:2])
        found = flaw(rgb)
        if found:
            self.tree.set_aside(path)
            return Taken(item, _rejected(item, path, request, found, url=item.origin), size_px)
        body = WRITERS[self.collection.mode](rgb)
        self.tree.write(path, body)
        sha256 = hashlib.sha256(body).hexdigest()
        good = _outcome(item, path, request, Status.OK, sha256=sha256, n_bytes=len(body),
                        url=item.origin, **_sides(rgb.shape[1], rgb.shape[0]))  # fmt: skip
        return Taken(item, good, size_px)


def _sides(width: int, height: int) -> dict[str, int]:
    """Of a picture that is no square; the manifest has the side of one that is."""
    return {} if width == height else {"size_px": width, "height_px": height}


def _outcome(item: Item, path: str, request: str, status: Status, **more: Any) -> Outcome:
    return Outcome(path, item.name, item.label, f"import {request}", status,
                   provider=PROVIDER, **more)  # fmt: skip


def _rejected(item: Item, path: str, request: str, why: tuple[Reason, str], **more: Any) -> Outcome:
    return _outcome(item, path, request, Status.REJECTED, reason=why[0], detail=why[1], **more)


def _ahead(
    pool: ThreadPoolExecutor, work: Callable[[A], B], things: Iterable[A], n: int
) -> Iterator[B]:
    """Results in order, with no more than n of them under way: what is held stays bounded."""
    waiting: deque[Future[B]] = deque()
    try:
        for thing in things:
            waiting.append(pool.submit(work, thing))
            if len(waiting) >= n:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
