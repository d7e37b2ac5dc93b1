"""What each convolution of a network makes of an image."""

from __future__ import annotations

import torch
from torch import nn


def layers(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """The modules whose outputs are looked at, in order, each with its name.

    A network that has ``blocks`` (convolution, BatchNorm, ReLU) names them; of any other every
    convolution is taken.
    """
    if hasattr(model, "blocks"):
        return [(f"blocks.{n}", block) for n, block in enumerate(model.blocks)]
    return [(name, m) for name, m in model.named_modules() if isinstance(m, nn.Conv2d)]


def activations(model: nn.Module, images: torch.Tensor) -> list[tuple[str, torch.Tensor]]:
    """The maps of every layer.

    Parameters
    ----------
    model : Module
    images : Tensor, shape (b, 3, side, side)

    Returns
    -------
    list of (str, Tensor of shape (b, channels, height, width))
    """
    seen: dict[str, torch.Tensor] = {}
    hooks = [
        module.register_forward_hook(lambda _m, _i, out, name=name: seen.update({name: out}))
        for name, module in layers(model)
    ]
    try:
        with torch.inference_mode():
            model(images)
    finally:
        for hook in hooks:
            hook.remove()
    return list(seen.items())
