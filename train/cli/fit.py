"""``python -m train fit``: train, test, report."""

from __future__ import annotations

from pathlib import Path

from galaxycurate.errors import ExitCode, SettingError
from train.cli.words import (
    OUT,
    Parser,
    answer,
    as_json,
    data_word,
    device_word,
    json_word,
    positive,
    require,
    say,
    verdict,
)
from train.device import cores
from train.recipe.config import Config
from train.recipe.presets import preset
from train.recipe.settings import changed, parse_assignments, read_toml

HELP = "train, test, report (the default)"
EXAMPLE = """Repeating the command continues a halted run.
Files that cannot be read are left out and told; the exit code is then 3.
Example: python -m train fit --epochs 6 --set shift=0.1"""
# settings with a flag of their own
FLAGS = ("epochs", "batch", "lr", "zoom", "seed", "precision", "allow_leaks")


def words(parser: Parser) -> None:
    """Its words."""
    default = Config()
    data_word(parser)
    parser.add_argument("--out", type=Path, default=OUT, help="where all is written [%(default)s]")
    recipe_words(parser)
    parser.add_argument("--epochs", type=int, help="passes over the train split")
    parser.add_argument("--lr", type=float, help="learning rate")
    parser.add_argument("--zoom", type=float, help="keep the central 1/zoom of each image")
    parser.add_argument("--seed", type=int, help=f"[{default.seed}]")
    workers_word(parser)
    parser.add_argument(
        "--cache", type=Path, metavar="FOLDER", help="decoded images, for several runs [OUT/cache]"
    )
    parser.add_argument(
        "--allow-leaks",
        action="store_true",
        default=None,
        help="train on a split that is proven to leak",
    )
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="continue, never begin anew")
    again.add_argument("--restart", action="store_true", help="forget the run in --out")
    device_word(parser)
    json_word(parser)


def recipe_words(parser: Parser) -> None:
    """The words that `recipe` reads, of every command that needs one."""
    parser.add_argument("--preset", help=f"the recipe to begin from [{Config().preset}]")
    parser.add_argument("--batch", type=int, help="images per step at most")
    parser.add_argument("--precision", help="auto, float32 or bfloat16 [auto]")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings from a TOML file")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="any setting; repeatable"
    )


def workers_word(parser: Parser) -> None:
    """``--workers``."""
    parser.add_argument(
        "--workers",
        type=positive,
        default=min(8, cores()),
        help="threads that decode [%(default)s]",
    )


def recipe(asked) -> Config:
    """The recipe that the words name: preset, then file, then --set, then flags."""
    written = read_toml(asked.config) if asked.config else {}
    begun = str(written.pop("preset", Config().preset))
    config = changed(preset(asked.preset or begun), written)
    given = parse_assignments(asked.set)
    if "preset" in given:  # it names the network's file, and would not be begun from
        raise SettingError("--set cannot change the preset", hint="--preset NAME begins from it")
    config = changed(config, given)
    flags = {name: getattr(asked, name, None) for name in FLAGS}
    return changed(config, {name: value for name, value in flags.items() if value is not None})


def run(asked) -> ExitCode:
    """Train."""
    config = recipe(asked)
    from train.outcome import written
    from train.place import Place

    place = Place(asked.data, asked.out, asked.device, asked.workers, asked.cache)
    again = {"restart": asked.restart, "resume": asked.resume}
    run_it = _in_numpy if config.network.name == "numpy-cnn" else _in_torch
    metrics = run_it(config, place, again)
    if not metrics:
        return ExitCode.DONE
    left_out = metrics["data"]["unreadable"]
    code = ExitCode.SOME_FAILED if left_out else ExitCode.DONE
    if asked.json:
        answer(as_json(metrics))
        return code
    answer(verdict(metrics["test"], simulated=metrics["simulated"]))
    files = written(place.out, metrics["checkpoint"])
    width = max(len(name) for name, _ in files)
    answer("\n".join(f"{name:<{width}}  {what}".rstrip() for name, what in files))
    answer(f"\nnext: open {place.out / 'report.html'}")
    answer(f"      python -m train predict {files[0][0]} FOLDER")
    if left_out:
        say(f"train: {len(left_out):,} of the files could not be read and were left out")
    return code


def _nothing(line: str) -> None:
    """What the other ranks say."""


def _in_torch(config: Config, place, again: dict) -> dict:
    """The metrics; nothing on the other ranks of several processes."""
    require()
    from train.fit import fit
    from train.learn.ranks import joined

    with joined(place.device) as leads:  # one process, or those that torchrun started
        return fit(config, place, **again, say=say if leads else _nothing)


def _in_numpy(config: Config, place, again: dict) -> dict:
    from train.scratch.run import fit

    return fit(config, place, **again, say=say)
