"""Tables that were read once, as typed Parquet: the next reading takes only the columns it needs.

`.read/<first 12 of the source's sha256>.parquet` holds what the reader found out, too; one that is
damaged, or of another version, is made again. `catalogs add` and `fetch` give a copy the table's
name, by which it is found without its source: `<table>-<first 12>.parquet`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.catalogs.known import layout
from galaxycurate.catalogs.reading.checked import About
from galaxycurate.catalogs.reading.opened import Note
from galaxycurate.errors import GalaxyCurateError, InputError, StorageError
from galaxycurate.store.files import replacing

if TYPE_CHECKING:
    import pyarrow as pa

READER = 2
READ = ".read"
"""Copies that no one asked for lie here, in the folder of the catalogues."""
_KEY = b"galaxycurate.table"


def find(folder: Path, sha256: str) -> list[Path]:
    """The typed copies of a file, by the sha256 of the file: those with a name first."""
    found = [p for p in _visible(folder) if p.stem.endswith(f"-{sha256[:12]}")]
    unnamed = Path(folder) / READ / f"{sha256[:12]}.parquet"
    return found + [unnamed] * unnamed.is_file()


def named_copies(folder: Path, table: str = "") -> list[Path]:
    """The typed copies of this version that bear a table's name.

    Parameters
    ----------
    folder : Path
        Of the catalogues; other files in it, damaged and foreign ones, are passed over.
    table : str
        Of this one; by default of all.

    Returns
    -------
    list of Path
    """
    found = []
    for path in _visible(folder):
        with suppress(InputError, OSError):
            said = about(path)
            if said and said.table and table in ("", said.table):
                found.append(path)
    return found


def about(path: Path) -> About | None:
    """What a typed copy says of its source; None where the file is no such copy.

    Raises
    ------
    InputError
        It was made by another version.
    """
    said = _said(path)
    if said is None:
        return None
    if said.pop("reader") != _reader(said["table"]):
        raise InputError(
            f"{path} was made by another version of galaxycurate",
            hint=f"galaxycurate catalogs add {said['source']} makes it again",
        )
    said |= {name: tuple(said[name]) for name in ("ids", "nameless", "spelled")}
    said |= {"notes": tuple(Note(**note) for note in said["notes"])}
    return About(**said | {"faults": {k: tuple(v) for k, v in said["faults"].items()}})


def columns(path: Path) -> list[str]:
    """The documented names of a typed copy's columns."""
    import pyarrow.parquet as pq

    return list(pq.read_schema(path).names)


def n_rows(path: Path) -> int:
    """How many rows a typed copy has."""
    import pyarrow.parquet as pq

    return pq.read_metadata(path).num_rows


def rows(path: Path, names: Sequence[str]) -> pa.Table:
    """Columns of a typed copy.

    Raises
    ------
    OSError
        It is damaged.
    """
    import pyarrow.parquet as pq

    return pq.ParquetFile(path, page_checksum_verification=True).read(columns=list(names))


def keep(folder: Path, table: pa.Table, about: About) -> Path | None:
    """Write a typed copy; None where the folder cannot be written, which costs time only."""
    import pyarrow.parquet as pq

    path = Path(folder) / READ / f"{about.sha256[:12]}.parquet"
    said = json.dumps(asdict(about) | {"reader": _reader(about.table)})
    with suppress(StorageError), replacing(path) as part:
        pq.write_table(table.replace_schema_metadata({_KEY: said}), part, write_page_checksum=True)
        return path
    return None


def give_name(folder: Path, sha256: str, table: str) -> None:
    """Let a copy be found by its table's name, without its source."""
    path = Path(folder) / f"{table}-{sha256[:12]}.parquet"
    unnamed = Path(folder) / READ / f"{sha256[:12]}.parquet"
    if unnamed.is_file():
        unnamed.replace(path)


def _visible(folder: Path) -> list[Path]:
    return sorted(p for p in Path(folder).glob("*.parquet") if not p.name.startswith("."))


def _said(path: Path) -> dict | None:
    """The header of a typed copy; None for any other file, damaged ones among them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            return None
    try:
        return json.loads((pq.read_schema(path).metadata or {})[_KEY])
    except (pa.ArrowException, OSError, KeyError, ValueError):
        return None


def _reader(table: str) -> str:
    """Of the reader and of the layout: a column that is known better is read anew."""
    try:
        known = repr(layout(table)) if table else ""
    except GalaxyCurateError:
        known = ""
    return f"{READER} {hashlib.sha256(known.encode()).hexdigest()[:12]}"
