"""The page of all commands, written from the parsers themselves."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator

import typer

from galaxycurate.cli.main import app
from galaxycurate.cli.tree import Command, Word
from galaxycurate.cli.tree import commands as told
from train.cli import COMMANDS, _module, _whole

TOP = """# Every command

This page is written from the commands as the site is built; `galaxycurate man` prints the same as a
manual page, and each command has `--help`.

"""


def page() -> str:
    """Markdown: `galaxycurate` first, then `python -m train`."""
    parts = [
        "## galaxycurate",
        *(_galaxycurate(command) for command in told(typer.main.get_command(app))),
    ]
    parts += ["## python -m train", *_train()]
    return TOP + "\n\n".join(parts) + "\n"


def _galaxycurate(command: Command) -> str:
    name = " ".join(("galaxycurate", *command.path))
    return _section(
        name, command.typed, (command.does, *command.more),
        _rows((*command.arguments, *command.options)), command.examples,
    )  # fmt: skip


def _train() -> Iterator[str]:
    parsers = _whole()[1]
    for name in COMMANDS:
        module, parser = _module(name), parsers[name]
        words = [action for action in parser._actions if action.dest != "help"]
        typed = " ".join(["python -m train", name, *(_takes(w) for w in words if _is_place(w))])
        rows = [
            (", ".join(w.option_strings) or _takes(w),
             _takes(w) if w.option_strings else "", _help(w))
            for w in words
        ]  # fmt: skip
        notes, _, example = inspect.cleandoc(module.EXAMPLE).partition("Example: ")
        does = module.HELP[0].upper() + module.HELP[1:] + "."
        yield _section(f"python -m train {name}", typed, (does, notes.strip()), rows, (example,))


def _section(name: str, typed: str, texts, rows, examples) -> str:
    lines = [f"### {name}", "", *(f"{text}\n" for text in texts if text), f"`{typed}`", ""]
    if rows:
        lines += ["| | | |", "|---|---|---|"]
        lines += [
            f"| `{one}` | {f'`{takes}`' if takes else ''} | {text} |" for one, takes, text in rows
        ]
    lines += ["", "```sh", *(e.strip() for e in examples), "```"] if any(examples) else []
    return "\n".join(lines)


def _rows(words: tuple[Word, ...]) -> list[tuple[str, str, str]]:
    return [
        (", ".join(word.names) or word.takes, word.takes if word.names else "",
         _prose(word.help))
        for word in words
    ]  # fmt: skip


def _help(action: argparse.Action) -> str:
    return _prose((action.help or "") % {"default": action.default, "prog": "python -m train"})


def _takes(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    takes = str(action.metavar or (action.dest if _is_place(action) else action.dest.upper()))
    many = {"+": "...", "*": "..."}.get(str(action.nargs), "")
    return takes.upper() + many


def _is_place(action: argparse.Action) -> bool:
    return not action.option_strings


def _prose(text: str) -> str:
    """Words of a help text, which mean nothing to Markdown."""
    return text.replace("|", "\\|").replace("[", "\\[").replace("<", "&lt;").replace("*", "\\*")
