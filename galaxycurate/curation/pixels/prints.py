"""Fingerprints of many pictures, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from galaxycurate.curation.pixels.fingerprint import BLOCKS, VERSION, Fingerprint

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Ragged:
    """A few rows of one kind for each picture.

    Parameters
    ----------
    values : structured ndarray
        Of all pictures, one after the other.
    starts : ndarray of int64, shape (n + 1,)
        Where each picture's rows begin, and the end.
    """

    values: np.ndarray
    starts: np.ndarray

    def __len__(self) -> int:
        return self.starts.size - 1

    def __getitem__(self, row: int) -> np.ndarray:
        return self.values[self.starts[row] : self.starts[row + 1]]

    @property
    def counts(self) -> np.ndarray:
        """How many rows each picture has."""
        return np.diff(self.starts)

    @property
    def owners(self) -> np.ndarray:
        """The picture of each row."""
        return np.repeat(np.arange(len(self)), self.counts)

    @classmethod
    def of(cls, parts: Sequence[np.ndarray], dtype: np.dtype) -> Ragged:
        """One part for each picture."""
        starts = np.zeros(len(parts) + 1, np.int64)
        np.cumsum([part.size for part in parts], out=starts[1:])
        return cls(np.concatenate(parts) if parts else np.empty(0, dtype), starts)

    def take(self, rows: np.ndarray) -> Ragged:
        """Some pictures, in the order wanted."""
        counts = self.counts[rows]
        starts = np.zeros(counts.size + 1, np.int64)
        np.cumsum(counts, out=starts[1:])
        index = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], counts)
        return Ragged(self.values[index], starts)


@dataclass(frozen=True)
class Prints:
    """Fingerprints of n pictures.

    Parameters
    ----------
    width, height : ndarray of int32, shape (n,)
        [pixel].
    pixels : ndarray of bytes, dtype V16, shape (n,)
        Digest of the decoded picture.
    marks, sources : Ragged
        See `galaxycurate.curation.pixels.fingerprint.Fingerprint`.
    """

    width: np.ndarray
    height: np.ndarray
    pixels: np.ndarray
    marks: Ragged
    sources: Ragged

    def __len__(self) -> int:
        return self.width.size

    @property
    def nbytes(self) -> int:
        """Memory [byte]."""
        arrays = [self.width, self.height, self.pixels]
        for name in BLOCKS:
            arrays += [getattr(self, name).values, getattr(self, name).starts]
        return sum(array.nbytes for array in arrays)

    @classmethod
    def of(cls, prints: Sequence[Fingerprint]) -> Prints:
        """Columns of fingerprints."""
        return cls(
            np.array([p.width for p in prints], np.int32),
            np.array([p.height for p in prints], np.int32),
            np.frombuffer(b"".join(p.pixels for p in prints), "V16"),
            **{
                name: Ragged.of([getattr(p, name) for p in prints], dtype)
                for name, dtype in BLOCKS.items()
            },
        )

    @classmethod
    def concatenate(cls, many: Sequence[Prints]) -> Prints:
        """Several lots, one after the other."""
        many = many or [cls.of([])]
        joined: dict[str, Any] = {}
        for name in (f.name for f in fields(cls)):
            columns = [getattr(prints, name) for prints in many]
            joined[name] = (
                _joined(columns) if isinstance(columns[0], Ragged) else np.concatenate(columns)
            )
        return cls(**joined)

    def take(self, rows: np.ndarray) -> Prints:
        """Some pictures, in the order wanted."""
        rows = np.asarray(rows, np.int64)
        taken: dict[str, Any] = {}
        for name in (f.name for f in fields(self)):
            column = getattr(self, name)
            taken[name] = column.take(rows) if isinstance(column, Ragged) else column[rows]
        return Prints(**taken)

    def to_arrow(self) -> pa.Table:
        """A table of one row a picture: sizes, digest, and each block as bytes."""
        import pyarrow as pa

        columns = {
            "width": pa.array(self.width),
            "height": pa.array(self.height),
            "pixels": pa.Array.from_buffers(
                pa.binary(16), len(self), [None, pa.py_buffer(self.pixels.tobytes())]
            ),
        }
        for name in BLOCKS:
            block = getattr(self, name)
            offsets = block.starts * block.values.dtype.itemsize
            columns[name] = pa.Array.from_buffers(
                pa.large_binary(), len(self),
                [None, pa.py_buffer(offsets), pa.py_buffer(block.values.tobytes())],
            )  # fmt: skip
        return pa.table(columns, metadata={"fingerprint": str(VERSION)})

    @classmethod
    def from_arrow(cls, table: pa.Table) -> Prints:
        """Back from `to_arrow`, after a stay in a file or not."""
        import pyarrow as pa

        columns = {name: table[name].combine_chunks() for name in table.column_names}
        pixels = b"".join(columns["pixels"].cast(pa.binary()).to_pylist())
        blocks: dict[str, Any] = {}
        for name, dtype in BLOCKS.items():
            column = columns[name].cast(pa.large_binary())
            if not len(column):
                blocks[name] = Ragged.of([], dtype)
                continue
            _, offsets, data = column.buffers()
            starts = np.frombuffer(offsets, np.int64)[column.offset :][: len(column) + 1]
            content = np.frombuffer(data or b"", np.uint8)[starts[0] : starts[-1]]
            starts = (starts - starts[0]) // dtype.itemsize
            blocks[name] = Ragged(content.view(dtype), starts)
        return cls(
            columns["width"].to_numpy(zero_copy_only=False).astype(np.int32),
            columns["height"].to_numpy(zero_copy_only=False).astype(np.int32),
            np.frombuffer(pixels, "V16"),
            **blocks,
        )


def _joined(columns: Sequence[Ragged]) -> Ragged:
    counts = np.concatenate([column.counts for column in columns])
    starts = np.zeros(counts.size + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    return Ragged(np.concatenate([column.values for column in columns]), starts)
