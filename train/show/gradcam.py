"""Where in an image a network found its answer: Grad-CAM.

The maps of the last layer that still knows places, each weighted by how much its mean would move
the score, summed, and only what speaks for the class (Selvaraju et al. 2017, ICCV).
"""

from __future__ import annotations

from contextlib import contextmanager

import cv2
import numpy as np
from matplotlib import colormaps

OPACITY = 0.65  # of the hottest place
magma = colormaps["magma"]


def gradcam(model, images, label: np.ndarray) -> np.ndarray:
    """How much each place speaks for a class.

    Parameters
    ----------
    model : Module
        In evaluation mode; with one score for each class, or a single one for the second of two.
    images : Tensor, shape (b, 3, side, side)
        Normalised.
    label : ndarray of int64, shape (b,)
        The class asked for.

    Returns
    -------
    ndarray of float32, shape (b, side, side)
        0 to 1, where the hottest place of an image is 1; all 0 where nothing speaks for the class.
    """
    import torch

    asked = torch.from_numpy(np.asarray(label, np.int64)).to(images.device)
    with torch.enable_grad(), _last_maps(model) as seen:
        # a frozen network has no gradients but those of its images
        scores = model(images.clone().requires_grad_()).float()
        if scores.shape[1] == 1:
            wanted = scores[:, 0] * (2 * asked - 1)
        else:
            wanted = scores.gather(1, asked[:, None])[:, 0]
        if not seen:  # the network knows no places
            return np.zeros((len(images), images.shape[-1], images.shape[-1]), np.float32)
        (maps,) = seen
        (slope,) = torch.autograd.grad(wanted.sum(), maps)
    raw = (slope.mean((2, 3), keepdim=True) * maps).sum(1)
    return enlarged(raw.detach().float().cpu().numpy(), images.shape[-1])


def enlarged(raw: np.ndarray, side: int) -> np.ndarray:
    """Heat as the network's last maps have it, brought to the image's size and to 0..1.

    Parameters
    ----------
    raw : ndarray of float, shape (b, height, width)
        What is negative speaks against the class, and is left out.
    side : int

    Returns
    -------
    ndarray of float32, shape (b, side, side)
    """
    raw = np.maximum(raw, 0).astype(np.float32)
    heat = [cv2.resize(one, (side, side), interpolation=cv2.INTER_LINEAR) for one in raw]
    return np.stack([one / max(float(one.max()), 1e-12) for one in heat])


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """An image with its heat laid over it.

    Parameters
    ----------
    image : ndarray of uint8, shape (side, side, 3)
    heat : ndarray of float32, shape (side, side)

    Returns
    -------
    ndarray of uint8, shape (side, side, 3)
    """
    cover = OPACITY * heat[..., None]
    mixed = (1 - cover) * image + cover * 255 * magma(0.25 + 0.7 * heat)[..., :3]
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


@contextmanager
def _last_maps(model):
    """Watch for stacks of maps with more than one place; the last one is left in a list."""
    seen: list = []

    def see(_module, _inputs, out) -> None:
        if getattr(out, "ndim", 0) == 4 and min(out.shape[2:]) > 1 and out.requires_grad:
            seen[:] = [out]

    hooks = [module.register_forward_hook(see) for module in model.modules()]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()
