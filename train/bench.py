"""How fast each part of training runs, and how near that is to the limits of the device."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch

from galaxycurate.errors import SettingError
from train.data.augment import draw
from train.data.decode import decoded, window_of
from train.data.feed import Feed
from train.data.votes import COLUMNS, TREE
from train.device import describe, pick_device, pick_precision, prepare
from train.judge.evaluate import probabilities
from train.learn.steps import Wanted, forward
from train.learn.tasks import task_of
from train.learn.training import Lesson, begin
from train.limits import CALLS, copy, count, in_turns, product
from train.networks.norms import folded
from train.recipe.config import Config

FILES = 64  # pictures that are drawn for the decoder
CUTOUT_PX = 256


def measure(
    config: Config | None = None,
    *,
    device: str = "auto",
    seconds: float = 2.0,
    say: Callable[[str], None] = lambda line: None,
) -> dict:
    """Time decoding, loading, training steps and inference of a recipe on simulated pictures.

    Parameters
    ----------
    config : Config, optional
    device : str
    seconds : float
        About how long each part is timed.
    say : callable
        Takes a line of progress.

    Returns
    -------
    dict
        ``device``, ``torch``, ``batch``; ``images_per_s`` of ``decode`` (one thread), ``gather``,
        ``loader``, ``step`` (without loader), ``training``, ``inference`` (decoded images to
        probabilities, as predict answers); ``limits`` of the
        device, measured in the same run; ``work`` of one training image; ``share`` of both
        limits that training reaches; ``time`` of a step, by part, in shares.

    Raises
    ------
    SettingError
        The recipe is that of a network without torch.

    Notes
    -----
    Bytes are counted as what the layers read and write in a forward and a backward pass where
    every one reads its input and writes its output once: forward once, backward twice. What the
    caches keep is not taken off, so that a small network can pass its byte limit. All parts and
    both limits are timed in turns, so that other work of the machine meets them alike.
    """
    config = config or Config()
    if config.network.name == "numpy-cnn":
        raise SettingError(
            "bench times networks of torch, and numpy-cnn is none", hint="--preset tiny-4"
        )
    where = pick_device(device)
    precision = pick_precision(where, config.precision)
    prepare(where, config.precision)
    lesson = _lesson(config, where, precision)
    say(f"{describe(where, precision)}; batches of {lesson.batch}, {config.data.size_px} px")
    speeds = _speeds(lesson, seconds)
    limits = {
        "tera_operations_per_s": speeds.pop("product") / 1e12,
        "gigabytes_per_s": speeds.pop("copy") / 1e9,
    }
    for name, speed in speeds.items():
        say(f"{name}: {speed:,.0f} images/s")
    work = count(begin(lesson).model, lesson.feed.plain(lesson.train[:2]), precision)
    training, step, loader = (speeds[name] for name in ("training", "step", "loader"))
    share = {
        "of_operations": training * work["operations"] / 1e12 / limits["tera_operations_per_s"],
        "of_bytes": training * work["bytes"] / 1e9 / limits["gigabytes_per_s"],
    }
    return {
        "device": describe(where, precision),
        "torch": torch.__version__,
        "network": config.network.name,
        "size_px": config.data.size_px,
        "batch": lesson.batch,
        "images_per_s": speeds,
        "limits": limits,
        "work": work,
        "share": share,
        "time": {
            "loader": step / (loader + step),
            "network and optimiser": loader / (loader + step),
        },
        "simulated": True,
    }


def table(told: dict) -> str:
    """What `measure` found, as lines for a person."""
    meaning = {
        "decode": "JPEGs of 256 px, one thread",
        "gather": "rows of the cache as they are, on the device",
        "loader": "rows, augmented and normalised",
        "step": "forward, backward, optimiser",
        "training": "loader and step",
        "inference": "rows to probabilities, BatchNorm folded in",
    }
    lines = [f"{told['device']}, torch {told['torch']}; {told['network']}, {told['size_px']} px, "]
    lines[0] += f"batches of {told['batch']}, simulated pictures"
    lines += ["", f"{'images/s':>14}"]
    for name, speed in told["images_per_s"].items():
        lines.append(f"{speed:>14,.0f}  {name:<10} {meaning[name]}")
    work, limits, share = told["work"], told["limits"], told["share"]
    lines += [
        "",
        f"a training image: {work['operations'] / 1e9:.2f} GFLOP, {work['bytes'] / 1e6:.1f} MB",
        f"of {limits['tera_operations_per_s']:.2f} TFLOP/s: {share['of_operations']:.0%}"
        + (" (other work slowed the product that is the limit)" * (share["of_operations"] > 1)),
        f"of {limits['gigabytes_per_s']:.0f} GB/s: {share['of_bytes']:.0%} (every layer reads and "
        "writes once: fused layers can pass it)",
        "",
        "where the time goes: "
        + ", ".join(f"{name} {part:.0%}" for name, part in told["time"].items()),
    ]
    return "\n".join(lines)


def _lesson(config: Config, device: torch.device, precision) -> Lesson:
    classes = ("one", "other") if config.task == "binary" else ("one", "other", "third")
    task = task_of(config, classes)
    n, side = 2 * config.batch, config.data.size_px
    rng = np.random.default_rng(config.seed)
    images = rng.integers(0, 256, (n, side, side, 3), dtype=np.uint8)
    return Lesson(
        config=replace(config, steps_share=1),
        feed=Feed(images, np.full(3, 127.5), np.full(3, 74.0), device, precision),
        label=np.arange(n) % len(classes),
        train=np.arange(n),
        val=np.zeros(0, np.int64),
        task=task,
        precision=precision,
        soft=_votes(n) if config.task == "votes" else None,
    )


def _votes(count: int) -> np.ndarray:
    """Fractions of volunteers who gave every answer alike, float32, shape (count, 37)."""
    shares = np.zeros(len(COLUMNS))
    for question in TREE:
        led = 1.0 if question.parent is None else shares[question.parent]
        shares[question.columns] = led / len(question.answers)
    return np.tile(shares.astype(np.float32), (count, 1))


def _speeds(lesson: Lesson, seconds: float) -> dict[str, float]:
    """Images a second of each part; operations of a product, and bytes of a copy."""
    device, batch, feed = lesson.feed.device, lesson.batch, lesson.feed
    state, rows = begin(lesson), lesson.train[: lesson.batch]
    batches = _batches(lesson)
    images = next(batches)
    wanted = Wanted(torch.from_numpy(lesson.wanted[rows]).to(device))
    state.model.train()

    def step(some: torch.Tensor) -> None:
        _, loss = forward(lesson, state.model, some, wanted)
        loss.backward()
        state.optimizer.step()
        state.optimizer.zero_grad(set_to_none=True)

    fast = folded(state.model.eval(), lesson.precision)
    state.model.train()

    contents, window = _jpegs(lesson.config.seed), window_of(lesson.config.data)
    parts = {
        "decode": (lambda: [decoded(content, window) for content in contents], FILES),
        "gather": (lambda: feed.raw(rows), batch),
        "loader": (lambda: next(batches), batch),
        "step": (lambda: step(images), batch),
        "training": (lambda: step(next(batches)), batch),
        "inference": (lambda: probabilities(fast, feed, rows, task=lesson.task), batch),
        "product": product(device, lesson.precision),
        "copy": copy(device),
    }
    calls = {name: call for name, (call, _n) in parts.items()}
    took = in_turns(calls, device, seconds * len(parts))
    return {name: n / took[name] for name, (_call, n) in parts.items()}


def _batches(lesson: Lesson) -> Iterator[torch.Tensor]:
    """Augmented batches without end; rows and draws are sent to the device as once an epoch."""
    rows = np.tile(lesson.train[: lesson.batch], (CALLS, 1))
    draws = draw(rows.size, lesson.config.augment, rng=np.random.default_rng(0))
    while True:
        yield from lesson.feed.epoch(rows, draws)


def _jpegs(seed: int) -> list[bytes]:
    """Simulated galaxies of the size and noise of a cutout, as JPEG files."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:CUTOUT_PX, :CUTOUT_PX] - CUTOUT_PX / 2
    contents = []
    for _ in range(FILES):
        radius = np.hypot(x * rng.uniform(0.4, 1), y) / rng.uniform(8, 40)
        light = 200 * np.exp(-radius)[..., None] * rng.uniform(0.5, 1, 3)
        noisy = light + rng.normal(14, 4, (CUTOUT_PX, CUTOUT_PX, 3))
        file = io.BytesIO()
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=88)
        contents.append(file.getvalue())
    return contents
