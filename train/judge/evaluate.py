"""What a network answers, image by image."""

from __future__ import annotations

import csv
from collections.abc import Sequence

import numpy as np
import torch

from train.data.feed import Feed
from train.files import replacing

BATCH = 128


def probabilities(model, feed: Feed, rows: np.ndarray, *, task, precision=None) -> np.ndarray:
    """What a network answers for each image.

    Parameters
    ----------
    model : Module
        In evaluation mode.
    feed : Feed
    rows : ndarray of int64, shape (k,)
    task : train.learn.tasks.Classes
        Turns scores into answers.
    precision : torch.dtype, optional
        Of autocast; float32 when not given.

    Returns
    -------
    ndarray of float64, shape (k, n_classes)
    """
    answers = []
    with torch.inference_mode():
        for start in range(0, rows.size, BATCH):
            images = feed.plain(rows[start : start + BATCH])
            with torch.autocast(feed.device.type, precision, enabled=precision is not None):
                scores = model(images)
            answers.append(task.answers(scores).cpu().numpy())
    return np.concatenate(answers) if answers else np.zeros((0, len(task.classes)))


def write_predictions(path, names: Sequence[str], classes, probability, truth=None) -> None:
    """Write one line per image: name, (true class,) predicted class, probabilities.

    Parameters
    ----------
    path : Path or text file
        A file is written whole or not at all; an open text file is written to.
    names : sequence of str
    classes : tuple of str
    probability : ndarray of float, shape (n, n_classes)
    truth : ndarray of int64, shape (n,), optional
    """
    if hasattr(path, "write"):
        _write_rows(path, names, classes, probability, truth)
        return
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        _write_rows(file, names, classes, probability, truth)


def _write_rows(file, names, classes, probability, truth) -> None:
    writer = csv.writer(file, lineterminator="\n")
    true_column = [] if truth is None else ["true"]
    writer.writerow(["name", *true_column, "class", *(f"p_{name}" for name in classes)])
    for row, name in enumerate(names):
        told = [] if truth is None else [classes[truth[row]]]
        answer = classes[int(probability[row].argmax())]
        writer.writerow([name, *told, answer, *(f"{p:.4f}" for p in probability[row])])
