"""Tangent planes: from a picture's pixels to the sky, and from the sky to a frame's pixels.

Two planes that touch the sphere are related by one projective map, so that a 3 x 3 matrix and a
division tell for each pixel of a picture where it lies on a frame. Pixels count from 0 at the
centre of the first one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

TAN_CARDS = (
    "CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2",
)  # fmt: skip
"""The cards of a FITS header that `projection` reads."""


def tangent_basis(ra: float, dec: float) -> np.ndarray:
    """East, north and outward unit vectors at a position [deg], as rows of a (3, 3) array."""
    a, d = np.radians(ra), np.radians(dec)
    return np.array(
        [
            [-np.sin(a), np.cos(a), 0.0],
            [-np.sin(d) * np.cos(a), -np.sin(d) * np.sin(a), np.cos(d)],
            [np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)],
        ]
    )


def projection(header: Mapping) -> np.ndarray:
    """The TAN projection of a FITS header as one matrix.

    Parameters
    ----------
    header : mapping
        With `TAN_CARDS`.

    Returns
    -------
    ndarray of float64, shape (3, 3)
        Unit vector, as a column, to homogeneous pixels ``(x w, y w, w)``.
    """
    plane_to_pixel = np.eye(3)
    plane_to_pixel[:2, :2] = np.degrees(np.linalg.inv(_cd(header)))
    plane_to_pixel[:2, 2] = header["CRPIX1"] - 1, header["CRPIX2"] - 1
    return plane_to_pixel @ tangent_basis(header["CRVAL1"], header["CRVAL2"])


def pixscale_of(header: Mapping) -> float:
    """The side of a pixel in the middle of an image: the root of its area [arcsec]."""
    return 3600 * float(np.sqrt(abs(np.linalg.det(_cd(header)))))


@dataclass(frozen=True)
class Grid:
    """The pixels of a picture: north up, east left, on the tangent plane at its centre.

    ``ra``, ``dec`` [deg, ICRS] are of the centre, which is the middle of the picture and so between
    four pixels where the size is even; ``pixscale`` is [arcsec/pixel].
    """

    ra: float
    dec: float
    pixscale: float
    width: int
    height: int

    @property
    def to_sky(self) -> np.ndarray:
        """Matrix from ``(column, row, 1)``, rows from the top, to a direction; not normalised."""
        step = np.radians(self.pixscale / 3600)
        to_plane = np.array(
            [
                [-step, 0.0, step * (self.width - 1) / 2],
                [0.0, -step, step * (self.height - 1) / 2],
                [0.0, 0.0, 1.0],
            ]
        )
        return tangent_basis(self.ra, self.dec).T @ to_plane

    def cards(self, *, rows_up: bool) -> dict[str, float | str]:
        """The same as cards of a FITS header.

        Parameters
        ----------
        rows_up : bool
            Whether the first row is the southern one, as in FITS files; otherwise the northern
            one, as in pictures.
        """
        step = self.pixscale / 3600
        return {
            "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CUNIT1": "deg", "CUNIT2": "deg",
            "CRPIX1": (self.width + 1) / 2, "CRPIX2": (self.height + 1) / 2,
            "CRVAL1": self.ra, "CRVAL2": self.dec,
            "CD1_1": -step, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": step if rows_up else -step,
        }  # fmt: skip


def project(
    matrix: np.ndarray, rows: np.ndarray, cols: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Apply a projective map to a grid of pixels.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        Of ``(column, row, 1)``.
    rows, cols : ndarray of float, shapes (h,) and (w,)

    Returns
    -------
    x, y : ndarray of float64, shape (h, w)
        NaN on the other half of the sky.
    """
    y, x = np.asarray(rows, float)[:, None], np.asarray(cols, float)[None, :]
    u, v, w = (m[0] * x + m[1] * y + m[2] for m in matrix)
    w = np.where(w > 0, w, np.nan)
    return u / w, v / w


def _cd(header: Mapping) -> np.ndarray:
    return np.array([[header["CD1_1"], header["CD1_2"]], [header["CD2_1"], header["CD2_2"]]])
