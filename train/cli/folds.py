"""``python -m train folds``: cross-validation, and the labels it speaks against."""

from __future__ import annotations

from galaxycurate.errors import ExitCode
from train.cli import fit
from train.cli.words import Parser, answer, as_json, positive, require, say, verdict

HELP = "train K networks, test each image once, rank doubtful labels"
EXAMPLE = """Repeating the command goes on after the last finished fold.
Example: python -m train folds --data dataset/split --out training-folds"""


def words(parser: Parser) -> None:
    """Those of fit, and the number of folds."""
    fit.words(parser)
    parser.add_argument(
        "--folds",
        type=positive,
        metavar="K",
        help="divide the images of --data anew [the folds it holds, or 5]",
    )


def run(asked) -> ExitCode:
    """Train all folds."""
    config = fit.recipe(asked)
    require()
    from train.fit import Place
    from train.folds import FOLDS, OUT_OF_FOLD, folds
    from train.judge.noise import NAME
    from train.learn.ranks import joined
    from train.outcome import REPORT

    place = Place(asked.data, asked.out, asked.device, asked.workers, asked.cache)
    with joined(asked.device) as leads:  # one process, or those that torchrun started
        talk = say if leads else (lambda line: None)
        again = {"restart": asked.restart, "resume": asked.resume}
        found = folds(config, place, count=asked.folds, **again, say=talk)
    if not leads:
        return ExitCode.DONE
    if asked.json:
        answer(as_json(found))
        return ExitCode.DONE
    answer(verdict(found["pooled"], name="out-of-fold", simulated=found["simulated"]))
    answer(f"{found['folds']} folds, {found['split_kind']}: mean and scatter from fold to fold")
    for name, value in found["metrics"].items():
        if value["mean"] is not None:
            answer(f"  {name.replace('_', ' '):<18} {value['mean']:.4f} +- {value['std']:.4f}")
    answer(f"\n{place.out / FOLDS}  every figure")
    answer(f"{place.out / OUT_OF_FOLD}  the answer to each image")
    doubted = found["label_noise"].get("doubted")
    if doubted is not None:
        issues = found["label_noise"]["issues"]
        answer(f"{place.out / NAME}  {doubted:,} doubted labels, {issues:,} probably wrong")
        if weak(found["pooled"]):
            say("warning: these networks answer no better than chance: do not believe that list")
    answer(f"\nnext: open {place.out / REPORT}")
    if doubted:
        answer(f"      galaxycurate review --queue noise --noise {place.out / NAME}")
    return ExitCode.DONE


def weak(pooled: dict) -> bool:
    """Whether the networks may be no better than naming classes by chance."""
    low, _ = pooled["intervals"]["balanced_accuracy"] or (0.0, 0.0)
    return low <= 1 / len(pooled["classes"])
