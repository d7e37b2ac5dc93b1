"""Crosswalk tables on disk: which object of one release is which of another, with their header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.errors import UsageError
from galaxycurate.store.files import replacing

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

KEY = "galaxycurate_crosswalk"  # under which each format keeps the header
COLUMNS = {
    "row": ("int64", "", "first row of the object in the table that was asked about, from 1"),
    "dr7objid": ("int64", "", "object, DR7; 0 where unknown"),
    "objID": ("int64", "", "object, DR8 and later; 0 where unknown"),
    "how": ("string", "", "by what the two were found to be one; empty where they were not"),
    "distance_arcsec": ("double", "arcsec", "between the two positions, where it is known"),
    "reason": ("string", "", "why no object was found, or which of several was taken"),
}
"""Type, unit and meaning by name."""


def arrow_table(columns: Mapping[str, np.ndarray]) -> pa.Table:
    """The columns as an Arrow table; NaN becomes null."""
    import pyarrow as pa

    fields, arrays = [], []
    for name, (kind, unit, meaning) in COLUMNS.items():
        fields.append(pa.field(name, kind, metadata={"unit": unit, "description": meaning}))
        arrays.append(pa.array(columns[name], type=kind, from_pandas=True))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def write(path: Path, table: pa.Table, header: str) -> None:
    """Write a crosswalk whole; the ending chooses the format.

    Parameters
    ----------
    path : Path
        `.parquet`, `.csv` or `.ecsv`; ids are text in CSV, its header lies beside it.
    table : pyarrow.Table
    header : str
        JSON.

    Raises
    ------
    UsageError
        Another ending.
    """
    check_ending(path)
    with replacing(path) as part:
        _WRITERS[path.suffix](part, table, header)
    if path.suffix == ".csv":
        with replacing(path.with_name(f"{path.name}-metadata.json")) as part:
            part.write_text(json.dumps(_csvw(path, header), indent=1) + "\n", encoding="utf-8")


def check_ending(path: Path) -> None:
    """Refuse an ending that no crosswalk has.

    Raises
    ------
    UsageError
    """
    if path.suffix not in _WRITERS:
        raise UsageError(
            f"{path}: no crosswalk has the ending {path.suffix or '(none)'!r}",
            hint="choose " + ", ".join(_WRITERS),
        )


def header_of(path: Path) -> dict | None:
    """The header of a crosswalk on disk; None where the file is none.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict or None
    """
    try:
        return json.loads(_READERS[path.suffix](path)[KEY])
    except (KeyError, OSError, ValueError, TypeError):  # pyarrow's errors are ValueErrors
        return None


def _parquet_said(path: Path) -> dict:
    import pyarrow.parquet as pq

    return {k.decode(): v for k, v in (pq.read_schema(path).metadata or {}).items()}


def _csv_said(path: Path) -> dict:
    return json.loads(path.with_name(f"{path.name}-metadata.json").read_text(encoding="utf-8"))


def _ecsv_said(path: Path) -> dict:
    from astropy.table import Table

    return Table.read(path, format="ascii.ecsv").meta


_READERS = {".parquet": _parquet_said, ".csv": _csv_said, ".ecsv": _ecsv_said}


def _parquet(path: Path, table: pa.Table, header: str) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table.replace_schema_metadata({KEY: header}), path, compression="zstd")


def _csv(path: Path, table: pa.Table, header: str) -> None:
    import pyarrow as pa
    from pyarrow import csv

    for name in ("dr7objid", "objID"):
        at = table.column_names.index(name)
        table = table.set_column(at, name, table.column(name).cast(pa.string()))
    csv.write_csv(table, path)


def _ecsv(path: Path, table: pa.Table, header: str) -> None:
    from astropy.table import Table

    plain = table.to_pandas()
    made = Table.from_pandas(plain.astype({"how": str, "reason": str}))
    for name, (_, unit, meaning) in COLUMNS.items():
        made[name].unit, made[name].description = unit or None, meaning
    made.meta[KEY] = header
    made.write(path, format="ascii.ecsv", overwrite=True)


_WRITERS = {".parquet": _parquet, ".csv": _csv, ".ecsv": _ecsv}


def _csvw(path: Path, header: str) -> dict:
    kinds = {"int64": "long", "double": "double", "string": "string"}
    columns = [
        {"name": n, "datatype": kinds[kind], "unit": unit, "dc:description": meaning}
        for n, (kind, unit, meaning) in COLUMNS.items()
    ]
    about = {"@context": "http://www.w3.org/ns/csvw", "url": path.name}
    return {**about, "tableSchema": {"columns": columns}, KEY: header}
