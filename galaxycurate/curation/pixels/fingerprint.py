"""What is kept of a picture so that it can be found again without it: under 2 KB."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import cv2
import numpy as np

from galaxycurate.curation.pixels import marks, sources

VERSION = 3
"""Fingerprints of another version cannot be compared with these."""

BLOCKS = {"marks": marks.MARK, "sources": sources.SOURCE}
"""What is kept in rows, and of which type."""


@dataclass(frozen=True)
class Fingerprint:
    """Of one picture.

    Parameters
    ----------
    width, height : int
        [pixel].
    pixels : bytes
        Digest of the decoded picture and its size, 16 bytes.
    marks : ndarray of `marks.MARK`
        Noise and all, for pictures of the same exposure.
    sources : ndarray of `sources.SOURCE`
        Stars and galaxies, for pictures of another one.

    Notes
    -----
    Places are in pixels of the picture as it is `seen`: pictures of more than 1,000 pixels a side
    are looked at reduced.
    """

    width: int
    height: int
    pixels: bytes
    marks: np.ndarray
    sources: np.ndarray


def fingerprint(rgb: np.ndarray) -> Fingerprint:
    """The fingerprint of a picture, of any size and content.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    Fingerprint
        Without marks and sources where the picture is blank or tiny.
    """
    height, width = rgb.shape[:2]
    digest = hashlib.blake2b(np.ascontiguousarray(rgb).data, digest_size=16)
    digest.update(f"{width} x {height}".encode())
    size = marks.seen(width, height)
    if size != (width, height):
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    grey = marks.luminance(rgb)
    return Fingerprint(
        width, height, digest.digest(), marks.detect(grey), sources.detect(rgb, grey)
    )
