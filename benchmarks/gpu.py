"""The GPU benchmark: `train` on a GPU, from the rows of the cache to a whole run, on one page.

    python benchmarks/gpu.py --out gpu.json        (an H200: some minutes)
    python benchmarks/gpu.py --dry                 (a CPU, seconds: does it run at all?)

Runs from a copy of this repository with torch, NumPy and Pillow alone; simplejpeg and OpenCV make
its cache faster where they are there, the naive recipe needs torchvision, and the report of the
cold run what `train fit` needs; without, the cold run ends with the figures of its test, and says
so. All pictures are simulated. A figure that could not be measured is named, with the reason, and
makes the exit code 1; only the naive recipe may be missing.
"""

from __future__ import annotations

import argparse
import copy
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from train.bench import _jpegs
from train.data.augment import draw
from train.data.cache import load_pixels
from train.data.decode import DECODER, window_of
from train.data.feed import Feed
from train.data.statistics import channel_statistics
from train.data.tree import read_tree
from train.device import cores, describe, pick_device, pick_precision, prepare
from train.judge.evaluate import probabilities
from train.learn.steps import Wanted, forward, settle
from train.learn.tasks import Classes
from train.learn.training import Lesson, begin, run
from train.limits import bandwidth, count, operations
from train.networks.norms import folded
from train.place import Place
from train.recipe.config import Config

AIMS = {"eager": 29_000, "compiled": 39_000, "cold_seconds": 45, "naive_ratio": 2.0}
MAY_FAIL = {"naive_failed"}  # torchvision is not asked for
CHANNELS = ((3, 40, 1), (40, 64, 1), (64, 96, 2), (96, 160, 2), (160, 256, 2))


@dataclass(frozen=True)
class Size:
    """How large everything is."""

    images: int = 91_829
    batch: int = 240
    side: int = 128
    steps: int = 60
    naive_images: int = 8_000
    naive_workers: int = 16


NOT_DRY = ("compiled", "tuned", "compiled inference")  # a minute each on a CPU
DRY = Size(images=48, batch=8, side=32, steps=1, naive_images=24, naive_workers=0)


def main(argv: list[str] | None = None) -> int:
    """Measure, print a line for each figure, and write them all; 1 where one is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dry", action="store_true", help="tiny, on a CPU")
    parser.add_argument("--out", type=Path, help="a JSON file")
    parser.add_argument("--skip", nargs="*", default=[], help="names such as naive cold")
    parser.add_argument("--only", choices=["cold"], help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    size, device = (DRY, pick_device("cpu")) if asked.dry else (Size(), pick_device("cuda"))
    prepare(device)
    if asked.only:
        _print(json.dumps(_cold(size, device)))
        return 0
    told = _circumstances(device, size)
    lesson = _lesson(size, device, _resident(size))
    steps: dict[str, Callable[[], dict]] = {
        "limits": lambda: _limits(lesson),
        "eager": lambda: _training(lesson, size, "eager"),
        "float16": lambda: _training(_in_float16(lesson), size, "float16 with a scaler"),
        "compiled": lambda: _training(lesson, size, "compiled", mode="default"),
        "tuned": lambda: _training(lesson, size, "tuned", mode="max-autotune-no-cudagraphs"),
        "inference": lambda: _inference(lesson, size, "inference"),
        "compiled inference": lambda: _inference(lesson, size, "compiled inference", torch.compile),
        "naive": lambda: _naive(size, device),
        "cold": lambda: _alone("cold", asked.dry),
    }
    for name, step in steps.items():
        if name in asked.skip or (asked.dry and name in NOT_DRY):
            continue
        try:
            found = step()
        except Exception as error:  # one figure less, and the reason in its place
            found = {f"{name}_failed": f"{type(error).__name__}: {str(error)[:200]}"}
        told |= found
        for what, value in found.items():
            _print(f"{what:<42} {value:,.4g}" if isinstance(value, float) else f"{what} {value}")
    told |= _shares(told)
    if asked.out:
        asked.out.write_text(json.dumps(told, indent=1) + "\n")
    failed = sorted(name for name in told if name.endswith("_failed") and name not in MAY_FAIL)
    if failed:
        _print("not measured: " + ", ".join(name.removesuffix("_failed") for name in failed))
    return 1 if failed else 0


def _alone(name: str, dry: bool) -> dict:
    """A figure measured in a process of its own, which finds nothing warm."""
    words = [sys.executable, __file__, "--only", name, *(["--dry"] if dry else [])]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout.splitlines()[-1])


def _circumstances(device: torch.device, size: Size) -> dict:
    told = {
        "device": describe(device, pick_precision(device)),
        "torch": torch.__version__,
        "python": sys.version.split()[0],
        "decoder": DECODER,
        "cores": cores(),
        "batch": size.batch,
        "side_px": size.side,
        "simulated": True,
    }
    _print(", ".join(f"{name} {value}" for name, value in told.items()))
    return told


def _resident(size: Size) -> np.ndarray:
    rng = np.random.default_rng(0)
    block = rng.integers(0, 256, (min(size.images, 4096), size.side, size.side, 3), np.uint8)
    return np.resize(block, (size.images, size.side, size.side, 3))


def _lesson(size: Size, device: torch.device, images: np.ndarray) -> Lesson:
    n, precision = len(images), pick_precision(device)
    return Lesson(
        config=_config(size),
        feed=Feed(images, np.full(3, 127.5), np.full(3, 74.0), device, precision),
        label=np.arange(n) % 3,
        train=np.arange(n),
        val=np.zeros(0, np.int64),
        task=Classes(("a", "b", "c")),
        precision=precision,
    )


def _config(size: Size) -> Config:
    config = replace(Config(), batch=size.batch, steps_share=1)
    return replace(config, data=replace(config.data, size_px=size.side))


def _in_float16(lesson: Lesson) -> Lesson:
    feed = copy.copy(lesson.feed)  # of the same images
    feed.dtype = torch.float16 if feed.device.type == "cuda" else torch.float32
    return replace(lesson, feed=feed, precision=torch.float16)


def _limits(lesson: Lesson) -> dict:
    device, seconds = lesson.feed.device, 1.0 if lesson.feed.device.type == "cuda" else 0.02
    work = count(begin(lesson).model, lesson.feed.plain(lesson.train[:2]), lesson.precision)
    return {
        "matrix product, TFLOP/s": operations(device, lesson.precision, seconds) / 1e12,
        "copy, TB/s": bandwidth(device, seconds) / 1e12,
        "GFLOP of a training image": work["operations"] / 1e9,
        "MB of a training image, layer by layer": work["bytes"] / 1e6,
        "images resident, GB": lesson.feed.images.nbytes / 1e9,
    }


def _training(lesson: Lesson, size: Size, name: str, *, mode: str | None = None) -> dict:
    """Steps as `train.learn.steps` takes them, augmentation included; `mode` compiles both."""
    state, device, feed = begin(lesson), lesson.feed.device, copy.copy(lesson.feed)
    model = state.model
    if mode:
        torch.compiler.reset()
        model = torch.compile(model, mode=mode)
        feed.compile()
    state.model.train()
    rng = np.random.default_rng(0)
    wanted = torch.from_numpy(lesson.wanted).to(device)

    def steps(number: int) -> float:
        rows = rng.integers(0, len(lesson.train), (number, size.batch))
        draws = draw(rows.size, lesson.config.augment, rng=rng)
        settle(device)
        begun = time.perf_counter()
        there = torch.from_numpy(rows).to(device)
        for some, images in zip(there, feed.epoch(rows, draws), strict=True):
            _, loss = forward(lesson, model, images, Wanted(wanted[some]))
            state.scaler.scale(loss).backward()
            state.scaler.step(state.optimizer)
            state.scaler.update()
            state.optimizer.zero_grad(set_to_none=True)
        settle(device)
        return time.perf_counter() - begun

    first = steps(2)
    speed = max(size.steps * size.batch / steps(size.steps) for _ in range(3))
    return {f"{name}, images/s": speed, f"{name}, first two steps, s": first}


def _inference(lesson: Lesson, size: Size, name: str, how: Callable = lambda model: model) -> dict:
    """The folded network alone, without loading and answers."""
    fast = how(folded(begin(lesson).model.eval(), lesson.precision))
    images = lesson.feed.plain(lesson.train[: size.batch])
    with torch.inference_mode():
        fast(images)
        settle(images.device)
        begun = time.perf_counter()
        for _ in range(size.steps):
            fast(images)
        settle(images.device)
    return {f"{name}, images/s": size.steps * size.batch / (time.perf_counter() - begun)}


def _naive(size: Size, device: torch.device) -> dict:
    """ImageFolder, PIL transforms, DataLoader workers, float16 with a scaler, NCHW."""
    from torch.utils.data import DataLoader, WeightedRandomSampler
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    change = transforms.Compose(
        [
            transforms.Resize((size.side, size.side)),
            transforms.RandomRotation(360),
            transforms.RandomAffine(0, translate=(0.2, 0.2)),
            transforms.ToTensor(),
        ]
    )
    model = _naive_network().to(device)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, weight_decay=1e-4)
    on_gpu = device.type == "cuda"
    scaler = torch.amp.GradScaler(device.type, enabled=on_gpu)
    with tempfile.TemporaryDirectory() as folder:
        pictures = ImageFolder(_tree(Path(folder), size.naive_images) / "train", change)
        loader = DataLoader(
            pictures,
            size.batch,
            sampler=WeightedRandomSampler([1.0] * len(pictures), len(pictures)),
            num_workers=size.naive_workers,
            pin_memory=on_gpu,
            persistent_workers=size.naive_workers > 0,
        )
        speed = 0.0
        for _ in range(2):  # the first epoch starts the workers
            begun = time.perf_counter()
            for images, label in loader:
                images, label = images.to(device, non_blocking=True), label.to(device)
                with torch.autocast(device.type, torch.float16, enabled=on_gpu):
                    loss = F.cross_entropy(model(images), label)
                scaler.scale(loss).backward()
                scaler.step(optimizer)
                scaler.update()
                optimizer.zero_grad(set_to_none=True)
            settle(device)
            speed = len(pictures) / (time.perf_counter() - begun)
    return {f"naive, {size.naive_workers} workers, images/s": speed}


def _naive_network() -> nn.Module:
    layers: list[nn.Module] = []
    for low, high, stride in CHANNELS:
        layers += [nn.Conv2d(low, high, 3, stride, 1), nn.BatchNorm2d(high), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 3))


def _cold(size: Size, device: torch.device) -> dict:
    """From JPEG files to a tested network: cache, six epochs, test, report."""
    try:
        from train.fit import fit
    except ImportError as error:
        fit, ending = None, f"test (no report: {error})"
    else:
        ending = "test and report"
    with tempfile.TemporaryDirectory() as folder:
        root = _tree(Path(folder), size.images, held_back=max(9, size.images // 10))
        place = Place(root, Path(folder) / "out", device.type, cores(), Path(folder) / "cache")
        clock = [time.perf_counter()]
        pixels = load_pixels(
            read_tree(root), place.cache, window_of(_config(size).data), workers=place.workers
        )
        clock.append(time.perf_counter())
        if fit:
            history = fit(_config(size), place)["history"]
        else:
            history = _without_report(size, device, root, pixels.images)
        clock.append(time.perf_counter())
    epochs = sum(epoch["seconds"] for epoch in history)
    return {
        "cold: cache, s": clock[1] - clock[0],
        f"cold: {len(history)} epochs with their evaluations, s": epochs,
        f"cold: {ending}, s": clock[2] - clock[1] - epochs,
        "cold: end to end, s": clock[2] - clock[0],
    }


def _without_report(size: Size, device: torch.device, root: Path, images: np.ndarray) -> list[dict]:
    """What `train.fit` does up to the figures of the test, where its report cannot be drawn."""
    tree = read_tree(root)
    rows, precision = tree.rows("train"), pick_precision(device)
    lesson = replace(
        _lesson(size, device, images[:8]),
        feed=Feed(images, *channel_statistics(images, rows), device, precision),
        label=tree.label,
        train=rows,
        val=tree.rows("val"),
    )
    state, test = run(lesson, begin(lesson)), tree.rows("test")
    answers = probabilities(state.judged, lesson.feed, test, task=lesson.task, precision=precision)
    lesson.task.judged(answers, tree.label[test])
    return state.history


def _tree(folder: Path, n: int, *, held_back: int = 0) -> Path:
    """`n` pictures to train on, and as many as are held back for val and for test, in 3 classes."""
    counts = {"train": n, "val": held_back, "test": held_back}
    for seed, (split, wanted) in enumerate(counts.items()):
        contents = _jpegs(seed)  # no picture is in two splits
        for number in range(wanted):
            path = folder / "tree" / split / "abc"[number % 3] / f"{number:06d}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            # bytes behind the end of a JPEG are no part of it, but make every file another one
            path.write_bytes(contents[number % len(contents)] + number.to_bytes(4, "big"))
    return folder / "tree"


def _shares(told: dict) -> dict:
    """Shares of the limits and of the aims, of what was measured.

    Bytes are those of layers that each read and write once; fused by a compiler they are fewer.
    """
    found: dict = {}
    for name in ("eager", "compiled", "tuned"):
        speed = told.get(f"{name}, images/s")
        if not speed or "copy, TB/s" not in told:
            continue
        bytes_per_s = speed * told["MB of a training image, layer by layer"] / 1e6
        found[f"{name}, share of the byte limit, unfused bytes"] = bytes_per_s / told["copy, TB/s"]
        operations_per_s = speed * told["GFLOP of a training image"] / 1e3
        limit = told["matrix product, TFLOP/s"]
        found[f"{name}, share of the operation limit"] = operations_per_s / limit
        naive = [told[key] for key in told if key.startswith("naive,")]
        if naive:
            found[f"{name}, by the naive recipe"] = speed / naive[0]
    for what, value in found.items():
        _print(f"{what:<42} {value:.3g}")
    _print("aims on an H200: " + ", ".join(f"{name} {value:,}" for name, value in AIMS.items()))
    return found


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
