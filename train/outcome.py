"""The test, once, at the end, and every file that tells of it."""

from __future__ import annotations

import platform
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch

from train.data.feed import Feed
from train.files import write_json, write_text
from train.judge.evaluate import probabilities, write_predictions
from train.judge.metrics import summary
from train.learn import checkpoint
from train.recipe.settings import as_dict
from train.show.activations import activations
from train.show.figures import (
    activation_figure,
    confusion_figure,
    curves_figure,
    save_figure,
    worst_figure,
)
from train.show.report import render

METRICS = "metrics.json"
SHOWN = 4  # test images whose activations are drawn
PACKAGES = ("torch", "numpy", "opencv-python-headless", "simplejpeg", "galaxycurate")


def write_all(
    out: Path,
    trained: checkpoint.Trained,
    data,
    *,
    feed: Feed,
    precision,
    facts: dict,
    say: Callable[[str], None],
) -> dict:
    """Test a network and write checkpoint, predictions, figures, report and metrics.

    ``metrics.json`` comes last: where it lies, all else does.

    Parameters
    ----------
    out : Path
    trained : Trained
    data : Data
        From `train.fit.read_data`.
    feed : Feed
    precision : torch.dtype or None
    facts : dict
        What training told of itself.
    say : callable

    Returns
    -------
    dict
        The content of ``metrics.json``.
    """
    rows = data.rows("test")
    say(f"testing on {rows.size:,} images")
    probability = probabilities(trained.model, feed, rows, task=trained.task, precision=precision)
    truth = data.tree.label[rows]
    test = summary(truth, probability, trained.classes)
    checkpoint.save(out / checkpoint.NAME, trained)
    names = [data.tree.files[row].as_posix() for row in rows]
    write_predictions(out / "predictions.csv", names, trained.classes, probability, truth)
    metrics = {"test": test, **facts, **_circumstances(trained, data)}
    _draw(out, trained, feed, metrics, rows=rows, probability=probability, names=names, truth=truth)
    write_text(out / "report.html", render(metrics, out))
    write_json(out / METRICS, metrics)
    return metrics


def written(out: Path) -> list[tuple[str, str]]:
    """The files of a finished run, each with what it is."""
    listing = (
        (checkpoint.NAME, "the network"),
        ("report.html", "everything in one page"),
        (METRICS, "every figure"),
        ("predictions.csv", "the answer to each test image"),
        ("confusion.png", ""),
        ("curves.png", ""),
        ("misclassified.png", "the worst nine"),
        ("activations", "what each layer sees"),
    )
    return [(str(out / name), what) for name, what in listing if (out / name).exists()]


def _circumstances(trained, data) -> dict:
    tree, split = data.tree, data.tree.facts
    return {
        "origin": tree.origin,
        "simulated": "simulated" in tree.origin.lower(),
        "seed": trained.config.seed,
        "config": as_dict(trained.config),
        "parameters": sum(p.numel() for p in trained.model.parameters()),
        "data": {
            "root": str(tree.root),
            "splits": {name: tree.counts(name) for name in ("train", "val", "test")},
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
        "threads": torch.get_num_threads(),
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _draw(out: Path, trained, feed: Feed, metrics: dict, *, rows, probability, names, truth):
    classes, note = trained.classes, "simulated pixels" if metrics["simulated"] else ""
    table = np.array(metrics["test"]["confusion"])
    save_figure(out / "confusion.png", confusion_figure(table, classes, note))
    save_figure(out / "curves.png", curves_figure(metrics["history"], metrics["best_epoch"], note))
    own = probability[np.arange(truth.size), truth]
    wrong = np.flatnonzero(probability.argmax(1) != truth)
    worst = wrong[np.argsort(own[wrong], kind="stable")][:9]
    titles = [
        f"{Path(names[i]).stem}\ntrue {classes[truth[i]]}: "
        f"{classes[probability[i].argmax()]} {probability[i].max():.2f}"
        for i in worst
    ]
    save_figure(
        out / "misclassified.png", worst_figure(feed.images[rows[worst]], titles, wrong.size, note)
    )
    chosen = _one_of_each(truth, own)
    shown = feed.images[rows[chosen]]
    layers = activations(trained.model, feed.plain(rows[chosen]))
    titles = [
        f"{classes[truth[i]]}\n{classes[probability[i].argmax()]} {probability[i].max():.2f}"
        for i in chosen
    ]
    for index, (_, layer) in enumerate(layers, start=1):
        figure = activation_figure(shown, titles, layer.float().cpu().numpy(), index, note)
        save_figure(out / "activations" / f"layer{index}.png", figure)


def _one_of_each(truth: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Test images to look at: of each class in turn, the one of middling certainty and around."""
    queues = []
    for label in np.unique(truth):
        mine = np.flatnonzero(truth == label)
        mine = mine[np.argsort(own[mine], kind="stable")]
        middle = np.abs(np.arange(mine.size) - mine.size // 2)
        queues.append(mine[np.argsort(middle, kind="stable")][:SHOWN])
    turns = [queue[turn] for turn in range(SHOWN) for queue in queues if turn < queue.size]
    return np.array(turns[: max(SHOWN, len(queues))])
