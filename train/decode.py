"""One image file as the network's square of uint8."""

from __future__ import annotations

import io
import math
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from PIL import Image, UnidentifiedImageError

from galaxycurate.errors import InputError


def decode(path: Path, *, size_px: int = 128, zoom: float = 1.0) -> np.ndarray:
    """Decode an image, cut its centre square, and resize it by area.

    JPEGs are decoded at the smallest of libjpeg's scales that is still large enough.

    Parameters
    ----------
    path : Path
    size_px : int
        Side of the result [pixel].
    zoom : float
        The central 1/zoom of the square is kept, at least 1.

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
    picture = _jpeg(content, math.ceil(size_px * zoom)) if content[:2] == b"\xff\xd8" else None
    return fit_square(_other(content) if picture is None else picture, size_px=size_px, zoom=zoom)


def fit_square(picture: np.ndarray, *, size_px: int, zoom: float = 1.0) -> np.ndarray:
    """Cut the central 1/zoom square of an image and resize it.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
    size_px : int
        [pixel]
    zoom : float

    Returns
    -------
    ndarray of uint8, shape (size_px, size_px, 3)
    """
    height, width = picture.shape[:2]
    side = max(1, round(min(height, width) / zoom))
    top, left = (height - side) // 2, (width - side) // 2
    square = picture[top : top + side, left : left + side]
    if side == size_px:
        return np.ascontiguousarray(square)
    # area averaging keeps the flux of small galaxies; it cannot enlarge
    method = cv2.INTER_AREA if side > size_px else cv2.INTER_CUBIC
    return cv2.resize(square, (size_px, size_px), interpolation=method)


def _jpeg(content: bytes, least: int) -> np.ndarray | None:
    try:
        _, _, colour, _ = simplejpeg.decode_jpeg_header(content)
        if colour in ("CMYK", "YCCK"):
            return None  # libjpeg does not turn these into RGB; PIL does
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
