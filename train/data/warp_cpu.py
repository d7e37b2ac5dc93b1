"""The changes of `train.data.augment`, applied by OpenCV; by torch where that is absent."""

from __future__ import annotations

import numpy as np

from train.data.augment import GREY, Draws, maps, tints

try:
    import cv2
except ImportError:  # slower without: torch maps the batch
    cv2 = None  # type: ignore[assignment]


def warp_on_cpu(images: np.ndarray, draws: Draws) -> np.ndarray:
    """Change a batch with OpenCV, image by image.

    Parameters
    ----------
    images : ndarray of uint8, shape (b, side, side, 3)
    draws : Draws

    Returns
    -------
    ndarray of uint8, shape (b, side, side, 3)
    """
    if cv2 is None:
        from train.data.warp import warp_with_torch

        return warp_with_torch(images, draws)
    side = images.shape[1]
    out = np.empty_like(images)
    # half sides around the centre are pixels counted from the middle of the first one
    pixels = np.array([[side / 2, 0, (side - 1) / 2], [0, side / 2, (side - 1) / 2], [0, 0, 1]])
    matrices = pixels @ maps(draws) @ np.linalg.inv(pixels)
    how = {"flags": cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, "borderMode": cv2.BORDER_REFLECT}
    for image, target, matrix in zip(images, out, matrices, strict=True):
        if draws.bends:
            cv2.warpPerspective(image, matrix, (side, side), dst=target, **how)
        else:
            cv2.warpAffine(image, matrix[:2], (side, side), dst=target, **how)
    if draws.tints:
        for target, matrix in zip(out, tints(draws, _greys(images)), strict=True):
            cv2.transform(target, matrix, dst=target)
    return out


def _greys(images: np.ndarray) -> np.ndarray:
    return np.array([cv2.mean(image)[:3] for image in images]) @ GREY
