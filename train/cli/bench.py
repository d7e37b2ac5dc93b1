"""``python -m train bench``: how fast this machine trains."""

from __future__ import annotations

from galaxycurate.errors import ExitCode
from train.cli.fit import recipe, recipe_words
from train.cli.words import Parser, answer, as_json, device_word, duration, json_word, require, say

HELP = "images/s of each part, and the share of the device's limits"
EXAMPLE = """Nothing is read or written; the pictures are simulated.
Example: python -m train bench --preset galaxy-cnn --seconds 2"""


def words(parser: Parser) -> None:
    """Its words."""
    recipe_words(parser)
    parser.add_argument(
        "--seconds", type=duration, default=2.0, help="time for each part [%(default)s]"
    )
    device_word(parser)
    json_word(parser)


def run(asked) -> ExitCode:
    """Measure."""
    config = recipe(asked)
    require()
    from train.bench import measure, table

    told = measure(config, device=asked.device, seconds=asked.seconds, say=say)
    answer(as_json(told) if asked.json else table(told))
    return ExitCode.DONE
