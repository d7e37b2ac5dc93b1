"""A sky in a folder: its frames rendered in colour at any position, its tables asked in SQL."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from galaxycurate.archives.local.archive import LocalArchive
from galaxycurate.core.colour import lupton_irg
from galaxycurate.core.projection import Grid, project, tangent_basis
from galaxycurate.errors import InputError, QueryRefused
from galaxycurate.sandbox.frames import Frame, FrameCache, find_frames

FRAME_REACH_ARCMIN = 8.4
"""From a frame's centre to its corner (SkyServerWS `SdssConstants.cs`)."""

EDGE_PX = 32
"""ImgCutout clips the tiles at each edge, so that neighbours meet without a seam (same file)."""

NATIVE_PIXSCALE = 0.396
"""arcsec/pixel of the frames."""

MAX_ZOOM_OUT = 3
"""SkyServer's tiles exist at 100, 50, 25 and 12 %: from there on pixels are skipped."""


class Sky:
    """What the sandbox serves; `Sky.open` reads it."""

    def __init__(self, folder: Path, about: dict, frames: list[Frame], archive: LocalArchive):
        self.folder = folder
        self.kind: str = about["kind"]
        self.name: str = about.get("name", folder.name)
        self.note: str = about.get("note", "")
        self.archive = archive
        self.frames = frames
        self._order = self._drawing_order()
        self._cache = FrameCache()
        self._tree = cKDTree(np.array([f.centre for f in frames])) if frames else None

    @classmethod
    def open(cls, folder: str | Path) -> Sky:
        """Open a sky folder.

        Parameters
        ----------
        folder : str or Path
            Holds ``sky.toml``, ``tables/`` and ``frames/``.

        Returns
        -------
        Sky

        Raises
        ------
        InputError
            The folder is not a sky.
        """
        folder = Path(folder)
        about_file = folder / "sky.toml"
        if not about_file.is_file():
            raise InputError(
                f"{folder} is not a sky: it has no sky.toml",
                hint="galaxycurate sandbox serve --help tells how a sky is made",
            )
        about = tomllib.loads(about_file.read_text())
        if about.get("kind") not in ("simulated", "real"):
            raise InputError(f'{about_file} must say kind = "simulated" or kind = "real"')
        return cls(folder, about, find_frames(folder / "frames"), LocalArchive(folder / "tables"))

    @property
    def simulated(self) -> bool:
        """Whether no telescope saw it."""
        return self.kind == "simulated"

    def cutout(
        self, ra: float, dec: float, *, scale: float, width: int, height: int
    ) -> np.ndarray | None:
        """A colour picture: north up, east left, tangent plane, black where no frame lies.

        Parameters
        ----------
        ra, dec : float
            Centre [deg].
        scale : float
            Pixel scale [arcsec/pixel].
        width, height : int
            [pixel]

        Returns
        -------
        ndarray of uint8, shape (height, width, 3), or None
            See `flux`.
        """
        bands = self.flux(ra, dec, scale=scale, width=width, height=height)
        if bands is None:
            return None
        g, r, i = bands
        return lupton_irg(i, r, g)

    def flux(
        self, ra: float, dec: float, *, scale: float, width: int, height: int
    ) -> np.ndarray | None:
        """What `cutout` colours: the fluxes [nanomaggy] of g, r, i on its pixels.

        Returns
        -------
        ndarray of float32, shape (3, height, width), or None
            0 where no frame lies. None outside the footprint: no frame's centre is within 8.4
            arcmin and half the diagonal. Near the edge that still means a picture that is partly
            or wholly empty.
        """
        near = self._near(ra, dec, np.hypot(width, height) / 2 * scale)
        if not near:
            return None
        to_sky = Grid(ra, dec, scale, width, height).to_sky
        flux = np.zeros((3, height, width), np.float32)
        for index in sorted(near, key=lambda n: self._order[n]):
            self._draw(self.frames[index], to_sky, scale, flux)
        return flux

    def field(self, run: int, camcol: int, field: int) -> np.ndarray | None:
        """A whole field in the survey's colours, on the pixels of r, the last row first.

        Returns
        -------
        ndarray of uint8, shape (rows, columns, 3), or None
            None where there is no such field.
        """
        frame = next((f for f in self.frames if f.key == (run, camcol, field)), None)
        if frame is None:
            return None
        pixels = self._cache.get(frame)
        to_sky = np.linalg.inv(pixels.project[1])
        rows, cols = (np.arange(n) for n in frame.shape)
        g, r, i = (
            _sample(flux, *project(to_band @ to_sky, rows, cols), 1)
            for flux, to_band in zip(pixels.flux, pixels.project, strict=True)
        )
        return lupton_irg(i, r, g)[::-1]

    def _near(self, ra: float, dec: float, half_diagonal_arcsec: float) -> list[int]:
        if self._tree is None:
            return []
        angle = np.radians(FRAME_REACH_ARCMIN / 60 + half_diagonal_arcsec / 3600)
        chord = 2 * np.sin(min(angle, np.pi) / 2)
        return self._tree.query_ball_point(tangent_basis(ra, dec)[2], chord)

    def _drawing_order(self) -> list[tuple]:
        """Later over earlier: fields that are the primary imaging of their sky come last."""
        try:
            rows = self.archive.execute(
                "SELECT run, camcol, field FROM Field WHERE primaryArea > 0"
            )
        except QueryRefused:  # a sky without such a table or column: any order is as good
            return [frame.key for frame in self.frames]
        primary = set(rows.itertuples(index=False, name=None))
        return [(frame.key in primary, *frame.key) for frame in self.frames]

    def _draw(self, frame: Frame, to_sky: np.ndarray, scale: float, flux: np.ndarray) -> None:
        """Sample one frame where it covers the picture."""
        window = _window(frame, to_sky, flux.shape[1:])
        if window is None:
            return
        rows, cols, covered = window
        pixels = self._cache.get(frame)
        zoom_out = np.floor(np.log2(scale / NATIVE_PIXSCALE * 1.001))
        block = 2 ** int(np.clip(zoom_out, 0, MAX_ZOOM_OUT))
        for band in range(3):
            x, y = project(pixels.project[band] @ to_sky, *_counted(rows, cols))
            sampled = _sample(pixels.flux[band], x[covered], y[covered], block)
            flux[band, rows, cols][covered] = sampled


def _window(frame: Frame, to_sky: np.ndarray, shape) -> tuple[slice, slice, np.ndarray] | None:
    """The rows and columns of the picture that a frame covers, and the mask within them."""
    x, y = project(frame.project @ to_sky, *(np.arange(n) for n in shape))
    covered = (x >= EDGE_PX) & (x <= frame.shape[1] - 1 - EDGE_PX)
    covered &= (y >= EDGE_PX) & (y <= frame.shape[0] - 1 - EDGE_PX)
    if not covered.any():
        return None
    hit_rows, hit_cols = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    rows = slice(int(hit_rows[0]), int(hit_rows[-1]) + 1)
    cols = slice(int(hit_cols[0]), int(hit_cols[-1]) + 1)
    return rows, cols, covered[rows, cols]


def _counted(*slices: slice) -> Iterator[np.ndarray]:
    return (np.arange(part.start, part.stop) for part in slices)


def _sample(image: np.ndarray, x: np.ndarray, y: np.ndarray, block: int) -> np.ndarray:
    """Bilinear values; where the picture is coarser than the frame, of block means."""
    x0, y0 = (max(int(np.floor(v.min())) // block * block - block, 0) for v in (x, y))
    part = image[y0 : int(y.max()) + 2 * block + 1, x0 : int(x.max()) + 2 * block + 1]
    if block > 1:
        rows, cols = (n // block for n in part.shape)
        part = part[: rows * block, : cols * block]
        part = part.reshape(rows, block, cols, block).mean(axis=(1, 3), dtype=np.float32)
    at = [(v - v0 + 0.5) / block - 0.5 for v, v0 in ((y, y0), (x, x0))]
    return map_coordinates(part, at, order=1, mode="nearest", prefilter=False)
