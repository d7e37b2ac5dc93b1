"""What a device can do at the most, and what an image costs of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import torch
from torch import nn

from train.learn.steps import settle

CALLS = 20  # between two waits for a GPU, which would else be idle while it is asked
PASSES = 3  # forward, and two products of as many operations backward

Call = Callable[[], object]


def in_turns(calls: Mapping[str, Call], device: torch.device, seconds: float) -> dict[str, float]:
    """Seconds of one call of each: the best of rounds in which each has its turn.

    What else the machine does meets all of them alike, so that their ratios hold.

    Parameters
    ----------
    calls : mapping of str to callable
    device : torch.device
    seconds : float
        For all together; each is called once before, to warm up, and once in any case.

    Returns
    -------
    dict of str to float
    """
    times = CALLS if device.type == "cuda" else 1
    for call in calls.values():
        call()
    settle(device)
    best, until = dict.fromkeys(calls, float("inf")), time.perf_counter() + seconds
    while float("inf") in best.values() or time.perf_counter() < until:
        for name, call in calls.items():
            begun = time.perf_counter()
            for _ in range(times):
                call()
            settle(device)
            best[name] = min(best[name], (time.perf_counter() - begun) / times)
    return best


def product(device: torch.device, precision: torch.dtype | None) -> tuple[Call, float]:
    """A large matrix product, and how many floating-point operations it is."""
    side = 8192 if device.type == "cuda" else 1024
    a = torch.randn(side, side, device=device, dtype=precision or torch.float32)
    return lambda: a @ a, 2.0 * side**3


def copy(device: torch.device) -> tuple[Call, float]:
    """A large copy, and how many bytes it reads and writes."""
    a = torch.empty(2**30 if device.type == "cuda" else 2**26, device=device, dtype=torch.uint8)
    b = torch.empty_like(a)
    a.fill_(1)
    return lambda: b.copy_(a), 2.0 * a.numel()


def operations(device: torch.device, precision: torch.dtype | None, seconds: float) -> float:
    """Floating-point operations a second of a large matrix product."""
    call, n = product(device, precision)
    return n / in_turns({"": call}, device, seconds)[""]


def bandwidth(device: torch.device, seconds: float) -> float:
    """Bytes a second that a large copy reads and writes."""
    call, n = copy(device)
    return n / in_turns({"": call}, device, seconds)[""]


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
