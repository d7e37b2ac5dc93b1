"""``python -m train eval``: test a checkpoint on a tree."""

from __future__ import annotations

from galaxycurate.errors import ExitCode
from train.cli.words import (
    Parser,
    answer,
    as_json,
    checkpoint_word,
    data_word,
    device_word,
    json_word,
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
    parser.add_argument(
        "--views",
        type=int,
        choices=(1, 2, 4, 8),
        help="average the answers over so many turns and mirrors [as trained]",
    )
    device_word(parser)
    json_word(parser)


def run(asked) -> ExitCode:
    """Test."""
    from train.infer import evaluate

    found = evaluate(
        asked.checkpoint,
        asked.data,
        split=asked.split,
        views=asked.views,
        device=asked.device,
        say=say,
    )
    if asked.json:
        answer(as_json(found))
    else:
        answer(verdict(found, name=found["split"], simulated=found["simulated"]))
        if found["taught"]:
            answer(f"{found['taught']:,} of these images taught the network: no test of it\n")
        answer(questions(found) if "votes" in found else scatter(found))
    return ExitCode.SOME_FAILED if found["unreadable"] else ExitCode.DONE


def scatter(found: dict) -> str:
    """The bootstrap intervals as a few lines."""
    drawn = found["resampled"]
    lines = [f"95 % of {drawn['what']} drawn anew ({drawn['n']:,})"]
    words = {"ece": "calibration error"}
    lines += [
        f"  {words.get(name, name.replace('_', ' ')):<18} {found[name]:.4f}  "
        f"{edges[0]:.4f} to {edges[1]:.4f}"
        for name, edges in found["intervals"].items()
        if edges and found[name] is not None
    ]
    chance = f"{found['ece_by_chance']:.4f}"
    return "\n".join([*lines, f"  {'... by chance':<18} {chance}"])


def questions(found: dict) -> str:
    """The root mean square error of each question's answers as a few lines."""
    lines = [f"  {'RMSE of the answers to':<28} {'network':>8}  {'mean':>8}"]
    lines += [
        f"  {one['question']:<28} {one['rmse']:8.5f}  {one['baseline']:8.5f}"
        for one in found["votes"]["questions"]
    ]
    return "\n".join(lines)
