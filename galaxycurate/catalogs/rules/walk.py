"""One table walked down one scheme: which rows reach which class, and how many each cut leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from galaxycurate.catalogs.rules.expression import Expression, both
from galaxycurate.catalogs.rules.scheme import THRESHOLD, Node, Scheme, is_class_name
from galaxycurate.catalogs.table import CatalogTable
from galaxycurate.errors import LayoutError

BINS = 20


@dataclass(frozen=True)
class Step:
    """A cut of a class or branch, and how many rows pass it and all before it on its path."""

    node: str
    cut: str
    rows: int


@dataclass(frozen=True)
class Spread:
    """How a class's vote fraction is spread, over the rows that its branches lead to.

    ``counts`` has `BINS` bins from 0 to 1; ``cut`` is where the class begins, None where no single
    number says so.
    """

    counts: np.ndarray
    cut: float | None


class Walk:
    """One table under one scheme: who reaches which node, with which fraction of how many votes.

    Parameters
    ----------
    table, scheme, kind, threshold, min_votes
        See `label`.
    """

    def __init__(self, table: CatalogTable, scheme: Scheme, *, kind, threshold, min_votes):
        self.scheme, self.table = scheme, table
        self.kind = scheme.kind_of(kind, table.columns, table.source)
        self.threshold = scheme.checked(threshold)
        self.min_votes = scheme.least_votes(min_votes)
        self.names: list[str] = [node.name for node in scheme.classes]
        self.funnel: dict[str, int] = {"rows": len(table)}
        self._unknown = np.full(len(table), np.nan)
        self._values: dict[str, Any] = {THRESHOLD: self.threshold}
        for short in scheme.columns:
            column = scheme.column(short, self.kind)
            self._values[short] = table.columns.get(column, self._unknown)
        self._reached: dict[str, np.ndarray] = {"": np.ones(len(table))}  # 1, 0, NaN unknown
        for branch in scheme.branches.values():
            self._reach(branch)
        self._passed = self._in_classes()
        self._in_two = 0

    def by_cuts(self) -> np.ndarray:
        """The class of each row, as an index; -1 where it has none."""
        classes = self.scheme.classes
        passed = self._passed
        known = [np.isfinite(self.fraction(n)) if n.fraction else True for n in classes]
        votes = self._votes(self.scheme.votes)
        for node, some in zip(classes, passed, strict=True):
            votes = np.where(some, self._votes(self._decides(node)), votes)
        self._count_votes(votes)
        fits = np.array(
            [
                some & sure & self._enough(self._votes(self._decides(node)))
                for node, some, sure in zip(classes, passed, known, strict=True)
            ]
        )
        index = fits.argmax(0)
        has_one = fits.any(0)
        if self.scheme.choose == "only":
            self._in_two = int((fits.sum(0) > 1).sum())
            has_one = fits.sum(0) == 1
        if self.scheme.choose == "largest":
            fractions = np.array([self.fraction(node) for node in classes])
            index = np.where(fits, fractions, -np.inf).argmax(0)
        chosen = np.where(has_one, index, -1)
        self.funnel["in a class"] = int(has_one.sum())
        return chosen

    def by_column(self) -> np.ndarray:
        """The label of each row as the scheme's column gives it; -1 where it gives none."""
        found, which = np.unique(self.table.columns[self.scheme.label], return_inverse=True)
        texts = [_text(value) for value in found.tolist()]
        labels = self.scheme.labels or self._own_names(texts)
        given = [labels.get(text, "") for text in texts]
        self.names = [name for name in dict.fromkeys(labels.values()) if name in given]
        index = np.array([self.names.index(name) if name else -1 for name in given], int)
        counts = np.bincount(which, minlength=found.size).tolist()
        others = {t: n for t, n, name in zip(texts, counts, given, strict=True) if t and not name}
        if others:
            said = ", ".join(f"{text} {n:,}" for text, n in [*others.items()][:4])
            said += f" and {len(others) - 4} more" if len(others) > 4 else ""
            self.funnel[f"no label for: {said}"] = sum(others.values())
        votes = self._votes(self.scheme.votes)
        self._count_votes(votes)
        chosen = np.where(self._enough(votes), index[which], -1) if found.size else np.empty(0, int)
        self.funnel["in a class"] = int((chosen >= 0).sum())
        return chosen

    def fraction(self, node: Node) -> np.ndarray:
        """The least fraction along the path to a node; NaN where it is unknown."""
        given = [n.fraction for n in self.scheme.path(node) if n.fraction]
        if not given:
            return self._unknown
        return np.minimum.reduce([self._numbers(e) for e in given])

    def share(self, node: Node) -> np.ndarray:
        """Of all volunteers: the fractions along the path multiplied, 0 where none went so far."""
        given = [self._numbers(n.fraction) for n in self.scheme.path(node) if n.fraction]
        if not given:
            return self._unknown
        none = np.logical_or.reduce([fraction == 0 for fraction in given])
        return np.where(none, 0.0, np.multiply.reduce(given))

    def votes(self, chosen: np.ndarray) -> np.ndarray:
        """What rows of one object are compared by: all who voted, else who decided; NaN unknown."""
        return self._votes(self.scheme.votes) if self.scheme.votes else self.n_votes(chosen)

    def fraction_of(self, chosen: np.ndarray) -> np.ndarray:
        """The fraction of each row's own class."""
        return self._of_class(chosen, self.fraction, self._unknown)

    def n_votes(self, chosen: np.ndarray) -> np.ndarray:
        """Who answered the question that decided on each row; NaN where unknown."""
        return self._of_class(
            chosen, lambda n: self._votes(self._decides(n)), self._votes(self.scheme.votes)
        )

    def steps(self) -> list[Step]:
        """Each cut with the rows that it leaves, branch by branch, class by class."""
        told = []
        for node in (*self.scheme.branches.values(), *self.scheme.classes):
            rows = self._reached[node.within] == 1
            for cut in node.cuts:
                rows &= cut.passed(self._values)
                told.append(Step(node.name, self._spelt(cut.text), int(rows.sum())))
            if node.rest:
                here = self._passed[self.scheme.classes.index(node)]
                told.append(Step(node.name, "in no other class", int(here.sum())))
        return told

    def spreads(self) -> dict[str, Spread]:
        """How the vote fraction of each class is spread, among those with enough votes."""
        told = {}
        for node in self.scheme.classes:
            if not node.fraction:
                continue
            enough = self._enough(self._votes(self._decides(node)))
            values = self._numbers(node.fraction)[enough & (self._reached[node.within] == 1)]
            counts, _ = np.histogram(values[np.isfinite(values)].clip(0, 1), BINS, (0, 1))
            bounds = [cut.bound_on(node.fraction, self._values) for cut in node.cuts]
            told[node.name] = Spread(counts, next((b for b in bounds if b is not None), None))
        return told

    def warnings(self, asked: str | None) -> list[str]:
        """What the user should know before trusting the labels."""
        told = [self.scheme.warning] if self.scheme.warning else []
        if self._in_two:
            many = self._in_two > 1
            told.append(
                f"{self._in_two:,} row{'s fit' if many else ' fits'} two classes and "
                f"{'are' if many else 'is'} in none"
            )
        kinds = list(self.scheme.kinds)
        if kinds and not asked and self.kind != kinds[0]:
            told.append(f"there are no {kinds[0]} fractions: the {self.kind} ones were taken")
        return told

    def _spelt(self, cut: str) -> str:
        return cut if self.threshold is None else cut.replace(THRESHOLD, f"{self.threshold:g}")

    def _numbers(self, expression: Expression) -> np.ndarray:
        numbers = np.asarray(expression.numbers(self._values), float)
        return numbers if numbers.ndim else np.full(len(self.table), float(numbers))

    def _reach(self, branch: Node) -> np.ndarray:
        if branch.within not in self._reached:
            self._reach(self.scheme.branches[branch.within])
        self._reached[branch.name] = self._cut(branch)
        return self._reached[branch.name]

    def _cut(self, node: Node) -> np.ndarray:
        rows = self._reached[node.within]
        for cut in node.cuts:
            rows = both(rows, cut.truth(self._values))
        return rows

    def _in_classes(self) -> np.ndarray:
        """Who passes the cuts of each class; the rest are those whom all others surely refuse."""
        classes = self.scheme.classes
        truths = np.array([self._cut(n) for n in classes]).reshape(len(classes), len(self.table))
        passed = truths == 1
        for index, node in enumerate(classes):
            if node.rest:
                passed[index] &= (np.delete(truths, index, axis=0) == 0).all(0)
        return passed

    def _own_names(self, texts: Sequence[str]) -> dict[str, str]:
        """The values of a column as names of classes, which become folders."""
        where = f"{self.table.source}: column {self.scheme.label}"
        hint = "[labels] of the scheme names them: " + '"value" = "class"'
        folded: dict[str, str] = {}
        for text in filter(None, texts):
            if not is_class_name(text):
                raise LayoutError(f"{where} holds {text!r}, which cannot name a class", hint=hint)
            other = folded.setdefault(text.casefold(), text)
            if other != text:
                raise LayoutError(
                    f"{where} holds {other} and {text}: on some systems one folder", hint=hint
                )
        return {text: text for text in texts if text}

    def _decides(self, node: Node) -> Expression | None:
        """The nearest votes on the path."""
        given = [n.votes for n in self.scheme.path(node) if n.votes]
        return given[-1] if given else self.scheme.votes

    def _votes(self, expression: Expression | None) -> np.ndarray:
        return self._numbers(expression) if expression else self._unknown

    def _enough(self, votes: np.ndarray) -> np.ndarray:
        return (votes >= self.min_votes) | np.isnan(votes)

    def _count_votes(self, votes: np.ndarray) -> None:
        if not self.min_votes:
            return
        unknown = int(np.isnan(votes).sum())
        name = f"at least {self.min_votes} votes" + (f" ({unknown:,} unknown)" if unknown else "")
        self.funnel[name] = int(self._enough(votes).sum())

    def _of_class(self, chosen: np.ndarray, numbers, without: np.ndarray) -> np.ndarray:
        result = without.copy()
        for index, node in enumerate(self.scheme.classes):
            mine = chosen == index
            result[mine] = numbers(node)[mine]
        return result


def _text(value: Any) -> str:
    """A cell as text; whole numbers, which are read as floats, have no point."""
    if value != value:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
