"""A manifest on disk whose rows are walked, not held: memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.core.columns import REQUIRED
from galaxycurate.errors import InputError
from galaxycurate.store import formats
from galaxycurate.store.files import existing, sha256_of
from galaxycurate.store.manifest import BATCH_ROWS, Header, Manifest, chosen
from galaxycurate.store.rowcheck import check_positions

if TYPE_CHECKING:
    import pyarrow as pa

Columns = dict[str, list]


@dataclass(frozen=True)
class ManifestFile:
    """A frozen list of cutouts, known by its header, its columns and the number of its rows.

    Parquet as `Manifest.write` makes it is streamed; ``state`` (inode, bytes, time of change) tells
    that it is still the same file. Other formats, and Parquet that somebody wrote anew with other
    types, are read whole; ``table`` holds them then.
    """

    header: Header
    path: Path
    sha256: str
    n_rows: int
    columns: frozenset[str]
    table: pa.Table | None = None
    state: tuple[int, int, int] = (0, 0, 0)

    def __len__(self) -> int:
        return self.n_rows

    @classmethod
    def open(cls, path: Path) -> ManifestFile:
        """Look at a manifest; raises what `Manifest.read` raises."""
        path = existing(Path(path), what="manifest")
        state = _state(path)
        found = formats.parquet_facts(path) if path.suffix == ".parquet" else None
        if found is None or not found.columns.issuperset(REQUIRED):
            whole = Manifest.read(path)
            names = frozenset(whole.table.column_names)
            return cls(whole.header, path, whole.sha256, len(whole), names, whole.table)
        header = Header.from_json(found.header, where=str(path))
        return cls(header, path, sha256_of(path), found.n_rows, found.columns, state=state)

    def walk(self, columns: Sequence[str], only: np.ndarray | None = None) -> Iterator[Columns]:
        """The rows in order, some thousand at a time, column by column.

        Parameters
        ----------
        columns : sequence of str
            Those wanted; what the manifest has not is all None.
        only : ndarray of bool, shape (n_rows,), optional
            Leave out the other rows.

        Yields
        ------
        dict of str to list
            By name; an unknown text or number is None or NaN.

        Raises
        ------
        InputError
            A position outside the sphere; another file has taken the place of this one.
        """
        there = [name for name in columns if name in self.columns]
        end = 0
        for batch in self._batches(there):
            begin, end = end, end + len(batch)
            rows = None if only is None else np.flatnonzero(only[begin:end])
            if rows is not None and not rows.size:
                continue
            if "ra" in there and "dec" in there:
                check_positions(batch, str(self.path))
            found = {name: _values(batch.column(name), rows) for name in there}
            nothing = [None] * (len(batch) if rows is None else len(rows))
            yield {name: found.get(name, nothing) for name in columns}

    def _batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        if self.table is not None:
            yield from self.table.select(columns).to_batches(max_chunksize=BATCH_ROWS)
            return
        for n, batch in enumerate(formats.parquet_batches(self.path, columns, BATCH_ROWS)):
            if n == 0 and _state(self.path) != self.state:  # once open, it is ours to the end
                raise InputError(
                    f"{self.path} was replaced while it was at work",
                    hint="run the command again; what came is kept",
                )
            yield batch


def _state(path: Path) -> tuple[int, int, int]:
    about = path.stat()
    return about.st_ino, about.st_size, about.st_mtime_ns


def open_all(paths: Sequence[Path], *, folder: Path) -> list[ManifestFile]:
    """The manifests that a command works on, as `store.manifest.read_all` chooses them."""
    return chosen(ManifestFile.open, paths, folder=folder)


def _values(column: pa.Array, rows: np.ndarray | None) -> list:
    """Python values; an array's own way takes five times as long for numbers."""
    import pyarrow as pa

    if not pa.types.is_string(column.type):
        numbers = formats.numbers_of(column)
        return (numbers if rows is None else numbers[rows]).tolist()
    if rows is None or len(rows) == len(column):
        return column.to_pylist()
    return [column[k].as_py() for k in rows.tolist()]
