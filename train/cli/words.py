"""What all commands of train share: the parser, its words, and how they speak."""

from __future__ import annotations

import argparse
import difflib
import json
import math
import re
import sys
from pathlib import Path

from galaxycurate.errors import GalaxyCurateError, UsageError

DATA, OUT = Path("dataset/split"), Path("training")
CLOSE = 0.65  # how alike a word must be to be the one that was meant
TAKES = {  # what argparse calls by the names of functions
    "int": "a whole number",
    "positive": "a whole number of at least 1",
    "float": "a number",
    "duration": "a number of seconds above 0",
}


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaints are the house's: one line, a hint."""

    def error(self, message: str):
        """Turn a complaint into a `UsageError`."""
        hint = f"{self.prog} --help"
        if message.startswith("unrecognized"):
            unknown = message.split(": ", 1)[1].split()[0].split("=")[0]
            # dashes are alike in all options
            known = {w.strip("-"): w for action in self._actions for w in action.option_strings}
            near = difflib.get_close_matches(unknown.strip("-"), known, n=1, cutoff=CLOSE)
            hint = f"did you mean {known[near[0]]}?" if near else hint
        raise UsageError(_in_our_words(message), hint=hint)


def _in_our_words(message: str) -> str:
    """A complaint of argparse as one of the house's: the option, what it takes, what was given."""
    wrong = re.match(r"argument (\S+?)(?:/\S+)?: invalid (\w+) value: '(.*)'$", message)
    if wrong and wrong[2] in TAKES:
        return f"{wrong[1]} takes {TAKES[wrong[2]]}, not {wrong[3]}"
    choice = re.match(r"argument (\S+?): invalid choice: (.+?) \(choose from (.+)\)$", message)
    if choice:
        words = choice[3].replace("'", "")
        return f"{choice[1]} takes one of {words}, not {choice[2].strip(chr(39))}"
    return message.removeprefix("argument ")


def data_word(parser: Parser) -> None:
    """``--data``: the ImageFolder tree."""
    parser.add_argument("--data", type=Path, default=DATA, help="ImageFolder tree [%(default)s]")


def checkpoint_word(parser: Parser) -> None:
    """The checkpoint, as first word."""
    parser.add_argument("checkpoint", type=Path, help="a .pth file that fit wrote")


def device_word(parser: Parser) -> None:
    """``--device``."""
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps [auto]")


def json_word(parser: Parser) -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help="the answer as JSON on stdout")


def positive(word: str) -> int:
    """A whole number of at least 1."""
    number = int(word)
    if number < 1:
        raise ValueError
    return number


def duration(word: str) -> float:
    """Seconds, more than none."""
    seconds = float(word)
    if not 0 < seconds < math.inf:
        raise ValueError
    return seconds


def require() -> None:
    """See that torch can be used, or say what to type."""
    from train.device import require_torch

    require_torch()


def say(line: str) -> None:
    """Talk: a line on stderr."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def as_json(told: object) -> str:
    """An answer as JSON, which knows no NaN.

    Raises
    ------
    GalaxyCurateError
        A figure of it is not finite.
    """
    try:
        return json.dumps(told, indent=1, allow_nan=False)
    except ValueError as error:
        raise GalaxyCurateError(
            "the answer holds a figure that is not finite, which JSON cannot tell",
            hint="leave out --json to see it",
        ) from error


def answer(text: str) -> None:
    """Answer: text on stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def verdict(test: dict, *, name: str = "test", simulated: bool = False) -> str:
    """The figures of an evaluation as a few lines and the confusion table."""
    if "rmse" in test:
        return _verdict_on_votes(test, name, simulated)
    low, high = test["accuracy_interval"]
    lines = [
        f"{name} accuracy {test['accuracy']:.4f} (95 % {low:.3f}-{high:.3f}), n = {test['n']:,}"
        + (" (simulated pixels)" if simulated else ""),
        f"balanced accuracy {test['balanced_accuracy']:.4f}"
        + (f", ROC AUC {test['roc_auc']:.4f}" if test["roc_auc"] is not None else ""),
        "",
    ]
    classes = list(test["classes"])
    first = max(len("true"), *map(len, classes))
    widths = [max(len(one), 7) for one in classes]
    head = "  ".join(f"{one:>{width}}" for one, width in zip(classes, widths, strict=True))
    lines += [f"{'':<{first}}  predicted", f"{'true':<{first}}  {head}"]
    for one, row in zip(classes, test["confusion"], strict=True):
        counts = "  ".join(f"{n:>{width},}" for n, width in zip(row, widths, strict=True))
        lines.append(f"{one:<{first}}  {counts}")
    return "\n".join(lines) + "\n"


def _verdict_on_votes(test: dict, name: str, simulated: bool) -> str:
    from train.judge.votes import doubt  # needs NumPy: a mistyped word does not wait for it

    edges = test["intervals"]["rmse"]
    interval = f" (95 % {edges[0]:.4f}-{edges[1]:.4f})" if edges else ""
    lines = [
        f"{name} RMSE {test['rmse']:.5f}{interval}, n = {test['n']:,}"
        + (" (simulated pixels)" if simulated else ""),
        f"the mean of train for all: {test['baseline_rmse']:.5f}",
        f"first question's leading answer as the volunteers': {test['first_question']:.4f}",
        doubt(test),
    ]
    return "\n".join(filter(None, lines)) + "\n"
