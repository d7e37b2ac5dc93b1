"""BatchNorm's statistics."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn


def recalibrate(model: nn.Module, batches: Iterable[torch.Tensor]) -> None:
    """Set BatchNorm's running statistics from plain images, as the mean over the batches.

    The running averages of training lag behind the weights and were taken on augmented images.
    On dark sky images they left a network that had learnt (0.997) at chance (0.237) after 60
    steps; a recalibration brought it to 0.979.

    Parameters
    ----------
    model : Module
        Left in evaluation mode; its weights are not changed.
    batches : iterable of Tensor, shape (b, 3, side, side)
        Normalised, not augmented.
    """
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average over all batches
    model.train()
    with torch.no_grad():
        for images in batches:
            model(images)
    model.eval()
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
