"""torch.compile of augmentation and network where it repays its minute."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from train.data.augment import draw
from train.data.feed import changed
from train.learn import ranks
from train.learn.steps import Wanted, forward, settle

SAVES = 0.25  # share of an eager GPU step that a compiled one is expected to save
COSTS_S = 60.0  # what compiling is expected to take


def where_it_pays(lesson, state, say: Callable[[str], None]) -> None:
    """Compile the network of a run if its recipe says so, or if that will have saved time.

    Parameters
    ----------
    lesson : train.learn.training.Lesson
    state : train.learn.training.State
        Its `quick` is set.
    say : callable
        Takes a line that tells how long it took, or why it was not to be.
    """
    if state.quick is None and _wanted(lesson, state):
        started = time.perf_counter()
        try:
            state.quick = _compiled(lesson, state.model)
        except torch.cuda.OutOfMemoryError:
            raise
        except Exception as error:  # a compiler can fail in any way; the run needs none
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            say(f"warning: the network could not be compiled and is run as it is: {first}")
            state.quick, lesson.feed.change = state.model, changed
        else:
            say(f"compiled in {time.perf_counter() - started:.0f} s")


def repays(seconds_left: float) -> bool:
    """Whether so much eager training is worth compiling for."""
    return seconds_left * SAVES > COSTS_S


def _wanted(lesson, state) -> bool:
    if lesson.config.compile != "auto":
        return lesson.config.compile == "always"
    if lesson.feed.device.type != "cuda" or not state.history:
        return False
    images = (lesson.config.epochs - state.epoch) * lesson.steps * lesson.batch
    return _agreed(repays(images / state.history[-1]["images_per_s"]), lesson.feed.device)


def _agreed(vote: bool, device: torch.device) -> bool:
    """What more than half of the ranks are for: each has its own clock, and all must do alike."""
    return 2 * int(ranks.summed(torch.tensor(int(vote), device=device))) > ranks.size()


def _compiled(lesson, model):
    """The compiled network after a first pass there and back; no weight is moved."""
    quick = torch.compile(model)
    lesson.feed.compile()
    rows = lesson.train[ranks.mirrored(lesson.batch)]
    draws = draw(rows.size, lesson.config.augment, rng=np.random.default_rng(0))
    images = lesson.feed.augmented(rows, draws)
    wanted = Wanted(torch.from_numpy(lesson.wanted[rows]).to(images.device))
    model.train()
    _, loss = forward(lesson, quick, images, wanted)
    loss.backward()
    model.zero_grad(set_to_none=True)
    settle(images.device)
    return quick
