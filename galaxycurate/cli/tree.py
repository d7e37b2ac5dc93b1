"""The commands as data, for whoever writes about them: the man page and the documentation."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

KINDS = {"<str>": "TEXT", "<int>": "N", "<int range>": "N", "<float>": "NUMBER", "<path>": "PATH"}


@dataclass(frozen=True)
class Word:
    """An option or an argument: how it is written, what it takes, what it does."""

    names: tuple[str, ...]
    takes: str
    help: str

    @property
    def written(self) -> str:
        """As in a usage line: ``--limit INTEGER``."""
        return " ".join(filter(None, (", ".join(self.names), self.takes)))


@dataclass(frozen=True)
class Command:
    """One command that can be typed, such as ``config set``."""

    path: tuple[str, ...]
    does: str
    more: tuple[str, ...]
    examples: tuple[str, ...]
    arguments: tuple[Word, ...]
    options: tuple[Word, ...]

    @property
    def typed(self) -> str:
        """The words to type, arguments in their place."""
        return " ".join(("galaxycurate", *self.path, *(word.takes for word in self.arguments)))


def commands(root: Any) -> Iterator[Command]:
    """Every command of ``galaxycurate`` that is shown, in the order of ``--help``.

    Parameters
    ----------
    root : Group
        Of click, as `typer.main.get_command` gives it of ``galaxycurate.cli.main.app``.

    Yields
    ------
    Command
    """
    yield from _below(root, ())


def _below(group: Any, path: tuple[str, ...]) -> Iterator[Command]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if hasattr(command, "commands"):
            yield from _below(command, (*path, name))
        else:
            yield _told(command, (*path, name))


def _told(command: Any, path: tuple[str, ...]) -> Command:
    words, *examples = inspect.cleandoc(command.help or "").split("Example: ")
    does, *more = (" ".join(part.split()) for part in re.split(r"\n\s*\n", words.strip()))
    shown = [word for word in command.params if not word.hidden]
    arguments = [word for word in shown if word.param_type_name == "argument"]
    return Command(
        path, does, tuple(more), tuple(example.strip() for example in examples),
        tuple(_argument(word) for word in arguments),
        tuple(_option(word, command) for word in shown if word not in arguments),
    )  # fmt: skip


def _argument(word: Any) -> Word:
    takes = (word.metavar or word.name or "").strip("[].").upper()
    takes += "..." if word.nargs == -1 else ""
    return Word((), takes if word.required else f"[{takes}]", word.help or "")


def _option(word: Any, command: Any) -> Word:
    takes = "" if word.is_flag else word.make_metavar(command.context_class(command))
    takes = takes.strip("<>") if "|" in takes else takes
    return Word((*word.opts, *word.secondary_opts), KINDS.get(takes, takes), word.help or "")
