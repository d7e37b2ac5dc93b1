"""Is this body the picture that was asked for? A status of 200 does not say so."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.core.outcome import Reason
from galaxycurate.core.pixels import BLOCK_PX, MAX_ZERO_BLOCKS, flaw
from galaxycurate.errors import first_line

if TYPE_CHECKING:
    import numpy as np

JPEG_MARK = b"\xff\xd8\xff"
FORMS = ("JPEG", "PNG", "GIF", "TIFF", "BMP", "WEBP")
"""What is read: no form of which the reader starts other programs."""

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


def examine(body: bytes, size_px: int | None = None, *, is_jpeg: bool = False) -> Checked:
    """Decode an image, as far as it takes to judge it.

    Parameters
    ----------
    body : bytes
        In one of `FORMS`.
    size_px : int, optional
        The side it must have.
    is_jpeg : bool
        Whether it must be a JPEG of the usual colours: anything else is a flaw.

    Returns
    -------
    Checked
    """
    return _examine(body, size_px, is_jpeg, is_whole=False)[0]


def look(body: bytes, size_px: int | None = None) -> tuple[Checked, np.ndarray | None]:
    """Examine an image and keep what was seen.

    Parameters
    ----------
    body : bytes
        In one of `FORMS`.
    size_px : int, optional
        The side it must have.

    Returns
    -------
    Checked
    ndarray of uint8, shape (h, w, 3), or None
        The pixels, where they could be read.
    """
    return _examine(body, size_px, is_jpeg=False, is_whole=True)


def _examine(
    body: bytes, size_px: int | None, is_jpeg: bool, is_whole: bool
) -> tuple[Checked, np.ndarray | None]:
    width, height, rgb = 0, 0, None
    try:
        picture = _opened(body)
        width, height = picture.width, picture.height
        found = _wrong_size(width, height, size_px)
        if is_jpeg and picture.form != "JPEG":
            found = Reason.NOT_IMAGE, f"{picture.form} instead of JPEG"
        elif found is None and (is_whole or not picture.is_surely_sky()):
            rgb = picture.pixels()
            found = flaw(rgb)
    except _NoPicture as bad:
        found = (bad.args[0], bad.args[1])
    sha256 = hashlib.sha256(body).hexdigest()
    return Checked(sha256, len(body), width, height, found), rgb


def pixels(body: bytes) -> np.ndarray:
    """The pixels of a body that was examined; uint8, shape (h, w, 3)."""
    return _opened(body).pixels()


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
    - Where the values of R lie within 3 of each other, those of G and those of B, so do those of Y,
      but for rounding, and its means.

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


class _Jpeg:
    """A JPEG of which the head was read; libjpeg's warnings (a cut or overwritten body) count."""

    form = "JPEG"

    def __init__(self, body: bytes, width: int, height: int, colours: str):
        self.width, self.height = width, height
        self._body, self._colours = body, colours

    def is_surely_sky(self) -> bool:
        return self._colours in _GREY_FIRST and is_surely_sky(self._body, self.width, self.height)

    def pixels(self) -> np.ndarray:
        import simplejpeg

        try:
            return simplejpeg.decode_jpeg(self._body, strict=True)
        except ValueError as error:
            raise _NoPicture(Reason.TRUNCATED, first_line(error)) from None


class _Other:
    """What only Pillow reads; the head tells the size before anything is decoded."""

    def __init__(self, body: bytes):
        from PIL import Image, UnidentifiedImageError

        try:
            self._image = Image.open(io.BytesIO(body), formats=FORMS)
        except UnidentifiedImageError:
            raise _NoPicture(Reason.NOT_IMAGE, _sniff(body)) from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise _NoPicture(Reason.WRONG_SIZE, first_line(error)) from None
        except Exception as error:  # Pillow's readers raise OSError, SyntaxError, EOFError, ...
            raise _NoPicture(Reason.TRUNCATED, first_line(error)) from None
        self.width, self.height = self._image.size
        self.form = f"{self._image.format} ({self._image.mode})"

    def is_surely_sky(self) -> bool:
        return False

    def pixels(self) -> np.ndarray:
        import numpy as np

        try:
            with self._image as image:
                return np.asarray(image.convert("RGB"))
        except Exception as error:
            raise _NoPicture(Reason.TRUNCATED, first_line(error)) from None


def _opened(body: bytes) -> _Jpeg | _Other:
    import simplejpeg

    if not body.startswith(JPEG_MARK):
        return _Other(body)
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(body)
    except ValueError as error:
        raise _NoPicture(Reason.TRUNCATED, first_line(error)) from None
    return _Other(body) if colours in _WIDE_COLOURS else _Jpeg(body, width, height, colours)


def _sniff(body: bytes) -> str:
    """What the body is instead: the first words of an error page are the best message."""
    if not body:
        return "empty"
    head = body[:80].decode("latin-1")
    if head.lstrip()[:1] in ("<", "{", "["):
        return "text: " + " ".join(head.split())
    return f"starts with {body[:8].hex(' ')}"
