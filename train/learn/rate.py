"""The learning rate of a step."""

from __future__ import annotations

import math

from train.recipe.config import Optim


def rate(optim: Optim, step: int, *, steps: int, epochs: int) -> float:
    """The learning rate of a step.

    Parameters
    ----------
    optim : Optim
    step : int
        Counted from the start of the run.
    steps : int
        Steps of an epoch.
    epochs : int
        Of the whole run.

    Returns
    -------
    float
    """
    warm = optim.warmup_epochs * steps
    if step < warm:
        return optim.lr * (step + 1) / (warm + 1)
    if optim.schedule == "step":
        return optim.lr * optim.lr_factor ** (step // steps // optim.lr_epochs)
    if optim.schedule == "cosine":
        done = (step - warm) / max(epochs * steps - warm, 1)
        return optim.lr * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return optim.lr
