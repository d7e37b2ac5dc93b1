"""A person's filter, `label=spiral AND p>0.9`, on everything that is known of pictures."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable

import numpy as np

from galaxycurate.catalogs.rules.expression import FUNCTIONS, Expression
from galaxycurate.core.columns import COLUMNS, IDS
from galaxycurate.core.outcome import Outcome
from galaxycurate.curation.decisions import Settled, settle
from galaxycurate.errors import SettingError, UsageError
from galaxycurate.pipeline.review.book import Book
from galaxycurate.pipeline.review.material import Material

HINT = "a filter looks like: label=spiral AND p>0.9; other words than names stand in quotes"
_PART = re.compile(
    r"""\s*(?:(?P<text>'[^']*'|"[^"]*")|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"""
    r"""|(?P<word>[^\W\d]\w*)|(?P<sign><=|>=|==|!=|<>|[=<>()+\-*/,]))"""
)
_JOINING = {"and", "or", "not"}
_EQUAL = {"=": "==", "<>": "!=", "==": "==", "!=": "!="}


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
            "verdict": lambda: [material.verdict_on(one.path) for one in self.pictures],
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
        if name == "p":
            return np.array(self._made[name](), float)
        if self.is_text(name):
            return np.array([_text(v) for v in self._made[name]()], str)
        return np.array([np.nan if v is None else v for v in self._made[name]()], float)

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


def chosen(text: str, columns: Columns) -> set[str]:
    """The paths of the pictures that pass a filter.

    Parameters
    ----------
    text : str
        Columns compared with numbers and words by ``=``, ``!=``, ``<``, ``>``, ``<=``, ``>=``,
        joined by AND, OR, NOT in any case, with parentheses.
    columns : Columns

    Returns
    -------
    set of str

    Raises
    ------
    UsageError
        It cannot be read, or names a column that there is not.
    """
    said = " ".join(_as_expression(_parts(text), columns))
    try:
        expression = Expression(said, where="--filter")
        if not expression.is_cut:
            raise UsageError(f"the filter {text!r} compares nothing", hint=HINT)
        for name in sorted(expression.names - set(columns.names)):
            raise _unknown(name, columns)
        passed = expression.passed({name: columns[name] for name in expression.names})
    except SettingError as error:
        why = str(error).removeprefix(f"--filter: {said!r} ")
        raise UsageError(f"the filter {text!r} {why}", hint=HINT) from None
    return {one.path for one, yes in zip(columns.pictures, passed, strict=True) if yes}


def _parts(text: str) -> list[tuple[str, str]]:
    """The words of a filter, each with its kind."""
    parts, at, end = [], 0, len(text.rstrip())
    while at < end:
        found = _PART.match(text, at)
        if found is None:
            wrong = text[at:].strip()[:20]
            raise UsageError(f"the filter {text!r} cannot be read at {wrong!r}", hint=HINT)
        kind = str(found.lastgroup)
        parts.append((kind, found[kind]))
        at = found.end()
    return parts


def _as_expression(parts: list[tuple[str, str]], columns: Columns) -> list[str]:
    """The same in the words of a scheme's cuts: `==`, lower case, texts in quotes."""
    spelled = {name.lower(): name for name in columns.names}
    said = []
    for k, (kind, word) in enumerate(parts):
        if kind == "word" and word.lower() in _JOINING:
            said.append(word.lower())
        elif kind == "sign":
            said.append(_EQUAL.get(word, word))
        elif kind == "text":
            said.append(repr(word[1:-1]))
        elif _stands_for_text(parts, k, spelled, columns):
            said.append(repr(word))
        else:
            said.append(word if word in FUNCTIONS else spelled.get(word.lower(), word))
    return said


def _stands_for_text(
    parts: list[tuple[str, str]], k: int, spelled: dict[str, str], columns: Columns
) -> bool:
    """Whether a word, or an id's digits, is what a column of words is compared with."""
    kind, word = parts[k]
    if kind == "word" and word.lower() in spelled:
        return False
    for sign, other in ((k - 1, k - 2), (k + 1, k + 2)):
        if min(sign, other) >= 0 and max(sign, other) < len(parts) and parts[sign][1] in _EQUAL:
            name = spelled.get(parts[other][1].lower(), "")
            if parts[other][0] == "word" and name and columns.is_text(name):
                return True
    return False


def _unknown(name: str, columns: Columns) -> UsageError:
    near = difflib.get_close_matches(name, columns.names, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    return UsageError(
        f"no column of these pictures is called {name!r}",
        hint=f"{meant}columns: {', '.join(columns.names)}",
    )
