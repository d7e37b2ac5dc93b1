"""Pixels to files: PNG, which loses nothing, JPEG, NumPy archives and FITS."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

QUALITY = 95
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB8 = bytes((8, 2, 0, 0, 0))  # bits, colour type, and the only compression, filter, interlace
_UP = 2  # the filter "difference to the line above"


def png(rgb: np.ndarray) -> bytes:
    """A PNG (ISO/IEC 15948), made for speed: one filter, isal's deflate where it is installed.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    bytes
    """
    height, width = rgb.shape[:2]
    lines = np.ascontiguousarray(rgb).reshape(height, -1)
    filtered = np.empty((height, 1 + lines.shape[1]), np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = lines[0]
    np.subtract(lines[1:], lines[:-1], out=filtered[1:, 1:])
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", struct.pack(">II", width, height) + _RGB8),
            _chunk(b"IDAT", _deflate(filtered.data)),
            _chunk(b"IEND", b""),
        )
    )


def jpeg(rgb: np.ndarray) -> bytes:
    """A JPEG of quality 95, colour at half the resolution as in SDSS's own.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    bytes
    """
    import simplejpeg

    return simplejpeg.encode_jpeg(np.ascontiguousarray(rgb), QUALITY, "RGB", "420")


def npz(rgb: np.ndarray) -> bytes:
    """A NumPy archive that holds a picture as ``rgb``.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    bytes
    """
    return arrays(rgb=rgb)


def arrays(**named) -> bytes:
    """A NumPy archive; equal arrays make equal bytes.

    Parameters
    ----------
    **named : array_like

    Returns
    -------
    bytes
    """
    out = io.BytesIO()
    held: dict[str, Any] = {name: np.asarray(value) for name, value in named.items()}
    np.savez(out, **held)
    return out.getvalue()


def fits_cube(cube: np.ndarray, cards: Mapping[str, float | str | bool]) -> bytes:
    """A FITS file with one image; equal arrays make equal bytes.

    Parameters
    ----------
    cube : ndarray of float32, shape (n, h, w)
        The southern row first.
    cards : mapping
        Of the header; the position of the pixels among them.

    Returns
    -------
    bytes
    """
    from astropy.io import fits

    hdu = fits.PrimaryHDU(np.asarray(cube, np.float32))
    hdu.header.update(cards)
    out = io.BytesIO()
    hdu.writeto(out)
    return out.getvalue()


WRITERS: dict[str, Callable[[np.ndarray], bytes]] = {"png": png, "jpg": jpeg, "npz": npz}
"""By the ending of the file."""


def _chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(body, zlib.crc32(kind))
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def _deflate(data: memoryview) -> bytes:
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib.compress(data, 1)
    return isal_zlib.compress(data, 1)
