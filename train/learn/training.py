"""Epochs: what is learnt, what is kept, and how a run goes on after a halt."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn

from galaxycurate.errors import GalaxyCurateError
from train.data.feed import Feed
from train.data.sampler import balanced_order
from train.judge.evaluate import probabilities
from train.learn import checkpoint, compiling, ranks
from train.learn.optim import optimizer
from train.learn.rate import rate
from train.learn.steps import learn
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

    @property
    def truth(self) -> np.ndarray:
        """What the answer for each row is judged by."""
        return self.task.truth(self.label, self.soft)


@dataclass
class State:
    """A run between two epochs.

    Attributes
    ----------
    model : Module
    optimizer : Optimizer
    scaler : GradScaler
    average : Module or None
        The running average of the weights, where the recipe keeps one.
    epoch : int
        How many are done.
    history : list of dict
        What `one_epoch` told of each.
    best : dict
        ``epoch``, ``score`` and ``model``, the weights, of the best epoch on val.
    quick : callable or None
        The same network compiled; not stored.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    average: nn.Module | None = None
    epoch: int = 0
    history: list[dict] = field(default_factory=list)
    best: dict = field(default_factory=dict)
    quick: Callable | None = None

    @property
    def judged(self) -> nn.Module:
        """The network that is judged and kept."""
        return self.model if self.average is None else self.average


def begin(lesson: Lesson, say: Callable[[str], None] = lambda line: None) -> State:
    """A fresh network and optimiser; the weights follow from the seed and ``network.weights``."""
    config, device = lesson.config, lesson.feed.device
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = build(config.network, lesson.task.n_out, size_px=config.data.size_px, say=say)
    model = ranks.share_norms(model.to(device).to(memory_format=torch.channels_last))
    average = copy.deepcopy(model).requires_grad_(False) if config.optim.average else None
    # only float16 underflows without a scaler
    scaler = torch.amp.GradScaler(device.type, enabled=lesson.precision is torch.float16)
    return State(model, optimizer(model, config.optim, device), scaler, average)


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
        Called with the state after every epoch, by the first of several ranks alone.
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
            compiling.where_it_pays(lesson, state, say)
            facts = one_epoch(lesson, state, say)
        except torch.cuda.OutOfMemoryError as error:
            raise GalaxyCurateError(
                f"the GPU has no memory for a batch of {lesson.batch}",
                hint=f"--batch {max(8, lesson.batch // 2)}",
            ) from error
        state.history.append(facts)
        if ranks.leads():
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
    config, steps = lesson.config, lesson.steps
    rng = np.random.default_rng([config.seed, state.epoch])
    started = time.perf_counter()
    learnt = learn(lesson, state, rng, say)
    facts = {
        "epoch": state.epoch + 1,
        "lr": rate(config.optim, state.epoch * steps, steps=steps, epochs=config.epochs),
        **learnt,
        **lesson.task.from_loss(learnt["loss"]),
    }
    state.epoch += 1
    _recalibrate(lesson, state.judged, rng)
    facts |= _judge(lesson, state.judged)
    facts["seconds"] = time.perf_counter() - started
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
            "average": {} if state.average is None else state.average.state_dict(),
            "history": state.history,
            "best": state.best,
        },
    )


def restore(state: State, content: dict) -> State:
    """Put the content of `store` into a fresh state."""
    state.model.load_state_dict(content["model"])
    state.optimizer.load_state_dict(content["optimizer"])
    state.scaler.load_state_dict(content["scaler"])
    if state.average is not None:
        state.average.load_state_dict(content["average"])
    state.epoch, state.history = content["epoch"], content["history"]
    state.best = content["best"]
    return state


def _recalibrate(lesson: Lesson, model: nn.Module, rng: np.random.Generator) -> None:
    label = lesson.label[lesson.train]
    if lesson.config.sampling == "natural":  # in the mix that the steps saw
        label = np.zeros_like(label)
    size = min(CALIBRATION_BATCH, lesson.train.size)
    order = balanced_order(label, size * lesson.config.calibration_batches, rng=rng)
    precision, device = lesson.precision, lesson.feed.device
    rows = ranks.mine(lesson.train[order].reshape(-1, size))
    with torch.autocast(device.type, precision, enabled=precision is not None):
        recalibrate(model, (lesson.feed.plain(some) for some in rows))


def _judge(lesson: Lesson, model: nn.Module) -> dict:
    if not lesson.val.size:
        return {}
    answers = probabilities(
        model, lesson.feed, ranks.mine(lesson.val), task=lesson.task, precision=lesson.precision
    )
    return lesson.task.judged(ranks.gathered(answers), lesson.truth[lesson.val])


def _keep_best(lesson: Lesson, state: State, facts: dict) -> None:
    # without a val split the last epoch is the best
    score = lesson.task.score(facts) if lesson.val.size else (float(state.epoch), 0.0)
    if not state.best or score > tuple(state.best["score"]):
        kept = state.judged.state_dict().items()
        weights = {name: value.detach().cpu().clone() for name, value in kept}
        state.best = {"epoch": state.epoch, "score": list(score), "model": weights}


def _line(facts: dict, epochs: int) -> str:
    judged = [
        f"{name.replace('_', ' ')} {value:.4f}"
        for name, value in facts.items()
        if name.startswith("val_") and isinstance(value, float)
    ]
    return ", ".join(
        [
            f"epoch {facts['epoch']} of {epochs}: loss {facts['loss']:.4f}",
            f"train accuracy {facts['train_accuracy']:.4f}",
            *judged,
            f"{facts['seconds']:.0f} s",
            f"{facts['images_per_s']:,.0f} images/s",
        ]
    )
