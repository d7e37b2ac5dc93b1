"""The steps of an epoch; from the fourth on, nothing in the loop waits for the device."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from galaxycurate.errors import GalaxyCurateError
from train.data.augment import draw
from train.data.sampler import balanced_order
from train.learn import ranks
from train.learn.optim import follow, set_rate
from train.learn.rate import rate

WORTH_SAYING_S = 30  # a shorter run is over before one has read how long it takes


def learn(lesson, state, rng: np.random.Generator, say: Callable[[str], None]) -> dict:
    """Take the steps of one epoch.

    Parameters
    ----------
    lesson : train.learn.training.Lesson
    state : train.learn.training.State
        Its weights are moved; its epoch is not counted on.
    rng : numpy.random.Generator
        Draws order and changes of all images, before the first step.
    say : callable
        Takes a line of progress.

    Returns
    -------
    dict
        ``loss``, ``train_accuracy``, ``images_per_s``.

    Raises
    ------
    GalaxyCurateError
        The loss is no number any more.
    """
    steps, batch, device = lesson.steps, lesson.batch, lesson.feed.device
    order = _order(lesson, rng)[: steps * batch]
    own = np.arange(steps * batch).reshape(steps, batch)[:, ranks.mirrored(batch)]
    draws = draw(steps * batch, lesson.config.augment, rng=rng)
    draws = draws[own.ravel()] if ranks.size() > 1 else draws
    shares = _shares(lesson.config.augment.mixup, steps, rng)
    rows = order[own]
    wanted = torch.from_numpy(lesson.wanted[rows]).to(device)
    label = torch.from_numpy(lesson.label[rows]).to(device)
    loss, hits = torch.zeros(2, device=device)
    watch = Watch(lesson, say if state.epoch == 0 else None)
    state.model.train()
    with seeded(lesson, state.epoch):
        for step, images in enumerate(lesson.feed.epoch(rows, draws)):
            watch.look(step)
            scores, mean = _step(lesson, state, images, Wanted(wanted[step], shares[step]), step)
            loss += mean
            hits += lesson.task.right(scores.detach(), label[step])
    loss, hits = ranks.summed(torch.stack([loss, hits])).tolist()
    if not math.isfinite(loss):
        raise GalaxyCurateError(
            f"the loss of epoch {state.epoch + 1} is no number: the learning rate is too high",
            hint=f"--lr {lesson.config.optim.lr / 3:.1g} --restart",
        )
    return {
        "loss": loss / steps,
        "train_accuracy": hits / (steps * batch),
        "images_per_s": watch.speed(),
    }


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a batch.

    Attributes
    ----------
    own : Tensor, shape (b,) or (b, k)
        Labels or shares of the images.
    share : float
        How much of each image is its own; the rest is the one at its place from the end.
    """

    own: torch.Tensor
    share: float = 1.0

    def blended(self, images: torch.Tensor) -> torch.Tensor:
        """The images as they are shown."""
        return images if self.share == 1.0 else torch.lerp(images.flip(0), images, self.share)

    def loss(self, task, scores: torch.Tensor) -> torch.Tensor:
        """The mean loss, shared like the images."""
        own = task.loss(scores, self.own)
        if self.share == 1.0:
            return own
        return torch.lerp(task.loss(scores, self.own.flip(0)), own, self.share)


def forward(lesson, model, images: torch.Tensor, wanted: Wanted):
    """Scores of this rank's images, and their part of the mean loss of the whole batch."""
    precision = lesson.precision
    with torch.autocast(images.device.type, precision, enabled=precision is not None):
        scores = model(wanted.blended(images))
    return scores, wanted.loss(lesson.task, scores) * (len(images) / lesson.batch)


@contextmanager
def seeded(lesson, epoch: int):
    """Let dropout follow from (seed, epoch, rank), and leave torch's own state as it was."""
    device = lesson.feed.device
    sequence = np.random.SeedSequence([lesson.config.seed, epoch, ranks.rank()])
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(int(sequence.generate_state(1)[0]))
        yield


class Watch:
    """How fast the steps of an epoch go; the first one warms up and tells nothing.

    Parameters
    ----------
    lesson : Lesson
    foretell : callable, optional
        Takes a line that says how long it will take, after two more steps.
    """

    def __init__(self, lesson, foretell: Callable[[str], None] | None):
        self.lesson, self.foretell = lesson, foretell
        self.begun, self.steps = time.perf_counter(), lesson.steps

    def look(self, step: int) -> None:
        """Called before every step."""
        if step == 1:
            settle(self.lesson.feed.device)
            self.begun, self.steps = time.perf_counter(), self.lesson.steps - 1
        if step == 3 and self.foretell:
            settle(self.lesson.feed.device)
            epoch = (time.perf_counter() - self.begun) / 2 * self.lesson.steps
            whole = epoch * self.lesson.config.epochs
            if whole > WORTH_SAYING_S:
                self.foretell(f"about {epoch:.0f} s an epoch, {whole / 60:.0f} min in all")

    def speed(self) -> float:
        """Images per second, of all ranks together."""
        settle(self.lesson.feed.device)
        return self.steps * self.lesson.batch / (time.perf_counter() - self.begun)


def settle(device: torch.device) -> None:
    """Wait until a GPU has done what it was asked."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _step(lesson, state, images, wanted, step: int):
    optim = lesson.config.optim
    done = state.epoch * lesson.steps + step
    pace = rate(optim, done, steps=lesson.steps, epochs=lesson.config.epochs)
    set_rate(state.optimizer, pace)
    model = state.model if state.quick is None else state.quick  # a compiled one has no truth
    scores, mean = forward(lesson, model, images, wanted)
    # gradients are averaged over the ranks, the loss is summed
    state.scaler.scale(mean * ranks.size()).backward()
    ranks.average_gradients(state.model.parameters())
    state.scaler.step(state.optimizer)
    state.scaler.update()
    state.optimizer.zero_grad(set_to_none=True)
    if state.average is not None:
        follow(state.average, state.model, decay=optim.average, step=done)
    return scores, mean.detach()


def _shares(mixup: float, steps: int, rng: np.random.Generator) -> np.ndarray:
    if not mixup:
        return np.ones(steps)
    drawn = rng.beta(mixup, mixup, steps)
    return np.maximum(drawn, 1 - drawn)  # the greater part is the image's own


def _order(lesson, rng: np.random.Generator) -> np.ndarray:
    if lesson.config.sampling == "natural":
        return rng.permutation(lesson.train)
    label = lesson.label[lesson.train]
    return lesson.train[balanced_order(label, lesson.train.size, rng=rng)]
