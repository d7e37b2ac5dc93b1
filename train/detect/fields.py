"""One field in g, r, i, read from its FITS frames by windows on the pixel grid of r."""

from __future__ import annotations

import bz2
import gzip
import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.errors import InputError
from train.detect.frames import BANDS, HINT, complete, field_name

if TYPE_CHECKING:
    from astropy.wcs import WCS

_UNPACKED = (".gz", ".bz2")  # no part of such a file can be read alone: it is unpacked in memory
_REACH_PX = 4  # that a window's interpolation looks beyond its border


@dataclass(frozen=True)
class Plane:
    """The frame of one band: its pixels, whole or by windows, and its WCS."""

    path: Path
    pixels: object
    shape: tuple[int, int]
    wcs: WCS
    header: object

    def window(self, top: int, bottom: int, left: int, right: int) -> np.ndarray:
        """Pixels as float32, the window cut where the frame ends."""
        rows, columns = slice(max(top, 0), max(bottom, 0)), slice(max(left, 0), max(right, 0))
        return np.asarray(self.pixels[rows, columns], np.float32)


class Field:
    """Three frames of one piece of sky.

    Rows count as in FITS, from the bottom; pixel (0, 0) is the middle of the first one. Use it in a
    ``with`` statement, or `close` it.

    Parameters
    ----------
    files : dict of str to Path
        A file for each of g, r, i.

    Attributes
    ----------
    name : str
        ``003918-3-0213`` of ``frame-r-003918-3-0213.fits.bz2``; else the r file's name.
    shape : (int, int)
    wcs : astropy.wcs.WCS
        Of r.
    pixscale : float
        [arcsec/pixel]
    simulated : bool
        Whether a header says so.

    Raises
    ------
    InputError
        A band is absent, not FITS, without WCS, of another size or another piece of sky.
    """

    def __init__(self, files: dict[str, Path]):
        from astropy.wcs.utils import proj_plane_pixel_scales

        complete(files)
        self._open: list = []
        try:
            self.planes = {band: self._plane(Path(files[band])) for band in BANDS}
            reference = self.planes["r"]
            self.name = field_name(reference.path)
            self.shape, self.wcs = reference.shape, reference.wcs
            self.pixscale = float(np.mean(proj_plane_pixel_scales(self.wcs.celestial))) * 3600
            self.simulated = bool(reference.header.get("SIMULATD", False))
            self._agree()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Field:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        for hdus in self._open:
            hdus.close()

    def window(self, top: int, bottom: int, left: int, right: int) -> np.ndarray:
        """Light of a window in the three bands.

        g and i are moved onto the pixels of r by their WCS (an affine map, bicubic).

        Parameters
        ----------
        top, bottom, left, right : int
            Rows and columns of r, as slices count them, inside the field.

        Returns
        -------
        ndarray of float32, shape (3, rows, columns)
            g, r, i in the frames' unit; NaN where r has no value, 0 where only another band has
            none.
        """
        r = self.planes["r"].window(top, bottom, left, right)
        g, i = (self._moved(band, top, bottom, left, right) for band in ("g", "i"))
        return np.stack([g, r, i])

    def whole(self) -> np.ndarray:
        """The window that is the field."""
        return self.window(0, self.shape[0], 0, self.shape[1])

    def sky(self, x, y) -> tuple[np.ndarray, np.ndarray]:
        """ICRS right ascension and declination [deg] of pixels of r."""
        ra, dec = self.wcs.all_pix2world(np.atleast_1d(x), np.atleast_1d(y), 0)
        return ra, dec

    def pixel(self, ra, dec) -> tuple[np.ndarray, np.ndarray]:
        """Pixels of r of sky positions [deg]; NaN on the other side of the sky."""
        ra, dec = np.atleast_1d(np.asarray(ra, float)), np.atleast_1d(np.asarray(dec, float))
        crval_ra, crval_dec = np.radians(self.wcs.wcs.crval)
        towards = np.sin(crval_dec) * np.sin(np.radians(dec)) + np.cos(crval_dec) * np.cos(
            np.radians(dec)
        ) * np.cos(np.radians(ra) - crval_ra)
        x, y = np.full(ra.shape, np.nan), np.full(ra.shape, np.nan)
        near = towards > 0.5  # a tangent plane ends at 90 degrees
        if near.any():
            x[near], y[near] = self.wcs.all_world2pix(ra[near], dec[near], 0, quiet=True)
        return x, y

    def _plane(self, path: Path) -> Plane:
        from astropy.io import fits
        from astropy.wcs import WCS, FITSFixedWarning

        try:
            hdus = fits.open(_unpacked(path))
            self._open.append(hdus)
            hdu = next(h for h in hdus if h.is_image and len(h.shape) == 2)
            pixels = hdu.data if path.suffix in _UNPACKED else hdu.section
        except FileNotFoundError as error:
            raise InputError(f"no such frame: {path}", hint="check the name") from error
        except StopIteration as error:
            raise InputError(f"{path} holds no image of two axes", hint=HINT) from error
        except (OSError, EOFError, ValueError, TypeError) as error:
            raise InputError(f"{path} is no FITS file, or a damaged one", hint=HINT) from error
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FITSFixedWarning)
            wcs = WCS(hdu.header)
        if not wcs.has_celestial:
            raise InputError(
                f"{path} has no WCS: its header names no RA and DEC axes",
                hint="solve the frame first, for instance with astrometry.net",
            )
        return Plane(path, pixels, tuple(hdu.shape), wcs, hdu.header)

    def _agree(self) -> None:
        for band in ("g", "i"):
            plane = self.planes[band]
            if plane.shape != self.shape:
                raise InputError(
                    f"{plane.path.name} is {_size(plane.shape)}, "
                    f"{self.planes['r'].path.name} is {_size(self.shape)}",
                    hint="give three frames of one field",
                )
            middle = np.array([[self.shape[1] / 2], [self.shape[0] / 2]])
            there = np.array(self._to_band(band, *middle))
            if not (np.abs(there - middle) < np.array([self.shape[::-1]]).T / 2).all():
                raise InputError(
                    f"{plane.path.name} shows another piece of sky than "
                    f"{self.planes['r'].path.name}",
                    hint="give three frames of one field",
                )

    def _to_band(self, band: str, x, y):
        ra, dec = self.wcs.all_pix2world(x, y, 0)
        return self.planes[band].wcs.all_world2pix(ra, dec, 0, quiet=True)

    def _moved(self, band: str, top: int, bottom: int, left: int, right: int) -> np.ndarray:
        import cv2

        height, width = bottom - top, right - left
        corners = np.array([[0, 0], [width, 0], [0, height]], float)
        x, y = self._to_band(band, corners[:, 0] + left, corners[:, 1] + top)
        far_x, far_y = x[1] + x[2] - x[0], y[1] + y[2] - y[0]
        x0 = int(np.floor(min(*x, far_x))) - _REACH_PX
        y0 = int(np.floor(min(*y, far_y))) - _REACH_PX
        x0, y0 = max(x0, 0), max(y0, 0)
        x1 = int(np.ceil(max(*x, far_x))) + _REACH_PX
        y1 = int(np.ceil(max(*y, far_y))) + _REACH_PX
        part = np.nan_to_num(self.planes[band].window(y0, y1, x0, x1), posinf=0.0, neginf=0.0)
        if not part.size:
            return np.zeros((height, width), np.float32)
        there = np.stack([x - x0, y - y0], axis=1)
        move = cv2.getAffineTransform(corners.astype(np.float32), there.astype(np.float32))
        how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(part, move, (width, height), flags=how, borderMode=cv2.BORDER_REFLECT)


def _unpacked(path: Path):
    """What astropy opens: .gz and .bz2 unpacked in memory, for it seeks in them to and fro."""
    if path.suffix not in _UNPACKED:
        return path
    with (gzip.open if path.suffix == ".gz" else bz2.open)(path) as file:
        return BytesIO(file.read())


def _size(shape: tuple[int, int]) -> str:
    return f"{shape[1]} x {shape[0]} pixels"
