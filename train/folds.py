"""``python -m train folds``: K networks, each image judged by one that did not learn from it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from galaxycurate.errors import InputError, LayoutError, SettingError, UsageError
from train.asked import open_network
from train.beforehand import checked
from train.data.cache import fingerprints, load_pixels
from train.data.decode import window_of
from train.data.splits import divide, fold_splits, joined
from train.data.tree import Tree, read_tree
from train.files import named_file, replacing, write_json
from train.fit import Place, fit
from train.infer import answers
from train.judge import noise
from train.judge.metrics import summary
from train.learn import ranks
from train.outcome import METRICS
from train.recipe.config import Config
from train.report import HALTED, report

COUNT, LEAST = 5, 3
OUT_OF_FOLD, FOLDS = "out_of_fold.csv", "folds.json"
COMPARED = ("accuracy", "balanced_accuracy", "macro_f1", "roc_auc", "pr_auc")


@dataclass(frozen=True)
class Fold:
    """One of K trainings.

    Attributes
    ----------
    name : str
        ``fold-1`` and so on.
    tree : Tree
    held : str
        The split that only this fold holds out: ``test``, or ``val`` where all share one test set.
    """

    name: str
    tree: Tree
    held: str = "test"


@dataclass(frozen=True)
class HeldOut:
    """What the networks answer for images that they did not learn from.

    Attributes
    ----------
    files : tuple of str
        Relative to the data folder.
    label, fold, group : ndarray of int64, shape (n,)
        `fold` counts from 0.
    probability : ndarray of float64, shape (n, n_classes)
    """

    files: tuple[str, ...]
    label: np.ndarray
    fold: np.ndarray
    group: np.ndarray
    probability: np.ndarray


def folds(
    config: Config,
    place: Place,
    *,
    count: int | None = None,
    restart: bool = False,
    resume: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> dict:
    """Train and test every fold, pool the answers, and rank the labels they speak against.

    Writes ``fold-k/`` (each a run as of `train.fit.fit`), ``out_of_fold.csv``,
    ``label_noise.csv``, ``folds.json`` and, last, ``report.html``. Finished folds are
    not trained again.

    Parameters
    ----------
    config : Config
    place : Place
        ``data`` holds trees ``fold-1`` to ``fold-K`` (`galaxycurate split --folds`), or is any
        tree or folder: then all of its images are divided anew.
    count : int, optional
        Folds of the latter, 5 by default.
    restart : bool
        Forget finished folds.
    resume : bool
        Only continue: refuse to begin anew.
    say : callable

    Returns
    -------
    dict
        The content of ``folds.json``: ``folds``, ``held_out``, ``split_kind``, ``origin``,
        ``simulated``, ``metrics`` (mean, std and each fold of five figures), ``pooled`` (as
        `train.judge.metrics.summary`), ``label_noise``. Nothing on the other ranks of several
        processes.

    Raises
    ------
    InputError
        As `train.fit.fit`; or too few images for so many folds.
    SettingError
        The recipe learns no classes.
    UsageError
        There is nothing to resume.
    """
    if config.task == "votes":
        raise SettingError(
            "folds judge classes, and this recipe learns votes", hint="--preset galaxy-cnn"
        )
    begun = [place.out / "fold-1" / name for name in (*HALTED, METRICS)]
    if resume and not any(path.is_file() for path in begun):
        raise UsageError(f"nothing to resume in {place.out}", hint="leave out --resume")
    place = replace(place, cache=place.cache or place.out / "cache")  # one for all folds
    plan = plan_folds(config, place, count, say)
    (place.out / FOLDS).unlink(missing_ok=True)
    networks = []
    for fold in plan:
        say(f"{fold.name} of {len(plan)}")
        mine = replace(place, data=fold.tree.root, out=place.out / fold.name)
        told = fit(config, mine, tree=fold.tree, restart=restart, say=say)
        networks.append(mine.out / told.get("checkpoint", ""))
    if not ranks.leads():
        return {}
    held = _pooled([_held_out(fold, k, place, networks[k]) for k, fold in enumerate(plan)])
    classes = plan[0].tree.classes
    _write_out_of_fold(place.out / OUT_OF_FOLD, held, classes)
    origin = plan[0].tree.origin
    found = {
        "folds": len(plan),
        "held_out": plan[0].held,
        "split_kind": plan[0].tree.split_kind,
        "origin": origin,
        "simulated": "simulated" in origin.lower(),
        "metrics": _scatter(held, classes),
        "pooled": summary(held.label, held.probability, classes, groups=held.group),
        "label_noise": _label_noise(place.out / noise.NAME, held, classes, say),
    }
    write_json(place.out / FOLDS, found)
    report(place.out, data=place.data, device=place.device, say=say)
    return found


def plan_folds(
    config: Config, place: Place, count: int | None, say: Callable[[str], None]
) -> list[Fold]:
    """The folds that a data folder holds, or those that it is divided into."""
    made = [path for path in Path(place.data).glob("fold-*") if (path / "train").is_dir()]
    if not made:
        return _divided(config, place, count or COUNT, say)
    if count not in (None, len(made)):
        raise InputError(
            f"{place.data} holds {len(made)} folds, not {count}",
            hint=f"galaxycurate split --folds {count}",
        )
    made.sort(key=lambda path: int(re.sub(r"\D", "", path.name) or 0))
    trees = [read_tree(path, needs=("train",)) for path in made]
    if any(tree.classes != trees[0].classes for tree in trees):
        raise LayoutError(
            f"the folds of {place.data} have not the same classes",
            hint="make them anew with: galaxycurate split --folds",
        )
    tested = [{file.relative_to("test") for file in _of(tree, "test")} for tree in trees]
    held = "val" if len(tested) > 1 and tested[0] == tested[1] else "test"
    return [Fold(path.name, tree, held) for path, tree in zip(made, trees, strict=True)]


def _divided(config: Config, place: Place, count: int, say) -> list[Fold]:
    """Folds of all images of a tree; groups, and owners of equal pictures, stay together."""
    if count < LEAST:
        raise SettingError(
            f"--folds {count}: one part to test, one to choose the epoch, one to learn from",
            hint=f"--folds {LEAST} or more",
        )
    tree = checked(config, place, read_tree(place.data, needs=()))
    window = window_of(config.data)
    cache = place.cache or place.out / "cache"
    pixels = load_pixels(tree, cache, window, workers=place.workers, say=say)
    prints = [
        str(row).encode() if row in pixels.bad else one
        for row, one in enumerate(fingerprints(pixels.images))
    ]
    known = tree.groups.of if tree.groups else np.arange(len(tree.files))
    group = joined(known, prints)
    _check(tree, group, count)
    said = f"groups whole ({tree.groups.said})" if tree.groups else "no groups known"
    if not tree.groups:
        say(
            f"warning: {place.data} tells of no groups: images that share sky can stand in two "
            "folds; galaxycurate split --folds makes folds that do not leak"
        )
    part = divide(tree.label, group, [1 / count] * count, seed=config.seed)
    facts = {name: tree.facts[name] for name in ("origin", "manifest_sha256") if name in tree.facts}
    tree = replace(tree, facts=facts, warnings=(), split_kind=f"k-fold, {said}")
    return [
        Fold(f"fold-{number}", replace(tree, split=split))
        for number, split in enumerate(fold_splits(part, count), start=1)
    ]


def _check(tree: Tree, group: np.ndarray, count: int) -> None:
    for index, name in enumerate(tree.classes):
        n = np.unique(group[tree.label == index]).size
        if n < count:
            raise InputError(
                f"{tree.root}/{name} has {n} groups of images, too few for {count} folds",
                hint=f"--folds {n}" if n >= LEAST else "remove or fill the folder",
            )


def _of(tree: Tree, split: str) -> list[Path]:
    return [tree.files[row] for row in tree.rows(split)]


def _held_out(fold: Fold, number: int, place: Place, network: Path) -> HeldOut:
    tree, rows = fold.tree, fold.tree.rows(fold.held)
    trained = open_network(network, place.device)
    files = [tree.root / tree.files[row] for row in rows]
    probability, bad = answers(trained, files)
    rows = rows[[file not in bad for file in files]]
    base = Path(place.data)
    return HeldOut(
        files=tuple((tree.root / tree.files[row]).relative_to(base).as_posix() for row in rows),
        label=tree.label[rows],
        fold=np.full(rows.size, number),
        group=tree.groups.of[rows] if tree.groups else rows,
        probability=probability,
    )


def _pooled(parts: list[HeldOut]) -> HeldOut:
    # no group stands in two folds: numbers of groups are told apart by the fold
    groups = np.stack(
        [np.concatenate([p.fold for p in parts]), np.concatenate([p.group for p in parts])], 1
    )
    return HeldOut(
        files=tuple(file for part in parts for file in part.files),
        label=np.concatenate([part.label for part in parts]),
        fold=groups[:, 0],
        group=np.unique(groups, axis=0, return_inverse=True)[1].ravel(),
        probability=np.concatenate([part.probability for part in parts]),
    )


def _scatter(held: HeldOut, classes: tuple[str, ...]) -> dict:
    each = [
        summary(held.label[mine], held.probability[mine], classes)
        for mine in (held.fold == number for number in range(held.fold.max() + 1))
    ]
    scatter = {}
    for name in COMPARED:
        values = [one[name] for one in each if one[name] is not None]
        scatter[name] = {
            "mean": float(np.mean(values)) if values else None,
            "std": float(np.std(values, ddof=1)) if len(values) > 1 else None,
            "each": [one[name] for one in each],
        }
    return scatter


def _write_out_of_fold(path: Path, held: HeldOut, classes: tuple[str, ...]) -> None:
    with replacing(path) as part, named_file(part) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "label", "fold", "class", *(f"p_{name}" for name in classes)])
        lines = zip(held.files, held.label, held.fold, held.probability, strict=True)
        for name, label, fold, row in lines:
            named = [name, classes[label], fold + 1, classes[row.argmax()]]
            writer.writerow([*named, *(f"{p:.6g}" for p in row)])


def _label_noise(path: Path, held: HeldOut, classes: tuple[str, ...], say) -> dict:
    try:
        found = noise.doubts(held.label, held.probability)
    except InputError as error:
        path.unlink(missing_ok=True)  # of an earlier run, which is not this one
        say(f"warning: {error} ({error.hint})")
        return {"missing": str(error)}
    noise.write_doubts(path, found, held.files, classes, held.label, held.probability)
    return {"doubted": int(found.rows.size), "issues": int(found.issue.sum()), "file": noise.NAME}
