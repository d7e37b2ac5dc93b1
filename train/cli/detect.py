"""``python -m train detect``: find the galaxies of a FITS field."""

from __future__ import annotations

from pathlib import Path

from galaxycurate.errors import ExitCode, UsageError
from train.cli.words import Parser, answer, as_json, device_word, json_word, require, say

NAME = "detect"
HELP = "find and classify the galaxies of FITS fields, or train the detector"
EXAMPLE = (
    "Example: python -m train detect --train FOLDER --weights detect.pth\n"
    "         python -m train detect frames/003918-3-0213 --weights detect.pth\n"
    "         python -m train detect frames/003918-3-0213 --method sep"
)


def words(parser: Parser) -> None:
    """Its words."""
    parser.add_argument(
        "fields", type=Path, nargs="*", metavar="FIELD",
        help="g, r, i frames, a folder of them, or what their names share",
    )  # fmt: skip
    parser.add_argument(
        "--train", type=Path, metavar="FOLDER", help="teach a detector: frames and tables"
    )
    parser.add_argument(
        "--weights", type=Path, default=Path("detect.pth"), help="the detector [%(default)s]"
    )
    parser.add_argument(
        "--method", choices=("net", "sep"), default="net",
        help="the network, or sep's thresholds and concentrations [%(default)s]",
    )  # fmt: skip
    parser.add_argument("--classifier", type=Path, metavar="PTH", help="names each galaxy's class")
    parser.add_argument("--score", type=float, help="what scores less is not told [the recipe's]")
    parser.add_argument("--against", type=Path, metavar="TABLE", help="galaxies to judge it by")
    parser.add_argument("--stars", type=Path, metavar="TABLE", help="stars, for --against")
    parser.add_argument(
        "--limit-r", type=float, default=20.0, help="of the galaxies to be found [%(default)s]"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("detections"), help="tables and pictures [%(default)s]"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of --train"
    )
    device_word(parser)
    json_word(parser)


def run(asked) -> ExitCode:
    """Teach, or look."""
    if bool(asked.train) == bool(asked.fields):
        raise UsageError("give either fields, or --train FOLDER", hint="python -m train detect -h")
    if asked.train:
        return _learn(asked)
    return _look(asked)


def _learn(asked) -> ExitCode:
    require()
    from train.detect.recipe import Recipe, changed
    from train.detect.work import learn

    values = dict(_assignment(word) for word in asked.set)
    recipe = changed(Recipe(), values)
    facts = learn(asked.train, asked.weights, recipe, device=asked.device, say=say)
    if asked.json:
        answer(as_json(facts))
    else:
        answer(
            f"{facts['weights']}: {facts['parameters']:,} parameters from {facts['galaxies']:,} "
            f"galaxies of {facts['fields']} fields ({facts['simulated']} simulated), "
            f"{facts['seconds']:.0f} s"
        )
        answer(f"\nnext: python -m train detect FIELD --weights {facts['weights']}")
    return ExitCode.DONE


def _look(asked) -> ExitCode:
    if asked.set:
        raise UsageError("--set belongs to --train", hint="--score sets the threshold")
    if asked.stars and not asked.against:
        raise UsageError("--stars needs --against", hint="--against GALAXIES.csv --stars STARS.csv")
    if asked.method == "net" or asked.classifier:
        require()
    from train.detect.work import Question, look

    question = Question(
        asked.method, asked.weights, asked.classifier, asked.score, asked.against, asked.stars,
        asked.limit_r, asked.device,
    )  # fmt: skip
    told = look(asked.fields, asked.out, question, say=say)
    if asked.json:
        answer(as_json(told))
        return ExitCode.DONE
    for facts in told:
        simulated = " (simulated sky)" if facts["simulated"] else ""
        answer(f"{facts['field']}: {facts['found']} galaxies by {facts['method']}{simulated}")
        for who in ("score", "beside"):
            if who in facts:
                answer(_verdict("sep" if who == "beside" else "found", facts[who]))
        answer("\n".join(f"  {file}" for file in facts["files"]))
    answer(f"\nnext: open {told[0]['files'][-1]}")
    return ExitCode.DONE


def _verdict(who: str, counts: dict) -> str:
    share = {
        name: "none" if counts[name] is None else f"{counts[name]:.3f}"
        for name in ("completeness", "precision")
    }
    return (
        f"  {who}: {counts['hit']} of {counts['listed']} listed galaxies to "
        f"r = {counts['limit_r']:g} ({share['completeness']}); of {counts['told']} told "
        f"{counts['right']} are listed ({share['precision']}), {counts['on_star']} are listed "
        f"stars, {counts['unlisted']} are in neither list"
    )


def _assignment(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals:
        raise UsageError(f"--set {word} has no value", hint="--set steps=400")
    return name.strip(), value.strip()
