"""The reference: which names are told on which page; their words are the docstrings."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import galaxycurate

ROOT = Path(galaxycurate.__file__).parents[1]
DOOR = """# The library's door

`import galaxycurate as gc` and these names: what each command does, as a function that returns a
value and prints nothing. Sky positions are ICRS degrees; a name tells its unit where there is one.

"""
ROOMS = {room: f"galaxycurate.{room}" for room in ("core", "curation", "store")}
VERBS = (
    "fit", "folds", "infer", "explain", "export", "report", "votes", "place", "recipe.config",
    "recipe.presets",
)  # fmt: skip


def pages() -> dict[str, str]:
    """Markdown of each page by its path."""
    made = {"reference/library.md": DOOR + "\n\n".join(_door())}
    for room, package in ROOMS.items():
        module = importlib.import_module(package)
        names = [found.name for found in pkgutil.walk_packages(module.__path__, f"{package}.")]
        made[f"reference/{room}.md"] = _page(room, module.__doc__ or "", names)
    verbs = [f"train.{name}" for name in VERBS]
    made["reference/train.md"] = _page(
        "train", importlib.import_module("train").__doc__ or "", verbs
    )
    return made


def _door() -> list[str]:
    options = "    options:\n      heading: gc.{0}\n      toc_label: gc.{0}"
    return [
        f"::: {module}.{name}\n{options.format(called)}"
        for called, (module, name) in sorted(galaxycurate._VERBS.items())
    ]


def _page(title: str, about: str, modules: list[str]) -> str:
    parts = [f"# {title}", about.strip(), *(_module(name) for name in modules)]
    return "\n\n".join(parts)


def _module(module: str) -> str:
    """Every public name of a module but those that the door tells."""
    told = [name for place, name in galaxycurate._VERBS.values() if place == module]
    filters = ["!^_", *(f"!^{name}$" for name in told)]
    return f"::: {module}\n    options:\n      show_root_full_path: true\n      filters: {filters}"
