"""train beside the usual recipe, in one run: loader, training steps, inference, cache build.

    python -m benchmarks.train --data dataset/split --seconds 10

The usual recipe is ImageFolder, PIL transforms, a DataLoader with two workers, float32, and the
network as a torch tutorial would write it (biased convolutions). Each side runs in processes of its
own, ours and theirs in turn (A B A B), one thread each; the best round of each counts. Figures are
for a second of CPU, all threads and workers together, so that other work on the machine matters
little; wall time is told beside it. Without --data the pictures are simulated.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "train.json"
PARTS = ("loader", "training", "inference", "cache")
BATCH = 64
SIZE_PX = 128


def main() -> None:
    """Run every part, ours and theirs in turn, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="ImageFolder tree of JPEGs")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each round [%(default)s]")
    parser.add_argument("--rounds", type=int, default=2, help="[%(default)s]")
    parser.add_argument("--n", type=int, default=1000, help="simulated pictures [%(default)s]")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    asked, _ = parser.parse_known_args()
    if asked.part:
        sys.stdout.write(json.dumps(_part(asked.part, asked.data, asked.seconds)) + "\n")
        return
    with tempfile.TemporaryDirectory() as folder:
        data = (asked.data or simulated(Path(folder), asked.n)).resolve()
        found = compared(data, seconds=asked.seconds, rounds=asked.rounds)
    found["pictures"] = str(asked.data) if asked.data else "simulated, 256 px"
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=1) + "\n")
    sys.stdout.write(table(found) + "\n")


def compared(data: Path, *, seconds: float, rounds: int) -> dict:
    """Images a CPU second and a second of both sides, by part; the best of the rounds."""
    found: dict = {}
    for part in PARTS:
        sides = ("ours", "floor") if part == "cache" else ("ours", "usual")
        for _ in range(rounds):
            for side in sides:
                told = _alone(f"{part}-{side}", data, seconds)
                best = found.setdefault(part, {}).setdefault(side, told)
                found[part][side] = {name: max(told[name], best[name]) for name in told}
        ours, theirs = (found[part][side] for side in sides)
        found[part]["ratio"] = {name: ours[name] / theirs[name] for name in ours}
    return found


def table(found: dict) -> str:
    """The figures as lines for a person."""
    lines = [f"{'images/s':<10} {'ours':>9} {'theirs':>9} {'ratio':>7}   (by wall clock)"]
    for part in PARTS:
        told = found[part]
        theirs = told.get("usual") or told["floor"]
        note = "" if "usual" in told else "   theirs: simplejpeg's bare decode"
        lines.append(
            f"{part:<10} {told['ours']['cpu']:>9,.0f} {theirs['cpu']:>9,.0f} "
            f"{told['ratio']['cpu']:>7.2f}   ({told['ratio']['wall']:.2f}){note}"
        )
    return "\n".join(lines)


def simulated(folder: Path, n: int) -> Path:
    """A tree of `n` simulated pictures of 256 px in three classes."""
    from train.bench import _jpegs

    contents = _jpegs(0)
    for number in range(n):
        path = folder / "tree" / "train" / "abc"[number % 3] / f"{number:06d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        # bytes behind the end of a JPEG are no part of it, but make every file another one
        path.write_bytes(contents[number % len(contents)] + number.to_bytes(4, "big"))
    return folder / "tree"


def _alone(part: str, data: Path, seconds: float) -> dict:
    words = [sys.executable, "-m", "benchmarks.train", "--part", part]
    words += ["--data", str(data), "--seconds", str(seconds)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{part} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def _part(name: str, data: Path, seconds: float) -> dict:
    part, side = name.split("-")
    return {
        "loader": {"ours": _our_loader, "usual": _usual_loader},
        "training": {"ours": _our_training, "usual": _usual_training},
        "inference": {"ours": _our_inference, "usual": _usual_inference},
        "cache": {"ours": _our_cache, "floor": _floor},
    }[part][side](data, seconds)


def _pace(batches, seconds: float, *, warm: int = 1) -> dict:
    """Images a CPU second, workers included, and a second, of an iterator over batch sizes."""
    seen, begun = 0, None
    for number, size in enumerate(batches):
        if number == warm:
            begun, cpu = time.perf_counter(), _cpu()
        elif number > warm:
            seen += size
            if time.perf_counter() - begun > seconds:
                break
    return {"cpu": seen / (_cpu() - cpu), "wall": seen / (time.perf_counter() - begun)}


def _cpu() -> float:
    """CPU seconds of this process and its workers; a living one's are in /proc."""
    tick = os.sysconf("SC_CLK_TCK")
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    total = sum(one.ru_utime + one.ru_stime for one in used)
    for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        fields = Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / tick
    return total


def _our_lesson(data: Path):
    from dataclasses import replace

    import numpy as np
    import torch

    from train.data.cache import load_pixels
    from train.data.decode import window_of
    from train.data.feed import Feed
    from train.data.tree import read_tree
    from train.device import pick_precision, prepare, require_torch
    from train.learn.tasks import Classes
    from train.learn.training import Lesson
    from train.recipe.config import Config

    require_torch()
    device = torch.device("cpu")
    prepare(device)
    config = replace(Config(), batch=BATCH, steps_share=1, compile="never")
    tree = read_tree(data, needs=("train",))
    images = load_pixels(tree, data.parent / "bench-cache", window_of(config.data)).images
    train = tree.rows("train")
    return Lesson(
        config=config,
        feed=Feed(np.asarray(images), np.full(3, 20.0), np.full(3, 30.0), device),
        label=tree.label,
        train=train,
        val=train[:0],
        task=Classes(tree.classes),
        precision=pick_precision(device),
    )


def _our_batches(lesson):
    import numpy as np

    from train.data.augment import draw

    rng = np.random.default_rng(0)
    while True:
        rows = rng.permutation(lesson.train)[: lesson.steps * BATCH].reshape(-1, BATCH)
        yield from lesson.feed.epoch(rows, draw(rows.size, lesson.config.augment, rng=rng))


def _our_loader(data: Path, seconds: float) -> dict:
    return _pace((len(images) for images in _our_batches(_our_lesson(data))), seconds)


def _our_training(data: Path, seconds: float) -> dict:
    import torch

    from train.learn.steps import Wanted, forward
    from train.learn.training import begin

    lesson = _our_lesson(data)
    state = begin(lesson)
    state.model.train()
    wanted = Wanted(torch.zeros(BATCH, dtype=torch.int64))

    def steps():
        for images in _our_batches(lesson):
            forward(lesson, state.model, images, wanted)[1].backward()
            state.optimizer.step()
            state.optimizer.zero_grad(set_to_none=True)
            yield BATCH

    return _pace(steps(), seconds)


def _our_inference(data: Path, seconds: float) -> dict:
    """Decoded images to probabilities, as predict answers; theirs are normalised already."""
    from train.judge.evaluate import probabilities
    from train.learn.training import begin
    from train.networks.norms import folded

    lesson = _our_lesson(data)
    fast = folded(begin(lesson).model.eval(), lesson.precision)
    rows = lesson.train[:BATCH]

    def answers():
        while True:
            probabilities(fast, lesson.feed, rows, task=lesson.task)
            yield BATCH

    return _pace(answers(), seconds)


def _our_cache(data: Path, seconds: float) -> dict:
    from train.data.cache import load_pixels
    from train.data.decode import Window
    from train.data.tree import read_tree

    tree = read_tree(data, needs=("train",))
    with tempfile.TemporaryDirectory() as folder:
        begun, cpu = time.perf_counter(), _cpu()
        load_pixels(tree, Path(folder), Window(SIZE_PX), workers=1)
        n = len(tree.files)
        return {"cpu": n / (_cpu() - cpu), "wall": n / (time.perf_counter() - begun)}


def _floor(data: Path, seconds: float) -> dict:
    """simplejpeg's bare decode of the same files at the scale that the cache takes."""
    import simplejpeg

    contents = [path.read_bytes() for path in sorted(data.rglob("*.jp*g"))[:2000]]

    def decoded():
        while True:
            for content in contents:
                height, width, _, _ = simplejpeg.decode_jpeg_header(content)
                half = max(SIZE_PX, -(-min(height, width) // 2))
                simplejpeg.decode_jpeg(content, "RGB", min_height=half, min_width=half)
                yield 1

    return _pace(decoded(), seconds)


def _usual_loader(data: Path, seconds: float) -> dict:
    return _pace((len(label) for _, label in _usual_batches(data)), seconds, warm=4)


def _usual_training(data: Path, seconds: float) -> dict:
    import torch
    import torch.nn.functional as F  # noqa: N812

    model = _usual_network().train()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, weight_decay=1e-4)

    def steps():
        for images, label in _usual_batches(data):
            optimizer.zero_grad()
            F.cross_entropy(model(images), label).backward()
            optimizer.step()
            yield len(label)

    return _pace(steps(), seconds)


def _usual_inference(data: Path, seconds: float) -> dict:
    import torch

    model = _usual_network().eval()
    images = torch.randn(BATCH, 3, SIZE_PX, SIZE_PX)

    def answers():
        with torch.inference_mode():
            while True:
                model(images)
                yield BATCH

    return _pace(answers(), seconds)


def _usual_batches(data: Path):
    from torch.utils.data import DataLoader, WeightedRandomSampler
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    change = transforms.Compose(
        [
            transforms.Resize((SIZE_PX, SIZE_PX)),
            transforms.RandomRotation(360),
            transforms.RandomAffine(0, translate=(0.2, 0.2)),
            transforms.ToTensor(),
        ]
    )
    pictures = ImageFolder(data / "train", change)
    sampler = WeightedRandomSampler([1.0] * len(pictures), len(pictures))
    loader = DataLoader(pictures, BATCH, sampler=sampler, num_workers=2, drop_last=True)
    while True:
        yield from loader


def _usual_network():
    from torch import nn

    layers: list[nn.Module] = []
    for low, high, stride in ((3, 40, 1), (40, 64, 1), (64, 96, 2), (96, 160, 2), (160, 256, 2)):
        layers += [nn.Conv2d(low, high, 3, stride, 1), nn.BatchNorm2d(high), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 3))


if __name__ == "__main__":
    main()
