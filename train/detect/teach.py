"""Train the detector."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from train.detect import lessons
from train.detect.lessons import Page
from train.detect.network import build
from train.detect.recipe import Recipe
from train.learn import checkpoint

WARM_UP = 0.1  # of the steps
MAX_GRADIENT = 5.0
TELL_EVERY = 25  # steps; as often it is kept


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
    halted: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Course:
    """Train a detector from scratch, or go on where an earlier training was halted.

    Parameters
    ----------
    pages : list of Page
    recipe : Recipe
        Its seed decides on weights and tiles.
    device : torch.device, optional
    precision : torch.dtype or None
        Of autocast.
    halted : Path, optional
        Where the training keeps itself every `TELL_EVERY` steps. On a CPU a continued one ends
        with the weights of an uninterrupted one.
    say : callable

    Returns
    -------
    Course

    Raises
    ------
    InputError
        What lies in `halted` is damaged.
    """
    device = device or torch.device("cpu")
    state = _begin(recipe, device)
    key = _key(pages, recipe) if halted else ""
    if halted and halted.is_file():
        content = checkpoint.read(halted)
        if content.get("key") == key:
            state.restore(content)
            say(f"going on after step {state.step}")
        else:
            say(f"note: {halted} is of other lessons or settings: begun anew")
    while state.step < recipe.steps:
        started = time.monotonic()
        _one(state, lessons.batch(pages, recipe, state.rng), device, precision)
        state.seconds += time.monotonic() - started
        if state.step % TELL_EVERY == 0 or state.step == recipe.steps:
            mean = state.losses[max(state.step - TELL_EVERY, 0) : state.step].mean()
            left = state.seconds / state.step * (recipe.steps - state.step)
            say(f"step {state.step} of {recipe.steps}, loss {mean:.3f}, {left:.0f} s to go")
            if halted:
                checkpoint.write(halted, {"key": key, **state.content()})
    return Course(state.model.eval(), state.losses, state.seconds)


@dataclass
class _State:
    """A training on its way."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    rng: np.random.Generator
    losses: np.ndarray
    step: int = 0
    seconds: float = 0.0

    def content(self) -> dict:
        """All that a continued training needs."""
        parts = {name: getattr(self, name).state_dict() for name in _PARTS}
        return {
            **parts,
            "rng": json.dumps(self.rng.bit_generator.state),
            "losses": torch.from_numpy(self.losses),
            "step": self.step,
            "seconds": self.seconds,
        }

    def restore(self, content: dict) -> None:
        """Become what `content` told."""
        for name in _PARTS:
            getattr(self, name).load_state_dict(content[name])
        self.rng.bit_generator.state = json.loads(content["rng"])
        self.losses = content["losses"].numpy()
        self.step, self.seconds = content["step"], content["seconds"]


_PARTS = ("model", "optimizer", "schedule")


def _begin(recipe: Recipe, device) -> _State:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        model = build(recipe)
    model = model.to(device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, recipe.steps))
    rng = np.random.default_rng(recipe.seed)
    return _State(model, optimizer, schedule, rng, np.zeros(recipe.steps))


def _one(state: _State, batch, device, precision) -> None:
    """One step."""
    pictures, targets = batch
    pictures = [picture.to(device) for picture in pictures]
    targets = [{name: value.to(device) for name, value in t.items()} for t in targets]
    with torch.autocast(device.type, dtype=precision, enabled=precision is not None):
        loss = sum(state.model(pictures, targets).values())
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(state.model.parameters(), MAX_GRADIENT)
    state.optimizer.step()
    state.schedule.step()
    state.losses[state.step] = float(loss.detach())
    state.step += 1


def _key(pages: list[Page], recipe: Recipe) -> str:
    """A name for what is learnt, and how."""
    digest = hashlib.sha256(json.dumps(recipe.as_dict(), sort_keys=True).encode())
    for page in pages:
        for part in (page.picture, page.boxes, page.labels):
            digest.update(np.ascontiguousarray(part))
    return digest.hexdigest()


def _rate(step: int, steps: int) -> float:
    """Share of the full learning rate: a linear start, then a cosine to 0."""
    warm = max(1, int(WARM_UP * steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
