"""Fingerprints of pictures on the disk, so that none is read twice: `.fingerprints/*.parquet`.

Parts are only ever added, each whole from the moment it is seen: a killed process loses at most
what it had not yet appended. A row's key is the sha256 of the picture's file; the version of the
fingerprint stands in the part's name, and parts of another version are not looked at.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.store.files import replacing

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = ".fingerprints"
KEY = "key"
MOST_PARTS = 48
"""More small parts than this are written anew as one."""

PART_ROWS = 8192
"""A part of so many rows is not small."""

_FLAWS = b"galaxycurate.unreadable"


class PrintStore:
    """The stored fingerprints of a dataset, or of any folder.

    Parameters
    ----------
    folder : Path
        Made when something is appended.
    version : int or str
        Of the fingerprint.
    read_only : bool
        Nothing is appended.
    """

    def __init__(self, folder: Path, version: int | str, *, read_only: bool = False):
        self.folder = Path(folder)
        self.read_only = read_only
        self._start = f"v{version}-"

    def read(self, keys: Sequence[str]) -> tuple[pa.Table | None, np.ndarray, dict[str, str]]:
        """What is stored of some pictures.

        Parameters
        ----------
        keys : sequence of str
            In any order, some of them perhaps alike.

        Returns
        -------
        pyarrow.Table or None
            Stored rows, each once; None where there is none.
        ndarray of int64, length of keys
            The table's row of each key, -1 where it is not stored.
        dict of str to str
            Why no picture can be made of the file, by key, for those keys.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = pa.array(dict.fromkeys(keys), pa.string())
        tables: list[pa.Table] = []
        flaws: dict[str, str] = {}
        for table in self._tables():
            flaws |= _flaws_of(table)
            held = table.filter(pc.is_in(table[KEY], wanted))
            if len(held):
                tables.append(held.replace_schema_metadata(None))
        flaws = {key: flaws[key] for key in keys if key in flaws}
        if not tables:
            return None, np.full(len(keys), -1), flaws
        table = pa.concat_tables(tables)
        known = {key: row for row, key in reversed(list(enumerate(table[KEY].to_pylist())))}
        return table, np.array([known.get(key, -1) for key in keys], np.int64), flaws

    def append(self, table: pa.Table | None, flaws: Mapping[str, str] | None = None) -> None:
        """Add a part.

        Parameters
        ----------
        table : pyarrow.Table or None
            With a column ``key``.
        flaws : mapping of str to str, optional
            Why no picture can be made of a file, by key.

        Raises
        ------
        StorageError
            The disk refused.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        flaws = dict(flaws or {})
        if table is None:
            table = pa.table({KEY: pa.array([], pa.string())})
        if self.read_only or not (len(table) or flaws):
            return
        name = hashlib.sha256("\n".join([*table[KEY].to_pylist(), "", *flaws]).encode())
        table = table.replace_schema_metadata({_FLAWS: json.dumps(flaws).encode()})
        with replacing(self.folder / f"{self._start}{name.hexdigest()[:20]}.parquet") as part:
            pq.write_table(table, part, compression="zstd", compression_level=1)

    def tidy(self) -> None:
        """Write many small parts anew as one; a kill between the two leaves both, which is right.

        Raises
        ------
        StorageError
            The disk refused; nothing is lost.
        """
        import pyarrow as pa

        if self.read_only:
            return
        small = [p for p in self._parts() if 0 <= _length(p) < PART_ROWS]
        if len(small) <= MOST_PARTS:
            return
        held = {path: table for path in small if (table := self._read(path)) is not None}
        tables = list(held.values())
        flaws = {key: why for table in tables for key, why in _flaws_of(table).items()}
        whole = [table.replace_schema_metadata(None) for table in tables if len(table)]
        self.append(pa.concat_tables(whole) if whole else None, flaws)
        for path in held:
            path.unlink(missing_ok=True)

    def _parts(self) -> list[Path]:
        return sorted(self.folder.glob(f"{self._start}*.parquet"))

    def _tables(self) -> Iterable[pa.Table]:
        """Every part; one that a power failure cut is removed, for its pictures are still there."""
        for path in self._parts():
            table = self._read(path)
            if table is not None:
                yield table

    def _read(self, path: Path) -> pa.Table | None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return pq.read_table(path, partitioning=None)
        except OSError:  # written anew with others by another process, or the disk is busy
            return None
        except pa.ArrowInvalid:
            if not self.read_only:
                with suppress(OSError):
                    path.unlink()
            return None


def _length(path: Path) -> int:
    """Rows of a part, -1 where it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(path).num_rows
    except (pa.ArrowInvalid, OSError):
        return -1


def _flaws_of(table: pa.Table) -> dict[str, str]:
    return json.loads((table.schema.metadata or {}).get(_FLAWS, b"{}"))
