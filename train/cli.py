"""The face of train: words in, one call, an answer, an exit code."""

from __future__ import annotations

import argparse
import difflib
import json
import os
import sys
from pathlib import Path

from galaxycurate.errors import ExitCode, GalaxyCurateError, UsageError
from train.config import Config, changed, from_toml, parse_assignments

COMMANDS = ("fit", "eval", "predict")
DATA, OUT = Path("dataset/split"), Path("training")
FLAGS = ("epochs", "batch", "lr", "zoom", "seed", "precision")  # settings with a flag of their own


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaints are the house's: one line, a hint."""

    def error(self, message: str):
        """Turn a complaint into a `UsageError`."""
        known = [word for action in self._actions for word in action.option_strings]
        hint = f"{self.prog} --help"
        if message.startswith("unrecognized"):
            unknown = message.split(": ", 1)[1].split()[0].split("=")[0]
            near = difflib.get_close_matches(unknown, known, n=1)
            hint = f"did you mean {near[0]}?" if near else hint
        raise UsageError(message, hint=hint)


def run(argv: list[str] | None = None) -> int:
    """Do what the command line says.

    Parameters
    ----------
    argv : list of str, optional
        The words after ``python -m train``.

    Returns
    -------
    int
        The exit code.
    """
    try:
        return _dispatch(list(sys.argv[1:] if argv is None else argv))
    except GalaxyCurateError as error:
        _say(f"train: {error}")
        if error.hint:
            _say(f"  hint: {error.hint}")
        return int(error.exit_code)
    except KeyboardInterrupt:
        _say("train: interrupted")
        _say("  hint: run the same command again: fit goes on after its last finished epoch")
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:  # as in `python -m train predict ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.DONE)


def _dispatch(words: list[str]) -> int:
    parser, commands = _parsers()
    if words[:1] in (["-h"], ["--help"]):
        _answer(parser.format_help().rstrip())
        return int(ExitCode.DONE)
    if not words or words[0].startswith("-"):
        words = ["fit", *words]
    if words[0] not in COMMANDS:
        near = difflib.get_close_matches(words[0], COMMANDS, n=1, cutoff=0.4)
        raise UsageError(
            f"no command {words[0]}",
            hint=f"did you mean {near[0]}?" if near else "commands: " + ", ".join(COMMANDS),
        )
    asked = commands[words[0]].parse_args(words[1:])
    return int({"fit": _fit, "eval": _eval, "predict": _predict}[words[0]](asked))


def _fit(asked: argparse.Namespace) -> ExitCode:
    config = from_toml(asked.config) if asked.config else Config()
    config = changed(config, parse_assignments(asked.set))
    named = {name: getattr(asked, name) for name in FLAGS if getattr(asked, name) is not None}
    config = changed(config, named)
    _require()
    from train.fit import Place, fit
    from train.outcome import written

    place = Place(asked.data, asked.out, asked.device, asked.workers)
    metrics = fit(config, place, restart=asked.restart, resume=asked.resume, say=_say)
    if asked.json:
        _answer(json.dumps(metrics, indent=1))
        return ExitCode.DONE
    _answer(_verdict(metrics["test"], simulated=metrics["simulated"]))
    files = written(place.out)
    width = max(len(name) for name, _ in files)
    _answer("\n".join(f"{name:<{width}}  {what}".rstrip() for name, what in files))
    _answer(f"\nnext: open {place.out / 'report.html'}")
    _answer(f"      python -m train predict {files[0][0]} FOLDER")
    return ExitCode.DONE


def _eval(asked: argparse.Namespace) -> ExitCode:
    _require()
    from train.infer import evaluate

    found = evaluate(asked.checkpoint, asked.data, split=asked.split, device=asked.device, say=_say)
    if asked.json:
        _answer(json.dumps(found, indent=1))
    else:
        _answer(_verdict(found, name=found["split"], simulated=found["simulated"]))
    return ExitCode.SOME_FAILED if found["unreadable"] else ExitCode.DONE


def _predict(asked: argparse.Namespace) -> ExitCode:
    _require()
    from train import checkpoint
    from train.evaluate import write_predictions
    from train.infer import answers, gather

    trained = checkpoint.load(asked.checkpoint)
    files = gather(asked.images)
    if "simulated" in trained.origin.lower():
        _say("warning: this network learnt from simulated pixels")
    probability, bad = answers(trained, files, device=asked.device, say=_say)
    names = [str(file) for file in files if file not in bad]
    if asked.json:
        _answer(json.dumps(_as_rows(names, trained.classes, probability), indent=1))
    else:
        write_predictions(asked.csv or sys.stdout, names, trained.classes, probability)
    if asked.csv and not asked.json:
        _answer(f"{len(names):,} images named in {asked.csv}")
    if bad:
        _say(f"train: {len(bad):,} of {len(files):,} files could not be read")
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


def _verdict(test: dict, *, name: str = "test", simulated: bool = False) -> str:
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


def _parsers() -> tuple[Parser, dict[str, Parser]]:
    parser = Parser(
        prog="python -m train",
        description="Train the CNN on an ImageFolder tree, test it, and write a report.",
        epilog="`python -m train` alone means: python -m train fit --data dataset/split\n"
        "Example: python -m train --epochs 6 --out training",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(metavar="COMMAND", parser_class=Parser)
    _fit_words(commands)
    evaluate = _command(
        commands,
        "eval",
        "test a checkpoint on a tree",
        "Example: python -m train eval training/galaxy_cnn_225.pth --data dataset/split",
    )
    evaluate.add_argument("checkpoint", type=Path, help="a .pth file that fit wrote")
    evaluate.add_argument("--data", type=Path, default=DATA, help="ImageFolder tree [%(default)s]")
    evaluate.add_argument(
        "--split", choices=("train", "val", "test"), default="test", help="[%(default)s]"
    )
    predict = _command(
        commands,
        "predict",
        "name the class of images",
        "Example: python -m train predict training/galaxy_cnn_225.pth FOLDER --csv named.csv",
    )
    predict.add_argument("checkpoint", type=Path, help="a .pth file that fit wrote")
    predict.add_argument("images", type=Path, nargs="+", help="image files or folders")
    predict.add_argument("--csv", type=Path, metavar="FILE", help="write there, not to stdout")
    return parser, commands.choices


def _fit_words(commands) -> None:
    fit = _command(
        commands,
        "fit",
        "train, test, report (the default)",
        "Repeating the command continues a halted run.\n"
        "Example: python -m train fit --epochs 6 --set shift=0.1",
    )
    fit.add_argument("--data", type=Path, default=DATA, help="ImageFolder tree [%(default)s]")
    fit.add_argument("--out", type=Path, default=OUT, help="where all is written [%(default)s]")
    default = Config()
    fit.add_argument("--epochs", type=int, help=f"[{default.epochs}]")
    fit.add_argument("--batch", type=int, help=f"images per step at most [{default.batch}]")
    fit.add_argument("--lr", type=float, help=f"learning rate of Adam [{default.lr}]")
    fit.add_argument("--zoom", type=float, help=f"keep the central 1/zoom [{default.zoom:g}]")
    fit.add_argument("--seed", type=int, help=f"[{default.seed}]")
    fit.add_argument("--precision", help="auto, float32 or bfloat16 [auto]")
    fit.add_argument(
        "--workers",
        type=_positive,
        default=min(8, os.cpu_count() or 1),
        help="threads that decode [%(default)s]",
    )
    fit.add_argument("--config", type=Path, metavar="FILE", help="settings from a TOML file")
    fit.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="any setting; repeatable"
    )
    again = fit.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="continue, never begin anew")
    again.add_argument("--restart", action="store_true", help="forget the run in --out")


def _command(commands, name: str, does: str, epilog: str) -> Parser:
    parser = commands.add_parser(
        name,
        help=does,
        description=does[0].upper() + does[1:] + ".",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps [auto]")
    parser.add_argument("--json", action="store_true", help="the answer as JSON on stdout")
    return parser


def _positive(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{word} is not at least 1")
    return number


def _require() -> None:
    from train.device import require_torch

    require_torch()


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _answer(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
