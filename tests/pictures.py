"""Simulated pictures for tests: an exposure's noise, stars and galaxies."""

from __future__ import annotations

import io
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image


@lru_cache(maxsize=64)
def sky(seed: int, side: int = 200, *, sources: int = 12) -> np.ndarray:
    """A picture of its own sky, uint8 (side, side, 3)."""
    rng = np.random.default_rng(seed)
    flux = cv2.GaussianBlur(rng.normal(0, 8, (side, side)), (0, 0), 0.6) + 30
    y, x = np.mgrid[:side, :side].astype(float)
    for px, py, log_flux, width in rng.uniform(
        (0, 0, 1.0, 1.3), (side, side, 2.2, 4.0), (sources, 4)
    ):
        flux += 10**log_flux * np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * width**2))
    colour = flux[..., None] * (1.05, 1.0, 0.9) + rng.normal(0, 2, (side, side, 3))
    drawn = np.clip(colour, 0, 255).astype(np.uint8)
    drawn.flags.writeable = False  # others of the same seed get the same
    return drawn


def saved(rgb: np.ndarray, form: str = "PNG", mode: str = "RGB", **how) -> bytes:
    """A picture as the bytes of a file."""
    body = io.BytesIO()
    Image.fromarray(rgb).convert(mode).save(body, form, **how)
    return body.getvalue()
