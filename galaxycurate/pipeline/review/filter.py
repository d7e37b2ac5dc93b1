"""A person's filter, `label=spiral AND p>0.9`, on everything that is known of pictures."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

import numpy as np

from galaxycurate.catalogs.rules.expression import FUNCTIONS, Expression
from galaxycurate.errors import SettingError, UsageError
from galaxycurate.pipeline.review.columns import Columns

HINT = "a filter looks like: label=spiral AND p>0.9; other words than names stand in quotes"
_PART = re.compile(
    r"""\s*(?:(?P<text>'[^']*'|"[^"]*")|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"""
    r"""|(?P<word>[^\W\d]\w*)|(?P<sign><=|>=|==|!=|<>|[=<>()+\-*/,]))"""
)
_JOINING = {"and", "or", "not"}
_EQUAL = {"=": "==", "<>": "!=", "==": "==", "!=": "!="}


@dataclass(frozen=True)
class Passed:
    """What passes a filter.

    Parameters
    ----------
    paths : set of str
    note : str
        How many do not because something of them is not known; empty where nothing is missing.
    """

    paths: set[str]
    note: str = ""


def chosen(text: str, columns: Columns) -> Passed:
    """The pictures that pass a filter.

    Parameters
    ----------
    text : str
        Columns compared with numbers and words by ``=``, ``!=``, ``<``, ``>``, ``<=``, ``>=``,
        joined by AND, OR, NOT in any case, with parentheses.
    columns : Columns

    Returns
    -------
    Passed

    Raises
    ------
    UsageError
        It cannot be read, or names a column or a word that there is not.
    """
    said = " ".join(_as_expression(_parts(text), columns))
    try:
        expression = Expression(said, where="--filter")
        if not expression.is_cut or not expression.names:
            raise UsageError(f"the filter {text!r} compares nothing", hint=HINT)
        for name in sorted(expression.names - set(columns.names)):
            raise _unknown(name, columns)
        _check_words(expression, columns)
        truth = expression.truth({name: columns[name] for name in expression.names})
    except SettingError as error:
        why = str(error).removeprefix(f"--filter: {said!r} ")
        raise UsageError(f"the filter {text!r} {why}", hint=HINT) from None
    paths = {one.path for one, yes in zip(columns.pictures, truth == 1, strict=True) if yes}
    return Passed(paths, _note(expression, columns, np.isnan(truth)))


def _note(expression: Expression, columns: Columns, untold: np.ndarray) -> str:
    """How many pictures pass neither a filter nor its contrary, and why."""
    n = int(untold.sum())
    if not n:
        return ""
    empty = {name: untold & mask for name, mask in columns.unknown(expression.names).items()}
    names = [name for name, mask in empty.items() if mask.any()]
    if (untold & ~np.logical_or.reduce([*empty.values()])).any():
        names.append("what is divided by zero")
    among = f"{n:,} of {len(columns.pictures):,} pictures"
    said = " or ".join(names)
    return f"{among} cannot be told by the filter, and do not pass: {said} is not known"


def _check_words(expression: Expression, columns: Columns) -> None:
    """Refuse a word that its column cannot hold: it is misspelled, not rare."""
    for name, word in sorted(expression.texts):
        known = columns.known(name)
        if not word or not known or word in known:
            continue
        lower = {one.lower(): one for one in known}
        near = difflib.get_close_matches(word.lower(), lower, n=1)
        meant = f"did you mean {lower[near[0]]}? " if near else ""
        raise UsageError(
            f"{name} is never {word!r}", hint=f"{meant}{name}: {', '.join(sorted(known))}"
        )


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
