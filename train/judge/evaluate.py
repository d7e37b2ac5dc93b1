"""What a network answers, image by image."""

from __future__ import annotations

import numpy as np
import torch

from train.data.feed import Feed
from train.device import at_once
from train.judge.predictions import refuse_no_numbers

BATCH = 128
QUARTERS = (0, 2, 1, 3)  # turns of the first four views


def probabilities(
    model, feed: Feed, rows: np.ndarray, *, task, precision=None, views: int = 1
) -> np.ndarray:
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
    views : int
        The answer is the mean over so many turns and mirrors of the image, see `turned`.

    Returns
    -------
    ndarray of float64, shape (k, n_classes)

    Raises
    ------
    GalaxyCurateError
        An answer is not finite.
    """
    answers = []
    with torch.inference_mode(), at_once():
        for start in range(0, rows.size, BATCH):
            images = feed.plain(rows[start : start + BATCH])
            total = 0.0
            for view in range(views):
                with torch.autocast(feed.device.type, precision, enabled=precision is not None):
                    scores = model(turned(images, view))
                # float64 is unknown to MPS
                total = total + task.answers(scores.cpu() if scores.is_mps else scores)
            answers.append(total / views)  # stays on the GPU: nothing waits for it until the end
    found = torch.cat(answers).cpu().numpy() if answers else np.zeros((0, len(task.classes)))
    return refuse_no_numbers(found)


def turned(images: torch.Tensor, view: int) -> torch.Tensor:
    """One of the eight turns and mirrors of a square; no pixel is interpolated.

    The first two are 0 and 180 degrees, the first four all quarter turns, so that up to four views
    keep the handedness of a spiral; the last four are the same of the mirror image.

    Parameters
    ----------
    images : Tensor, shape (b, channels, side, side)
    view : int
        0 (as it is) to 7.

    Returns
    -------
    Tensor, shape (b, channels, side, side)
    """
    if not view:
        return images
    images = torch.rot90(images.flip(3) if view > 3 else images, QUARTERS[view % 4], (2, 3))
    return images.contiguous(memory_format=torch.channels_last)
