"""Stars and galaxies of a picture, in eight bytes each: what two exposures of one sky share."""

from __future__ import annotations

import cv2
import numpy as np

SOURCE = np.dtype(
    [
        ("x", "<u2"), ("y", "<u2"), ("brightness", "u1"),
        ("colour", "u1"), ("snr", "u1"), ("crowding", "u1"),
    ]
)  # fmt: skip
"""One source as it is stored.

``x``, ``y`` in 1/64 pixel from the middle of the upper left one, y down; ``brightness`` is
32 log2 of the filtered peak [grey levels]; ``colour`` is 128 + 40 log2(red / blue); ``snr`` is
32 log2 of the peak over the noise; ``crowding`` is the number of other sources within 24 pixels.
"""

MOST = 36
PER_PIXEL = 64
STEPS = 32.0
COLOUR_ZERO, COLOUR_STEPS = 128.0, 40.0
CROWD_RADIUS = 24.0
MIN_SNR = 5.5
EDGE = 3
SEEING_PX, SKY_PX = 1.4, 8.0
DOME = 0.25
"""Part of the wide Gaussian that makes one maximum of the flat top of a saturated star."""
NEIGHBOURHOOD = np.ones((9, 9), np.uint8)
PADDING, PADDING_LEAST = np.ones((7, 7), np.uint8), 0.01
"""Wholly black or white in such squares, from the edge of the picture on, over such a part of it:
frames, coverage gaps."""
BESIDE = np.ones((31, 31), np.uint8)
"""Beside padding the background is not the sky: peaks within these squares of it are no sources."""


def detect(rgb: np.ndarray, grey: np.ndarray) -> np.ndarray:
    """The brightest peaks of the picture through a matched filter.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)
    grey : ndarray of float32, shape (h, w)
        Its luminance, not clipped.

    Returns
    -------
    ndarray of `SOURCE`, shape (n,)
        At most `MOST`, brightest first.
    """
    if min(grey.shape) < 2 * EDGE + 3:
        return np.empty(0, SOURCE)
    fine, sky = cv2.GaussianBlur(grey, (0, 0), SEEING_PX), _sky(grey)
    peaks, domed = fine - sky, fine + DOME * sky
    beside = _beside_padding(grey)
    noise = _noise(peaks, beside)
    y, x = _maxima(peaks, domed, max(MIN_SNR * noise, 1.0))
    sky_light = ~beside[y, x]
    y, x = y[sky_light][:MOST], x[sky_light][:MOST]
    if not x.size:
        return np.empty(0, SOURCE)
    found = np.zeros(x.size, SOURCE)
    height = peaks[y, x]
    place = np.stack([_between(domed, y, x, 0, 1), _between(domed, y, x, 1, 0)])
    found["x"], found["y"] = np.clip(np.rint(place * PER_PIXEL), 0, 65535)
    found["brightness"] = _byte(STEPS * np.log2(height))
    found["colour"] = _byte(COLOUR_ZERO + COLOUR_STEPS * _colour(rgb, y, x))
    found["snr"] = _byte(STEPS * np.log2(height / noise))
    apart = (place[0][:, None] - place[0]) ** 2 + (place[1][:, None] - place[1]) ** 2
    found["crowding"] = _byte((apart < CROWD_RADIUS**2).sum(1) - 1)
    return found


def _maxima(peaks: np.ndarray, domed: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the highest local maxima, highest first."""
    top = (domed >= cv2.dilate(domed, NEIGHBOURHOOD)) & (peaks > least)
    y, x = np.nonzero(top[EDGE:-EDGE, EDGE:-EDGE])
    y, x = y + EDGE, x + EDGE
    inside = (x < 65535 // PER_PIXEL) & (y < 65535 // PER_PIXEL)
    y, x = y[inside], x[inside]
    order = np.argsort(-peaks[y, x], kind="stable")
    return y[order], x[order]


def _beside_padding(grey: np.ndarray) -> np.ndarray:
    """Where nothing is the sky's: in padding and near it."""
    none = np.zeros(grey.shape, bool)
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if not ((edge < 1) | (edge > 254)).any():
        return none
    low, high = cv2.erode(grey, PADDING), cv2.dilate(grey, PADDING)
    flat = ((high < 1) | (low > 254)).astype(np.uint8)
    _, part, stats, _ = cv2.connectedComponentsWithStats(flat)
    ends = np.unique(np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]]))
    large = stats[:, cv2.CC_STAT_AREA] > PADDING_LEAST * grey.size
    padding = [k for k in ends if k and large[k]]
    if not padding:
        return none
    return cv2.dilate(np.isin(part, padding).astype(np.uint8), BESIDE) > 0


def _sky(grey: np.ndarray) -> np.ndarray:
    """The smooth background: a wide Gaussian, drawn on a quarter of the resolution."""
    h, w = grey.shape
    small = cv2.resize(grey, (max(1, w // 4), max(1, h // 4)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), SKY_PX / 4)
    return cv2.resize(small, (w, h), interpolation=cv2.INTER_CUBIC)


def _noise(peaks: np.ndarray, beside: np.ndarray) -> float:
    """Robust scatter, from every third pixel of every third row that shows the sky."""
    some = peaks[::3, ::3][~beside[::3, ::3]]
    if not some.size:
        return np.inf
    return 1.4826 * float(np.median(np.abs(some - np.median(some)))) + 0.05


def _between(peaks: np.ndarray, y: np.ndarray, x: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """Place of the maximum along one axis, from the parabola through three pixels."""
    before, at, after = peaks[y - dy, x - dx], peaks[y, x], peaks[y + dy, x + dx]
    bend = np.maximum(2 * at - before - after, 1e-3)
    return (x if dx else y) + np.clip((after - before) / (2 * bend), -0.5, 0.5)


def _colour(rgb: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """log2 of red over blue light above the sky, in five pixels by five."""
    sky = np.median(rgb[::4, ::4].reshape(-1, 3), axis=0)
    light = cv2.blur(rgb, (5, 5))[y, x].astype(np.float32) - sky
    red, _, blue = np.maximum(light, 0.0).T + 3.0
    return np.log2(red / blue)


def _byte(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
