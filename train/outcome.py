"""The test, once, at the end, and every file that tells of it."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from train.asked import Asked
from train.files import write_json, write_text
from train.judge.colour import IMAGES, colour_check
from train.judge.metrics import summary
from train.judge.predictions import Answers, write_predictions
from train.recipe.config import Config
from train.recipe.settings import as_dict
from train.show.examples import Chosen, choose, write_examples
from train.show.figures import (
    activation_figure,
    confusion_figure,
    curves_figure,
    save_figure,
    worst_figure,
)
from train.show.report import render

METRICS, PREDICTIONS, REPORT = "metrics.json", "predictions.csv", "report.html"
CHUNK = 1024  # images in memory at a time
PACKAGES = (
    "torch", "torchvision", "timm", "numpy", "opencv-python-headless", "simplejpeg", "galaxycurate",
)  # fmt: skip


@dataclass(frozen=True)
class Unseen:
    """The test images of a run, which had no say in it.

    Parameters
    ----------
    rows : ndarray of int64, shape (n,)
        Of the tree.
    names : tuple of str
    label : ndarray of int64, shape (n,)
    groups : ndarray or None, shape (n,)
    images : ndarray
        The pixels of the whole tree.
    """

    rows: np.ndarray
    names: tuple[str, ...]
    label: np.ndarray
    groups: np.ndarray | None
    images: np.ndarray

    @classmethod
    def of(cls, data, facts: dict, say: Callable[[str], None]) -> Unseen:
        """Those of the data that `train.fit.read_data` read; it is said that the test begins."""
        rows, tree = data.rows("test"), data.tree
        say(f"testing the network of epoch {facts['best_epoch']} on {rows.size:,} images")
        names = tuple(tree.files[row].as_posix() for row in rows)
        groups = tree.groups.of[rows] if tree.groups else None
        return cls(rows, names, tree.label[rows], groups, data.pixels.images)

    def pictures(self, chosen) -> np.ndarray:
        """The pixels of some of them, by their place among the test images."""
        return np.array(self.images[self.rows[chosen]])


def write_all(
    out: Path,
    network: Asked,
    data,
    *,
    config: Config,
    facts: dict,
    say: Callable[[str], None],
) -> dict:
    """Test a network and write predictions, figures, report and metrics.

    ``metrics.json`` comes last: where it lies, all else does.

    Parameters
    ----------
    out : Path
    network : Asked
    data : Data
        From `train.fit.read_data`.
    config : Config
    facts : dict
        What training told of itself.
    say : callable

    Returns
    -------
    dict
        The content of ``metrics.json``.
    """
    unseen = Unseen.of(data, facts, say)
    answers = Answers(
        names=unseen.names,
        classes=network.classes,
        truth=unseen.label,
        probability=answered(network, unseen.pictures, unseen.rows.size),
    )
    write_predictions(
        out / PREDICTIONS, answers.names, answers.classes, answers.probability, answers.truth
    )
    test = summary(
        answers.truth,
        answers.probability,
        answers.classes,
        groups=unseen.groups,
        temperature=facts.get("calibration", {}).get("temperature"),
    )
    around = circumstances(network, data, config)
    metrics = {"task": config.task, "test": test, **around, **facts}
    metrics["colour"] = colours(network, answers, unseen.pictures, at_most=IMAGES // config.views)
    draw_numbers(out, metrics)
    draw_pictures(out, network, answers, unseen.pictures, note=note_of(metrics))
    write_text(out / REPORT, render(metrics, out))
    write_json(out / METRICS, metrics)
    return metrics


def written(out: Path, network: str) -> list[tuple[str, str]]:
    """The files of a finished run, each with what it is; first of all its network."""
    listing = (
        (network, "the network"),
        (REPORT, "everything in one page"),
        (METRICS, "every figure"),
        (PREDICTIONS, "the answer to each test image"),
        ("confusion.png", ""),
        ("curves.png", ""),
        ("misclassified.png", "the worst nine"),
        ("activations", "what each layer sees"),
        ("examples", "pictures of the report"),
    )
    return [(str(out / name), what) for name, what in listing if (out / name).exists()]


def colours(
    network: Asked,
    answers: Answers,
    pictures: Callable[[np.ndarray], np.ndarray],
    *,
    at_most: int = IMAGES,
) -> dict:
    """The check of `train.judge.colour` on evenly spaced test images."""
    count = min(max(at_most, 1), answers.truth.size)
    some = np.linspace(0, answers.truth.size - 1, count).astype(np.int64)
    truth, probability = answers.truth[some], answers.probability[some]
    return colour_check(pictures(some), truth, probability, answers.classes, network.answers)


def draw_numbers(out: Path, metrics: dict) -> None:
    """Draw what follows from the metrics alone: ``confusion.png`` and ``curves.png``."""
    note, test = note_of(metrics), metrics["test"]
    table = np.array(test["confusion"])
    save_figure(out / "confusion.png", confusion_figure(table, tuple(test["classes"]), note))
    save_figure(out / "curves.png", curves_figure(metrics["history"], metrics["best_epoch"], note))


def draw_pictures(
    out: Path,
    network: Asked,
    answers: Answers,
    pictures: Callable[[list[int]], np.ndarray],
    *,
    note: str,
) -> None:
    """Draw what needs images and network: galleries, Grad-CAM, ``misclassified.png``, layers.

    Parameters
    ----------
    out : Path
    network : Asked
    answers : Answers
    pictures : callable
        Rows of `answers` to images, uint8, shape (k, side, side, 3).
    note : str
        Such as "simulated pixels".
    """
    chosen = choose(answers)
    write_examples(out, answers, chosen, pictures, network.heat)
    worst = chosen.misclassified
    titles = [
        f"{Path(answers.names[row]).stem}\ntrue {answers.classes[answers.truth[row]]}: "
        f"{_answer(answers, row)}"
        for row in worst
    ]
    wrong = int((answers.named != answers.truth).sum())
    save_figure(out / "misclassified.png", worst_figure(pictures(worst), titles, wrong, note))
    _layers(out / "activations", network, answers, chosen, pictures, note)


def note_of(metrics: dict) -> str:
    """What every picture of a run must say."""
    return "simulated pixels" if metrics["simulated"] else ""


def answered(network: Asked, pictures, count: int) -> np.ndarray:
    """What a network answers for `count` images, of which `pictures` gives some at a time."""
    starts = range(0, count, CHUNK)
    return np.concatenate(
        [network.answers(pictures(slice(start, start + CHUNK))) for start in starts]
    )


def _layers(folder: Path, network: Asked, answers, chosen: Chosen, pictures, note: str) -> None:
    shown = pictures(chosen.samples)
    titles = [
        f"{answers.classes[answers.truth[row]]}\n{_answer(answers, row)}" for row in chosen.samples
    ]
    layers = network.activations(shown)
    for old in folder.glob("layer*.png"):
        old.unlink()
    for index, (name, maps) in enumerate(layers, start=1):
        figure = activation_figure(shown, titles, maps, index, note, name=name)
        save_figure(folder / f"layer{index}.png", figure)


def _answer(answers: Answers, row: int) -> str:
    return f"{answers.classes[answers.named[row]]} {answers.probability[row].max():.2f}"


def circumstances(network: Asked, data, config: Config) -> dict:
    """Where the pixels came from, how they were split, and with what it was learnt."""
    tree, split = data.tree, data.tree.facts
    return {
        "origin": tree.origin,
        "simulated": "simulated" in tree.origin.lower(),
        "seed": config.seed,
        "config": as_dict(config),
        "parameters": network.parameters,
        "data": {
            "root": str(tree.root),
            "splits": {name: tree.counts(name) for name in ("train", "val", "test")},
            "split_kind": tree.split_kind,
            "groups": split.get("groups"),
            "leaking_pairs": split.get("leaking_pairs"),
            "without_footprint": split.get("without_footprint", 0),
            "split_seed": split.get("seed"),
            "manifest_sha256": split.get("manifest_sha256", []),
            "test_images_also_in_train_or_val": data.shared,
            "unreadable": [
                {"file": tree.files[row].as_posix(), "reason": reason}
                for row, reason in data.pixels.bad.items()
            ],
            "warnings": list(tree.warnings),
        },
        "versions": {"python": platform.python_version(), **_versions()},
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
