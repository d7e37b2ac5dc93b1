"""Simulated exposures for the tests: sky noise as a camera's, stars and galaxies on it."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np


@lru_cache(maxsize=32)
def exposure(seed: int, side: int = 424, objects: int = 25) -> np.ndarray:
    """An RGB picture, float32: noise a little correlated, and some round objects."""
    rng = np.random.default_rng(seed)
    sky = rng.normal(0, 6, (side, side, 3)).astype(np.float32)
    sky = cv2.GaussianBlur(sky, (0, 0), 0.7) * 1.8 + 14
    for _ in range(objects):
        (px, py), width = rng.uniform(0, side, 2), rng.uniform(1.3, 4)
        rows, columns = (slice(max(0, int(p) - 24), min(side, int(p) + 25)) for p in (py, px))
        y, x = np.mgrid[rows, columns]
        light = rng.pareto(1.0) * 20 + 15
        profile = light * np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * width**2))
        sky[rows, columns] += profile[..., None].astype(np.float32)
    sky.flags.writeable = False  # others of the same seed get the same
    return sky


def window(sky: np.ndarray, x: float, y: float, side: int = 256) -> np.ndarray:
    """A cutout with its corner at (x, y), whole pixels or not; uint8."""
    matrix = np.array([[1, 0, x], [0, 1, y]], np.float32)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(sky, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.clip(np.rint(cut), 0, 255).astype(np.uint8)


def saved(picture: np.ndarray, quality: int) -> np.ndarray:
    """A picture after a stay in a JPEG file."""
    body = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(body, cv2.IMREAD_COLOR)[..., ::-1])
