"""A file that is opened: its columns, its bytes however they are packed, and what was seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from galaxycurate.catalogs.known import Layout
from galaxycurate.errors import InputError, first_line

if TYPE_CHECKING:
    import pyarrow as pa

HEAD = 1 << 20


@dataclass(frozen=True)
class Note:
    """Something about a file that was dealt with while reading it, and that its user should know.

    ``column`` is the file's own spelling ("" for the whole file), ``what`` one plain sentence,
    ``rows`` how many rows it concerns.
    """

    column: str
    what: str
    rows: int


@dataclass(frozen=True)
class Opened:
    """A file whose columns are known and whose rows are not yet read.

    Parameters
    ----------
    names : tuple of str
        Its columns, as it spells them; an index of rows that bears no name is ``""``.
    rows : callable
        Given some of the names, their columns as a pyarrow.Table.
    layout : Layout or None
        That of a file without a line of names, which only its layout can tell.
    units : mapping of str to str
        Of the columns that say theirs.
    notes : list of Note
        Whole once the rows are read.
    """

    names: tuple[str, ...]
    rows: Callable[[Sequence[str]], pa.Table]
    layout: Layout | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


def stream(path: Path) -> IO[bytes]:
    """The file's bytes, uncompressed."""
    file = path.open("rb")
    magic = file.read(4)
    file.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        try:  # three times as fast
            from isal import igzip as gzip
        except ImportError:
            import gzip  # type: ignore[no-redef]
        return gzip.open(file)
    if magic.startswith(b"BZh"):
        import bz2

        return bz2.open(file)
    if magic == b"PK\x03\x04":
        import zipfile

        inside = zipfile.ZipFile(file)
        names = [n for n in inside.namelist() if not n.startswith("__MACOSX") and n[-1] != "/"]
        if len(names) != 1:
            raise InputError(
                f"{path} holds {len(names)} files, not one table: {', '.join(names[:3])} ...",
                hint="unpack it and name the table",
            )
        return inside.open(names[0])
    return file


def content(path: Path, n_bytes: int = -1) -> bytes:
    """The file's bytes, uncompressed: all, or so many.

    Raises
    ------
    InputError
        It is damaged, or ends before its end.
    """
    try:
        with closing(stream(path)) as file:
            return file.read(n_bytes)
    except (InputError, MemoryError):
        raise
    except Exception as error:  # each kind of compression has errors of its own
        raise InputError(
            f"{path} cannot be read to its end: {first_line(error)}",
            hint="was the download cut off?",
        ) from error


def from_lists(columns: Mapping[str, Sequence], wanted: Sequence[str]) -> pa.Table:
    """Some of the columns as a table; one of mixed types as text."""
    import pyarrow as pa

    def one(values: Sequence) -> pa.Array:
        try:
            return pa.array(values)
        except (pa.ArrowException, OverflowError):
            return pa.array([None if value is None else str(value) for value in values])

    return pa.table({name: one(columns[name]) for name in wanted})


def unreadable(path: Path, error: Exception) -> InputError:
    """The error for a file that its format's parser refused."""
    if "truncated" in str(error) or "incomplete" in str(error):
        return InputError(
            f"{path} ends before its end: {first_line(error)}", hint="was the download cut off?"
        )
    return InputError(
        f"{path} cannot be read as a table: {first_line(error)}",
        hint="CSV, FITS, VOTable, ECSV, Parquet and JSON are read",
    )
