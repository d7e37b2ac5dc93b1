"""One image file as the network's square of uint8."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from PIL import Image, UnidentifiedImageError

from galaxycurate.errors import InputError


@dataclass(frozen=True)
class Window:
    """Which square of an image is kept, and how large it becomes.

    Attributes
    ----------
    size_px : int
        Side of the result [pixel].
    zoom : float
        The central 1/zoom of the image's square is kept, at least 1.
    crop_px : int
        The central square of this side is kept [pixel of the file]; 0: as `zoom` says.
    """

    size_px: int = 128
    zoom: float = 1.0
    crop_px: int = 0

    def side(self, height: int, width: int) -> int:
        """Side of the kept square of an image [pixel]."""
        whole = min(height, width)
        return min(whole, self.crop_px) if self.crop_px else max(1, round(whole / self.zoom))


WHOLE = Window()


def window_of(data) -> Window:
    """The window that a recipe's `train.recipe.config.Data` names."""
    return Window(data.size_px, data.zoom, data.crop_px)


def decode(path: Path, window: Window = WHOLE) -> np.ndarray:
    """Decode an image, cut its centre square, and resize it by area.

    JPEGs are decoded at the smallest of libjpeg's scales that is still large enough.

    Parameters
    ----------
    path : Path
    window : Window

    Returns
    -------
    ndarray of uint8, shape (size_px, size_px, 3)
        RGB.

    Raises
    ------
    InputError
        The file is empty, truncated or no image; the text says which.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"unreadable: {error.strerror or error}") from error
    if not content:
        raise InputError("the file is empty")
    picture = _jpeg(content, window) if content[:2] == b"\xff\xd8" else _other(content)
    return fit_square(_other(content) if picture is None else picture, window)


def fit_square(picture: np.ndarray, window: Window) -> np.ndarray:
    """Cut the central square of an image and resize it.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
    window : Window
        Its `crop_px` counts the pixels of this picture.

    Returns
    -------
    ndarray of uint8, shape (size_px, size_px, 3)
    """
    height, width = picture.shape[:2]
    side, size_px = window.side(height, width), window.size_px
    top, left = (height - side) // 2, (width - side) // 2
    square = picture[top : top + side, left : left + side]
    if side == size_px:
        return np.ascontiguousarray(square)
    # area averaging keeps the flux of small galaxies; it cannot enlarge
    method = cv2.INTER_AREA if side > size_px else cv2.INTER_CUBIC
    return cv2.resize(square, (size_px, size_px), interpolation=method)


def _jpeg(content: bytes, window: Window) -> np.ndarray | None:
    try:
        _, _, colour, _ = simplejpeg.decode_jpeg_header(content)
        if colour in ("CMYK", "YCCK"):
            return None  # libjpeg does not turn these into RGB; PIL does
        # a crop counts the file's own pixels: it is decoded whole
        least = 0 if window.crop_px else math.ceil(window.size_px * window.zoom)
        return simplejpeg.decode_jpeg(content, "RGB", min_height=least, min_width=least)
    except ValueError as error:
        raise InputError(f"a broken JPEG: {error}") from error


def _other(content: bytes) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(content)) as image:
            return np.asarray(image.convert("RGB"))
    except UnidentifiedImageError as error:
        raise InputError("not an image") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"a broken image: {error}") from error
