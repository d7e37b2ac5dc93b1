"""Sources of a picture: what stands out of its background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galaxycurate.curation.light.flux import Planes

MESH_PX = 64
"""Background is measured in boxes of this size: halos of bright stars go, small galaxies stay."""

_THRESHOLD = 1.8
_MIN_PIXELS = 6
_MOST = 1500
_LEAST_NOISE = 0.5 / 255  # half a step of a drawn channel
_TRIES = 4
_RING = np.array([1, 2, 3, 2, 1], float)
_KERNEL = np.outer(_RING, _RING) / 81


@dataclass(frozen=True)
class Sources:
    """What was found in one picture.

    Parameters
    ----------
    table : structured ndarray, shape (n,)
        As `sep.extract` gives it; the brightest first.
    segments : ndarray of int32, shape (h, w)
        1 + row of the source that a pixel belongs to, 0 for sky; sources beyond the brightest
        1,500 count as sky.
    light : ndarray of float32, shape (h, w)
        Luminance above the background.
    background : ndarray of float32, shape (h, w)
    noise : float
        Of one pixel.
    """

    table: np.ndarray
    segments: np.ndarray
    light: np.ndarray
    background: np.ndarray
    noise: float

    def __len__(self) -> int:
        return len(self.table)


def detect(planes: Planes, *, mesh_px: int | None = MESH_PX) -> Sources:
    """Find the sources of a picture.

    Parameters
    ----------
    planes : Planes
    mesh_px : int or None
        Size of the boxes in which the background is measured. None: one level, that of the darkest
        corner, for pictures that a galaxy may fill.

    Returns
    -------
    Sources
    """
    import sep

    image = np.ascontiguousarray(planes.luminance, np.float32)
    if mesh_px is None:
        level, rms = _darkest_corner(image)
        background = np.full_like(image, level)
    else:
        sky = sep.Background(image, bw=mesh_px, bh=mesh_px, fw=3, fh=3)
        background, rms = sky.back(), float(sky.globalrms)
    light = image - background
    noise = max(rms, _LEAST_NOISE)
    table, segments = _extract(sep, light, noise)
    order = np.argsort(-table["flux"])[:_MOST]
    rank = np.zeros(len(table) + 1, np.int32)
    rank[order + 1] = np.arange(1, order.size + 1)
    return Sources(table[order], rank[segments], light, background, noise)


def _darkest_corner(image: np.ndarray) -> tuple[float, float]:
    """Median of the corner with the least light, and its noise as detection meets it.

    Pictures that were drawn larger than the camera saw them have a smooth noise: what is left of
    it after smoothing counts.
    """
    import cv2

    smooth = cv2.filter2D(image, -1, _KERNEL.astype(np.float32), borderType=cv2.BORDER_REFLECT)
    high, wide = max(image.shape[0] // 8, 4), max(image.shape[1] // 8, 4)
    told = []
    for rows in (slice(high), slice(-high, None)):
        for cols in (slice(wide), slice(-wide, None)):
            level = float(np.median(image[rows, cols]))
            left = smooth[rows, cols]
            told.append((level, 1.4826 * float(np.median(np.abs(left - np.median(left))))))
    level, scatter = min(told)
    return level, scatter / float(np.sqrt((_KERNEL**2).sum()))


def _extract(sep, light, noise: float):
    """Sources above a threshold that rises where they run into one another past sep's memory."""
    sep.set_extract_pixstack(max(300_000, light.size // 2))
    for doubling in range(_TRIES):
        try:
            return sep.extract(
                light, _THRESHOLD * 2**doubling, err=noise, minarea=_MIN_PIXELS,
                filter_kernel=_KERNEL, deblend_cont=0.002, segmentation_map=True,
            )  # fmt: skip
        except Exception as overflow:  # sep raises plain Exception
            if "overflow" not in str(overflow) and "full" not in str(overflow):
                raise
    found, segments = sep.extract(light, np.inf, err=noise, segmentation_map=True)
    return found, segments
