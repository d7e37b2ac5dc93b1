"""Epochs: batches in, steps out, the best on val kept; a halted run goes on as if unbroken."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from galaxycurate.errors import GalaxyCurateError
from train.data.augment import draw
from train.data.sampler import balanced_order
from train.data.warp_cpu import warp_on_cpu
from train.judge.metrics import balanced_accuracy, confusion
from train.judge.predictions import refuse_no_numbers
from train.learn.rate import rate
from train.recipe.config import Config, Optim
from train.scratch.loss import cross_entropy
from train.scratch.network import Network, load, save, small_network
from train.scratch.optim import SGD, Adam


@dataclass(frozen=True)
class Lesson:
    """What is learnt from, and how.

    Attributes
    ----------
    config : Config
    images : ndarray of uint8, shape (n, side, side, 3)
    mean, std : ndarray of float32, shape (3,)
        Of the training images [0..255].
    label : ndarray of int64, shape (n,)
    shares : ndarray of float32, shape (n, n_classes)
        Wanted share of each class.
    train, val : ndarray of int64
        Rows of the two splits; `val` may be empty.
    """

    config: Config
    images: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    label: np.ndarray
    shares: np.ndarray
    train: np.ndarray
    val: np.ndarray

    @property
    def batch(self) -> int:
        """Images per step."""
        return min(self.config.batch_for(self.train.size), self.train.size)

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return self.train.size // self.batch


@dataclass
class State:
    """A run between two epochs."""

    network: Network
    optimizer: SGD | Adam
    epoch: int = 0
    history: list[dict] = field(default_factory=list)
    best: dict = field(default_factory=dict)


def begin(lesson: Lesson) -> State:
    """A fresh network and optimiser; the weights follow from the seed alone."""
    config = lesson.config
    network = small_network(
        lesson.shares.shape[1], dropout=config.network.dropout, seed=config.seed
    )
    return State(network, _optimizer(config.optim))


def train(
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
        The loss is no number any more.
    """
    while state.epoch < lesson.config.epochs:
        facts = one_epoch(lesson, state)
        state.history.append(facts)
        keep(state)
        say(_line(facts, lesson.config.epochs))
    return state


def one_epoch(lesson: Lesson, state: State) -> dict:
    """Train one epoch, judge on val, and keep the best.

    All randomness comes from (seed, epoch), so that a continued run equals an unbroken one.

    Returns
    -------
    dict
        ``epoch``, ``lr``, ``loss``, ``train_accuracy``, ``val_*``, ``seconds``, ``images_per_s``.
    """
    rng = np.random.default_rng([lesson.config.seed, state.epoch])
    started = time.perf_counter()
    order, losses, hits = _order(lesson, rng), [], 0
    first_lr = _rate(lesson, state, 0)
    for step in range(lesson.steps):
        rows = order[step * lesson.batch : (step + 1) * lesson.batch]
        state.optimizer.lr = _rate(lesson, state, step)
        loss, right = _step(lesson, state, rows, rng)
        losses.append(loss)
        hits += right
    learnt = time.perf_counter() - started
    state.epoch += 1
    _check(float(np.mean(losses)), state.epoch, lesson.config)
    facts = {
        "epoch": state.epoch,
        "lr": first_lr,
        "loss": float(np.mean(losses)),
        "train_accuracy": hits / (lesson.steps * lesson.batch),
        **_judged(lesson, state.network),
        "seconds": time.perf_counter() - started,
        "images_per_s": lesson.steps * lesson.batch / learnt,
    }
    _keep_best(lesson, state, facts)
    return facts


def planes(images: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Pictures as the network takes them: normalised, channels before rows and columns.

    Parameters
    ----------
    images : ndarray of uint8, shape (b, side, side, 3)
    mean, std : ndarray of float32, shape (3,)

    Returns
    -------
    ndarray of float32, shape (b, 3, side, side)
    """
    return np.ascontiguousarray(((images - mean) / std).transpose(0, 3, 1, 2), np.float32)


def answers(network: Network, images: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """The probabilities of pictures, float64, shape (n, n_classes); 256 are held at a time."""
    parts = [images[at : at + 256] for at in range(0, max(len(images), 1), 256)]
    found = [network.probabilities(planes(part, mean, std)) for part in parts]
    return refuse_no_numbers(np.concatenate(found))


def store(path: Path, state: State, **facts) -> None:
    """Write all that a continued run needs."""
    save(
        path,
        state.network,
        epoch=state.epoch,
        history=state.history,
        best={name: state.best[name] for name in ("epoch", "score")},
        **{f"best.{name}": array for name, array in state.best["weights"].items()},
        **{f"optimizer.{name}": array for name, array in state.optimizer.state.items()},
        **facts,
    )


def restore(lesson: Lesson, path: Path) -> State:
    """The state that `store` wrote."""
    network, facts = load(path)
    optimizer = _optimizer(lesson.config.optim)
    optimizer.state = _under("optimizer.", facts)
    best = {**facts["best"], "weights": _under("best.", facts)}
    return State(network, optimizer, facts["epoch"], facts["history"], best)


def _step(lesson: Lesson, state: State, rows: np.ndarray, rng) -> tuple[float, int]:
    """One batch forward, one gradient back, one step down: its loss, and how many were right."""
    draws = draw(rows.size, lesson.config.augment, rng=rng)
    images = planes(warp_on_cpu(lesson.images[rows], draws), lesson.mean, lesson.std)
    scores = state.network.forward(images, rng)
    smoothing = lesson.config.optim.label_smoothing
    shares = lesson.shares[rows] * (1 - smoothing) + smoothing / scores.shape[1]
    loss, gradient = cross_entropy(scores, shares.astype(scores.dtype))
    state.network.backward(gradient)
    state.optimizer.step(state.network.parameters(), state.network.gradients())
    return loss, int((scores.argmax(1) == lesson.label[rows]).sum())


def _optimizer(optim: Optim) -> SGD | Adam:
    if optim.method == "sgd":
        return SGD(optim.lr, 0.9, optim.weight_decay, nesterov=True)
    decoupled = optim.method == "adamw"
    return Adam(optim.lr, weight_decay=optim.weight_decay, decoupled=decoupled)


def _order(lesson: Lesson, rng: np.random.Generator) -> np.ndarray:
    if lesson.config.sampling == "natural":
        return rng.permutation(lesson.train)
    label = lesson.label[lesson.train]
    return lesson.train[balanced_order(label, lesson.train.size, rng=rng)]


def _rate(lesson: Lesson, state: State, step: int) -> float:
    done, epochs = state.epoch * lesson.steps + step, lesson.config.epochs
    return rate(lesson.config.optim, done, steps=lesson.steps, epochs=epochs)


def _check(loss: float, epoch: int, config: Config) -> None:
    if not math.isfinite(loss):
        raise GalaxyCurateError(
            f"the loss of epoch {epoch} is no number: the learning rate is too high",
            hint=f"--lr {config.optim.lr / 3:.1g} --restart",
        )


def _judged(lesson: Lesson, network: Network) -> dict:
    if not lesson.val.size:
        return {}
    label = lesson.label[lesson.val]
    told = answers(network, lesson.images[lesson.val], lesson.mean, lesson.std)
    table = confusion(label, told.argmax(1), told.shape[1])
    own = np.maximum(told[np.arange(label.size), label], 1e-12)
    return {
        "val_loss": float(-np.log(own).mean()),
        "val_accuracy": float(np.trace(table) / label.size),
        "val_balanced_accuracy": balanced_accuracy(table),
    }


def _keep_best(lesson: Lesson, state: State, facts: dict) -> None:
    # among equals the surer one; without a val split the last epoch is the best
    score = [float(state.epoch), 0.0]
    if lesson.val.size:
        score = [facts["val_balanced_accuracy"], -facts["val_loss"]]
    if not state.best or score > state.best["score"]:
        weights = {name: array.copy() for name, array in state.network.parameters().items()}
        state.best = {"epoch": state.epoch, "score": score, "weights": weights}


def _under(prefix: str, facts: dict) -> dict[str, np.ndarray]:
    length = len(prefix)
    return {name[length:]: array for name, array in facts.items() if name.startswith(prefix)}


def _line(facts: dict, epochs: int) -> str:
    names = ("val_loss", "val_accuracy", "val_balanced_accuracy")
    judged = "".join(f"{n.replace('_', ' ')} {facts[n]:.4f}, " for n in names if n in facts)
    return (
        f"epoch {facts['epoch']} of {epochs}: loss {facts['loss']:.4f}, "
        f"train accuracy {facts['train_accuracy']:.4f}, {judged}"
        f"{facts['seconds']:.0f} s, {facts['images_per_s']:,.0f} images/s"
    )
