"""A simulated sky of stars and round galaxies, and exposures of it: pictures with a known shift."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from galaxycurate.curation.pixels.fingerprint import fingerprint
from galaxycurate.curation.pixels.prints import Prints

FIELD = 460


class Sky:
    """Stars and galaxies of one field, in pixels."""

    def __init__(self, seed: int, n: int = 45) -> None:
        rng = np.random.default_rng(seed)
        self.places = rng.uniform(0, FIELD, (n, 2))
        self.peaks = 6.0 * rng.uniform(0.02, 1, n) ** -1.2
        self.widths = np.where(rng.random(n) < 0.6, 1.4, rng.uniform(1.6, 3.0, n))
        self.colours = np.stack([rng.uniform(0.7, 1.5, n), np.ones(n), rng.uniform(0.5, 1.3, n)], 1)

    def exposure(self, seed: int, scatter: float = 1.8) -> np.ndarray:
        """The field with noise of its own, float (FIELD, FIELD, 3)."""
        y, x = np.mgrid[:FIELD, :FIELD].astype(np.float32)
        light = np.zeros((FIELD, FIELD, 3), np.float32)
        for (px, py), peak, width, colour in zip(
            self.places, self.peaks, self.widths, self.colours, strict=True
        ):
            rows = slice(max(0, int(py) - 20), int(py) + 21)
            cols = slice(max(0, int(px) - 20), int(px) + 21)
            r2 = (x[rows, cols] - px) ** 2 + (y[rows, cols] - py) ** 2
            light[rows, cols] += (peak * np.exp(-r2 / 2 / width**2))[..., None] * colour
        noise = np.random.default_rng([seed, 1]).normal(0, scatter, light.shape)
        return light + cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 0.7) * 2


def picture(exposure: np.ndarray, x: float, y: float, size: int = 256, step: float = 1.0):
    """A window with its upper left pixel at (x, y), `step` pixels of the field to one; uint8."""
    matrix = np.array([[step, 0, x], [0, step, y]], np.float32)
    window = cv2.warpAffine(
        exposure, matrix, (size, size), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    )
    bright = np.where(window > 60, 60 * (1 + np.log(np.maximum(window, 60) / 60)), window)
    return np.clip(np.rint(bright + 6), 0, 255).astype(np.uint8)


@cache
def unrelated(n: int) -> Prints:
    """Windows of n skies."""
    return Prints.of([fingerprint(picture(Sky(300 + k).exposure(k), 60.0, 60.0)) for k in range(n)])


def turn(rgb: np.ndarray, flip: int) -> np.ndarray:
    """The picture as `Matches.flip` says."""
    rgb = np.rot90(rgb, flip % 4)
    return np.ascontiguousarray(rgb[:, ::-1] if flip >= 4 else rgb)


def undo(flip: int) -> int:
    """The flip that takes a turned picture back."""
    return flip if flip >= 4 else (4 - flip) % 4
