"""Epochs: what is learnt, what is kept, and how a run goes on after a halt."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn

from galaxycurate.errors import GalaxyCurateError
from train.data.augment import draw
from train.data.feed import Feed
from train.data.sampler import balanced_order
from train.judge.evaluate import probabilities
from train.learn import checkpoint
from train.learn.optim import optimizer, rate, set_rate
from train.learn.tasks import Classes
from train.networks import build
from train.networks.norms import recalibrate
from train.recipe.config import Config

CALIBRATION_BATCH = 64  # 8 such batches hold 8 million pixels: enough for 616 means


@dataclass(frozen=True)
class Lesson:
    """What is learnt from, and how.

    Attributes
    ----------
    config : Config
    feed : Feed
    label : ndarray of int64, shape (n,)
        Of every row of the feed.
    train, val : ndarray of int64
        Rows of the two splits; `val` may be empty.
    task : Classes
        What is asked for, see `train.learn.tasks`.
    precision : torch.dtype or None
        Of autocast; None for float32.
    soft : ndarray of float32, shape (n, n_classes), or None
        What each row should be called, with which share; None: its label alone.
    """

    config: Config
    feed: Feed
    label: np.ndarray
    train: np.ndarray
    val: np.ndarray
    task: Classes
    precision: torch.dtype | None = None
    soft: np.ndarray | None = None

    @property
    def batch(self) -> int:
        """Images per step."""
        return min(self.config.batch_for(self.train.size), self.train.size)

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return self.train.size // self.batch

    @property
    def wanted(self) -> np.ndarray:
        """What is wanted of each row."""
        return self.task.wanted(self.label, self.soft)


@dataclass
class State:
    """A run between two epochs."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    epoch: int = 0
    history: list[dict] = field(default_factory=list)
    best: dict = field(default_factory=dict)


def begin(lesson: Lesson) -> State:
    """A fresh network and optimiser; the weights follow from the seed alone."""
    config, device = lesson.config, lesson.feed.device
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = build(config.network, lesson.task.n_out, size_px=config.data.size_px)
    model = model.to(device).to(memory_format=torch.channels_last)
    # only float16 underflows without a scaler
    scaler = torch.amp.GradScaler(device.type, enabled=lesson.precision is torch.float16)
    return State(model, optimizer(model, config.optim, device), scaler)


def run(
    lesson: Lesson,
    state: State,
    *,
    keep: Callable[[State], None] = lambda state: None,
    say: Callable[[str], None] = lambda line: None,
) -> State:
    """Train until `config.epochs` are done.

    Parameters
    ----------
    lesson : Lesson
    state : State
        From `begin` or `restore`; changed in place.
    keep : callable
        Called with the state after every epoch.
    say : callable
        Takes a line of progress.

    Returns
    -------
    State

    Raises
    ------
    GalaxyCurateError
        The loss is no number any more, or the GPU's memory is too small.
    """
    while state.epoch < lesson.config.epochs:
        try:
            facts = one_epoch(lesson, state, say)
        except torch.OutOfMemoryError as error:
            raise GalaxyCurateError(
                f"the GPU has no memory for a batch of {lesson.batch}",
                hint=f"--batch {max(8, lesson.batch // 2)}",
            ) from error
        state.history.append(facts)
        keep(state)
        say(_line(facts, lesson.config.epochs))
    return state


def one_epoch(lesson: Lesson, state: State, say: Callable[[str], None]) -> dict:
    """Train one epoch, recalibrate, evaluate on val, and keep the best.

    All randomness comes from (seed, epoch), so that a continued run equals an unbroken one.

    Returns
    -------
    dict
        ``epoch``, ``lr``, ``loss``, ``train_accuracy``, ``val_*``, ``seconds``,
        ``images_per_s``.
    """
    config = lesson.config
    rng = np.random.default_rng([config.seed, state.epoch])
    started = time.perf_counter()
    loss, accuracy, seen = _learn(lesson, state, rng, say)
    learnt = time.perf_counter() - started
    state.epoch += 1
    _recalibrate(lesson, state.model, rng)
    facts = {
        "epoch": state.epoch,
        "lr": rate(config.optim, (state.epoch - 1) * lesson.steps, **_length(lesson)),
        "loss": loss,
        "train_accuracy": accuracy,
        **_judge(lesson, state.model),
        "seconds": time.perf_counter() - started,
        "images_per_s": seen / learnt,
    }
    _keep_best(lesson, state, facts)
    return facts


def store(path: Path, state: State, *, fingerprint: str, config: dict) -> None:
    """Write all that a continued run needs."""
    checkpoint.write(
        path,
        {
            "fingerprint": fingerprint,
            "config": config,
            "epoch": state.epoch,
            "model": state.model.state_dict(),
            "optimizer": state.optimizer.state_dict(),
            "scaler": state.scaler.state_dict(),
            "history": state.history,
            "best": state.best,
        },
    )


def restore(state: State, content: dict) -> State:
    """Put the content of `store` into a fresh state."""
    state.model.load_state_dict(content["model"])
    state.optimizer.load_state_dict(content["optimizer"])
    state.scaler.load_state_dict(content["scaler"])
    state.epoch, state.history = content["epoch"], content["history"]
    state.best = content["best"]
    return state


def _learn(lesson: Lesson, state: State, rng, say) -> tuple[float, float, int]:
    config, batch, device = lesson.config, lesson.batch, lesson.feed.device
    order, wanted = _order(lesson, rng), lesson.wanted
    steps = lesson.steps
    total = torch.zeros((), device=device)
    hits = torch.zeros((), device=device)
    state.model.train()
    started = 0.0
    for step in range(steps):
        if step == 1:  # the first step warms up and tells nothing
            started = time.perf_counter()
        done = state.epoch * steps + step
        set_rate(state.optimizer, rate(config.optim, done, **_length(lesson)))
        rows = order[step * batch : (step + 1) * batch]
        images = lesson.feed.augmented(rows, draw(batch, config.augment, rng=rng))
        with torch.autocast(device.type, lesson.precision, enabled=lesson.precision is not None):
            scores = state.model(images)
        loss = lesson.task.loss(scores, torch.from_numpy(wanted[rows]).to(device))
        state.scaler.scale(loss).backward()
        state.scaler.step(state.optimizer)
        state.scaler.update()
        state.optimizer.zero_grad(set_to_none=True)
        total += loss.detach()
        hits += lesson.task.right(scores, torch.from_numpy(lesson.label[rows]).to(device))
        if step == 2 and state.epoch == 0:
            _foretell(started, steps, config.epochs, say)
    mean = float(total) / steps
    if not math.isfinite(mean):
        raise GalaxyCurateError(
            f"the loss of epoch {state.epoch + 1} is no number: the learning rate is too high",
            hint=f"--lr {config.optim.lr / 3:.1g} --restart",
        )
    return mean, float(hits) / (steps * batch), steps * batch


def _order(lesson: Lesson, rng: np.random.Generator) -> np.ndarray:
    if lesson.config.sampling == "natural":
        return rng.permutation(lesson.train)
    label = lesson.label[lesson.train]
    return lesson.train[balanced_order(label, lesson.train.size, rng=rng)]


def _length(lesson: Lesson) -> dict[str, int]:
    return {"steps": lesson.steps, "epochs": lesson.config.epochs}


def _recalibrate(lesson: Lesson, model: nn.Module, rng: np.random.Generator) -> None:
    label = lesson.label[lesson.train]
    size = min(CALIBRATION_BATCH, lesson.train.size)
    order = balanced_order(label, size * lesson.config.calibration_batches, rng=rng)
    precision, device = lesson.precision, lesson.feed.device
    with torch.autocast(device.type, precision, enabled=precision is not None):
        rows = lesson.train[order].reshape(-1, size)
        recalibrate(model, (lesson.feed.plain(some) for some in rows))


def _judge(lesson: Lesson, model: nn.Module) -> dict:
    if not lesson.val.size:
        return {}
    answers = probabilities(
        model, lesson.feed, lesson.val, task=lesson.task, precision=lesson.precision
    )
    return lesson.task.judged(answers, lesson.label[lesson.val])


def _keep_best(lesson: Lesson, state: State, facts: dict) -> None:
    # without a val split the last epoch is the best
    score = lesson.task.score(facts) if lesson.val.size else (float(state.epoch), 0.0)
    if not state.best or score > tuple(state.best["score"]):
        weights = {name: value.detach().cpu().clone() for name, value in _weights(state)}
        state.best = {"epoch": state.epoch, "score": list(score), "model": weights}


def _weights(state: State):
    return state.model.state_dict().items()


def _foretell(started: float, steps: int, epochs: int, say) -> None:
    epoch = (time.perf_counter() - started) / 2 * steps
    if epoch * epochs > 30:
        say(f"about {epoch:.0f} s an epoch, {epoch * epochs / 60:.0f} min in all")


def _line(facts: dict, epochs: int) -> str:
    judged = (
        f"val accuracy {facts['val_accuracy']:.4f} "
        f"(balanced {facts['val_balanced_accuracy']:.4f}), "
        if "val_accuracy" in facts
        else ""
    )
    return (
        f"epoch {facts['epoch']} of {epochs}: loss {facts['loss']:.4f}, "
        f"train accuracy {facts['train_accuracy']:.4f}, {judged}"
        f"{facts['seconds']:.0f} s, {facts['images_per_s']:.0f} img/s"
    )
