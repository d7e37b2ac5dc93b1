"""The test images that a report shows, with their heat: which ones, and their files.

``examples/`` of a run holds the pictures and ``examples.json``, which says what each is. So a
report can be made anew where the images themselves are gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from train.files import read_json, replacing, write_json
from train.judge.predictions import Answers
from train.show.gradcam import overlay

FOLDER, LISTING = Path("examples"), "examples.json"
WORST = 9  # misclassified images of all classes
EACH = 6  # most wrong, and surest right, of each class
SAMPLES = 4  # looked at in full, or one of each class
SIDE, QUALITY = 160, 88  # of a picture in the report [pixel, JPEG]


@dataclass(frozen=True)
class Chosen:
    """Which answers are shown; numbers are rows of the answers.

    Attributes
    ----------
    misclassified : list of int
        The worst wrong answers.
    worst, surest : dict of str to list of int
        Of each class: its images that were taken for others, the worst first; and those named
        rightly with the greatest certainty.
    samples : list of int
        Some of each class, neither the surest nor the worst.
    """

    misclassified: list[int]
    worst: dict[str, list[int]]
    surest: dict[str, list[int]]
    samples: list[int]

    @property
    def rows(self) -> list[int]:
        """All of them, each once."""
        galleries = [*self.worst.values(), *self.surest.values()]
        return sorted({*self.misclassified, *self.samples, *(r for g in galleries for r in g)})


def choose(answers: Answers) -> Chosen:
    """The answers that are worth a look."""
    right, order = answers.named == answers.truth, np.argsort(answers.own, kind="stable")
    wrong = [int(row) for row in order if not right[row]]
    worst, surest = {}, {}
    for label, name in enumerate(answers.classes):
        worst[name] = [row for row in wrong if answers.truth[row] == label][:EACH]
        mine = [int(row) for row in order[::-1] if right[row] and answers.truth[row] == label]
        surest[name] = mine[:EACH]
    return Chosen(wrong[:WORST], worst, surest, _one_of_each(answers))


def write_examples(
    out: Path,
    answers: Answers,
    chosen: Chosen,
    pictures: Callable[[list[int]], np.ndarray],
    heat: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> None:
    """Write the pictures of the chosen answers, and heat for those that are looked at in full.

    Parameters
    ----------
    out : Path
        The run's folder.
    answers : Answers
    chosen : Chosen
    pictures : callable
        Rows to images, uint8, shape (k, side, side, 3).
    heat : callable
        Images and the class asked for to `train.asked.Asked.heat`.
    """
    folder, rows = out / FOLDER, chosen.rows
    for old in folder.glob("*.jpg"):
        old.unlink()
    images = pictures(rows)
    hot = sorted({*chosen.misclassified, *chosen.samples})
    told = {row: _told(answers, row) for row in rows}
    for row, image in zip(rows, images, strict=True):
        told[row]["picture"] = save_picture(folder, f"{row}.jpg", image)
    if hot:
        some = images[[rows.index(row) for row in hot]]
        for row, image, where in zip(hot, some, heat(some, answers.named[hot]), strict=True):
            told[row]["heat"] = save_picture(folder, f"{row}_heat.jpg", overlay(image, where))
    write_json(
        folder / LISTING,
        {
            "answers": {str(row): one for row, one in told.items()},
            "misclassified": chosen.misclassified,
            "worst": chosen.worst,
            "surest": chosen.surest,
            "samples": chosen.samples,
            "wrong": int((answers.named != answers.truth).sum()),
        },
    )


def read_examples(out: Path) -> dict:
    """What `write_examples` listed; empty where there is nothing."""
    return read_json(out / FOLDER / LISTING)


def save_picture(folder: Path, name: str, image: np.ndarray) -> str:
    """Write a picture as a small JPEG.

    Returns
    -------
    str
        Its name.
    """
    if max(image.shape[:2]) > SIDE:
        image = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    with replacing(folder / name) as part:
        Image.fromarray(image).save(part, "JPEG", quality=QUALITY)
    return name


def _told(answers: Answers, row: int) -> dict:
    return {
        "name": answers.names[row],
        "true": answers.classes[answers.truth[row]],
        "answer": answers.classes[answers.named[row]],
        "probability": [float(p) for p in answers.probability[row]],
    }


def _one_of_each(answers: Answers) -> list[int]:
    """Of each class in turn, the image of middling certainty and those around."""
    queues = []
    for label in np.unique(answers.truth):
        mine = np.flatnonzero(answers.truth == label)
        mine = mine[np.argsort(answers.own[mine], kind="stable")]
        middle = np.abs(np.arange(mine.size) - mine.size // 2)
        queues.append(mine[np.argsort(middle, kind="stable")][:SAMPLES])
    turns = [queue[turn] for turn in range(SAMPLES) for queue in queues if turn < queue.size]
    return [int(row) for row in turns[: max(SAMPLES, len(queues))]]
