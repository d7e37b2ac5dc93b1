"""Any image file to 8-bit colour: what is compared and audited, decoded once."""

from __future__ import annotations

import io
import threading
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.core.colour import lupton_irg
from galaxycurate.errors import GalaxyCurateError, first_line
from galaxycurate.imagery.check import FORMS, JPEG_MARK

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 200_000_000
"""More is not decoded: a few bytes of file can ask for gigabytes of memory."""

_FITS_MARK, _ZIP_MARK = b"SIMPLE  =", b"PK\x03\x04"
_MARKS = {b"\x89PNG": "PNG", b"II*\0": "TIFF", b"MM\0*": "TIFF", b"GIF8": "GIF", b"BM": "BMP",
          b"RIFF": "WebP"}  # fmt: skip
_TOLD = 40  # characters of a text that is no picture
_WIDE_COLOURS = ("CMYK", "YCCK")  # libjpeg-turbo makes no RGB of them
_OPENING = threading.Lock()  # Pillow's limit belongs to the whole process
_SOFTENING = 3.0
"""Of the stretch of fluxes whose scale is unknown, in standard deviations of the sky."""


class Unreadable(GalaxyCurateError):
    """No picture can be made of these bytes; the text says why."""


def decode(body: bytes) -> np.ndarray:
    """The picture in a file.

    Parameters
    ----------
    body : bytes
        JPEG, PNG, GIF, TIFF, BMP or WebP of any mode; a FITS image or cube; a NumPy archive that
        holds ``rgb``, or else an image.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        North up where the file says so. Deeper integers keep their highest bits; fluxes in
        nanomaggies are stretched as the survey's own colour pictures, others by an asinh.

    Raises
    ------
    Unreadable
        It is cut, empty, too large, or something else altogether.
    MemoryError
        There is not enough for it now.
    """
    try:
        rgb = _reader(body)(body)
    except (Unreadable, MemoryError):
        raise
    except Exception as error:  # decoders raise OSError, ValueError, SyntaxError, KeyError, ...
        raise Unreadable(first_line(error)) from None
    return np.ascontiguousarray(rgb)


@dataclass(frozen=True)
class Head:
    """What the first bytes of a file tell: its form, and how many pixels it has (0: unknown)."""

    form: str
    n_pixels: int = 0


def head_of(body: bytes) -> Head:
    """Form and size of a picture before anything is decoded.

    Parameters
    ----------
    body : bytes

    Returns
    -------
    Head
    """
    from PIL import Image

    if body.startswith(_FITS_MARK):
        return Head("FITS", len(body) // 4)
    if body.startswith(_ZIP_MARK):
        return Head("NumPy", _unpacked(body))
    try:
        with _opened(body) as image:
            wide = f" {image.mode}" if image.mode in _WIDE_COLOURS else ""
            return Head(f"{image.format}{wide}", image.width * image.height)
    except (Unreadable, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        return Head("")


def _unpacked(body: bytes) -> int:
    """Bytes of an archive's members together."""
    with suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(body)) as archive:
        return sum(member.file_size for member in archive.infolist())
    return 0


def _reader(body: bytes):
    if not body:
        raise Unreadable("the file is empty")
    if body.startswith(JPEG_MARK):
        return _jpeg
    if body.startswith(_FITS_MARK):
        return _fits
    return _npz if body.startswith(_ZIP_MARK) else _other


def _jpeg(body: bytes) -> np.ndarray:
    import simplejpeg

    height, width, colours, _ = simplejpeg.decode_jpeg_header(body)
    _check_size(width, height)
    if colours in _WIDE_COLOURS:
        return _other(body)
    return simplejpeg.decode_jpeg(body, strict=True)


def _other(body: bytes) -> np.ndarray:
    with _opened(body) as image:
        _check_size(*image.size)
        if image.mode.startswith(("I", "F")):
            return to_rgb(np.asarray(image))
        return np.asarray(image.convert("RGB"))


def _opened(body: bytes) -> Image.Image:
    """Its head, by Pillow."""
    from PIL import Image, UnidentifiedImageError

    with _OPENING:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # ours is what counts
        try:
            return Image.open(io.BytesIO(body), formats=FORMS)
        except UnidentifiedImageError:
            raise Unreadable(_words(body)) from None
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _words(body: bytes) -> str:
    """What a file that is no picture is, as far as its first bytes tell."""
    for mark, form in _MARKS.items():
        if body.startswith(mark):
            return f"a damaged {form} file"
    start = body[:_TOLD].decode("ascii", "replace").split("\n")[0].strip()
    if start.isprintable() and start.isascii() and len(start) > 3:
        return f"no picture but text: {start}"
    return f"no picture: it starts with {body[:8].hex(' ')}"


def _npz(body: bytes) -> np.ndarray:
    with np.load(io.BytesIO(body)) as held:
        if "rgb" in held:
            return to_rgb(held["rgb"])
        if "flux" in held:
            return _of_planes(held["flux"], is_calibrated=True)
        found = (held[name] for name in held.files)
        return to_rgb(next(array for array in found if array.ndim in (2, 3)))


def _fits(body: bytes) -> np.ndarray:
    from astropy.io import fits

    with fits.open(io.BytesIO(body), memmap=False) as hdus:
        hdu = next((h for h in hdus if h.is_image and h.header.get("NAXIS", 0) > 1), None)
        if hdu is None:
            raise Unreadable("there is no image in the FITS file")
        _check_size(hdu.header["NAXIS1"], hdu.header["NAXIS2"])
        planes = np.asarray(hdu.data, np.float32)
        is_calibrated = str(hdu.header.get("BUNIT", "")).strip().lower() == "nanomaggy"
    planes = planes.reshape(-1, *planes.shape[-2:])[:, ::-1]  # the southern row is the first
    return _of_planes(planes, is_calibrated=is_calibrated)


def _of_planes(planes: np.ndarray, *, is_calibrated: bool) -> np.ndarray:
    if is_calibrated and len(planes) == 3:
        return lupton_irg(*np.nan_to_num(planes))
    shown = planes[:3] if len(planes) >= 3 else planes[:1]
    return to_rgb(np.moveaxis(shown, 0, -1).astype(np.float32))


def to_rgb(array: np.ndarray) -> np.ndarray:
    """Numbers of any kind as 8-bit colour.

    Parameters
    ----------
    array : ndarray, shape (h, w), (h, w, n) or (n, h, w)
        Whole numbers keep the highest 8 of the bits that are in use, so that brightness is only
        scaled; fractions are stretched by an asinh above the sky's level.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
    """
    array = np.asarray(array)
    if array.ndim == 3 and array.shape[0] in (1, 3, 4) and array.shape[2] not in (1, 3, 4):
        array = np.moveaxis(array, 0, -1)
    array = array[..., None] if array.ndim == 2 else array
    array = array[..., :3] if array.shape[2] >= 3 else array[..., :1]
    _check_size(array.shape[1], array.shape[0])
    if array.dtype != np.uint8:
        array = _whole(array) if array.dtype.kind in "iub" else _stretched(array)
    return np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array


def _whole(array: np.ndarray) -> np.ndarray:
    low = min(0, int(array.min()))
    bits = max(8, (int(array.max()) - low).bit_length())
    return ((array.astype(np.int64) - low) >> (bits - 8)).astype(np.uint8)


def _stretched(array: np.ndarray) -> np.ndarray:
    known = np.isfinite(array)
    if not known.any():
        raise Unreadable("no pixel has a value")
    sky = float(np.median(array[known]))
    noise = 1.4826 * float(np.median(np.abs(array[known] - sky)))
    above = np.where(known, array - sky, 0) / (_SOFTENING * noise or 1.0)
    top = np.arcsinh(max(float(above.max()), 30.0))
    return np.clip(40 + 215 * np.arcsinh(above) / top, 0, 255).astype(np.uint8)


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise Unreadable(f"{width} x {height} px is more than {MAX_PIXELS / 1e6:.0f} million")
    if not width * height:
        raise Unreadable("it has no pixels")
