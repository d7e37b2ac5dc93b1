"""Windows of sky with and without one more galaxy, for `benchmarks/contamination.py`.

Empty sky is real where it can be: calibrated frames of three fields, whose galaxies are *erased*
(their pixels replaced by sky of the same frame), for no window of 101" is free of galaxies to
r = 22. Which sources are galaxies the lists beside the frames tell. Galaxies that are pasted in
are real ones of Galaxy Zoo, scaled, or smooth ones of GalSim; both are seen through the point
spread of the field. Everything goes through the survey's colour stretch and a JPEG of quality 75.
Windows of a fourth kind are simulated throughout, to see other seeings.
"""

from __future__ import annotations

import bz2
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import galsim
import numpy as np
import sep
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning
from scipy.ndimage import find_objects
from scipy.spatial import cKDTree

from galaxycurate.core.colour import SCALES_IRG, lupton_irg
from galaxycurate.curation.light.flux import planes

SIZE = 256
REACH = 10  # [pixel] that a galaxy's centre may lie outside of its window
PIXSCALE = 0.396
QUALITY = 75
FAINTEST, BRIGHTEST = 22.0, 15.5
FIELDS = {"3918": (3918, 3, 213), "4510": (4510, 4, 30), "5405": (5405, 6, 99)}
SEEINGS = (1.1, 1.3, 1.5)
SKY_RMS = np.array([0.0135, 0.0233, 0.0308])
"""Noise of g, r, i pixels [nanomaggy], measured on 3918-3-213 and 4510-4-30."""

cv2.setNumThreads(1)  # its threads do not survive the fork of a worker
_SCALES_GRI = np.array(SCALES_IRG[::-1], np.float32)[:, None, None]


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


def simulated_field(seeing: float, rng, n: int = 2) -> Field:
    """A simulated field: stars and galaxies fainter than r = 22.3, noise, other seeing."""
    side = n * SIZE + 2 * REACH
    shear = galsim.Shear(g1=rng.normal(0, 0.02), g2=rng.normal(0, 0.02))
    psf = []
    for factor in (1.06, 1.0, 0.96):
        light = galsim.Moffat(beta=rng.uniform(2.8, 4), fwhm=seeing * factor).shear(shear)
        psf.append(light.drawImage(nx=41, ny=41, scale=PIXSCALE).array.astype(float))
    psf = np.stack([p / p.sum() for p in psf])
    flux = np.zeros((3, side, side), np.float32)
    area = (side * PIXSCALE / 3600) ** 2
    count = rng.poisson(3500 * np.exp(rng.normal(0, 0.7)) * 10 ** (0.18 * 2.5) * area)
    for r in np.maximum(12, 24.5 + np.log10(rng.uniform(size=count)) / 0.18):
        gr = rng.choice([rng.normal(0.45, 0.15), rng.normal(1.35, 0.15)])
        _add(flux, psf, fluxes(r, gr, gr * 0.45), *rng.uniform(-5, side + 5, 2))
    count = rng.poisson(7000 * 10 ** (0.38 * 2.5) * area)
    mags = 24.5 + np.log10(rng.uniform(size=count)) / 0.38
    for r in mags[mags > 22.3]:
        wide = np.stack([cv2.GaussianBlur(p, (0, 0), rng.uniform(0.5, 2.5)) for p in psf])
        gr, ri = rng.normal(0.8, 0.3), rng.normal(0.35, 0.12)
        _add(flux, wide, fluxes(r, gr, ri), *rng.uniform(-5, side + 5, 2))
    if rng.uniform() < 0.25:
        _bright_star(flux, seeing, rng)
    if rng.uniform() < 0.1:
        _trail(flux, rng)
    sigma = np.sqrt(SKY_RMS[:, None, None] ** 2 * rng.uniform(0.9, 1.3) + np.maximum(flux, 0) / 870)
    flux += (sigma * rng.standard_normal(flux.shape)).astype(np.float32)
    return Field(f"sim{seeing}", flux, psf, np.zeros(flux.shape[1:], bool), flux)


def fluxes(r: float, gr: float, ri: float) -> np.ndarray:
    """g, r, i [nanomaggy] of a magnitude and two colours."""
    return 10 ** (-0.4 * (np.array([r + gr, r, r - ri]) - 22.5))


def _add(flux, psf, amounts, x, y) -> None:
    half = psf.shape[1] // 2
    col, row = round(x), round(y)
    move = np.float32([[1, 0, x - col], [0, 1, y - row]])
    light = np.stack([
        cv2.warpAffine(p, move, p.shape[::-1], flags=cv2.INTER_CUBIC) * a
        for p, a in zip(psf, amounts, strict=True)
    ])  # fmt: skip
    paste(flux, light, col - half, row - half)


def paste(flux: np.ndarray, light: np.ndarray, left: int, top: int) -> None:
    """Add a small cube to a large one, whatever lies within."""
    h, w = light.shape[1:]
    rows = slice(max(top, 0), min(top + h, flux.shape[1]))
    cols = slice(max(left, 0), min(left + w, flux.shape[2]))
    if rows.start < rows.stop and cols.start < cols.stop:
        part = light[:, rows.start - top : rows.stop - top, cols.start - left : cols.stop - left]
        flux[:, rows, cols] += part


def _bright_star(flux, seeing: float, rng) -> None:
    """A saturated star with halo, spikes and bleeding column."""
    from galaxycurate.sandbox.simulated.profiles import star_image

    r, (x, y) = rng.uniform(8.5, 13), rng.uniform(0, flux.shape[1], 2)
    light = star_image(1.0, seeing, 300, 0.0, 0.0)
    turn = cv2.getRotationMatrix2D((300, 300), rng.uniform(0, 90), 1)
    light = cv2.warpAffine(light, turn, light.shape)
    cube = np.minimum(light * fluxes(r, 0.5, 0.2)[:, None, None].astype(np.float32), 150)
    reach = int(np.clip((cube[1] >= 150).sum() / 6, 0, 290))
    cube[:, 300 - reach : 300 + reach, 299:302] = 150
    paste(flux, cube, round(x) - 300, round(y) - 300)


def _trail(flux, rng) -> None:
    """The straight line of a satellite, in one band, for bands are exposed one after the other."""
    side = flux.shape[1]
    line = np.zeros((side, side), np.float32)
    ends = rng.uniform(-side, 2 * side, 4).astype(int)
    cv2.line(line, tuple(map(int, ends[:2])), tuple(map(int, ends[2:])), 1.0, 1, cv2.LINE_AA)
    band = rng.integers(3)
    flux[band] += cv2.GaussianBlur(line, (0, 0), rng.uniform(1.2, 2.5)) * rng.uniform(0.2, 5)


@dataclass(frozen=True)
class Galaxy:
    """A galaxy to paste in: `light` [nanomaggy] of g, r, i, its centre off the middle pixel."""

    light: np.ndarray
    mag_r: float
    off: tuple[float, float]
    real: bool


def galaxies(n: int, psf: np.ndarray, rng, cutouts: list[Path]) -> list[Galaxy]:
    """So many galaxies seen through a point spread, 40 % of them real ones."""
    out: list[Galaxy] = []
    kernels = [galsim.InterpolatedImage(galsim.Image(p, scale=PIXSCALE)) for p in psf]
    while len(out) < n:
        r = rng.uniform(BRIGHTEST, FAINTEST)
        re = 0.95 * 10 ** (-0.12 * (r - 20)) * np.exp(rng.normal(0, 0.35))
        real = rng.uniform() < 0.4
        made = _from_zoo(r, re, psf, rng, cutouts) if real else _smooth(r, re, kernels, rng)
        if made is not None:
            out.append(Galaxy(*made, real=real))
    return out


def _smooth(r: float, re: float, kernels, rng):
    """Disc and bulge, or one Sersic profile, by GalSim."""
    q, angle = rng.uniform(0.25, 1), rng.uniform(0, 180) * galsim.degrees
    bulge = rng.choice([0, 1, rng.uniform(0.05, 0.7)], p=[0.35, 0.25, 0.4])
    parts = []
    if bulge < 1:
        n = rng.choice([1.0, rng.uniform(0.6, 2)])
        disc = galsim.Sersic(n, half_light_radius=re).shear(q=q, beta=angle)
        parts.append((disc * (1 - bulge), rng.normal(0.8, 0.3), rng.normal(0.38, 0.1)))
    if bulge:
        size = re if bulge == 1 else re * rng.uniform(0.25, 0.6)
        ball = galsim.DeVaucouleurs(half_light_radius=size, trunc=8 * size)
        ball = ball.shear(q=max(q, 0.5), beta=angle) * bulge
        parts.append((ball, rng.normal(1.25, 0.3), rng.normal(0.45, 0.08)))
    off = rng.uniform(-0.5, 0.5, 2)
    size = 2 * int(np.clip(6 * re / PIXSCALE + 12, 16, 90)) + 1
    rough = galsim.GSParams(folding_threshold=1e-2, maxk_threshold=5e-3)
    light = np.zeros((3, size, size), np.float32)
    for part, gr, ri in parts:
        amounts = fluxes(r, gr, ri)
        for k, kernel in enumerate(kernels):
            seen = galsim.Convolve(part * amounts[k], kernel, gsparams=rough)
            image = seen.drawImage(
                nx=size, ny=size, scale=PIXSCALE, offset=tuple(off), method="no_pixel"
            )
            light[k] += image.array
    return light, r, tuple(off)


def _from_zoo(r: float, re: float, psf, rng, cutouts: list[Path]):
    """The central galaxy of a Galaxy Zoo cutout, alone, shrunk to a size and a magnitude."""
    path = cutouts[int(rng.integers(len(cutouts)))]
    rgb = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    bands = planes(rgb).bands[::-1] / _SCALES_GRI
    image = np.ascontiguousarray(bands.sum(axis=0))
    sky = sep.Background(image, bw=200, bh=200)
    light = image - sky.back()
    found, segments = sep.extract(
        light, 2.5, err=max(sky.globalrms, 1e-4), minarea=30, segmentation_map=True
    )
    own = segments[segments.shape[0] // 2, segments.shape[1] // 2]
    if not own or found["npix"][own - 1] < 300:
        return None
    mask = cv2.GaussianBlur((segments == own).astype(np.float32), (0, 0), 2)
    levels = [np.median(b[segments == 0]) for b in bands]
    alone = [np.maximum(b - v, 0) * mask for b, v in zip(bands, levels, strict=True)]
    x, y = float(found["x"][own - 1]), float(found["y"][own - 1])
    r50 = float(sep.flux_radius(alone[1], [x], [y], [200.0], 0.5)[0][0])
    if not r50 > 3:
        return None
    shrink = re / PIXSCALE / r50
    half = int(np.clip(np.ceil(210 * shrink) + 16, 16, 90))
    off = rng.uniform(-0.5, 0.5, 2)
    out = np.zeros((3, 2 * half + 1, 2 * half + 1), np.float32)
    for k, band in enumerate(alone):
        if shrink < 0.5:  # no aliases: blur to the coarser grid first
            band = cv2.GaussianBlur(band, (0, 0), 0.35 / shrink)
        move = np.float32([
            [shrink, 0, half + off[0] - shrink * x], [0, shrink, half + off[1] - shrink * y],
        ])  # fmt: skip
        small = cv2.warpAffine(band, move, out.shape[:0:-1], flags=cv2.INTER_LINEAR)
        out[k] = cv2.filter2D(small, -1, psf[k][::-1, ::-1], borderType=cv2.BORDER_CONSTANT)
    total = float(out[1].sum())
    if total <= 0:
        return None
    redder = 10 ** (0.4 * np.array([-rng.normal(0.25, 0.25), 0, rng.normal(0.1, 0.1)]))
    out *= redder[:, None, None].astype(np.float32)  # fainter galaxies lie farther away
    return out * np.float32(10 ** (-0.4 * (r - 22.5)) / total), r, tuple(off)


@dataclass(frozen=True)
class Window:
    """A picture with what is known of it.

    `x`, `y` is the galaxy's centre in the picture; `light` its luminance as drawn, all NaN and
    None where none was pasted in.
    """

    rgb: np.ndarray
    jpeg: bytes
    mag_r: float = np.nan
    x: float = np.nan
    y: float = np.nan
    real: bool = False
    light: np.ndarray | None = None

    @property
    def outside(self) -> bool:
        """Whether the galaxy's centre lies beyond the border."""
        return not (-0.5 <= self.x < SIZE - 0.5 and -0.5 <= self.y < SIZE - 0.5)


def window(source: Field, rng, galaxy: Galaxy | None = None, *, edge: bool = False) -> Window:
    """A window of a field, with a galaxy at a random place, as the JPEG that users have.

    The galaxy's centre lies anywhere up to `REACH` outside; with `edge` as near to the border.
    """
    cube = source.window(rng)
    told: dict = {}
    if galaxy is not None:
        light = turned(galaxy.light, how := int(rng.integers(8)))
        half = light.shape[1] // 2
        col, row = (int(v) for v in rng.integers(0, SIZE + 2 * REACH, 2))
        if edge:
            near = int(rng.integers(0, 2 * REACH + 6))
            places = ((near, row), (col, near), (-1 - near, row), (col, -1 - near))
            col, row = (v % (SIZE + 2 * REACH) for v in places[int(rng.integers(4))])
        alone = np.zeros_like(cube)
        paste(alone, light, col - half, row - half)
        cube += alone
        off = _turned_offset(galaxy.off, how)
        inner = alone[:, REACH:-REACH, REACH:-REACH]
        told = dict(
            mag_r=galaxy.mag_r, x=col - REACH + off[0], y=row - REACH + off[1], real=galaxy.real,
            light=(inner * _SCALES_GRI).mean(axis=0),
        )  # fmt: skip
    g, r, i = np.ascontiguousarray(cube[:, REACH:-REACH, REACH:-REACH])
    jpeg = compressed(lupton_irg(i, r, g))
    return Window(decompressed(jpeg), jpeg, **told)


def _turned_offset(off, how: int) -> tuple[float, float]:
    x, y = off
    for _ in range(how % 4):
        x, y = y, -x
    return (-x, y) if how >= 4 else (x, y)


def compressed(rgb: np.ndarray, quality: int = QUALITY) -> bytes:
    """JPEG with colours at half resolution."""
    _, body = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return body.tobytes()


def decompressed(body: bytes) -> np.ndarray:
    """Pixels of a JPEG."""
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(body, np.uint8), 1), cv2.COLOR_BGR2RGB)
