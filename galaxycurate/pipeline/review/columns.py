"""What is known of pictures, a column at a time, for filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from galaxycurate.core.columns import COLUMNS, IDS
from galaxycurate.core.outcome import Outcome, VerdictKind
from galaxycurate.curation.decisions import Settled, settle
from galaxycurate.curation.split.assign import NAMES as SPLITS
from galaxycurate.pipeline.review.book import Book
from galaxycurate.pipeline.review.material import Material

_OF_EACH = {"path", "name"}
MOST_WORDS = 40
"""A column of more different words than these is not held against its known ones."""


class Words(frozenset):
    """The words of one picture: equal to each of them, and to "" where there is none."""

    def __eq__(self, other):
        return other in self if self else other == ""

    def __ne__(self, other):
        return not self == other

    __hash__ = frozenset.__hash__


class Columns:
    """Columns of pictures, made when a filter asks for them.

    Parameters
    ----------
    material : Material
    book : Book
    """

    def __init__(self, material: Material, book: Book):
        self._material, self._book = material, book
        self.pictures = list(material.pictures.values())
        splits = material.records.split
        self._made: dict[str, Callable[[], list]] = {
            "path": lambda: [one.path for one in self.pictures],
            "name": lambda: [one.name for one in self.pictures],
            "label": lambda: [one.label for one in self.pictures],
            "provider": lambda: [one.provider for one in self.pictures],
            "split": lambda: [splits.get(one.path, (0, ""))[1] for one in self.pictures],
            "verdict": lambda: [Words(material.verdicts_on(one.path)) for one in self.pictures],
            "predicted": lambda: [self._guess(one, "predicted", "") for one in self.pictures],
            "p": lambda: [self._guess(one, "p", np.nan) for one in self.pictures],
            "decided": self._decided,
        }
        there = {name for m in material.rows.manifests for name in m.table.column_names}
        for name in sorted(there - self._made.keys()):
            self._made[name] = lambda name=name: self._of_manifest(name)  # type: ignore[misc]

    @property
    def names(self) -> list[str]:
        """The columns that there are."""
        return list(self._made)

    def is_text(self, name: str) -> bool:
        """Whether a column holds words; ids do."""
        return name not in COLUMNS or COLUMNS[name].dtype == "str" or name in IDS

    def __getitem__(self, name: str) -> np.ndarray:
        if name == "verdict":
            return self._words()
        if name == "p":
            return np.array(self._made[name](), float)
        if self.is_text(name):
            return np.array([_text(v) for v in self._made[name]()], str)
        return np.array([np.nan if v is None else v for v in self._made[name]()], float)

    def _words(self) -> np.ndarray:
        found = np.empty(len(self.pictures), object)
        found[:] = self._made["verdict"]()
        return found

    def known(self, name: str) -> set[str]:
        """The words that a column of words can hold; empty where any may be."""
        if name in _OF_EACH or name in IDS or not self.is_text(name) or name == "p":
            return set()
        if name == "verdict":
            return {str(kind) for kind in VerdictKind}
        there = set(self[name].tolist()) - {""}
        return (there | self._possible(name)) if len(there) <= MOST_WORDS else set()

    def _possible(self, name: str) -> set[str]:
        given = {line.label for line in self._book.standing()} - {""}
        classes = {*self._material.classes, *given}
        return {
            "label": set(self._material.classes), "predicted": set(self._material.classes),
            "decided": {"kept", "rejected", "disputed", "nobody"} | classes,
            "split": set() if self._material.records.split else set(SPLITS),
        }.get(name, set())  # fmt: skip

    def unknown(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """Where pictures have no value in some columns, by column."""
        there = {name: self[name] for name in sorted(names)}
        return {
            name: column == "" if column.dtype.kind in "UO" else np.isnan(column)
            for name, column in there.items()
        }

    def _guess(self, one: Outcome, what: str, unknown):
        guess = self._material.guesses.get(one.path)
        return getattr(guess, what) if guess else unknown

    def _of_manifest(self, name: str) -> list:
        rows = self._material.rows
        held = [manifest.column(name) for manifest in rows.manifests]
        where = (rows.index(one.label, one.name) for one in self.pictures)
        places = (None if k is None else rows.where[k] for k in where)
        return [None if place is None else held[place[0]][place[1]] for place in places]

    def _decided(self) -> list[str]:
        sha256 = {one.path: one.sha256 for one in self.pictures}
        settled = settle(self._book.standing(), sha256)
        words = {path: _word(one) for path, one in settled.items()}
        return [words.get(one.path, "nobody") for one in self.pictures]


def _word(settled: Settled) -> str:
    if settled.is_disputed:
        return "disputed"
    return settled.label or ("kept" if settled.use else "rejected")


def _text(value) -> str:
    return "" if value in (None, 0) else str(value)
