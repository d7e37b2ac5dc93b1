"""`galaxycurate man`: the manual page, written from the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import typer

from galaxycurate import __version__
from galaxycurate.cli import face
from galaxycurate.cli.tree import Command, Word, commands

CODES = {
    "DONE": "All is done.",
    "FAILED": "It failed; the message says why, and what to type next.",
    "USAGE": "The words were wrong; nothing was touched.",
    "SOME_FAILED": "Done, but for some objects, or something was found that must not be.",
    "LOGIN_NEEDED": "A login is asked for.",
    "INTERRUPTED": "Interrupted; the same command goes on.",
}
FILES = {
    "galaxycurate.toml": "Settings of the project in this folder.",
    "manifests/": "What was asked for: frozen tables with their provenance.",
    "dataset/": "images/CLASS/ID.jpg, split/{train,val,test}/, and ledger.sqlite, what happened.",
    "catalogs/": "Galaxy Zoo's catalogues on this machine.",
    "training/": "The network, its figures and its report.",
}


def man(context: typer.Context) -> None:
    """Print the manual page in roff, made from the commands as they are.

    Example: galaxycurate man > galaxycurate.1
    """
    face.answer(page(context.find_root().command))


def page(root: Any) -> str:
    """The manual page.

    Parameters
    ----------
    root : Group
        The commands, of click.

    Returns
    -------
    str
        Roff with man macros, the same on every machine and day.
    """
    parts = [
        f'.TH GALAXYCURATE 1 "" "galaxycurate {__version__}" "User Commands"',
        ".SH NAME\ngalaxycurate \\- SDSS and Galaxy Zoo image datasets that can be trusted",
        ".SH SYNOPSIS\n.B galaxycurate\n.I COMMAND\n[options]\n.br",
        ".B python \\-m train\n[options]",
        ".SH DESCRIPTION\n" + "\n".join(_description(root.help)),
        ".SH COMMANDS\n" + "\n".join(_command(command) for command in commands(root)),
        ".SH ENVIRONMENT\n" + "\n".join(_environment()),
        ".SH FILES\n" + "\n".join(_listed(FILES.items())),
        ".SH EXIT STATUS\n" + "\n".join(_listed(_codes())),
        ".SH SEE ALSO\n.B python \\-m train \\-\\-help\n.br",
        ".B galaxycurate \\fICOMMAND\\fB \\-\\-help\\fR",
    ]
    return "\n".join(parts)


def _description(about: str) -> Iterator[str]:
    yield _text(
        "galaxycurate selects objects of the Sloan Digital Sky Survey, labels them by the votes of "
        "Galaxy Zoo, downloads their cutouts, finds copies, shared sky and foreign light, and "
        "writes training, validation and test sets that do not leak. Repeating a command "
        "continues it. The answer goes to standard output, all else to standard error."
    )
    yield ".PP\nThe main job, in an empty folder:\n.PP\n.nf\n.RS"
    yield from (_text(line.strip()) for line in about.splitlines() if line.startswith("  "))
    yield ".RE\n.fi"


def _command(command: Command) -> str:
    lines = [f".SS {_text(command.typed)}", _text(command.does)]
    lines += [f".PP\n{_text(more)}" for more in command.more]
    for word in (*command.arguments, *command.options):
        if word.help:
            lines.append(f".TP\n{_written(word)}\n{_text(word.help)}")
    lines += [".PP\nExample:\n.PP\n.nf\n.RS" for _ in command.examples[:1]]
    lines += [_text(example) for example in command.examples]
    lines += [".RE\n.fi" for _ in command.examples[:1]]
    return "\n".join(lines)


def _written(word: Word) -> str:
    names = ", ".join(f"\\fB{_text(name)}\\fR" for name in word.names)
    return " ".join(filter(None, (names, f"\\fI{_text(word.takes)}\\fR" if word.takes else "")))


def _environment() -> Iterator[str]:
    from galaxycurate.store.settings import ENV_PREFIX, SPECS

    yield _text(
        "Each setting may be a flag, a variable, or a line of galaxycurate.toml, in this order; "
        "`galaxycurate config show` tells which one counts. NO_COLOR is respected."
    )
    yield from _listed(
        (
            ENV_PREFIX + name.upper(),
            f"{spec.metadata['meaning']} [{spec.default}]".replace(" []", ""),
        )
        for name, spec in SPECS.items()
    )


def _codes() -> Iterator[tuple[str, str]]:
    from galaxycurate.errors import ExitCode

    return ((str(code.value), CODES[code.name]) for code in ExitCode)


def _listed(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (f".TP\n\\fB{_text(name)}\\fR\n{_text(text)}" for name, text in pairs)


def _text(text: str) -> str:
    """Text as roff wants it: backslashes and dashes are said, no line begins with a dot."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return re.sub(r"(?m)^\.", r"\\&.", text.replace("^", "\\(ha").replace("~", "\\(ti"))
