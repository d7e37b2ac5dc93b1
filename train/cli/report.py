"""``python -m train report``: write a run's report again."""

from __future__ import annotations

from pathlib import Path

from galaxycurate.errors import ExitCode
from train.cli.words import Parser, answer, device_word, say

HELP = "write a run's report again"
EXAMPLE = "Example: python -m train report training"


def words(parser: Parser) -> None:
    """Its words."""
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder of a finished run")
    parser.add_argument("--data", type=Path, help="where the tree lies now, if it moved")
    device_word(parser)


def run(asked) -> ExitCode:
    """Write it."""
    from train.outcome import REPORT
    from train.report import report

    report(asked.out, data=asked.data, device=asked.device, say=say)
    answer(f"{asked.out / REPORT}")
    return ExitCode.DONE
