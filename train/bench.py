"""How fast each part of training runs, and how near that is to the limits of the device."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from galaxycurate.errors import SettingError
from train.data.augment import draw
from train.data.decode import decoded, window_of
from train.data.feed import Feed
from train.data.votes import COLUMNS, TREE
from train.device import describe, pick_device, pick_precision, prepare
from train.judge.evaluate import probabilities
from train.learn.steps import Wanted, forward, settle
from train.learn.tasks import task_of
from train.learn.training import Lesson, begin
from train.networks.norms import folded
from train.recipe.config import Config

FILES = 64  # pictures that are drawn for the decoder
CUTOUT_PX = 256
CALLS = 20  # between two waits for a GPU, which would else be idle while it is asked
PASSES = 3  # forward, and two products of as many operations backward


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
    caches keep is not taken off, so that a small network can pass its byte limit.
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
    speeds = _speeds(lesson, seconds, say)
    limits = {
        "tera_operations_per_s": operations(where, precision, seconds / 4) / 1e12,
        "gigabytes_per_s": bandwidth(where, seconds / 4) / 1e9,
    }
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
        "time": {"loader": training / loader, "network and optimiser": training / step},
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
        f"of {limits['tera_operations_per_s']:.2f} TFLOP/s: {share['of_operations']:.0%}",
        f"of {limits['gigabytes_per_s']:.0f} GB/s: {share['of_bytes']:.0%} (every layer reads and "
        "writes once: fused layers can pass it)",
        "",
        "where the time goes: "
        + ", ".join(f"{name} {part:.0%}" for name, part in told["time"].items()),
    ]
    return "\n".join(lines)


def timed(call: Callable[[], object], device: torch.device, seconds: float) -> float:
    """Seconds of one call: the best of what fits into the time, after one to warm up."""
    calls = CALLS if device.type == "cuda" else 1
    call()
    settle(device)
    best, until = float("inf"), time.perf_counter() + seconds
    while best == float("inf") or time.perf_counter() < until:
        begun = time.perf_counter()
        for _ in range(calls):
            call()
        settle(device)
        best = min(best, (time.perf_counter() - begun) / calls)
    return best


def operations(device: torch.device, precision: torch.dtype | None, seconds: float) -> float:
    """Floating-point operations a second of a large matrix product."""
    side = 8192 if device.type == "cuda" else 1024
    a = torch.randn(side, side, device=device, dtype=precision or torch.float32)
    return 2 * side**3 / timed(lambda: a @ a, device, seconds)


def bandwidth(device: torch.device, seconds: float) -> float:
    """Bytes a second that a large copy reads and writes."""
    a = torch.empty(2**30 if device.type == "cuda" else 2**26, device=device, dtype=torch.uint8)
    b = torch.empty_like(a)
    a.fill_(1)
    return 2 * a.numel() / timed(lambda: b.copy_(a), device, seconds)


def count(model: nn.Module, images: torch.Tensor, precision: torch.dtype | None = None) -> dict:
    """Operations and bytes of one training image, counted layer by layer.

    Parameters
    ----------
    model : Module
    images : Tensor, shape (b, 3, side, side)
    precision : torch.dtype, optional

    Returns
    -------
    dict
        ``operations`` (a multiplication and an addition are two) and ``bytes``.
    """
    width = (precision or torch.float32).itemsize
    found = {"operations": 0.0, "bytes": 0.0}

    def note(layer, given, made) -> None:
        found["bytes"] += PASSES * width * (given[0].numel() + made.numel())
        if isinstance(layer, nn.Conv2d):
            each = 2 * layer.weight[0].numel()
        else:
            each = 2 * layer.in_features if isinstance(layer, nn.Linear) else 0
        found["operations"] += PASSES * each * made.numel()

    leaves = [layer for layer in model.modules() if not list(layer.children())]
    hooks = [layer.register_forward_hook(note) for layer in leaves]
    mode = model.training
    with torch.inference_mode():
        model.eval()(images.float())
    model.train(mode)
    for hook in hooks:
        hook.remove()
    return {name: value / len(images) for name, value in found.items()}


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


def _speeds(lesson: Lesson, seconds: float, say) -> dict[str, float]:
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
    }
    speeds = {}
    for name, (call, n) in parts.items():
        speeds[name] = n / timed(call, device, seconds)
        say(f"{name}: {speeds[name]:,.0f} images/s")
    return speeds


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
