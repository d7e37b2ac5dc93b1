"""What pixels tell without knowing the sky: is this a picture, or an error tile?"""

from __future__ import annotations

import numpy as np

from galaxycurate.core.outcome import Reason

BLOCK_PX = 16
MAX_ZERO_BLOCKS = 0.10
"""Measured on 6,675 real cutouts and 13 frames: error tile 0.738, partly covered tile 0.345, every
other at most 0.058. Exact-zero *pixels* separate worse: sparse but good cutouts reach 0.30."""


def zero_blocks(rgb) -> np.ndarray:
    """Which 16x16 blocks hold nothing but zeros.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w) or (h, w, 3)

    Returns
    -------
    ndarray of bool, shape (h // 16, w // 16)
        Blocks at the right and lower edge that are not whole are left out, unless the image is
        smaller than one block.
    """
    rows, cols = rgb.shape[0] // BLOCK_PX, rgb.shape[1] // BLOCK_PX
    if not rows or not cols:
        return np.array([[not rgb.any()]])
    lines = rgb[: rows * BLOCK_PX, : cols * BLOCK_PX].reshape(rows, BLOCK_PX, -1)
    return ~lines.max(axis=1).reshape(rows, cols, -1).any(axis=2)


def zero_block_fraction(rgb) -> float:
    """Fraction of all-zero 16x16 blocks (see `MAX_ZERO_BLOCKS`).

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w) or (h, w, 3)

    Returns
    -------
    float
        0 to 1.
    """
    return float(zero_blocks(rgb).mean())


def flaw(rgb) -> tuple[Reason, str] | None:
    """Why these pixels are no picture of the sky, or None.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w) or (h, w, 3)

    Returns
    -------
    tuple of (Reason, str) or None
        `Reason.BLANK`, `Reason.ERROR_TILE` or `Reason.PARTIAL`, with the figure that says so.
    """
    low, high = (np.atleast_1d(end(rgb, axis=(0, 1))).astype(int) for end in (np.min, np.max))
    if (high - low < 4).all():  # of one colour, black or not
        return Reason.BLANK, f"every pixel is {_colour(low)} to {_colour(high)}"
    blocks = zero_blocks(rgb)
    fraction = float(blocks.mean())
    if fraction <= MAX_ZERO_BLOCKS:
        return None
    figure = f"{fraction:.0%} of the 16x16 blocks are exact zero"
    return (Reason.ERROR_TILE if _drawn_on_black(rgb, blocks) else Reason.PARTIAL), figure


def _colour(levels: np.ndarray) -> str:
    """One number where all colours have it."""
    alike = len(set(levels.tolist())) == 1
    return str(levels[0]) if alike else f"({', '.join(map(str, levels.tolist()))})"


def _drawn_on_black(rgb, blocks) -> bool:
    """Whether what is not black is text: much of it is bright and grey, as no sky is.

    Measured on the pixels of the lit blocks: 0.106 on the real error tile, at most 0.015 on 605
    real cutouts, the partly covered ones among them.
    """
    pixels = np.atleast_3d(rgb)
    lit = np.kron(~blocks, np.ones((BLOCK_PX, BLOCK_PX), bool))
    shown = pixels[: lit.shape[0], : lit.shape[1]][lit[: pixels.shape[0], : pixels.shape[1]]]
    low, high = shown.min(axis=1).astype(int), shown.max(axis=1).astype(int)
    return bool(((low > 100) & (high - low < 30)).mean() > 0.04)
