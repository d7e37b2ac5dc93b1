"""Collections in one HDF5 file, such as Galaxy10: its columns as a table, its images in blocks."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.catalogs import known
from galaxycurate.catalogs.reading import cells
from galaxycurate.catalogs.reading.checked import IDS
from galaxycurate.catalogs.table import CatalogTable, Note, by_release
from galaxycurate.errors import IdentityError, InputError, LayoutError, first_line
from galaxycurate.store.files import existing

if TYPE_CHECKING:
    import h5py

ENDINGS = {".h5", ".hdf5"}
IMAGES = "images"
_AT_ONCE = 32
THREADS = min(8, os.cpu_count() or 2)
"""So many blocks are in memory at once."""
_MOST_BYTES = 512 * 2**20 // THREADS  # of a block; files whose chunks span more are sliced
_DEFLATE = 1  # the number of HDF5's gzip filter; shuffle (2) changes nothing in single bytes
_SHUFFLE = 2


def columns_of(path: Path) -> dict[str, np.ndarray]:
    """The columns of a file: all its one-dimensional datasets.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of str to ndarray, shape (n,)
        By name in lower case, in their own types.

    Raises
    ------
    InputError
        It is no HDF5.
    """
    with _open(path) as file:
        found = {name.lower(): node for name, node in file.items() if _is_column(node)}
        return {name: node[()] for name, node in found.items()}


def read_table(path: Path, *, sha256: str = "") -> CatalogTable:
    """The rows of a file; each is named by its number, by which its image is found.

    Parameters
    ----------
    path : Path
    sha256 : str
        Of the file, when it is known.

    Returns
    -------
    CatalogTable

    Raises
    ------
    InputError
        It is no HDF5; its columns differ in length; positions are none.
    IdentityError
        Ids went through a float.
    """
    columns = columns_of(path)
    sizes = {name: values.size for name, values in columns.items()}
    n = max(sizes.values(), default=0)
    if not n or set(sizes.values()) != {n}:
        told = ", ".join(f"{name} {size:,}" for name, size in sizes.items())
        raise InputError(
            f"{path} holds no table: its columns have lengths of their own ({told})"
            if told
            else f"{path} holds no columns, only " + (", ".join(_contents(path)) or "nothing"),
            hint="Galaxy10's files hold images, ans, ra, dec, redshift and pxscale",
        )
    layout = known.recognise([*columns, IMAGES], file_name=Path(path).name, side=_side(path))
    ids = {name: _ids(path, name, columns.pop(name)) for name in IDS if name in columns}
    values = {name: _plain(column) for name, column in columns.items()}
    ra, dec = (values.pop(axis, np.full(n, np.nan)) for axis in ("ra", "dec"))
    _check_sky(path, ra, dec)
    objid, dr7objid = by_release(list(ids.values()), n)
    notes = []
    if layout and n != layout.rows:
        what = f"another number of rows than the {layout.rows:,} of {layout.name} as published"
        notes.append(Note("", what, n))
    redshift = values.get("redshift")
    if redshift is not None and np.mean(redshift == dec) > 0.99:
        notes.append(Note("redshift", "repeats dec: left out", n))
        del values["redshift"]
    wide = len(str(n - 1))
    return CatalogTable(
        catalog=layout.catalog if layout else "",
        table=layout.name if layout else "",
        source=str(path),
        sha256=sha256,
        objid=objid,
        dr7objid=dr7objid,
        name=np.array([f"{row:0{wide}d}" for row in range(n)]),
        ra=ra,
        dec=dec,
        columns=values | ids,
        notes=tuple(notes),
    )


class Images:
    """The images of a file, read in blocks, by several threads at once. A context manager.

    HDF5 lets one thread in at a time, so only the compressed chunks are read through it; they are
    inflated outside, by isal where it is installed. Files that are stored otherwise are sliced.

    Raises
    ------
    InputError, LayoutError
        It is no HDF5; it has no images of 8-bit RGB.
    """

    def __init__(self, path: Path):
        self._file = _open(path)
        data = self._file.get(IMAGES)
        shape: tuple[int, ...] = getattr(data, "shape", ())
        if len(shape) != 4 or shape[3] != 3 or data.dtype != np.uint8:
            found = f"{IMAGES} is {data.dtype} of shape {shape}" if shape else f"no {IMAGES}"
            self._file.close()
            raise LayoutError(
                f"{path} holds no images: {found}",
                hint="what is read is a dataset called images: uint8, shape (n, height, width, 3)",
            )
        self._data = data
        self.shape = shape
        self._deflate = _deflate_alone(data)
        self._is_raw = (
            self._deflate is not None and data.chunks[0] * math.prod(shape[1:]) < _MOST_BYTES
        )
        self._inflate = _inflater()

    def __enter__(self) -> Images:
        return self

    def __exit__(self, *_exc) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self.shape[0]

    def blocks(self) -> Iterator[range]:
        """Rows that are best read together: whole chunks, of 32 images or more."""
        deep = self._data.chunks[0] if self._is_raw else _AT_ONCE
        step = deep * math.ceil(_AT_ONCE / deep)
        for start in range(0, len(self), step):
            yield range(start, min(start + step, len(self)))

    def read(self, rows: range) -> Iterator[np.ndarray]:
        """The images of a block, one after the other.

        Parameters
        ----------
        rows : range
            One of `blocks`.

        Yields
        ------
        ndarray of uint8, shape (height, width, 3)

        Raises
        ------
        InputError
            A chunk is damaged.
        """
        try:
            if not self._is_raw:
                yield from self._data[rows.start : rows.stop]
            elif self._data.chunks == (1, *self.shape[1:]):
                for row in rows:  # one at a time: the next takes its place in memory
                    yield self._chunk((row, 0, 0, 0))[0]
            else:
                yield from self._pieced(rows)
        except Exception as error:  # zlib's, isal's and HDF5's errors have no common parent
            raise InputError(
                f"{self._file.filename}: images {rows.start} to {rows.stop - 1} cannot be read: "
                + first_line(error),
                hint="is the download whole? compare its sha256 with the release's",
            ) from error

    def _pieced(self, rows: range) -> np.ndarray:
        """Images of which each chunk holds a piece."""
        result = np.empty((len(rows), *self.shape[1:]), np.uint8)
        steps = self._data.chunks
        sides = zip(result.shape, steps, strict=True)
        for corner in itertools.product(*(range(0, side, step) for side, step in sides)):
            here = result[tuple(slice(a, a + n) for a, n in zip(corner, steps, strict=True))]
            chunk = self._chunk((rows.start + corner[0], *corner[1:]))
            here[...] = chunk[tuple(map(slice, here.shape))]  # chunks at the edges are cut
        return result

    def _chunk(self, corner: tuple[int, ...]) -> np.ndarray:
        mask, body = self._data.id.read_direct_chunk(corner)
        left_out = mask >> self._deflate & 1  # each filter has a bit
        body = body if left_out else self._inflate(body)
        return np.frombuffer(body, np.uint8).reshape(self._data.chunks)


def _open(path: Path) -> h5py.File:
    import h5py

    try:
        return h5py.File(existing(path), "r")
    except OSError as error:
        raise InputError(
            f"{path} cannot be read as HDF5: {first_line(error)}",
            hint="was the download cut off? compare its size and sha256 with the release's",
        ) from error


def _contents(path: Path) -> list[str]:
    with _open(path) as file:
        return list(file)


def _is_column(node) -> bool:
    return len(getattr(node, "shape", ())) == 1


def _side(path: Path) -> int:
    """Pixels along each side of the images; 0 where there are no square ones."""
    with _open(path) as file:
        shape: tuple[int, ...] = getattr(file.get(IMAGES), "shape", ())
    return shape[1] if len(shape) == 4 and shape[1] == shape[2] else 0


def _ids(path: Path, name: str, values: np.ndarray) -> np.ndarray:
    """A column of objIDs, exactly; 0 where there is none."""
    import pyarrow as pa

    texts = _plain(values) if values.dtype.kind in "SO" else values
    try:
        return cells.ids(pa.chunked_array([pa.array(texts)]), name)
    except IdentityError as error:
        raise IdentityError(f"{path}: {error}", hint=error.hint) from error


def _plain(column: np.ndarray) -> np.ndarray:
    """Numbers as float64, texts as str."""
    if column.dtype.kind in "SO":
        return np.char.decode(column.astype("S"), "utf-8")
    return column.astype(float)


def _check_sky(path: Path, ra: np.ndarray, dec: np.ndarray) -> None:
    for name, values, low, high in (("ra", ra, 0, 360), ("dec", dec, -90, 90)):
        wrong = np.flatnonzero((values < low) | (values > high))
        if wrong.size:
            raise InputError(
                f"{path}: {name} of {wrong.size:,} rows is outside {low} to {high} degrees "
                f"(row {wrong[0]}: {values[wrong[0]]:g})",
                hint="was the download cut off? otherwise correct the rows",
            )


def _deflate_alone(data: h5py.Dataset) -> int | None:
    """Which of the filters deflates, where each chunk is there and no other changes it."""
    if data.chunks is None:
        return None
    plist = data.id.get_create_plist()
    filters = [plist.get_filter(k)[0] for k in range(plist.get_nfilters())]
    whole = math.prod(math.ceil(n / c) for n, c in zip(data.shape, data.chunks, strict=True))
    if set(filters) - {_SHUFFLE} != {_DEFLATE} or data.id.get_num_chunks() != whole:
        return None
    return filters.index(_DEFLATE)


def _inflater():
    """The fastest that is installed: isal's takes half of zlib's time."""
    try:
        from isal.isal_zlib import decompress
    except ImportError:
        from zlib import decompress
    return decompress
