"""The face of train: words in, one call, an answer, an exit code."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import warnings
from importlib import import_module

from galaxycurate.errors import ExitCode, GalaxyCurateError, UsageError
from train.cli.words import CLOSE, Parser, answer, say

# each is a module of this package: HELP, EXAMPLE, words(parser), run(asked) -> ExitCode
COMMANDS = (
    "fit",
    "eval",
    "predict",
    "bench",
    "cache",
    "detect",
    "explain",
    "export",
    "folds",
    "report",
)


def run(argv: list[str] | None = None) -> int:
    """Do what the command line says.

    Parameters
    ----------
    argv : list of str, optional
        The words after ``python -m train``.

    Returns
    -------
    int
        The exit code.
    """
    for stream in (sys.stdout, sys.stderr):  # names of files need not be UTF-8
        getattr(stream, "reconfigure", lambda **how: None)(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            # PIL's doubts about large images; what is past its limit is told as unreadable
            warnings.filterwarnings("ignore", message="Image size .* exceeds limit")
            return _dispatch(list(sys.argv[1:] if argv is None else argv))
    except GalaxyCurateError as error:
        rank = int(os.environ.get("RANK", "0"))
        if rank and isinstance(error, UsageError):  # all ranks meet it: the first one tells
            return int(error.exit_code)
        say(f"train{f' (rank {rank})' * bool(rank)}: {error}")
        if error.hint:
            say(f"  hint: {error.hint}")
        return int(error.exit_code)
    except KeyboardInterrupt:
        say("train: interrupted")
        say("  hint: run the same command again: fit goes on after its last finished epoch")
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:  # as in `python -m train predict ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.DONE)


def _dispatch(words: list[str]) -> int:
    if words[:1] in (["-h"], ["--help"]):
        answer(_whole()[0].format_help().rstrip())
        return int(ExitCode.DONE)
    if not words or words[0].startswith("-"):
        words = ["fit", *words]
    if words[0] not in COMMANDS:
        near = difflib.get_close_matches(words[0], COMMANDS, n=1, cutoff=CLOSE)
        raise UsageError(
            f"no command {words[0]}",
            hint=f"did you mean {near[0]}?" if near else "commands: " + ", ".join(COMMANDS),
        )
    asked = _whole()[1][words[0]].parse_args(words[1:])
    return int(_module(words[0]).run(asked))


def _whole() -> tuple[Parser, dict[str, Parser]]:
    parser = Parser(
        prog="python -m train",
        description="Train networks on an ImageFolder tree, test them, and write a report.",
        epilog="`python -m train` alone means: python -m train fit --data dataset/split\n"
        "Example: python -m train --epochs 6 --out training",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(metavar="COMMAND", parser_class=Parser)
    for name in COMMANDS:
        module = _module(name)
        does = module.HELP
        module.words(
            commands.add_parser(
                name,
                help=does,
                description=does[0].upper() + does[1:] + ".",
                epilog=module.EXAMPLE,
                formatter_class=argparse.RawDescriptionHelpFormatter,
                allow_abbrev=False,
            )
        )
    return parser, commands.choices


def _module(name: str):
    return import_module(f"{__name__}.{name}")
