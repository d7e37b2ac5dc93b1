"""Is this body the picture that was asked for? A status of 200 does not say so."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.core.outcome import Reason
from galaxycurate.core.pixels import BLOCK_PX, MAX_ZERO_BLOCKS, flaw
from galaxycurate.errors import first_line

if TYPE_CHECKING:
    import numpy as np

JPEG_MARK = b"\xff\xd8\xff"
MAX_SIDE_PX = 16_384
"""Wider or higher is not decoded: a few bytes of file can ask for gigabytes of memory."""

DARK, SURE_RANGE = 2, 16
"""Of the mean luminance of 8x8 pixels: what zeros alone may give, with a margin for rounding; and
the range that no blank picture has (at most 6), with a margin."""

_WIDE_COLOURS = ("CMYK", "YCCK")  # libjpeg-turbo makes no RGB of them
_GREY_FIRST = ("YCbCr", "Gray")

Flaw = tuple[Reason, str]


@dataclass(frozen=True)
class Checked:
    """What an image file is, and what is wrong with it.

    ``width`` and ``height`` are pixels, 0 where the file could not be read; ``flaw`` is a
    (Reason, detail) or None for a picture of the sky.
    """

    sha256: str
    n_bytes: int
    width: int
    height: int
    flaw: Flaw | None


class _NoPicture(Exception):
    """A body that does not become pixels; its arguments are a `Flaw`."""


def check(body: bytes, size_px: int) -> Flaw | None:
    """What is wrong with a cutout's body.

    Parameters
    ----------
    body : bytes
        As the server sent it.
    size_px : int
        The side that was asked for; the server changes sizes that it dislikes without a word.

    Returns
    -------
    tuple of (Reason, str) or None
        None for a picture of the sky.
    """
    return examine(body, size_px).flaw


def check_file(path: Path) -> Checked:
    """Examine an image file of any size.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Checked
    """
    return examine(Path(path).read_bytes())


def examine(body: bytes, size_px: int | None = None) -> Checked:
    """Decode an image whole and look at its pixels.

    Parameters
    ----------
    body : bytes
        JPEG, or whatever Pillow reads.
    size_px : int, optional
        The side it must have.

    Returns
    -------
    Checked
    """
    width = height = 0
    try:
        width, height, colours = _size(body)
        found = _wrong_size(width, height, size_px)
        if found is None and not (colours in _GREY_FIRST and is_surely_sky(body, width, height)):
            found = flaw(_pixels(body))
    except _NoPicture as bad:
        found = (bad.args[0], bad.args[1])
    return Checked(hashlib.sha256(body).hexdigest(), len(body), width, height, found)


def pixels(body: bytes) -> np.ndarray:
    """The pixels of a body that was examined; uint8, shape (h, w, 3)."""
    return _pixels(body)


def checked_bytes(body: bytes, like: Checked) -> Checked:
    """The same picture in other bytes."""
    return replace(like, sha256=hashlib.sha256(body).hexdigest(), n_bytes=len(body))


def _wrong_size(width: int, height: int, size_px: int | None) -> Flaw | None:
    if size_px is not None and (width, height) != (size_px, size_px):
        return Reason.WRONG_SIZE, f"{width} x {height} px instead of {size_px} x {size_px}"
    if max(width, height) > MAX_SIDE_PX:
        return Reason.WRONG_SIZE, f"{width} x {height} px is more than {MAX_SIDE_PX} on a side"
    return None


def is_surely_sky(body: bytes, width: int, height: int) -> bool:
    """Whether an eighth of a JPEG's size proves what `core.pixels.flaw` would find: nothing.

    Made of the mean luminance Y of each 8x8 block, which needs every byte of the file (so that a
    cut or overwritten one is noticed) but none of its cosines. It can only be too careful:

    - A pixel that is R = G = B = 0 has Y = 0: with Y > 0, R and B of 0 need Cr, Cb < 0, and then
      G > Y. Where every pixel of a 16x16 block is 0, its four means are therefore 0 (1 by
      rounding), and there are no more zero blocks in full than blocks of four such means here.
    - Where all R, G, B lie within 3 of each other, so does Y, but for rounding, and its means.

    Parameters
    ----------
    body : bytes
        A JPEG of luminance and colour differences, or grey.
    width, height : int
        As its head says [pixel].

    Returns
    -------
    bool
        False: it must be decoded whole to know.
    """
    import simplejpeg

    lines, columns = -(-height // 8), -(-width // 8)
    try:
        means = simplejpeg.decode_jpeg(body, "GRAY", min_height=lines, min_width=columns)
    except ValueError:
        return False
    if means.shape[:2] != (lines, columns) or min(width, height) < BLOCK_PX:
        return False
    low = int(means.min())
    if int(means.max()) - low < SURE_RANGE:
        return False
    return low > DARK or _dark_fraction(means[:, :, 0], width, height) <= MAX_ZERO_BLOCKS


def _dark_fraction(means: np.ndarray, width: int, height: int) -> float:
    """Of the whole 16x16 blocks, those whose four means may be of zeros alone."""
    rows, columns = height // BLOCK_PX, width // BLOCK_PX
    blocks = means[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)
    return float((blocks.max(axis=(1, 3)) <= DARK).mean())


def _size(body: bytes) -> tuple[int, int, str]:
    """Width, height and colours from the head of the file; no colours where it is no JPEG."""
    import simplejpeg

    if not body.startswith(JPEG_MARK):
        with _pillow(body) as image:
            return *image.size, ""
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(body)
    except ValueError as error:
        raise _NoPicture(Reason.TRUNCATED, first_line(error)) from None
    return width, height, colours


def _pixels(body: bytes) -> np.ndarray:
    """RGB at full resolution; libjpeg's warnings (a cut or overwritten body) count as errors."""
    import numpy as np
    import simplejpeg

    if not body.startswith(JPEG_MARK) or _is_wide(body):
        with _pillow(body) as image:
            return np.asarray(image.convert("RGB"))
    try:
        return simplejpeg.decode_jpeg(body, strict=True)
    except ValueError as error:
        raise _NoPicture(Reason.TRUNCATED, first_line(error)) from None


def _is_wide(body: bytes) -> bool:
    import simplejpeg

    return simplejpeg.decode_jpeg_header(body)[2] in _WIDE_COLOURS


def _pillow(body: bytes):
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            image = Image.open(io.BytesIO(body))
            image.load()
    except UnidentifiedImageError:
        raise _NoPicture(Reason.NOT_IMAGE, _sniff(body)) from None
    except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, EOFError, ...
        raise _NoPicture(Reason.TRUNCATED, first_line(error)) from None
    return image


def _sniff(body: bytes) -> str:
    """What the body is instead: the first words of an error page are the best message."""
    if not body:
        return "empty"
    head = body[:80].decode("latin-1")
    if head.lstrip()[:1] in ("<", "{", "["):
        return "text: " + " ".join(head.split())
    return f"starts with {body[:8].hex(' ')}"
