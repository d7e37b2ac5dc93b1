"""``python -m train fit``: train, test, report."""

from __future__ import annotations

import json
import os
from pathlib import Path

from galaxycurate.errors import ExitCode
from train.cli.words import (
    OUT,
    Parser,
    answer,
    data_word,
    device_word,
    json_word,
    positive,
    require,
    say,
    verdict,
)
from train.recipe.config import Config
from train.recipe.presets import preset
from train.recipe.settings import changed, parse_assignments, read_toml

HELP = "train, test, report (the default)"
EXAMPLE = """Repeating the command continues a halted run.
Example: python -m train fit --epochs 6 --set shift=0.1"""
FLAGS = ("epochs", "batch", "lr", "zoom", "seed", "precision")  # settings with a flag of their own


def words(parser: Parser) -> None:
    """Its words."""
    default = Config()
    data_word(parser)
    parser.add_argument("--out", type=Path, default=OUT, help="where all is written [%(default)s]")
    parser.add_argument("--preset", help=f"the recipe to begin from [{default.preset}]")
    parser.add_argument("--epochs", type=int, help="passes over the train split")
    parser.add_argument("--batch", type=int, help="images per step at most")
    parser.add_argument("--lr", type=float, help="learning rate")
    parser.add_argument("--zoom", type=float, help="keep the central 1/zoom of each image")
    parser.add_argument("--seed", type=int, help=f"[{default.seed}]")
    parser.add_argument("--precision", help="auto, float32 or bfloat16 [auto]")
    parser.add_argument(
        "--workers",
        type=positive,
        default=min(8, os.cpu_count() or 1),
        help="threads that decode [%(default)s]",
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings from a TOML file")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="any setting; repeatable"
    )
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="continue, never begin anew")
    again.add_argument("--restart", action="store_true", help="forget the run in --out")
    device_word(parser)
    json_word(parser)


def recipe(asked) -> Config:
    """The recipe that the words name: preset, then file, then --set, then flags."""
    written = read_toml(asked.config) if asked.config else {}
    name = asked.preset or str(written.pop("preset", Config().preset))
    config = changed(preset(name), written)
    config = changed(config, parse_assignments(asked.set))
    return changed(config, {f: getattr(asked, f) for f in FLAGS if getattr(asked, f) is not None})


def run(asked) -> ExitCode:
    """Train."""
    config = recipe(asked)
    require()
    from train.fit import Place, fit
    from train.outcome import written

    place = Place(asked.data, asked.out, asked.device, asked.workers)
    metrics = fit(config, place, restart=asked.restart, resume=asked.resume, say=say)
    if asked.json:
        answer(json.dumps(metrics, indent=1))
        return ExitCode.DONE
    answer(verdict(metrics["test"], simulated=metrics["simulated"]))
    files = written(place.out)
    width = max(len(name) for name, _ in files)
    answer("\n".join(f"{name:<{width}}  {what}".rstrip() for name, what in files))
    answer(f"\nnext: open {place.out / 'report.html'}")
    answer(f"      python -m train predict {files[0][0]} FOLDER")
    return ExitCode.DONE
