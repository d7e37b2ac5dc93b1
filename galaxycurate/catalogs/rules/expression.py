"""Cuts and fractions of a scheme: `features >= 0.43 and spiral >= threshold`, on whole columns.

Python's own parser reads them; only arithmetic, comparisons, and/or/not and min, max, sum are
carried out. Truth has three values, as in SQL: what is compared with an unknown number (NaN) or
an empty text is unknown, and an unknown cut is not passed; what is divided by zero is unknown, too.
Only `== ''` and `!= ''` know empty from not empty.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from itertools import chain, pairwise
from typing import Any

import numpy as np

from galaxycurate.errors import SettingError

ROUNDING = 1e-6
"""Numbers this near are equal: tables keep fractions in 32 bits, 0.7 comes back as 0.69999999."""

MOST_PARTS = 600
"""Of one expression: Python's parser and the walk below go as deep as it is long."""

Values = Mapping[str, Any]

_ARITHMETIC: dict[type, Callable] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: lambda a, b: np.divide(a, np.where(b == 0, np.nan, b)),
}
_COMPARISONS: dict[type, Callable] = {
    ast.GtE: lambda a, b: a >= b - ROUNDING,
    ast.LtE: lambda a, b: a <= b + ROUNDING,
    ast.Gt: lambda a, b: a > b + ROUNDING,
    ast.Lt: lambda a, b: a < b - ROUNDING,
    ast.Eq: lambda a, b: abs(a - b) <= ROUNDING,
    ast.NotEq: lambda a, b: abs(a - b) > ROUNDING,
}
FUNCTIONS: dict[str, Callable] = {"min": np.minimum, "max": np.maximum, "sum": np.add}
_TRUTHS = (ast.Compare, ast.BoolOp)


@dataclass(frozen=True)
class Expression:
    """One expression, read and checked.

    Parameters
    ----------
    text : str
    where : str
        Scheme, class and key, for messages.
    """

    text: str
    where: str
    tree: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        """Read it now, so that a wrong scheme is refused before any table is opened."""
        try:
            tree = ast.parse(self.text.strip(), mode="eval").body
        except (SyntaxError, ValueError, TypeError, AttributeError):
            raise self._wrong("cannot be read") from None
        except (RecursionError, MemoryError):
            raise self._wrong("is too long") from None
        if sum(1 for _ in ast.walk(tree)) > MOST_PARTS:
            raise self._wrong("is too long")
        self._check(tree)
        object.__setattr__(self, "tree", tree)

    @property
    def names(self) -> set[str]:
        """The columns that it speaks of, and `threshold`."""
        found = {n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name)}
        return found - set(FUNCTIONS)

    @property
    def texts(self) -> set[tuple[str, str]]:
        """Each column that it compares with a text, and that text."""
        found = set()
        for node in ast.walk(self.tree):
            sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
            for a, b in chain(pairwise(sides), pairwise(sides[::-1])):
                text = b.value if isinstance(b, ast.Constant) else None
                if isinstance(a, ast.Name) and isinstance(text, str):
                    found.add((a.id, text))
        return found

    @property
    def is_cut(self) -> bool:
        """Whether it is true or false, not a number."""
        return _is_truth(self.tree)

    def numbers(self, values: Values) -> np.ndarray:
        """Its value in each row.

        Parameters
        ----------
        values : mapping
            Column or number by name.

        Returns
        -------
        ndarray of float64
            NaN where a number that it needs is unknown.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self._value(self.tree, values))

    def truth(self, values: Values) -> np.ndarray:
        """Whether each row passes a cut: 1 yes, 0 no, NaN unknown."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self._truth(self.tree, values))

    def passed(self, values: Values) -> np.ndarray:
        """Which rows pass a cut, bool; those where it is unknown do not."""
        return self.truth(values) == 1

    def bound_on(self, other: Expression, values: Values) -> float | None:
        """The number that this cut compares another expression with; None for any other cut."""
        if not isinstance(self.tree, ast.Compare) or len(self.tree.ops) != 1:
            return None
        same = ast.dump(self.tree.left) == ast.dump(other.tree)
        bound = self._value(self.tree.comparators[0], values) if same else None
        return float(bound) if isinstance(bound, (int, float)) else None

    def _wrong(self, what: str) -> SettingError:
        text = str(self.text)
        said = text if len(text) <= 200 else f"{text[:60]} ... {text[-20:]}"
        return SettingError(
            f"{self.where}: {said!r} {what}",
            hint="an expression looks like: max(ring, merger) >= 0.5 and odd >= threshold",
        )

    def _check(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name):
            return
        if isinstance(node, ast.Constant):
            if type(node.value) not in (int, float, str):
                raise self._wrong(f"holds {node.value!r}")
            if type(node.value) is int and abs(node.value) >= 2**53:
                raise self._wrong("holds a number that is too long")
            return
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", "")
            if name not in FUNCTIONS or node.keywords or not node.args:
                raise self._wrong(f"calls {name or 'something'}; min, max and sum are known")
            parts: list[ast.expr] = node.args
        elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
            parts = [node.left, node.right]
        elif isinstance(node, ast.Compare) and all(type(op) in _COMPARISONS for op in node.ops):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.BoolOp):
            parts = node.values
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
            parts = [node.operand]
        else:
            raise self._wrong(f"holds {ast.unparse(node)!r}, which no scheme may")
        wants_truth = isinstance(node, ast.BoolOp) or (
            isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
        )
        for part in parts:
            if _is_truth(part) != wants_truth:
                said = "is not true or false" if wants_truth else "is no number"
                raise self._wrong(f"is mixed up: {ast.unparse(part)!r} {said}")
            self._check(part)

    def _value(self, node: Any, values: Values) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            if node.id not in values:
                raise self._wrong(f"speaks of {node.id}, which [columns] does not name")
            return values[node.id]
        if isinstance(node, ast.UnaryOp):
            return -self._number(node.operand, values)
        if isinstance(node, ast.Call):
            parts = [self._number(part, values) for part in node.args]
            return reduce(FUNCTIONS[ast.unparse(node.func)], parts)
        left, right = (self._number(part, values) for part in (node.left, node.right))
        return _ARITHMETIC[type(node.op)](left, right)

    def _number(self, node: ast.AST, values: Values) -> Any:
        value = self._value(node, values)
        if _is_text(value):
            raise self._wrong(f"reckons with {ast.unparse(node)}, which is text")
        return value

    def _truth(self, node: Any, values: Values) -> Any:
        """1 true, 0 false, NaN unknown."""
        if isinstance(node, ast.UnaryOp):
            return 1 - self._truth(node.operand, values)
        if isinstance(node, ast.BoolOp):
            parts = [self._truth(part, values) for part in node.values]
            return reduce(both if isinstance(node.op, ast.And) else _either, parts)
        sides = [self._value(part, values) for part in (node.left, *node.comparators)]
        pairs = zip(node.ops, sides, sides[1:], strict=False)
        return reduce(both, (self._compared(op, a, b) for op, a, b in pairs))

    def _compared(self, op: ast.cmpop, a: Any, b: Any) -> Any:
        if _is_text(a) != _is_text(b):
            number = np.asarray(b if _is_text(a) else a)
            if number.ndim and np.isnan(number).all():  # a column without values has no type
                return np.full(number.shape, np.nan)
            raise self._wrong("compares text with a number")
        if _is_text(a):
            if not isinstance(op, (ast.Eq, ast.NotEq)):
                raise self._wrong("sorts text; == and != are known")
            a, b = np.asarray(a), np.asarray(b)
            same = ((a == b) == isinstance(op, ast.Eq)).astype(float)
            asks_for_empty = any(not side.ndim and side == "" for side in (a, b))
            return same if asks_for_empty else np.where((a == "") | (b == ""), np.nan, same)
        known = np.where(np.isnan(a) | np.isnan(b), np.nan, 1.0)
        return known * _COMPARISONS[type(op)](a, b)


def _is_truth(node: ast.AST) -> bool:
    is_not = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    return isinstance(node, _TRUTHS) or is_not


def _is_text(value: Any) -> bool:
    return np.asarray(value).dtype.kind in "USOT"


def both(a, b):
    """Whether two truths hold, each 1, 0, or NaN where unknown."""
    return np.where((a == 0) | (b == 0), 0.0, a * b)


def _either(a, b):
    return 1 - both(1 - a, 1 - b)
