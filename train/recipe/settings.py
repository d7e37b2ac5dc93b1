"""Settings as a person writes them: words of the command line, and TOML files."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from galaxycurate.errors import InputError, SettingError
from train.recipe.config import Config, flat


def changed(config: Config, values: dict[str, object]) -> Config:
    """The recipe with some values replaced.

    Parameters
    ----------
    config : Config
    values : dict
        Name to value; text is read as the type of the setting. A name is dotted
        (``optim.lr``) or, where only one part has it, its last word (``lr``).

    Raises
    ------
    SettingError
        An unknown name, a value of the wrong type or outside its range.
    """
    defaults = flat(Config())
    parts: dict[str, dict[str, object]] = {"": {}}
    for word, value in values.items():
        name = full_name(word, defaults)
        part, _, leaf = name.rpartition(".")
        parts.setdefault(part, {})[leaf] = _typed(name, value, defaults[name])
    inner = {part: replace(getattr(config, part), **new) for part, new in parts.items() if part}
    return replace(config, **parts[""], **inner)


def full_name(word: str, known) -> str:
    """The dotted name of a setting, given in full or by its last word.

    Raises
    ------
    SettingError
        There is no such setting.
    """
    word = word.strip()
    meant = [name for name in known if name == word or name.rpartition(".")[2] == word]
    if meant:
        return meant[0]
    leaves = [name.rpartition(".")[2] for name in known]
    near = difflib.get_close_matches(word, [*known, *leaves], n=1)
    raise SettingError(
        f"no setting is called {word}",
        hint=f"did you mean {near[0]}?" if near else "settings: " + ", ".join(known),
    )


def read_toml(path: Path) -> dict[str, object]:
    """The settings written in a TOML file, in its ``[train]`` table or at the top.

    Parts are tables (``[optim]``); ``preset = "name"`` is what it begins from.

    Returns
    -------
    dict
        Dotted name to value.

    Raises
    ------
    InputError
        The file is missing, is not TOML, or its ``train`` is no table.
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}", hint="--config takes a TOML file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is not TOML: {error}", hint="one setting a line: epochs = 6"
        ) from error
    table = content.get("train", content)
    if not isinstance(table, dict):
        raise InputError(
            f"{path}: train = {table} is no table of settings",
            hint="a line [train], and below it one setting a line: epochs = 6",
        )
    return dotted(table)


def parse_assignments(words: list[str]) -> dict[str, object]:
    """``["shift=0.1", ...]`` as a dict.

    Raises
    ------
    SettingError
        A word has no ``=``.
    """
    for word in words:
        if "=" not in word:
            raise SettingError(f"--set {word} has no value", hint="--set name=value")
    pairs = (word.split("=", 1) for word in words)
    return {name.strip(): value.strip() for name, value in pairs}


def as_dict(config: Config) -> dict[str, object]:
    """The recipe as plain values under dotted names, for JSON and for the checkpoint."""
    return flat(config)


def differing(config: Config, other: Config) -> dict[str, object]:
    """The settings of `config` that are not those of `other`."""
    theirs = flat(other)
    return {name: value for name, value in flat(config).items() if value != theirs[name]}


def dotted(content: dict, part: str = "") -> dict[str, object]:
    """Nested tables as dotted names; a table that is no part of a recipe stays a value."""
    parts = {one.name for one in fields(Config) if is_dataclass(getattr(Config(), one.name))}
    values: dict[str, object] = {}
    for name, value in content.items():
        if not part and name in parts and isinstance(value, dict):
            values |= dotted(value, f"{name}.")
        else:
            values[part + name] = value
    return values


def _typed(name: str, value: Any, default: Any) -> Any:
    kind: Any = type(default)
    try:
        if kind is bool:
            return _truth(value)
        number = kind(value)
        if kind is int and float(value) != number:
            raise ValueError
        return number
    except (TypeError, ValueError) as error:
        wanted = {int: "a whole number", float: "a number", bool: "true or false"}.get(kind, "text")
        raise SettingError(
            f"{name} = {value} is not {wanted}", hint=f"the default is {name}={default}"
        ) from error


def _truth(value: Any) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if isinstance(value, bool):
        return value
    if str(value).lower() not in words:
        raise ValueError
    return words[str(value).lower()]
