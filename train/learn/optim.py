"""Optimiser and the average of the weights, as the recipe names them."""

from __future__ import annotations

import torch
from torch import nn

from train.recipe.config import Optim


def optimizer(model: nn.Module, optim: Optim, device: torch.device) -> torch.optim.Optimizer:
    """The optimiser of a network's weights that are to be learnt.

    Parameters
    ----------
    model : Module
    optim : Optim
    device : torch.device
        One fused kernel moves all weights, where torch has one.

    Notes
    -----
    AdamW decays no biases and no scales of BatchNorm, which would only weaken what they correct.
    """
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    common = {"lr": optim.lr, "weight_decay": optim.weight_decay, "fused": device.type != "mps"}
    if optim.method == "sgd":
        return torch.optim.SGD(weights, momentum=0.9, nesterov=True, **common)
    if optim.method == "adam":
        return torch.optim.Adam(weights, **common)
    spared = _spared(model)
    groups: dict[bool, list] = {True: [], False: []}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            groups[weight.dim() >= 2 and name not in spared].append(weight)
    plain = {"params": groups[False], "weight_decay": 0.0}
    return torch.optim.AdamW([{"params": groups[True]}, plain], **common)


def _spared(model: nn.Module) -> set[str]:
    """Weights that a network of timm wants undecayed, such as embeddings of positions."""
    return {
        f"{place}.{name}".lstrip(".")
        for place, module in model.named_modules()
        if hasattr(module, "no_weight_decay")
        for name in module.no_weight_decay()
    }


@torch.no_grad()
def follow(average: nn.Module, model: nn.Module, *, decay: float, step: int) -> None:
    """Move an average of the weights a little towards the weights.

    Parameters
    ----------
    average, model : Module
        Two of the same network; BatchNorm's statistics are left to a recalibration.
    decay : float
        Share of the average that stays.
    step : int
        Counted from the start of the run: the first averages forget faster,
        min(decay, (1 + step) / (10 + step)), so that chance's weights do not stay in them.
    """
    share = 1.0 - min(decay, (1.0 + step) / (10.0 + step))
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), share)


def set_rate(optimiser: torch.optim.Optimizer, value: float) -> None:
    """Give every group of weights this learning rate."""
    for group in optimiser.param_groups:
        group["lr"] = value
