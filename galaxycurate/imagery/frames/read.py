"""Files of the Science Archive Server to planes, and a word for those that are broken."""

from __future__ import annotations

import bz2
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.core.outcome import Reason
from galaxycurate.core.projection import pixscale_of, projection
from galaxycurate.core.sas import Where
from galaxycurate.errors import first_line
from galaxycurate.imagery.check import JPEG_MARK
from galaxycurate.imagery.frames.field import Plane

if TYPE_CHECKING:
    from astropy.io import fits

JPEG_RIM_PX = 12
"""Of a field's JPEG: bands are laid on r, so that one or two of them lack in its last 8 to 12 rows
and in up to 5 outer columns (measured on three fields)."""

_MOST_BYTES = 1 << 26  # a frame is 12.6 MB; a few bytes of bzip2 can ask for gigabytes
_CARD, _BLOCK, _MOST_CARDS = 80, 2880, 3600


class Damaged(Exception):
    """A file is not what it should be; its arguments are a Reason and a text. May heal."""


def read_frame(body: bytes, where: Where, band: str) -> Plane:
    """A calibrated frame.

    Parameters
    ----------
    body : bytes
        The bzip2 file.
    where : tuple of int
        Run, camcol and field that were asked for.
    band : str

    Returns
    -------
    Plane
        [nanomaggy]; what is not finite is 0.

    Raises
    ------
    Damaged
        It is cut short, or another file.
    """
    data = _unpacked(body, whole=True)
    header, start = _header(data, where, band)
    shape = header.get("NAXIS2", 0), header.get("NAXIS1", 0)
    if header.get("BITPIX") != -32 or header.get("NAXIS") != 2 or min(shape) < 2:
        raise Damaged(Reason.NOT_IMAGE, "no image of 32-bit floats")
    if len(data) < start + 4 * shape[0] * shape[1]:
        raise Damaged(Reason.TRUNCATED, f"{len(data):,} bytes hold no {shape[1]} x {shape[0]} px")
    flux = np.frombuffer(data, ">f4", shape[0] * shape[1], start).reshape(shape)
    flux = np.nan_to_num(flux.astype(np.float32), copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return Plane(flux, projection(header), pixscale_of(header))


def read_head(start: bytes, where: Where, band: str = "r") -> fits.Header:
    """The header of a frame from the first part of its file.

    Raises
    ------
    Damaged
        There is too little of it, or it is another file.
    """
    return _header(_unpacked(start, whole=False), where, band)[0]


def read_jpeg(body: bytes, header: fits.Header) -> tuple[Plane, Plane, Plane]:
    """The colour picture of a field, which lies upside down on the pixels of its r frame.

    Parameters
    ----------
    body : bytes
        JPEG.
    header : astropy.io.fits.Header
        Of the r frame.

    Returns
    -------
    tuple of Plane
        Red, green, blue; uint8.

    Raises
    ------
    Damaged
        It is cut short, no JPEG, or of another size than the frame.
    """
    import simplejpeg

    if not body.startswith(JPEG_MARK):
        raise Damaged(Reason.NOT_IMAGE, f"starts with {body[:8].hex(' ')}" if body else "empty")
    try:
        rgb = simplejpeg.decode_jpeg(body, strict=True)[::-1]
    except ValueError as error:
        raise Damaged(Reason.TRUNCATED, first_line(error)) from None
    shape = header["NAXIS2"], header["NAXIS1"]
    if rgb.shape[:2] != shape:
        got = f"{rgb.shape[1]} x {rgb.shape[0]} px"
        raise Damaged(Reason.WRONG_SIZE, f"{got} instead of {shape[1]} x {shape[0]} px")
    to_pixel, scale = projection(header), pixscale_of(header)
    red, green, blue = (Plane(rgb[..., k], to_pixel, scale, JPEG_RIM_PX) for k in range(3))
    return red, green, blue


def _unpacked(body: bytes, *, whole: bool) -> bytes:
    stream = bz2.BZ2Decompressor()
    try:
        data = stream.decompress(body, _MOST_BYTES)
    except (OSError, ValueError, EOFError) as error:
        kind = Reason.TRUNCATED if body.startswith(b"BZh") else Reason.NOT_IMAGE
        raise Damaged(kind, f"no bzip2 file: {first_line(error)}") from None
    if whole and not stream.eof:
        raise Damaged(Reason.TRUNCATED, "the bzip2 file ends early")
    return data


def _header(data: bytes, where: Where, band: str) -> tuple[fits.Header, int]:
    """The first header, and where the pixels begin; it must be of the frame that was asked for."""
    from astropy.io import fits

    end = _end_card(data)
    try:
        header = fits.Header.fromstring(data[:end].decode("ascii"))
        told = [header.get(name) for name in ("RUN", "CAMCOL", "FILTER")]
        projection(header)
    except (KeyError, ValueError, TypeError, fits.VerifyError, np.linalg.LinAlgError) as error:
        raise Damaged(Reason.TRUNCATED, f"no header of a frame: {first_line(error)}") from None
    for got, wanted in zip(told, (*where[:2], band), strict=True):
        if got is not None and str(got).strip() != str(wanted):
            raise Damaged(Reason.NOT_IMAGE, f"the header is of another frame ({got}, not {wanted})")
    return header, -(-(end + _CARD) // _BLOCK) * _BLOCK


def _end_card(data: bytes) -> int:
    """Where the last card of the first header begins (FITS standard 4.0, 4.4.1)."""
    for start in range(0, min(len(data), _CARD * _MOST_CARDS), _CARD):
        if data[start : start + _CARD] == b"END".ljust(_CARD):
            return start
    raise Damaged(Reason.TRUNCATED, "no header of a frame")
