"""What a review shows, by the names that its page has for it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from galaxycurate.core.decision import Decision
from galaxycurate.errors import UsageError
from galaxycurate.pipeline.review.entry import Entry
from galaxycurate.pipeline.review.material import Material
from galaxycurate.pipeline.review.queues import pair_entry


def key_of(path: str, partner: str = "", *, again: bool = False) -> str:
    """What a page calls an entry: it tells nothing, and is the same tomorrow.

    Parameters
    ----------
    path, partner : str
        Of a pair both, in the order of their paths.
    again : bool
        Of a second look.

    Returns
    -------
    str
        24 hexadecimal digits.
    """
    words = "\0".join((path, partner, str(again)))
    return hashlib.blake2b(words.encode(errors="surrogateescape"), digest_size=12).hexdigest()


def key_of_line(line: Decision) -> str:
    """The key of what a decision is about."""
    return key_of(line.path, line.partner, again=bool(line.again))


class Looks:
    """The entries of a review, in their order and by their keys.

    Parameters
    ----------
    entries : sequence of Entry
        In the order in which they are shown.
    material : Material
    """

    def __init__(self, entries: Sequence[Entry], material: Material):
        self.entries = list(entries)
        self._material = material
        self._places = {self.key(entry): k for k, entry in enumerate(self.entries)}
        self._by_key = {key: self.entries[k] for key, k in self._places.items()}
        self._has_pairs = False

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[tuple[str, Entry]]:
        """Keys and entries, in their order."""
        return ((key, self.entries[k]) for key, k in self._places.items())

    @property
    def pictures(self) -> int:
        """How many pictures, or pairs, they show: second looks are not counted."""
        return sum(not entry.again for entry in self.entries)

    @staticmethod
    def key(entry: Entry) -> str:
        """The key of an entry."""
        return key_of(entry.path, entry.partner, again=entry.again)

    def place(self, key: str) -> int | None:
        """Where an entry stands; None for a pair that is looked at from a picture of it."""
        return self._places.get(key)

    def has(self, key: str) -> bool:
        """Whether an entry can be shown in this review."""
        if key not in self._by_key and not self._has_pairs:
            self._add_pairs()
        return key in self._by_key

    def entry(self, key: str) -> Entry:
        """An entry by its key.

        Raises
        ------
        UsageError
            There is none.
        """
        if not self.has(key):
            raise UsageError("no such picture is in this review")
        return self._by_key[key]

    def path(self, key: str, side: int) -> str:
        """The picture of an entry: 0, or 1 for the partner.

        Raises
        ------
        UsageError
            There is none.
        """
        entry = self.entry(key)
        path = (entry.path, entry.partner)[side] if side in (0, 1) else ""
        if not path:
            raise UsageError("no such picture is in this review")
        return path

    def twins(self, path: str) -> list[str]:
        """Keys of the pairs in which dedupe saw a picture."""
        keys = []
        for verdict in self._material.dedupe.get(path, ()):
            if verdict.partner in self._material.pictures:
                keys.append(self._add(pair_entry(verdict)))
        return list(dict.fromkeys(keys))

    def _add(self, entry: Entry) -> str:
        key = self.key(entry)
        self._by_key.setdefault(key, entry)
        return key

    def _add_pairs(self) -> None:
        """All pairs may be looked at from their pictures, and were, perhaps, in another session."""
        self._has_pairs = True
        known = self._material.pictures.keys()
        for verdict in self._material.records.verdicts:
            if {verdict.path, verdict.partner} <= known:
                self._add(pair_entry(verdict))
