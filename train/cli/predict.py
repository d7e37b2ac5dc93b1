"""``python -m train predict``: name the class of images."""

from __future__ import annotations

import sys
from pathlib import Path

from galaxycurate.errors import ExitCode
from train.cli.words import (
    Parser,
    answer,
    as_json,
    checkpoint_word,
    device_word,
    json_word,
    say,
)

HELP = "name the class of images"
EXAMPLE = "Example: python -m train predict training/galaxy_cnn_225.pth FOLDER --csv named.csv"


def words(parser: Parser) -> None:
    """Its words."""
    checkpoint_word(parser)
    parser.add_argument("images", type=Path, nargs="+", help="image files or folders")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write there, not to stdout")
    device_word(parser)
    json_word(parser)


def run(asked) -> ExitCode:
    """Name the classes."""
    from train.asked import open_network
    from train.data.tree import gather
    from train.infer import answers
    from train.judge.predictions import write_predictions
    from train.judge.votes import write_submission

    network = open_network(asked.checkpoint, asked.device, quick=True)
    files = gather(asked.images)
    if "simulated" in network.origin.lower():
        say("warning: this network learnt from simulated pixels")
    probability, bad = answers(network, files, say=say)
    names = [str(file) for file in files if file not in bad]
    if asked.json:
        rows = _as_fractions if network.task == "votes" else _as_rows
        answer(as_json(rows(names, network.classes, probability)))
    elif network.task == "votes":
        write_submission(asked.csv or sys.stdout, names, probability)
    else:
        write_predictions(asked.csv or sys.stdout, names, network.classes, probability)
    if asked.csv and not asked.json:
        answer(f"{len(names):,} images named in {asked.csv}")
    if bad:
        say(f"train: {len(bad):,} of {len(files):,} files could not be read")
    return ExitCode.SOME_FAILED if bad else ExitCode.DONE


def _as_rows(names, classes, probability) -> list[dict]:
    return [
        {
            "name": name,
            "class": classes[int(row.argmax())],
            "probability": dict(zip(classes, row.round(6).tolist(), strict=True)),
        }
        for name, row in zip(names, probability, strict=True)
    ]


def _as_fractions(names, columns, fractions) -> list[dict]:
    return [
        {"name": name, "fractions": dict(zip(columns, row.round(9).tolist(), strict=True))}
        for name, row in zip(names, fractions, strict=True)
    ]
