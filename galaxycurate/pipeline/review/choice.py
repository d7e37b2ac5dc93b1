"""What is shown in a review, in which order: the queue, what passes the filter, second looks."""

from __future__ import annotations

from dataclasses import replace

from galaxycurate.core.decision import Decision
from galaxycurate.errors import InputError
from galaxycurate.pipeline.review.book import Book
from galaxycurate.pipeline.review.filter import Columns, chosen
from galaxycurate.pipeline.review.material import Material
from galaxycurate.pipeline.review.queues import (
    Entry,
    Queue,
    queue_of,
    shuffled,
    with_second_looks,
)
from galaxycurate.pipeline.review.wanted import DEFAULT_QUEUE, Wanted


def choose(wanted: Wanted, material: Material, book: Book) -> Queue:
    """The entries of a review in the order in which they are shown.

    Parameters
    ----------
    wanted : Wanted
    material : Material
    book : Book

    Returns
    -------
    Queue
        Without entries, its ``empty`` and ``hint`` say why.

    Raises
    ------
    InputError
        What the queue needs is not there.
    UsageError
        The filter cannot be read.
    """
    queue = _filtered(wanted, material, book)
    if not queue.entries:
        return queue
    entries = list({(one.path, one.partner): one for one in queue.entries}.values())
    if wanted.skip_decided:
        entries = [one for one in entries if not _by_others(one, wanted.who, material, book)]
    if wanted.blind:  # the order of paths is that of the labels
        entries = shuffled(entries, material.settings.seed)
    entries = with_second_looks(entries[: wanted.limit], wanted.second_look, material.settings.seed)
    return replace(
        queue, entries=entries, empty="all of it is decided on by somebody else",
        hint="leave out --skip-decided, or choose another --queue",
    )  # fmt: skip


def check_waits(queue: Queue) -> None:
    """Refuse a queue without entries.

    Raises
    ------
    InputError
        Why there are none, and what to type.
    """
    if not queue.entries:
        raise InputError(f"nothing waits in {queue.name}: {queue.empty}", hint=queue.hint)


def words_on(entry: Entry, material: Material, book: Book) -> list[Decision]:
    """The decisions on an entry's picture as it is today, the oldest first."""
    sha256 = material.outcome(entry.path).sha256
    return [w for w in book.about(entry.path, entry.partner) if w.sha256 in ("", sha256)]


def _by_others(entry: Entry, reviewer: str, material: Material, book: Book) -> bool:
    return any(word.reviewer != reviewer for word in words_on(entry, material, book))


def _filtered(wanted: Wanted, material: Material, book: Book) -> Queue:
    """The queue with what passes the filter; a filter alone is a queue, too."""
    if wanted.filter and not wanted.queue:
        pictures = [Entry(path) for path in material.pictures]
        queue = Queue(f"filter: {wanted.filter}", "pictures that pass the filter", pictures)
    else:
        queue = queue_of(wanted.queue or DEFAULT_QUEUE, material, book)
    if not wanted.filter or not queue.entries:
        return queue
    passed = chosen(wanted.filter, Columns(material, book))
    some = [one for one in queue.entries if {one.path, one.partner} & passed]
    return replace(
        queue, entries=some, empty=f"no picture passes the filter {wanted.filter!r}",
        hint="galaxycurate review --dry-run counts what waits in each queue",
    )  # fmt: skip
