"""One affine map per sample: rotation, shift, perhaps a mirror.

Pixels from outside the image are taken from its own reflection. A constant fill would show the
rotated frame as a flat, noiseless polygon, which the network never meets at test time and whose
contrast depends on the sky level, hence on run and field; reflected sky keeps its noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from train.recipe.config import Augment


@dataclass(frozen=True)
class Draws:
    """What was drawn for a batch.

    Attributes
    ----------
    angle : ndarray of float64, shape (b,)
        Rotation, counter-clockwise as seen on the screen [radian].
    shift : ndarray of float64, shape (b, 2)
        To the right and down [share of the side].
    mirror : ndarray of float64, shape (b,)
        -1 where the image is mirrored left to right before it is turned, else 1.
    """

    angle: np.ndarray
    shift: np.ndarray
    mirror: np.ndarray


def draw(n: int, augment: Augment, *, rng: np.random.Generator) -> Draws:
    """Draw the maps of `n` samples.

    Parameters
    ----------
    n : int
    augment : Augment
    rng : numpy.random.Generator

    Returns
    -------
    Draws
    """
    angle = np.deg2rad(rng.uniform(0.0, augment.rotation_deg, n))
    shift = rng.uniform(-augment.shift, augment.shift, (n, 2))
    mirror = np.where(rng.random(n) < 0.5, -1.0, 1.0) if augment.flip else np.ones(n)
    return Draws(angle, shift, mirror)


def maps(draws: Draws) -> np.ndarray:
    """Where each output pixel is read, in units of half a side around the centre.

    Parameters
    ----------
    draws : Draws

    Returns
    -------
    ndarray of float64, shape (b, 2, 3)
        Rows for x and y; the convention of ``torch.nn.functional.affine_grid``.
    """
    cos, sin = np.cos(draws.angle), np.sin(draws.angle)
    # the y axis points down: reading turned clockwise shows the image turned counter-clockwise
    turn = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], 1)
    turn[:, 0] *= draws.mirror[:, None]
    away = -np.einsum("bij,bj->bi", turn, 2.0 * draws.shift)
    return np.concatenate([turn, away[:, :, None]], axis=2)


def warp_on_cpu(images: np.ndarray, draws: Draws) -> np.ndarray:
    """Map a batch with OpenCV, image by image.

    Parameters
    ----------
    images : ndarray of uint8, shape (b, side, side, 3)
    draws : Draws

    Returns
    -------
    ndarray of uint8, shape (b, side, side, 3)
    """
    side = images.shape[1]
    centre, half = (side - 1) / 2, side / 2
    out = np.empty_like(images)
    for image, target, m in zip(images, out, maps(draws), strict=True):
        origin = centre + m[:, 2] * half - m[:, :2] @ np.array([centre, centre])
        cv2.warpAffine(
            image,
            np.column_stack([m[:, :2], origin]),
            (side, side),
            dst=target,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        )
    return out


def warp_on_device(images: torch.Tensor, draws: Draws) -> torch.Tensor:
    """Map a batch with one grid_sample.

    Parameters
    ----------
    images : Tensor of float32, shape (b, 3, side, side)
    draws : Draws

    Returns
    -------
    Tensor of float32, shape (b, 3, side, side)
    """
    # the grid stays float32: a bfloat16 one is off by up to a quarter of a pixel
    theta = torch.from_numpy(maps(draws).astype(np.float32)).to(images.device)
    with torch.autocast(images.device.type, enabled=False):
        grid = F.affine_grid(theta, list(images.shape), align_corners=False)
        return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
