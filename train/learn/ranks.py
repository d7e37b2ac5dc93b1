"""Several processes that train one network: ``torchrun --nproc-per-node 2 -m train ...``.

Every rank knows the whole order of an epoch and every draw, and takes its slice of each batch, so
that the batches are those of one process. Gradients are averaged after each backward pass, and
BatchNorm takes the mean and variance of the whole batch, so that the weights are those of one
process, too, but for rounding. Dropout alone is drawn by each rank for itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from galaxycurate.errors import SettingError

PLAIN = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)  # what can be shared


def rank() -> int:
    """Which of the processes this is, from 0."""
    return dist.get_rank() if size() > 1 else 0


def size() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def leads() -> bool:
    """Whether this process writes and speaks."""
    return rank() == 0


@contextmanager
def joined(device: str = "auto") -> Iterator[bool]:
    """Join the other processes that torchrun started, if it did.

    Parameters
    ----------
    device : str
        As in `train.device.pick_device`; one of many GPUs cannot be named here.

    Yields
    ------
    bool
        Whether this process writes and speaks.

    Raises
    ------
    SettingError
        There are more processes on this machine than GPUs.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or size() > 1:
        yield leads()
        return
    on_gpu = torch.cuda.is_available() and device in ("auto", "cuda")
    if on_gpu:
        place, there = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if place >= there:
            raise SettingError(
                f"torchrun started more processes than there are GPUs here ({there})",
                hint=f"torchrun --nproc-per-node {there}, or --device cpu",
            )
        torch.cuda.set_device(place)
    dist.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield leads()
    finally:
        dist.destroy_process_group()


def mine(rows: np.ndarray) -> np.ndarray:
    """This rank's share of the last axis; shares differ by one at most."""
    return np.array_split(rows, size(), axis=-1)[rank()]


def mirrored(batch: int) -> np.ndarray:
    """This rank's places in a batch; with a place it has the one as far from the other end.

    So each image meets the partner that it is blended with in one process, too.

    Raises
    ------
    SettingError
        There are not two images for each rank.
    """
    half = np.arange((batch + 1) // 2)
    if half.size < size():
        raise SettingError(
            f"a batch of {batch} images is too small for {size()} processes",
            hint=f"torchrun --nproc-per-node {half.size}, or a smaller steps_share",
        )
    own = np.array_split(half, size())[rank()]
    return np.unique(np.concatenate([own, batch - 1 - own]))


def summed(values: torch.Tensor) -> torch.Tensor:
    """The sum of a tensor over all ranks."""
    if size() > 1:
        values = values.clone()
        dist.all_reduce(values)
    return values


def gathered(values: np.ndarray) -> np.ndarray:
    """What each rank has, one after the other along the first axis."""
    if size() == 1:
        return values
    parts: list[np.ndarray] = [values] * size()
    dist.all_gather_object(parts, values)
    return np.concatenate(parts)


def average_gradients(weights: Iterable[nn.Parameter]) -> None:
    """Replace each gradient by its mean over all ranks."""
    if size() == 1:
        return
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    together = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(together)
    together /= size()
    parts = together.split([gradient.numel() for gradient in gradients])
    torch._foreach_copy_(gradients, [p.view_as(g) for p, g in zip(parts, gradients, strict=True)])


def share_norms(model: nn.Module) -> nn.Module:
    """Make every BatchNorm take its statistics over all ranks; names and weights stay.

    Raises
    ------
    SettingError
        The network has norms that do more than BatchNorm, such as timm's BatchNormAct2d.
    """
    if size() == 1:
        return model
    norms = {type(m) for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)}
    others = sorted(kind.__name__ for kind in norms - {*PLAIN})
    if others:
        raise SettingError(
            f"several processes cannot share the statistics of {', '.join(others)}",
            hint="train this network in one process, without torchrun",
        )
    if next(model.parameters()).is_cuda:
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    for name, module in list(model.named_modules()):
        if isinstance(module, PLAIN):
            above, _, leaf = name.rpartition(".")
            setattr(model.get_submodule(above), leaf, SharedBatchNorm.like(module))
    return model


class SharedBatchNorm(nn.modules.batchnorm._BatchNorm):
    """BatchNorm over the batches of all ranks, on any device.

    torch's own SyncBatchNorm runs on GPUs only.
    """

    @classmethod
    def like(cls, norm: nn.modules.batchnorm._BatchNorm) -> SharedBatchNorm:
        """With the settings, weights and statistics of another."""
        new = cls(norm.num_features, norm.eps, norm.momentum, norm.affine)
        new.weight, new.bias = norm.weight, norm.bias
        new.running_mean, new.running_var = norm.running_mean, norm.running_var
        new.num_batches_tracked = norm.num_batches_tracked
        return new

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Normalise (b, channels, ...)."""
        if not self.training:
            return super().forward(images)
        rest = (0, *range(2, images.dim()))
        along = (-1, *[1] * (images.dim() - 2))
        values = images.to(torch.promote_types(images.dtype, torch.float32))
        count = summed(values.new_tensor(values.numel() // values.shape[1]))
        mean = _Summed.apply(values.sum(rest)) / count
        var = _Summed.apply((values - mean.view(along)).square().sum(rest)) / count
        self._remember(mean.detach(), var.detach() * count / (count - 1))
        # what eval mode computes, with these statistics in place of the running ones
        scale = self.weight / (var + self.eps).sqrt()
        shift = self.bias - mean * scale
        return (values * scale.view(along) + shift.view(along)).to(images.dtype)

    def _check_input_dim(self, images: torch.Tensor) -> None:
        """Whatever the norm was made for."""

    @torch.no_grad()
    def _remember(self, mean: torch.Tensor, var: torch.Tensor) -> None:
        self.num_batches_tracked += 1
        pace = self.momentum if self.momentum is not None else 1.0 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean, pace)
        self.running_var.lerp_(var, pace)


class _Summed(torch.autograd.Function):
    """`summed`, through which gradients of all ranks flow back."""

    @staticmethod
    def forward(_ctx, values):
        return summed(values)

    @staticmethod
    def backward(_ctx, gradient):
        return summed(gradient)
