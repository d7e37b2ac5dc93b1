"""What searches of fingerprints found, on the disk: `.fingerprints/matches-*.parquet`.

One file holds a whole search, written under another name and renamed: a kill leaves the search
before it. Pictures go by the digest of their pixels; a row is a picture that was compared, with
its matches among those above it.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.store.files import replacing

if TYPE_CHECKING:
    import pyarrow as pa

DIGEST = "V16"


class MatchStore:
    """The stored matches of a dataset.

    Parameters
    ----------
    folder : Path
        Made when something is written.
    versions, options : mapping
        What decides what a search finds: the program's, and the user's. Of others nothing is read.
    read_only : bool
        Nothing is written.
    """

    def __init__(
        self, folder: Path, versions: dict, options: dict | None = None, *, read_only: bool = False
    ):
        self._start = f"matches-{_short(versions)}-"
        self.path = Path(folder) / f"{self._start}{_short(options or {})}.parquet"
        self.read_only = read_only

    def read_others(self) -> list[tuple[np.ndarray, dict[str, np.ndarray]]]:
        """The searches before that had these versions and other options."""
        paths = sorted(self.path.parent.glob(f"{self._start}*.parquet"))
        found = (self._read(path) for path in paths if path != self.path)
        return [one for one in found if one is not None]

    def read(self) -> tuple[np.ndarray, dict[str, np.ndarray]] | None:
        """The search before.

        Returns
        -------
        tuple or None
            Digests of the pictures compared, shape (n,); and the columns of the matches, of which
            ``first`` and ``second`` are rows of these. None where there is none, or it is cut.
        """
        return self._read(self.path)

    def _read(self, path: Path) -> tuple[np.ndarray, dict[str, np.ndarray]] | None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return _columns(pq.read_table(path, partitioning=None).combine_chunks())
        except OSError:  # it is not there, or the disk does not answer now
            return None
        except (pa.ArrowInvalid, KeyError):
            if not self.read_only:
                with suppress(OSError):
                    path.unlink()
            return None

    def write(self, pictures: np.ndarray, matches: dict[str, np.ndarray]) -> None:
        """Keep a search instead of the one before.

        Parameters
        ----------
        pictures : ndarray of 16 bytes, shape (n,)
            Digests of those compared.
        matches : dict of str to ndarray
            Columns, sorted by ``second``; that and ``first`` are rows of the pictures.

        Raises
        ------
        StorageError
            The disk refused.
        """
        import pyarrow.parquet as pq

        if self.read_only:
            return
        with replacing(self.path) as part:
            pq.write_table(_table(pictures, matches), part, compression="zstd")


def _short(about: dict) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:12]


def _table(pictures: np.ndarray, matches: dict[str, np.ndarray]) -> pa.Table:
    import pyarrow as pa

    kept = {name: column for name, column in matches.items() if name != "second"}
    rows = pa.StructArray.from_arrays([pa.array(c) for c in kept.values()], list(kept))
    starts = np.searchsorted(matches["second"], np.arange(len(pictures) + 1))
    digests = pa.py_buffer(np.ascontiguousarray(pictures).tobytes())
    return pa.table({
        "picture": pa.Array.from_buffers(pa.binary(16), len(pictures), [None, digests]),
        "matches": pa.LargeListArray.from_arrays(pa.array(starts, pa.int64()), rows),
    })  # fmt: skip


def _columns(table: pa.Table) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    import pyarrow as pa

    digests = b"".join(table["picture"].cast(pa.binary()).to_pylist())
    lists = table["matches"].combine_chunks()
    if isinstance(lists, pa.ChunkedArray):  # an empty table has no chunk
        lists = pa.concat_arrays(lists.chunks)
    rows = lists.flatten()
    columns = {
        rows.type.field(k).name: rows.field(k).to_numpy(zero_copy_only=False)
        for k in range(rows.type.num_fields)
    }
    counts = np.diff(lists.offsets.to_numpy())
    return np.frombuffer(digests, DIGEST), columns | {
        "second": np.repeat(np.arange(counts.size), counts)
    }
