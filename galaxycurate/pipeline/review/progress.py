"""How far a reviewer is: what they said of each look, and what others said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from galaxycurate.core.decision import Decision
from galaxycurate.pipeline.review.book import Book, Pair, is_repeated
from galaxycurate.pipeline.review.choice import words_on
from galaxycurate.pipeline.review.entry import Entry
from galaxycurate.pipeline.review.looks import Looks, key_of
from galaxycurate.pipeline.review.material import Material
from galaxycurate.pipeline.review.queues import Queue
from galaxycurate.pipeline.review.wanted import Wanted


class Progress:
    """What was said of the looks of a review, kept up to date.

    Parameters
    ----------
    looks : Looks
    book : Book
        All decisions of the dataset.
    material : Material
    queue : Queue
    wanted : Wanted

    Attributes
    ----------
    done : set of str
        Keys of the looks that the reviewer decided on.
    """

    def __init__(self, looks: Looks, book: Book, material: Material, queue: Queue, wanted: Wanted):
        self.looks, self.book, self.reviewer = looks, book, wanted.who
        self._material, self._wanted = material, wanted
        self._is_disputed = queue.name == "disputed"
        self._as_first: set[str] = set()
        self.done = {key for key, entry in looks if self.mine(key, entry)}

    @property
    def left(self) -> int:
        """Pictures, or pairs, of which nothing is said yet; second looks are not counted."""
        return sum(not entry.again and key not in self.done for key, entry in self.looks)

    def standing(self) -> list[Decision]:
        """All decisions of the reviewer that count."""
        return [line for line in self.book.standing() if line.reviewer == self.reviewer]

    def newest(self) -> Iterator[Decision]:
        """Those on the pictures that there are today, the last one first."""
        return (line for line in reversed(self.standing()) if self._material.is_today(line))

    def mine(self, key: str, entry: Entry) -> Decision | None:
        """What this reviewer decided; of what is disputed only what was said to that."""
        again = entry.again and key not in self._as_first
        mine = [
            line
            for line in self._words(entry)
            if line.reviewer == self.reviewer
            and bool(line.again) == again
            and (not self._is_disputed or line.queue == "disputed")
        ]
        return mine[-1] if mine else None

    def others(self, entry: Entry) -> list[list[str]]:
        """Who else said what of an entry."""
        words = (word for word in self._words(entry) if word.reviewer != self.reviewer)
        newest = {word.reviewer: word for word in words}
        return [[who or "somebody", _in_words(word)] for who, word in newest.items()]

    def is_told(self, mine: Decision | None) -> bool:
        """Whether the reviewer may read what others said of an entry."""
        return mine is not None or (self._is_disputed and not self._wanted.blind)

    def is_hidden(self, key: str, entry: Entry) -> bool:
        """Label and score are shown to whoever has decided once, even if that was undone; those of
        a pair to whoever has decided on both.
        """
        if not self._wanted.blind:
            return False
        if entry.again:
            return self.mine(key, entry) is None
        return not all(self._seen(entry))

    def is_blind(self, key: str, entry: Entry) -> bool:
        """Whether what is said of an entry is blind work: no label of its pictures was shown, but
        for a second look, which always comes after that.
        """
        if not self.is_hidden(key, entry):
            return False
        return self.is_again(key, entry) or not any(self._seen(entry))

    def is_again(self, key: str, entry: Entry) -> bool:
        """Whether what is said of an entry is a second word: where the first look was passed over,
        it is the first. It is shown as answered in this review; another one asks once more.
        """
        if not entry.again or key in self._as_first:
            return False
        is_second = is_repeated(self._words(entry), self.reviewer)
        if not is_second:
            self._as_first.add(key)
        return is_second

    def update(self, about: Iterable[Pair]) -> set[str]:
        """Go by what the book was told since; the keys of the looks that this is about."""
        changed = set()
        for path, partner in about:
            for again in (False, True):
                key = key_of(path, partner, again=again)
                if self.looks.place(key) is None:
                    continue
                changed.add(key)
                is_done = self.mine(key, self.looks.entry(key)) is not None
                (self.done.add if is_done else self.done.discard)(key)
        return changed

    def to_skip(self, keys: Iterable[str]) -> list[int]:
        """The places of looks that somebody else decided on, where those are not to be shown."""
        if not self._wanted.skip_decided:
            return []
        theirs = (self.looks.place(key) for key in keys if self.others(self.looks.entry(key)))
        return sorted(place for place in theirs if place is not None)

    def _seen(self, entry: Entry) -> list[bool]:
        """Of which of its pictures the reviewer was shown the label."""
        paths = (path for path in (entry.path, entry.partner) if path)
        return [self.book.has_seen(self.reviewer, path) for path in paths]

    def _words(self, entry: Entry) -> list[Decision]:
        return words_on(entry, self._material, self.book)


def _in_words(word: Decision) -> str:
    return f"{word.says}: {word.reason}" if word.reason else word.says
