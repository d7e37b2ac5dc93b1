"""What is shown in a review, in which order: the queue, what passes the filter, second looks."""

from __future__ import annotations

from dataclasses import replace

from galaxycurate.core.decision import Decision
from galaxycurate.errors import InputError
from galaxycurate.pipeline.review.book import Book
from galaxycurate.pipeline.review.columns import Columns
from galaxycurate.pipeline.review.entry import Entry
from galaxycurate.pipeline.review.filter import chosen
from galaxycurate.pipeline.review.material import Material
from galaxycurate.pipeline.review.order import in_own_order, shuffled, with_second_looks
from galaxycurate.pipeline.review.queues import Queue, queue_of
from galaxycurate.pipeline.review.wanted import DEFAULT_QUEUE, Wanted

FILTER = "filter: "
"""Begins the name of a queue that is a filter alone."""


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
    entries = entries[: wanted.limit]
    if wanted.skip_decided:
        entries = in_own_order(entries, wanted.who)
    entries = with_second_looks(entries, wanted.second_look, material.settings.seed)
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
        where = "" if queue.name.startswith(FILTER) else f"nothing waits in {queue.name}: "
        raise InputError(f"{where}{queue.empty}", hint=queue.hint)


def words_on(entry: Entry, material: Material, book: Book) -> list[Decision]:
    """The decisions on an entry's pictures as they are today, the oldest first."""
    return [word for word in book.about(entry.path, entry.partner) if material.is_today(word)]


def _by_others(entry: Entry, reviewer: str, material: Material, book: Book) -> bool:
    return any(word.reviewer != reviewer for word in words_on(entry, material, book))


def _filtered(wanted: Wanted, material: Material, book: Book) -> Queue:
    """The queue with what passes the filter; a filter alone is a queue, too."""
    if wanted.filter and not wanted.queue:
        pictures = [Entry(path) for path in material.pictures]
        queue = Queue(f"{FILTER}{wanted.filter}", "pictures that pass the filter", pictures)
    else:
        queue = queue_of(wanted.queue or DEFAULT_QUEUE, material, book)
    if not wanted.filter or not queue.entries:
        return queue
    passed = chosen(wanted.filter, Columns(material, book))
    some = [one for one in queue.entries if {one.path, one.partner} & passed.paths]
    return replace(
        queue, entries=some, empty=f"no picture passes the filter {wanted.filter!r}",
        hint="galaxycurate review --dry-run counts what waits in each queue", note=passed.note,
    )  # fmt: skip
