"""A scheme's file, checked piece by piece: every error names the file, the class and the key."""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from galaxycurate.catalogs.rules.expression import Expression
from galaxycurate.catalogs.rules.scheme import THRESHOLD, Node, Scheme
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
_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*\Z")


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
        branches = {n.name: n for n in self._nodes("branch")}
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
            branches=branches,
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

    def _nodes(self, key: str) -> Iterator[Node]:
        for number, entry in enumerate(self.content.get(key, ()), 1):
            where = f"{key} {entry.get('name', number)}: "
            self._check_keys(entry, _NODE_KEYS, where)
            name = entry.get("name", "")
            if not _FOLDER_NAME.match(name):
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
        called = [node.name for node in made.classes]
        if len(set(called)) < len(called):
            raise self._wrong("two classes have one name")
        for label in made.labels.values():
            if not isinstance(label, str) or not _FOLDER_NAME.match(label):
                raise self._wrong(f"labels: the name {label!r} cannot be a folder")
        for node in (*made.branches.values(), *made.classes):
            self._check_node(made, node)
        if sum(node.rest for node in made.classes) > 1:
            raise self._wrong("only one class can take the rest")

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
