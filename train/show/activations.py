"""What each convolution of a network makes of an image."""

from __future__ import annotations


def layers(model) -> list[tuple[str, object]]:
    """The modules whose outputs are looked at, in order, each with its name.

    A network that has ``blocks`` (convolution, BatchNorm, ReLU) names them; of any other every
    convolution is taken.
    """
    from torch import nn

    if isinstance(getattr(model, "blocks", None), nn.ModuleList):
        return [(f"blocks.{n}", block) for n, block in enumerate(model.blocks)]
    return [(name, m) for name, m in model.named_modules() if isinstance(m, nn.Conv2d)]


def activations(model, images) -> list:
    """The maps of every layer.

    Parameters
    ----------
    model : Module
    images : Tensor, shape (b, 3, side, side)

    Returns
    -------
    list of (str, Tensor of shape (b, channels, height, width))
    """
    import torch

    seen: dict[str, torch.Tensor] = {}
    hooks = [
        # a copy: the ReLU behind a convolution may work in place
        module.register_forward_hook(lambda _m, _i, out, name=name: seen.update({name: out + 0}))
        for name, module in layers(model)
    ]
    try:
        with torch.inference_mode():
            model(images)
    finally:
        for hook in hooks:
            hook.remove()
    return list(seen.items())
