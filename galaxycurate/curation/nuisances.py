"""What a picture tells of how it was made and where, apart from the galaxy in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from galaxycurate.core.pixels import zero_block_fraction

VERSION = 1
"""Of the measures below; stored ones of another version are not used."""

FILE, SKY, LIGHT, SOURCE = "file", "sky", "light", "source"
"""Kinds: how the file was made, which no galaxy can decide; the sky at the picture's border and
where it was taken, in which the choice of fields, and a galaxy that fills its picture, have a part;
what the light in the picture decides itself, as the size of a file made like all others; and who
drew it, which stands in the ledger and not in the picture: two servers of one kind draw alike, and
where they do not, file and sky tell it.
"""


@dataclass(frozen=True)
class Nuisance:
    """One measure: its name for a program, its kind, and its meaning for a person."""

    name: str
    kind: str
    meaning: str


NUISANCES = tuple(
    Nuisance(*row)
    for row in (
        ("form", FILE, "format of the file"),
        ("mode", FILE, "colour channels of the file"),
        ("width_px", FILE, "width [pixel]"),
        ("height_px", FILE, "height [pixel]"),
        ("tables", FILE, "JPEG quantisation of the light"),
        ("colour_tables", FILE, "JPEG quantisation of the colour"),
        ("subsampling", FILE, "JPEG colour subsampling"),
        ("progressive", FILE, "progressive JPEG"),
        ("extra_bytes", FILE, "comments, EXIF and other data beside the picture [byte]"),
        ("pixscale", FILE, "pixel scale [arcsec/pixel]"),
        ("back_red", SKY, "background at the border, red"),
        ("back_green", SKY, "background at the border, green"),
        ("back_blue", SKY, "background at the border, blue"),
        ("back_noise", SKY, "noise at the border"),
        ("back_zero", SKY, "share of the border's pixels that are exactly zero"),
        ("zero_blocks", SKY, "share of 16x16 blocks that are all zero"),
        ("run", SKY, "source run"),
        ("camcol", SKY, "camera column"),
        ("n_bytes", LIGHT, "size of the file [byte]"),
        ("bytes_per_px", LIGHT, "bytes per pixel"),
        ("zero_pixels", LIGHT, "share of pixels that are exactly zero"),
        ("saturated", LIGHT, "share of saturated pixels"),
        ("provider", SOURCE, "provider of the picture"),
    )
)
"""What is measured, in the order of a report."""

NOMINAL = ("form", "mode", "subsampling", "progressive", "provider", "run", "camcol")
"""Numbers that are names: the most frequent one is typical, not the middle one."""

OF_PIXELS = ("back_red", "back_green", "back_blue", "back_noise", "back_zero", "zero_blocks",
             "zero_pixels", "saturated")  # fmt: skip
"""What `of_pixels` tells."""

_BORDER = 0.08
"""Of the side: so wide is the border in which the background is measured."""

_FULL = 254
_TO_SIGMA = 1 / (0.5586 * np.sqrt(2))
"""From the mean of the lower four fifths of the differences of two pixels."""


def of_pixels(rgb: np.ndarray) -> Mapping[str, float]:
    """The nuisances that need the decoded picture.

    The background is the median of the border, which a centred galaxy does not reach; the noise is
    that of the differences of neighbours there, so that a slope or a wide halo does not count.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    mapping of str to float
        By the names in `OF_PIXELS`; levels in 0 to 255, shares in 0 to 1.
    """
    strips = _border(rgb)
    back = [_median([strip[..., channel] for strip in strips]) for channel in range(3)]
    peak = np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])
    return {
        "back_red": back[0], "back_green": back[1], "back_blue": back[2],
        "back_noise": _noise(strips),
        "back_zero": _dark(strips),
        "zero_blocks": zero_block_fraction(rgb),
        "zero_pixels": float((peak == 0).mean()),
        "saturated": float((peak >= _FULL).mean()),
    }  # fmt: skip


def _border(rgb: np.ndarray) -> list[np.ndarray]:
    """Its four strips, each with its long side horizontal; corners count once."""
    height, width = rgb.shape[:2]
    deep = max(1, min(round(_BORDER * min(height, width)), min(height, width) // 2 or 1))
    upright = rgb[deep : height - deep].swapaxes(0, 1)
    return [rgb[:deep], rgb[height - deep :], upright[:deep], upright[width - deep :]]


def _dark(strips: list[np.ndarray]) -> float:
    n = sum(strip.shape[0] * strip.shape[1] for strip in strips)
    return sum(int((~strip.any(axis=2)).sum()) for strip in strips) / n


def _median(parts: list[np.ndarray]) -> float:
    """The middle value of 8-bit numbers, by counting them."""
    counts = sum(np.bincount(part.ravel(), minlength=256) for part in parts)
    return float(np.searchsorted(np.cumsum(counts), np.sum(counts) / 2))


def _noise(strips: list[np.ndarray]) -> float:
    """Robust noise of the green light, from the differences of neighbours along the border."""
    steps = [np.abs(np.diff(strip[..., 1].astype(np.int16), axis=1)) for strip in strips]
    counts = sum(np.bincount(step.ravel(), minlength=256) for step in steps)
    # of whole numbers the mean of the lower four fifths tells more finely than the median
    lower = np.minimum(np.cumsum(counts), 0.8 * np.sum(counts))
    if not lower[-1]:
        return 0.0
    return float(np.diff(lower, prepend=0.0) @ np.arange(256) / lower[-1] * _TO_SIGMA)
