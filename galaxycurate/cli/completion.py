"""`galaxycurate completion`: what a shell asks when somebody types TAB."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from importlib import resources
from typing import Annotated

import typer

from galaxycurate.cli import face

PROGRAM = "galaxycurate"
ASKED = "_GALAXYCURATE_COMPLETE"  # the shell's function sets it, and this program answers instead
PLACES = {
    "bash": "~/.local/share/bash-completion/completions/galaxycurate",
    "zsh": "~/.zfunc/_galaxycurate  (a folder of your fpath)",
    "fish": "~/.config/fish/completions/galaxycurate.fish",
}
_COMPDEF = "compdef _galaxycurate_completion galaxycurate"
_ASKED_OR_COMPDEF = f"""if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _galaxycurate_completion "$@"
else
  {_COMPDEF}
fi"""
"""zsh runs a file of its fpath to answer the first TAB: it must answer, not only say who will."""


class Shell(StrEnum):
    """Who can be told."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(help="bash, zsh or fish.")],
) -> None:
    """Print the script by which a shell completes commands and options.

    Example: source <(galaxycurate completion bash)
    """
    from typer.completion import get_completion_script

    script = get_completion_script(prog_name=PROGRAM, complete_var=ASKED, shell=shell.value)
    face.answer(script.replace(_COMPDEF, _ASKED_OR_COMPDEF))
    face.talk(f"for every shell to come: {PROGRAM} completion {shell.value} > {PLACES[shell]}")


def prepare() -> None:
    """Where a shell asks, teach the parser its language; costs nothing where nobody does."""
    if ASKED in os.environ:
        sys.modules["rich"] = None  # type: ignore[assignment]  # it takes [256] for markup
        from typer.completion import completion_init

        completion_init()


def schemes(incomplete: str) -> list[str]:
    """Names of schemes; of a file of one's own the shell knows itself."""
    return _known("schemes", incomplete)


def catalogues(incomplete: str) -> list[str]:
    """Names of Galaxy Zoo's catalogues."""
    return _known("entries", incomplete)


def settings(incomplete: str) -> list[str]:
    """Names of settings."""
    from galaxycurate.store.settings import SPECS

    return [name for name in SPECS if name.startswith(incomplete)]


def _known(folder: str, incomplete: str) -> list[str]:
    files = (resources.files("galaxycurate.catalogs") / folder).iterdir()
    names = sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))
    return [name for name in names if name.startswith(incomplete)]
