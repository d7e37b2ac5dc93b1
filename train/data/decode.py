"""One image file as the network's square of uint8."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from galaxycurate.errors import InputError

try:
    import simplejpeg
except ImportError:  # PIL decodes the same pixels, more slowly
    simplejpeg = None
try:
    import cv2
except ImportError:
    cv2 = None  # type: ignore[assignment]

# what a stored picture owes its pixels to; another one makes other roundings
DECODER = f"{'simplejpeg' if simplejpeg else 'PIL'} {'OpenCV' if cv2 else 'PIL'}"
SHRINKS = (8, 4, 2)  # libjpeg's scales with vector code: 3/8 takes longer than 1/2


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

    JPEGs are decoded at a half, a quarter or an eighth of their size where that is large enough.

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
    return decoded(content, window)


def decoded(content: bytes, window: Window = WHOLE) -> np.ndarray:
    """`decode` of a file's bytes."""
    if not content:
        raise InputError("the file is empty")
    jpeg = simplejpeg is not None and content[:2] == b"\xff\xd8"
    picture = _jpeg(content, window) if jpeg else None
    return fit_square(_other(content, window) if picture is None else picture, window)


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
    return _shrunk(square, size_px) if side > size_px else _enlarged(square, size_px)


def _shrunk(square: np.ndarray, size_px: int) -> np.ndarray:
    """Average by area, which keeps the flux of small galaxies.

    OpenCV averages whole pixels quickly and shares of pixels slowly: the square is first brought
    to the next multiple of the size. The result is as close to the full average as a slow one.
    """
    if cv2 is None:
        return np.asarray(Image.fromarray(square).resize((size_px, size_px), Image.Resampling.BOX))
    whole = -(-square.shape[0] // size_px) * size_px
    if square.shape[0] != whole:
        square = cv2.resize(square, (whole, whole), interpolation=cv2.INTER_LINEAR)
    return cv2.resize(square, (size_px, size_px), interpolation=cv2.INTER_AREA)


def _enlarged(square: np.ndarray, size_px: int) -> np.ndarray:
    if cv2 is None:
        size = (size_px, size_px)
        return np.asarray(Image.fromarray(square).resize(size, Image.Resampling.BICUBIC))
    return cv2.resize(square, (size_px, size_px), interpolation=cv2.INTER_CUBIC)


def _shrink(window: Window, height: int, width: int) -> int:
    """By which factor a JPEG may be shrunk while it is decoded."""
    if window.crop_px:  # a crop counts the file's own pixels
        return 1
    for factor in SHRINKS:
        if window.side(-(-height // factor), -(-width // factor)) >= window.size_px:
            return factor
    return 1


def _jpeg(content: bytes, window: Window) -> np.ndarray | None:
    try:
        height, width, colour, _ = simplejpeg.decode_jpeg_header(content)
        if colour in ("CMYK", "YCCK"):
            return None  # libjpeg does not turn these into RGB; PIL does
        factor = _shrink(window, height, width)
        least = {"min_height": -(-height // factor), "min_width": -(-width // factor)}
        return simplejpeg.decode_jpeg(content, "RGB", **(least if factor > 1 else {}))
    except ValueError as error:
        raise InputError(f"a broken JPEG: {error}") from error


def _other(content: bytes, window: Window) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(content)) as image:
            factor = _shrink(window, image.height, image.width) if simplejpeg is None else 1
            if factor > 1:  # of JPEGs only; others ignore it
                image.draft("RGB", (image.width // factor, image.height // factor))
            return _rgb(image)
    except UnidentifiedImageError as error:
        raise InputError("not an image") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"a broken image: {error}") from error


def _rgb(image: Image.Image) -> np.ndarray:
    """8 bits a colour; of 16 bits of grey the upper ones, which PIL would cut at 255 instead."""
    # older PIL gives the 16 bits of a PNG in 32
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        grey = (np.asarray(image) >> 8).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.mode in ("I", "F"):
        raise InputError("32-bit numbers: their white is unknown")
    return np.asarray(image.convert("RGB"))
