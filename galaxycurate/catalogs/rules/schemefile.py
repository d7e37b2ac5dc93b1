"""A scheme's file, checked piece by piece: every error names the file, the class and the key."""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from galaxycurate.catalogs.rules.expression import FUNCTIONS, Expression
from galaxycurate.catalogs.rules.scheme import THRESHOLD, Node, Scheme, is_class_name
from galaxycurate.errors import InputError, SettingError, first_line
from galaxycurate.store.files import existing

CHOICES = ("only", "first", "largest")

_KEYS: dict[str, tuple[type, ...]] = {
    "title": (str,), "source": (str,), "warning": (str,), "catalogs": (list,),
    "min_votes": (int,), "threshold": (int, float), "sample": (int,), "votes": (str,),
    "choose": (str,), "label": (str,), "labels": (dict,), "cutout": (dict,), "kinds": (dict,),
    "columns": (dict,), "branch": (list,), "class": (list,),
}  # fmt: skip
_NODE_KEYS: dict[str, tuple[type, ...]] = {
    "name": (str,), "within": (str,), "cuts": (list,), "fraction": (str,), "votes": (str,),
    "rest": (bool,),
}  # fmt: skip
_CUTOUT_KEYS: dict[str, tuple[type, ...]] = {"size_px": (int,)}
_OF_TEXTS = ("catalogs", "kinds", "columns", "labels", "cuts")
_TAKEN = {THRESHOLD, *FUNCTIONS}
_LEAST = {"min_votes": 0, "sample": 1, "size_px": 1}


def read(path: Path) -> Scheme:
    """Read and check a scheme.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Scheme

    Raises
    ------
    InputError
        No such file, or it is no TOML.
    SettingError
        Something in it is wrong; the text names file, class and key.
    """
    try:
        text = existing(path, what="scheme").read_bytes()
        content = tomllib.loads(text.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InputError(
            f"{path} is no TOML: {first_line(error)}", hint="docs/schemes.md shows a whole scheme"
        ) from None
    return _Reader(path, content).scheme(hashlib.sha256(text).hexdigest())


class _Reader:
    """The content of a file on its way to a `Scheme`."""

    def __init__(self, path: Path, content: dict):
        self.path, self.content = path, content

    def scheme(self, sha256: str) -> Scheme:
        top = self.content
        self._check_keys(top, _KEYS, "")
        self._check_keys(top.get("cutout", {}), _CUTOUT_KEYS, "cutout: ")
        branches = list(self._nodes("branch"))
        self._check_names([node.name for node in branches], "branches")
        made = Scheme(
            name=self.path.stem,
            title=top.get("title", self.path.stem),
            source=top.get("source", ""),
            warning=top.get("warning", ""),
            catalogs=tuple(top.get("catalogs", ())),
            sha256=sha256,
            min_votes=top.get("min_votes", 0),
            threshold=top.get("threshold"),
            sample=top.get("sample"),
            size_px=top.get("cutout", {}).get("size_px"),
            kinds=top.get("kinds", {}),
            columns={short: name.lower() for short, name in top.get("columns", {}).items()},
            votes=self._expression(top, "votes", ""),
            branches={node.name: node for node in branches},
            classes=tuple(self._nodes("class")),
            choose=top.get("choose", "only"),
            label=top.get("label", "").lower(),
            labels=top.get("labels", {}),
        )
        self._check(made)
        return made

    def _wrong(self, what: str, hint: str = "docs/schemes.md shows a whole scheme") -> SettingError:
        return SettingError(f"{self.path}: {what}", hint=hint)

    def _check_keys(self, table: Mapping[str, Any], known: dict, where: str) -> None:
        for key, value in table.items():
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                raise self._wrong(
                    f"{where}{key} is no key of a scheme",
                    f"did you mean {near[0]}?" if near else "known are " + ", ".join(known),
                )
            if not isinstance(value, known[key]) or (
                isinstance(value, bool) and bool not in known[key]
            ):
                raise self._wrong(f"{where}{key} = {value!r} is no {known[key][0].__name__}")
            texts = value.values() if isinstance(value, dict) else value
            wrong = [v for v in texts if not isinstance(v, str)] if key in _OF_TEXTS else []
            if wrong:
                raise self._wrong(f"{where}{key}: {wrong[0]!r} is no text")
            if key in _LEAST and value < _LEAST[key]:
                raise self._wrong(f"{where}{key} = {value} must be at least {_LEAST[key]}")

    def _nodes(self, key: str) -> Iterator[Node]:
        for number, entry in enumerate(self.content.get(key, ()), 1):
            if not isinstance(entry, dict):
                raise self._wrong(f"{key} = {entry!r} is no table", f"[[{key}]] begins one")
            where = f"{key} {entry.get('name', number)}: "
            self._check_keys(entry, _NODE_KEYS, where)
            name = entry.get("name", "")
            if not is_class_name(name):
                raise self._wrong(
                    f"{where}the name {name!r} cannot be a folder",
                    "letters, digits, _ - and . name a class",
                )
            yield Node(
                name=name,
                within=entry.get("within", ""),
                cuts=tuple(
                    Expression(cut, f"{self.path}: {where}cuts") for cut in entry.get("cuts", ())
                ),
                fraction=self._expression(entry, "fraction", where),
                votes=self._expression(entry, "votes", where),
                rest=entry.get("rest", False),
            )

    def _expression(self, entry: Mapping, key: str, where: str) -> Expression | None:
        return Expression(entry[key], f"{self.path}: {where}{key}") if key in entry else None

    def _check(self, made: Scheme) -> None:
        if bool(made.classes) == bool(made.label):
            raise self._wrong("a scheme has either classes or one column of labels (label = ...)")
        if made.choose not in CHOICES:
            raise self._wrong(f"choose = {made.choose!r} is not one of {', '.join(CHOICES)}")
        if made.threshold is not None and not 0 < made.threshold <= 1:
            raise self._wrong(f"threshold = {made.threshold} must be above 0 and at most 1")
        for short in made.columns:
            if not short.isidentifier() or short in _TAKEN:
                taken = " means something else" if short in _TAKEN else " is no word"
                raise self._wrong(f"columns: the short name {short!r}{taken}")
        self._check_names([node.name for node in made.classes], "classes")
        for label in made.labels.values():
            if not is_class_name(label):
                raise self._wrong(f"labels: the name {label!r} cannot be a folder")
        self._check_names(sorted(set(made.labels.values())), "labels")
        for node in (*made.branches.values(), *made.classes):
            self._check_node(made, node)
        if sum(node.rest for node in made.classes) > 1:
            raise self._wrong("only one class can take the rest")
        for node in made.classes:
            cut = node.rest or any(above.cuts for above in made.path(node))
            if not cut and made.choose != "largest":
                raise self._wrong(
                    f"class {node.name} has no cuts: every row is in it",
                    "rest = true takes those that are in no other class",
                )

    def _check_names(self, names: list[str], what: str) -> None:
        if len({name.casefold() for name in names}) < len(names):
            raise self._wrong(f"two {what} have one name (S and s are one folder on some systems)")

    def _check_node(self, made: Scheme, node: Node) -> None:
        above, seen = node, [node]
        while above.within:
            above = made.branches.get(above.within, node)
            if above in seen:
                raise self._wrong(f"{node.name}: within = {node.within!r} leads to no branch")
            seen.append(above)
        known = {*made.columns, THRESHOLD}
        for expression in (*node.cuts, node.fraction, node.votes, made.votes):
            if expression is None:
                continue
            unknown = sorted(expression.names - known)
            if unknown:
                raise self._wrong(
                    f"{node.name}: {expression.text!r} speaks of {unknown[0]}, which [columns] "
                    "does not name"
                )
            if THRESHOLD in expression.names and made.threshold is None:
                raise self._wrong(f"{node.name}: there is no threshold", "threshold = 0.8")
            if expression.is_cut != (expression in node.cuts):
                what = "is no number" if expression.is_cut else "is neither true nor false"
                raise self._wrong(f"{node.name}: {expression.text!r} {what}")
        if made.choose == "largest" and node in made.classes and not node.fraction:
            raise self._wrong(f"{node.name}: choose = 'largest' compares fractions; it has none")
