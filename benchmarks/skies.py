"""Real sky without its galaxies, for `benchmarks/contamination.py`.

Calibrated frames of three fields, whose galaxies are *erased* (their pixels replaced by sky of the
same frame), for no window of 101" is free of galaxies to r = 22. Which sources are galaxies the
lists beside the frames tell.
"""

from __future__ import annotations

import bz2
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import sep
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning
from scipy.ndimage import find_objects
from scipy.spatial import cKDTree

SIZE = 256
REACH = 10  # [pixel] that a galaxy's centre may lie outside of its window
PIXSCALE = 0.396
FIELDS = {"3918": (3918, 3, 213), "4510": (4510, 4, 30), "5405": (5405, 6, 99)}

cv2.setNumThreads(1)  # its threads do not survive the fork of a worker


@dataclass
class Field:
    """Sky to cut windows from.

    Parameters
    ----------
    name : str
    flux : ndarray of float32, shape (3, h, w)
        g, r, i [nanomaggy], the first row on top, galaxies erased.
    psf : ndarray of float64, shape (3, n, n)
        Point spreads of the bands.
    forbidden : ndarray of bool, shape (h, w)
        What could not be erased.
    """

    name: str
    flux: np.ndarray
    psf: np.ndarray
    forbidden: np.ndarray
    whole: np.ndarray = field(repr=False, default_factory=lambda: np.empty(0))

    def window(self, rng) -> np.ndarray:
        """A random window, turned and mirrored at random, with `REACH` more on each side."""
        side = SIZE + 2 * REACH
        for _ in range(1000):
            y, x = (int(rng.integers(0, n - side)) for n in self.flux.shape[1:])
            if not self.forbidden[y : y + side, x : x + side].any():
                break
        return turned(self.flux[:, y : y + side, x : x + side], int(rng.integers(8))).copy()


def turned(cube: np.ndarray, how: int) -> np.ndarray:
    """One of the eight ways to lay a square."""
    cube = np.rot90(cube, how % 4, axes=(1, 2))
    return cube[:, :, ::-1] if how >= 4 else cube


def paste(flux: np.ndarray, light: np.ndarray, left: int, top: int) -> None:
    """Add a small cube to a large one, whatever lies within."""
    h, w = light.shape[1:]
    rows = slice(max(top, 0), min(top + h, flux.shape[1]))
    cols = slice(max(left, 0), min(left + w, flux.shape[2]))
    if rows.start < rows.stop and cols.start < cols.stop:
        part = light[:, rows.start - top : rows.stop - top, cols.start - left : cols.stop - left]
        flux[:, rows, cols] += part


def read(data: Path, key: str) -> np.ndarray:
    """The frames of a field on the pixels of r, upside down as pictures are."""
    run, camcol, number = FIELDS[key]
    bands, grids = [], []
    for band in "gri":
        path = data / f"sdss/frames/frame-{band}-{run:06d}-{camcol}-{number:04d}.fits.bz2"
        with warnings.catch_warnings(), bz2.open(path) as file, fits.open(file) as hdus:
            warnings.simplefilter("ignore", FITSFixedWarning)
            bands.append(hdus[0].data.astype(np.float32))
            grids.append(WCS(hdus[0].header))
    h, w = bands[1].shape
    corners = np.array([[0, 0], [w - 1, 0], [0, h - 1]], float)
    sky = grids[1].all_pix2world(corners, 0)
    for k in (0, 2):
        there = grids[k].all_world2pix(sky, 0)
        move = cv2.getAffineTransform(corners.astype(np.float32), there.astype(np.float32))
        how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        bands[k] = cv2.warpAffine(bands[k], move, (w, h), flags=how, borderMode=cv2.BORDER_REFLECT)
    return np.ascontiguousarray(np.stack(bands)[:, ::-1])


def listed(data: Path, key: str, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions (x, y) of the galaxies and of the stars that catalogues have of a field."""
    folder = data / "sdss/catalogs"
    none = np.empty((0, 2))
    if key == "3918":
        told = [
            np.loadtxt(folder / f"003918-3-0213_{kind}.csv", delimiter=",")
            for kind in ("gals", "stars")
        ]
        galaxies, stars = (np.c_[t[:, 0], height - 1 - t[:, 1]] for t in told)
        return galaxies, stars
    if key == "4510":
        with fits.open(folder / "calibObj-004510-4-star.fits.gz") as hdus:
            rows = hdus[1].data
            rows = rows[rows["FIELD"] == 30]
            x, y = rows["COLC"][:, 2] - 0.5, rows["ROWC"][:, 2] - 0.5
        return none, np.c_[x, height - 1 - y].astype(float)
    return none, none


def real_field(data: Path, key: str) -> Field:
    """A field whose galaxies are erased; of the crowded one, where blends abound, none are."""
    whole = read(data, key)
    deep = np.ascontiguousarray(
        (whole / np.array([m.std() for m in _clipped(whole)])[:, None, None]).mean(axis=0)
    )
    found, segments = _sources(deep)
    galaxies, stars = listed(data, key, whole.shape[1])
    psf = _point_spread(whole, found, stars)
    flux, forbidden = whole.copy(), np.zeros(deep.shape, bool)
    if key != "5405":
        erased = _erasable(found, segments, galaxies, stars)
        forbidden = _erase(flux, segments, erased)
    return Field(key, flux, psf, forbidden, whole)


def _clipped(cube):
    return [band[np.abs(band - np.median(band)) < 5 * 1.48 * _mad(band)] for band in cube]


def _mad(band) -> float:
    return float(np.median(np.abs(band - np.median(band))))


def _sources(deep: np.ndarray):
    sep.set_extract_pixstack(3_000_000)
    light = deep - sep.Background(deep, bw=128, bh=128).back()
    return sep.extract(
        light, 1.2, err=1.4826 * _mad(light), minarea=5, segmentation_map=True, deblend_cont=0.001
    )


def _near(found, places: np.ndarray, reach: float) -> np.ndarray:
    if not len(places):
        return np.zeros(len(found), bool)
    return cKDTree(places).query(np.c_[found["x"], found["y"]])[0] < reach


def _erasable(found, segments, galaxies, stars) -> np.ndarray:
    """Rows of listed galaxies, and of what no list knows and is wider than a star."""
    size = np.sqrt(found["a"] * found["b"])
    spread = found["flux"] / found["peak"]
    star = _near(found, stars, 3.0)
    wide = spread > 3 * np.median(spread[star])  # a galaxy whose nucleus is listed as a star
    star &= ~(wide & (found["peak"] < 1000))
    stellar = np.median(size[star & (found["peak"] > 3) & (found["peak"] < 100)])
    unknown = ~star & ((size > 1.15 * stellar) | (found["flux"] > 60))
    bright = star & (found["npix"] > 400)
    reach = 3 * np.sqrt(found["npix"] / np.pi)
    gap = np.hypot(
        found["x"][:, None] - found["x"][bright], found["y"][:, None] - found["y"][bright]
    )
    fragments = (gap < reach[bright]).any(axis=1)  # of spikes and halos: they stay
    return np.flatnonzero((_near(found, galaxies, 3.5) | (unknown & ~fragments)) & ~bright)


def _erase(flux: np.ndarray, segments: np.ndarray, rows) -> np.ndarray:
    """Lay sky of the same frame over sources; returns the mask of those that had to stay."""
    rng = np.random.default_rng(0)
    busy = cv2.dilate((segments > 0).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    forbidden = np.zeros_like(busy)
    boxes = _boxes(segments)
    for row in rows:
        y0, y1, x0, x1 = boxes[row + 1]
        grow = 6 + int(0.15 * max(y1 - y0, x1 - x0))
        y0, x0 = max(y0 - grow, 0), max(x0 - grow, 0)
        y1, x1 = min(y1 + grow, busy.shape[0]), min(x1 + grow, busy.shape[1])
        own = (segments[y0:y1, x0:x1] == row + 1).astype(np.uint8)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grow - 1,) * 2)
        hole = cv2.dilate(own, disc) > 0
        hole &= (segments[y0:y1, x0:x1] == 0) | (own > 0)
        for _ in range(400):
            y = int(rng.integers(0, busy.shape[0] - (y1 - y0)))
            x = int(rng.integers(0, busy.shape[1] - (x1 - x0)))
            if not (busy[y : y + y1 - y0, x : x + x1 - x0] & hole).any():
                patch = flux[:, y : y + y1 - y0, x : x + x1 - x0].copy()
                flux[:, y0:y1, x0:x1] = np.where(hole, patch, flux[:, y0:y1, x0:x1])
                break
        else:
            forbidden[y0:y1, x0:x1] |= hole
    return forbidden


def _boxes(segments: np.ndarray) -> dict[int, tuple[int, int, int, int]]:
    return {
        k + 1: (s[0].start, s[0].stop, s[1].start, s[1].stop)
        for k, s in enumerate(find_objects(segments)) if s is not None
    }  # fmt: skip


def _point_spread(cube, found, stars, half: int = 15) -> np.ndarray:
    """Median of the isolated stars of each band; of the most compact sources without a list."""
    size = np.sqrt(found["a"] * found["b"])
    good = (found["peak"] > 8) & (found["peak"] < 150) & (found["a"] < 1.3 * found["b"])
    if len(stars):
        good &= _near(found, stars, 3.0)
    good &= size < 1.2 * np.median(size[good])
    places = np.c_[found["x"], found["y"]]
    gap = cKDTree(places).query(places[good], k=2)[0][:, 1]
    order = np.flatnonzero(good)[np.argsort(-gap)][:60]
    out = []
    for band in cube:
        stack = []
        for k in order:
            centre = (float(found["x"][k]), float(found["y"][k]))
            cut = cv2.getRectSubPix(np.ascontiguousarray(band), (2 * half + 1,) * 2, centre)
            cut = cut - np.median(np.r_[cut[0], cut[-1], cut[:, 0], cut[:, -1]])
            stack.append(cut / max(cut[half - 6 : half + 7, half - 6 : half + 7].sum(), 1e-3))
        psf = np.maximum(np.median(stack, axis=0), 0).astype(float)
        out.append(psf / psf.sum())
    return np.stack(out)
