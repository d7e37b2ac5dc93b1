"""Train the detector."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from train.detect import lessons
from train.detect.lessons import Page
from train.detect.network import build
from train.detect.recipe import Recipe

WARM_UP = 0.1  # of the steps
MAX_GRADIENT = 5.0
TELL_EVERY = 25  # steps


@dataclass(frozen=True)
class Course:
    """How the training went.

    Attributes
    ----------
    model : Module
    loss : ndarray of float64, shape (steps,)
    seconds : float
    """

    model: nn.Module
    loss: np.ndarray
    seconds: float


def teach(
    pages: list[Page],
    recipe: Recipe,
    *,
    device=None,
    precision=None,
    say: Callable[[str], None] = lambda line: None,
) -> Course:
    """Train a detector from scratch.

    Parameters
    ----------
    pages : list of Page
    recipe : Recipe
        Its seed decides on weights and tiles.
    device : torch.device, optional
    precision : torch.dtype or None
        Of autocast.
    say : callable

    Returns
    -------
    Course
    """
    device = device or torch.device("cpu")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        model = build(recipe)
    model = model.to(device, memory_format=torch.channels_last).train()
    rng = np.random.default_rng(recipe.seed)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, recipe.steps))
    losses, started = np.zeros(recipe.steps), time.monotonic()
    for step in range(recipe.steps):
        pictures, targets = lessons.batch(pages, recipe, rng)
        pictures = [picture.to(device) for picture in pictures]
        targets = [{name: value.to(device) for name, value in t.items()} for t in targets]
        with torch.autocast(device.type, dtype=precision, enabled=precision is not None):
            loss = sum(model(pictures, targets).values())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT)
        optimizer.step()
        schedule.step()
        losses[step] = float(loss.detach())
        if (step + 1) % TELL_EVERY == 0:
            mean = losses[max(step + 1 - TELL_EVERY, 0) : step + 1].mean()
            say(f"step {step + 1} of {recipe.steps}, loss {mean:.3f}")
    return Course(model.eval(), losses, time.monotonic() - started)


def _rate(step: int, steps: int) -> float:
    """Share of the full learning rate: a linear start, then a cosine to 0."""
    warm = max(1, int(WARM_UP * steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
