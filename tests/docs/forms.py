"""Whether a command could be typed as it stands: it exists, and so do all of its options."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from functools import lru_cache

import typer

from galaxycurate.cli.main import app
from tests.docs.blocks import ROOT
from train.cli import _whole

SYSTEM = ("bzip2", "cd", "curl", "done", "export", "for", "git", "mkdir", "man", "source", "unzip")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def check(words: list[str]) -> None:
    """Fail where a command of a block cannot be typed."""
    words = words[: words.index(">")] if ">" in words else words
    words = words[1:] if words[:1] == ["do"] else words  # of a loop
    if not words:
        return
    known = [name for name in KNOWN if words[: len(name)] == list(name)]
    assert known, f"a command that no test knows: {' '.join(words)}"
    KNOWN[max(known, key=len)](words[len(max(known, key=len)) :])


def _galaxycurate(words: list[str]) -> None:
    command, rest = _walk(words)
    try:
        command.make_context("galaxycurate", list(rest))
    except Exception as error:  # typer brings a click of its own
        raise AssertionError(f"galaxycurate {' '.join(words)}: {error}") from error


def _walk(words: list[str]):
    command = typer.main.get_command(app)
    while hasattr(command, "commands") and words:
        assert words[0] in command.commands, f"no command galaxycurate {' '.join(words)}"
        command, words = command.commands[words[0]], words[1:]
    return command, words


def _train(words: list[str]) -> None:
    from train.cli.fit import recipe

    name = words[0] if words and not words[0].startswith("-") else "fit"
    asked = _whole()[1][name].parse_args(words[1:] if words[:1] == [name] else words)
    if name == "fit":
        recipe(asked)


def _pip(words: list[str]) -> None:
    for extra in re.findall(r"\[(.+?)\]", " ".join(words)):
        for name in extra.split(","):
            assert name in PROJECT["optional-dependencies"], f"no extra {name}"


def _make(words: list[str]) -> None:
    for target in words:
        assert re.search(rf"(?m)^{target}:", (ROOT / "Makefile").read_text()), f"make {target}"


def _benchmark(words: list[str]) -> None:
    path = ROOT / (words[0] if words[0].endswith(".py") else words[0].replace(".", "/") + ".py")
    text = path.read_text()
    if path.name == "gpu.py":
        return
    for option in (word for word in words if word.startswith("--")):
        assert f'"{option}"' in text, f"{path.name} has no {option}"


def _module(words: list[str]) -> None:
    if words[0].startswith("benchmarks."):
        _benchmark(words)
    else:
        assert words[0] in ("benchmarks", "pytest", "webbrowser"), words


def _torchrun(words: list[str]) -> None:
    _train(words[words.index("train") + 1 :])


def _anything(_words: list[str]) -> None:
    """A tool of the system, which a test need not know."""


KNOWN: dict[tuple[str, ...], Callable[[list[str]], None]] = {
    ("galaxycurate",): _galaxycurate,
    ("python", "-m", "train"): _train,
    ("python", "-m"): _module,
    ("python",): _benchmark,
    ("pip", "install"): _pip,
    ("make",): _make,
    ("torchrun",): _torchrun,
} | {(tool,): _anything for tool in SYSTEM}


@lru_cache
def options() -> frozenset[str]:
    """Every option of every command."""
    found: set[str] = set()

    def gather(command) -> None:
        found.update(name for p in command.params for name in (*p.opts, *p.secondary_opts))
        for below in getattr(command, "commands", {}).values():
            gather(below)

    gather(typer.main.get_command(app))
    for parser in _whole()[1].values():
        found.update(name for action in parser._actions for name in action.option_strings)
    for path in (ROOT / "benchmarks").glob("*.py"):
        found.update(re.findall(r'"(--[a-z-]+)"', path.read_text()))
    return frozenset(found)


def mentioned(words: list[str]) -> None:
    """Fail where words in a sentence name a command or an option that is none."""
    if words[0] == "galaxycurate":
        command, rest = _walk([w for w in words[1:] if w != "..."])
        if hasattr(command, "commands"):
            return
        names = {name for p in command.params for name in (*p.opts, *p.secondary_opts, "--help")}
        for word in rest:
            assert not word.startswith("--") or word.split("=")[0] in names, " ".join(words)
    elif words[:3] == ["python", "-m", "train"] and len(words) > 3:
        name = words[3] if not words[3].startswith("-") else "fit"
        parser = _whole()[1][name]
        names = {name for action in parser._actions for name in action.option_strings}
        for word in words[3:]:
            assert not word.startswith("--") or word.split("=")[0] in names, " ".join(words)
    elif words[0].startswith("--") and words[0] != "--":
        assert words[0].split("=")[0] in options(), words[0]
