"""The recipes that come with train, one TOML file each."""

from __future__ import annotations

import difflib
import tomllib
from importlib.resources import files

from galaxycurate.errors import SettingError
from train.recipe.config import Config
from train.recipe.settings import changed, dotted

FOLDER = files(__package__) / "presets"


def names() -> tuple[str, ...]:
    """Every preset, in alphabetical order."""
    return tuple(sorted(f.name.removesuffix(".toml") for f in FOLDER.iterdir() if _is_preset(f)))


def preset(name: str) -> Config:
    """A recipe by its name.

    Raises
    ------
    SettingError
        There is none of that name.
    """
    return changed(Config(preset=_known(name)), dotted(_content(name)["recipe"]))


def about(name: str) -> str:
    """What a preset is, in a line."""
    return str(_content(_known(name))["about"])


def _known(name: str) -> str:
    if name in names():
        return name
    near = difflib.get_close_matches(name, names(), n=1)
    raise SettingError(
        f"no preset is called {name}",
        hint=f"did you mean {near[0]}?" if near else "presets: " + ", ".join(names()),
    )


def _content(name: str) -> dict:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _is_preset(file) -> bool:
    return file.name.endswith(".toml")
