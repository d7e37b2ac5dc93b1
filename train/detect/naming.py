"""A classifier's word on each found galaxy."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from train.detect.fields import Field
from train.detect.found import Found
from train.detect.picture import drawn

CUTOUT_BOXES = 3.5
"""Side of a cutout in sides of its box: of Galaxy Zoo's cutouts, 8.5 petroR90 wide, the galaxy's
Petrosian diameter takes about as much."""

CUTOUT_PX = 424  # as Galaxy Zoo's


def named(
    found: Found,
    field: Field,
    classifier: Path,
    *,
    device: str = "auto",
    say: Callable[[str], None] = lambda line: None,
) -> Found:
    """Galaxies with the class that a checkpoint of ``fit`` gives them.

    The cutouts go through files, so that the classifier reads them as it reads any image.

    Parameters
    ----------
    found : Found
    field : Field
    classifier : Path
    device : str
    say : callable

    Returns
    -------
    Found
        With `name` and `p_class`.

    Raises
    ------
    InputError
        No such checkpoint.
    """
    from train.asked import open_network
    from train.infer import answers

    network = open_network(classifier, device)
    if "simulated" in network.origin.lower():
        say("warning: the classifier learnt from simulated pixels")
    if not len(found):
        return found
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{k:06d}.png" for k in range(len(found))]
        for file, box in zip(files, found.boxes, strict=True):
            _save(file, cutout(field, box))
        probability, _ = answers(network, files)
    return replace(
        found,
        name=np.array(network.classes)[probability.argmax(axis=1)],
        p_class=probability.max(axis=1),
    )


def cutout(field: Field, box: np.ndarray, *, size_px: int = CUTOUT_PX) -> np.ndarray:
    """A square picture around a box, the first row on top; black beyond the field's border.

    Parameters
    ----------
    field : Field
    box : ndarray, shape (4,)
        x0, y0, x1, y1.
    size_px : int

    Returns
    -------
    ndarray of uint8, shape (size_px, size_px, 3)
    """
    import cv2

    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    half = max(round(CUTOUT_BOXES * float(np.mean(box[2:] - box[:2])) / 2), 8)
    left, top = round(x) - half, round(y) - half
    height, width = field.shape
    rows = (max(top, 0), min(top + 2 * half + 1, height))
    columns = (max(left, 0), min(left + 2 * half + 1, width))
    picture = np.zeros((2 * half + 1, 2 * half + 1, 3), np.uint8)
    picture[rows[0] - top : rows[1] - top, columns[0] - left : columns[1] - left] = drawn(
        field.window(*rows, *columns)
    )
    return cv2.resize(picture[::-1], (size_px, size_px), interpolation=cv2.INTER_CUBIC)


def _save(path: Path, picture: np.ndarray) -> None:
    import cv2

    cv2.imwrite(str(path), picture[:, :, ::-1])
