"""``python -m train eval``: test a checkpoint on a tree."""

from __future__ import annotations

import json

from galaxycurate.errors import ExitCode
from train.cli.words import (
    Parser,
    answer,
    checkpoint_word,
    data_word,
    device_word,
    json_word,
    require,
    say,
    verdict,
)

HELP = "test a checkpoint on a tree"
EXAMPLE = "Example: python -m train eval training/galaxy_cnn_225.pth --data dataset/split"


def words(parser: Parser) -> None:
    """Its words."""
    checkpoint_word(parser)
    data_word(parser)
    parser.add_argument(
        "--split", choices=("train", "val", "test"), default="test", help="[%(default)s]"
    )
    device_word(parser)
    json_word(parser)


def run(asked) -> ExitCode:
    """Test."""
    require()
    from train.infer import evaluate

    found = evaluate(asked.checkpoint, asked.data, split=asked.split, device=asked.device, say=say)
    if asked.json:
        answer(json.dumps(found, indent=1))
    else:
        answer(verdict(found, name=found["split"], simulated=found["simulated"]))
    return ExitCode.SOME_FAILED if found["unreadable"] else ExitCode.DONE
