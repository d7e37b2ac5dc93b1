"""How the command line speaks: stdout is the answer, stderr is the talk."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unicodedata import category

from galaxycurate.core.progress import Progress
from galaxycurate.errors import GalaxyCurateError

PEOPLE = {
    "relabelled": "given another class", "put_back": "kept against a verdict",
    "left_out": "left out", "disputed": "that reviewers disagree on",
}  # fmt: skip
"""What people's decisions come to, in words: see `Decided.counted`."""


def talk(text: str = "") -> None:
    """Say something that is not the answer."""
    print(text, file=sys.stderr)


def answer(text: str = "") -> None:
    """Say what was asked for."""
    print(text)


def answer_json(value: object) -> None:
    """The answer for programs; ids are text there."""
    print(json.dumps(value, indent=1, default=str))


def complain(error: GalaxyCurateError) -> None:
    """One line of what happened, one of what to type next."""
    talk(f"galaxycurate: {_visible(str(error))}")
    if error.hint:
        talk(f"  hint: {_visible(error.hint)}")


def _visible(text: str) -> str:
    """Without what would move a terminal's cursor: messages quote what stands in files."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _moves(c) else c for c in text)


def _moves(c: str) -> bool:
    """Whether it is no text: a control or half a character, or turns the order of a line around."""
    return (category(c) in ("Cc", "Cs") and c not in "\n\t") or c in _TURNING


_TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""What Unicode calls Bidi_Control."""


def confirm(question: str) -> bool:
    """Ask a person yes or no; where nobody sits at a terminal the answer is no."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    talk(f"{question} [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def next_command(command: str) -> None:
    """Each command ends with the next one."""
    talk(f"next: {command}")


def table(rows: Mapping[str, object], *, indent: str = "  ") -> str:
    """Names and numbers, one pair a line, aligned."""
    shown = {name: f"{v:,}" if isinstance(v, int) else str(v) for name, v in rows.items()}
    wide = max((len(name) for name in shown), default=0)
    tall = max((len(value) for value in shown.values()), default=0)
    return "\n".join(f"{indent}{name:<{wide}}  {value:>{tall}}" for name, value in shown.items())


def grid(rows: Mapping[str, Mapping[str, int]], *, indent: str = "  ") -> str:
    """Counts by row and column, aligned, with sums."""
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    lines = [["", *columns, "all"]]
    for name, row in rows.items():
        counts = [row.get(c, 0) for c in columns]
        lines.append([name, *(f"{n:,}" for n in counts), f"{sum(counts):,}"])
    wide = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    return "\n".join(
        indent
        + f"{line[0]:<{wide[0]}}"
        + "".join(f"  {cell:>{w}}" for cell, w in zip(line[1:], wide[1:], strict=True))
        for line in lines
    )


def notice(text: str) -> None:
    """A line at once, where no bar shows it."""
    if not _has_bar():
        talk(text)


def _has_bar() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """A bar on a terminal, a line for each 10 % elsewhere.

    Parameters
    ----------
    title : str
        What is going on.

    Yields
    ------
    callable
        Takes (done, total, text).
    """
    if _has_bar():
        with _rich_bar(title) as update:
            yield update
    else:
        yield _lines(title)


@contextmanager
def _rich_bar(title: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TextColumn("{task.fields[text]}"))  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, text="")

        def update(done: int, total: int, text: str) -> None:
            bar.update(task, completed=done, total=total or None, text=text)

        yield update


def _lines(title: str) -> Progress:
    said = -1

    def update(done: int, total: int, text: str) -> None:
        nonlocal said
        tenth = done * 10 // total if total else 0
        if tenth > said and total:
            said = tenth
            talk(f"{title}: {done:,} of {total:,} ({done * 100 // total} %) {text}")

    return update
