"""Calibrated frames on disk: where they lie on the sky, and their pixels in memory."""

from __future__ import annotations

import bz2
import io
import re
import threading
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galaxycurate.core.projection import projection
from galaxycurate.errors import InputError

BANDS = "gri"
_NAME = re.compile(r"frame-r-(\d{6})-(\d)-(\d{4})\.fits(\.bz2|\.fz|\.gz)?\Z")


@dataclass(frozen=True)
class Frame:
    """One field in g, r, i.

    ``project`` maps a unit vector, as a column, to homogeneous r-band pixels ``(x w, y w, w)``;
    x and y count from 0 at the centre of the first pixel.
    """

    run: int
    camcol: int
    field: int
    paths: tuple[Path, ...]
    shape: tuple[int, int]
    project: np.ndarray

    @property
    def key(self) -> tuple[int, int, int]:
        """Run, camcol, field: what names the frame."""
        return self.run, self.camcol, self.field

    @property
    def centre(self) -> np.ndarray:
        """Unit vector of the frame's middle, shape (3,)."""
        rows, cols = self.shape
        vector = np.linalg.solve(self.project, [(cols - 1) / 2, (rows - 1) / 2, 1.0])
        return vector / np.linalg.norm(vector)


@dataclass(frozen=True)
class Pixels:
    """A frame in memory: fluxes [nanomaggy] and projections of its bands, in the order g, r, i."""

    flux: tuple[np.ndarray, np.ndarray, np.ndarray]
    project: tuple[np.ndarray, np.ndarray, np.ndarray]


def find_frames(folder: Path) -> list[Frame]:
    """The fields of a folder that have a frame in all of g, r, i.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of Frame
        In the order of run, camcol, field.
    """
    frames = []
    for path in sorted(folder.glob("frame-r-*")) if folder.is_dir() else []:
        if not (found := _NAME.match(path.name)):
            continue
        paths = tuple(path.with_name(path.name.replace("-r-", f"-{band}-", 1)) for band in BANDS)
        if all(p.exists() for p in paths):
            header = read_header(path)
            shape = (int(header["NAXIS2"]), int(header["NAXIS1"]))
            run, camcol, field = (int(found[n]) for n in (1, 2, 3))
            frames.append(Frame(run, camcol, field, paths, shape, projection(header)))
    return sorted(frames, key=lambda frame: frame.key)


def read_header(path: Path):
    """The header that describes the image, be it plain, bzip2 or Rice-compressed."""
    from astropy.io import fits

    with _quiet():
        if path.suffix == ".bz2":  # fits.getheader would decompress all of it
            with bz2.open(path) as stream:
                return fits.Header.fromfile(stream)
        return fits.getheader(path, _hdu(path))


def read_image(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The fluxes of a frame and its projection.

    Parameters
    ----------
    path : Path

    Returns
    -------
    ndarray of float32, shape (rows, columns)
        [nanomaggy], native byte order.
    ndarray of float64, shape (3, 3)
        See `core.projection.projection`.

    Raises
    ------
    InputError
        The file is damaged.
    """
    from astropy.io import fits

    try:
        source = io.BytesIO(bz2.decompress(path.read_bytes())) if path.suffix == ".bz2" else path
        with _quiet(), fits.open(source, memmap=False) as hdus:
            hdu = hdus[_hdu(path)]
            return np.ascontiguousarray(hdu.data, np.float32), projection(hdu.header)
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise InputError(f"{path} cannot be read as a frame: {error}") from error


def uncompressed(path: Path):
    """A Rice-compressed frame as a plain image, `astropy.io.fits.PrimaryHDU`."""
    from astropy.io import fits

    with _quiet(), fits.open(path, memmap=False) as hdus:
        hdu = hdus[_hdu(path)]
        return fits.PrimaryHDU(hdu.data, hdu.header)


class FrameCache:
    """Decompressed frames, the last used ones first to stay; threads may share it.

    Parameters
    ----------
    size : int
        Frames at most; a field is 36 MB.
    """

    def __init__(self, size: int = 20):
        self._size = size
        self._kept: OrderedDict[tuple, Pixels] = OrderedDict()
        self._locks: dict[tuple, threading.Lock] = {}
        self._guard = threading.Lock()

    def get(self, frame: Frame) -> Pixels:
        """The pixels of a frame, decompressed at most once at a time."""
        with self._guard:
            lock = self._locks.setdefault(frame.key, threading.Lock())
        with lock:
            with self._guard:
                if frame.key in self._kept:
                    self._kept.move_to_end(frame.key)
                    return self._kept[frame.key]
            pixels = _load(frame)
            with self._guard:
                self._kept[frame.key] = pixels
                while len(self._kept) > self._size:
                    self._kept.popitem(last=False)
            return pixels


def _load(frame: Frame) -> Pixels:
    with ThreadPoolExecutor(len(BANDS)) as pool:  # decompression leaves the interpreter free
        flux, project = zip(*pool.map(read_image, frame.paths), strict=True)
    return Pixels(flux, project)


def _hdu(path: Path) -> int:
    return 1 if path.suffix == ".fz" else 0


@contextmanager
def _quiet() -> Iterator[None]:
    """Astropy remarks on each old SDSS header (RADECSYS, FLOATCOMPRESS)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
