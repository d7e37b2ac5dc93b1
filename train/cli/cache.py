"""``python -m train cache``: decode a tree before it is needed."""

from __future__ import annotations

from pathlib import Path

from galaxycurate.errors import ExitCode
from train.cli.fit import recipe, recipe_words, workers_word
from train.cli.words import OUT, Parser, answer, as_json, data_word, json_word, require, say

HELP = "decode the images of a tree, once, into the folder where fit looks for them"
EXAMPLE = """Repeating the command goes on where a killed one was.
Example: python -m train cache --data dataset/split --out training"""


def words(parser: Parser) -> None:
    """Its words."""
    data_word(parser)
    parser.add_argument(
        "--out", type=Path, default=OUT, help="the run's folder: OUT/cache is filled [%(default)s]"
    )
    recipe_words(parser)
    workers_word(parser)
    json_word(parser)


def run(asked) -> ExitCode:
    """Decode."""
    config = recipe(asked)
    require()
    from train.data.cache import load_pixels
    from train.data.decode import window_of
    from train.data.tree import read_tree
    from train.data.vote_table import read_votes

    if config.task == "votes":
        tree, _ = read_votes(asked.data, votes=config.data.votes, needs=(), say=say)
    else:
        tree = read_tree(asked.data, needs=())
    window = window_of(config.data)
    pixels = load_pixels(tree, asked.out / "cache", window, workers=asked.workers, say=say)
    bad = [{"file": tree.files[row].as_posix(), "reason": why} for row, why in pixels.bad.items()]
    told = {"images": len(tree.files), "bytes": pixels.images.nbytes, "unreadable": bad}
    if asked.json:
        answer(as_json(told))
    else:
        size = pixels.images.nbytes / 1e6
        answer(f"{len(tree.files):,} images, {size:,.0f} MB in {asked.out / 'cache'}")
        for one in bad:
            answer(f"cannot be read: {one['file']}: {one['reason']}")
        named = f"--preset {config.preset} " if asked.preset else ""
        answer(f"\nnext: python -m train fit {named}--data {asked.data} --out {asked.out}")
    return ExitCode.SOME_FAILED if bad else ExitCode.DONE
