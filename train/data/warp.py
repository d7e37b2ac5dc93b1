"""The changes of `train.data.augment`, applied by torch."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from train.data import augment
from train.data.augment import Draws, maps, tints

GREY = augment.GREY.tolist()  # numbers of the host: an array would be sent to the GPU at each step


def warp_with_torch(images: np.ndarray, draws: Draws) -> np.ndarray:
    """As `train.data.warp_cpu.warp_on_cpu`, where OpenCV is absent."""
    planes = torch.from_numpy(images).permute(0, 3, 1, 2).float()
    changed = warp_on_device(planes, *numbers(draws))
    return changed.round().byte().permute(0, 2, 3, 1).contiguous().numpy()


def numbers(draws: Draws) -> tuple[torch.Tensor, torch.Tensor | None, bool]:
    """What `warp_on_device` needs of the draws: maps (b, 3, 3), colours (b, 4) or None, bends.

    The colours stand for `tints`, whose offset needs the images.
    """
    theta = torch.from_numpy(maps(draws).astype(np.float32))
    if not draws.tints:
        return theta, None, draws.bends
    black, white = tints(draws, np.zeros(len(theta))), tints(draws, np.ones(len(theta)))
    matrix = np.concatenate([black[:, :, :3], (white - black)[:, :, 3:]], axis=2)
    return theta, torch.from_numpy(matrix.astype(np.float32)), draws.bends


def warp_on_device(
    images: torch.Tensor, theta: torch.Tensor, colour: torch.Tensor | None, bends: bool
) -> torch.Tensor:
    """Change a batch with one grid_sample and one product.

    Parameters
    ----------
    images : Tensor of float32, shape (b, 3, side, side)
        [0..255].
    theta, colour, bends
        From `numbers`, on the same device.

    Returns
    -------
    Tensor of float32, shape (b, 3, side, side)
    """
    # the grid stays float32: a bfloat16 one is off by up to a quarter of a pixel
    with torch.autocast(images.device.type, enabled=False):
        shape = list(images.shape)
        if bends:
            grid = _bent_grid(theta, shape)
        else:
            grid = F.affine_grid(theta[:, :2], shape, align_corners=False)
        out = F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
        if colour is None:
            return out
        red, green, blue = images.mean((2, 3)).unbind(1)
        grey = GREY[0] * red + GREY[1] * green + GREY[2] * blue
        offset = (colour[:, :, 3] * grey[:, None])[:, :, None, None]
        tinted = torch.einsum("bcyx,bdc->bdyx", out, colour[:, :, :3]) + offset
        return tinted.clamp_(0, 255)


def _bent_grid(theta: torch.Tensor, shape: list[int]) -> torch.Tensor:
    side_y, side_x = shape[2:]
    x = (torch.arange(side_x, device=theta.device, dtype=torch.float32) * 2 + 1) / side_x - 1
    y = (torch.arange(side_y, device=theta.device, dtype=torch.float32) * 2 + 1) / side_y - 1
    yy, xx = torch.meshgrid(y, x, indexing="ij")
    places = torch.stack([xx, yy, torch.ones_like(xx)], -1)
    read = torch.einsum("yxj,bij->byxi", places, theta)
    return read[..., :2] / read[..., 2:]
