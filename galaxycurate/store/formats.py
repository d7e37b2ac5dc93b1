"""Manifests as Parquet, ECSV, FITS, VOTable and CSV: ids, units and header survive each of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.core.columns import COLUMNS, IDS, SOFT
from galaxycurate.core.ids import parse
from galaxycurate.errors import InputError, UsageError, first_line
from galaxycurate.store.files import replacing

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from astropy.table import Table

KEY = "galaxycurate"  # under which each format keeps the header
ROW_GROUP, PAGE_BYTES = 16_384, 1 << 16
"""Of a Parquet file, what a reader may have to hold together: rows, and bytes of a column."""


def arrow_table(columns: Mapping[str, Sequence]) -> pa.Table:
    """Columns as an Arrow table of the list's types, order and units.

    Parameters
    ----------
    columns : mapping of str to sequence
        By column name; None marks an unknown value.

    Returns
    -------
    pyarrow.Table
    """
    import pyarrow as pa

    names = [name for name in COLUMNS if name in columns]
    names += [name for name in columns if name.startswith(SOFT)]
    arrays = [_array(_no_null(name, columns[name]), COLUMNS[name].dtype) for name in names]
    return pa.Table.from_arrays(arrays, schema=pa.schema([_arrow_field(name) for name in names]))


def _array(values: Sequence, dtype: str) -> pa.Array:
    """An Arrow array, None and NaN as null; `pa.array` imports pandas, which takes a second."""
    import numpy as np
    import pyarrow as pa

    cells = list(values)
    known = np.array([v is not None and v == v for v in cells], bool)
    bits = pa.py_buffer(np.packbits(known, bitorder="little"))
    if dtype == "str":
        texts = [str(v).encode() if k else b"" for v, k in zip(cells, known, strict=True)]
        ends = np.cumsum([0, *map(len, texts)]).astype(np.int32)
        parts = [pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    else:
        numbers = [v if k else 0 for v, k in zip(cells, known, strict=True)]
        parts = [pa.py_buffer(np.array(numbers, dtype))]
    return pa.Array.from_buffers(_arrow_type(dtype), len(cells), [bits, *parts])


def numbers_of(column: pa.Array) -> np.ndarray:
    """An Arrow array of numbers as numpy's; `to_numpy` imports pandas.

    Where some are null these are NaN and all float64; ids stay integers, 0 where null.
    """
    import numpy as np
    import pyarrow as pa

    valid, data = column.buffers()
    kind = {pa.int32(): "i4", pa.int64(): "i8", pa.float32(): "f4", pa.float64(): "f8"}[column.type]
    end = column.offset + len(column)
    values = np.frombuffer(data, kind, end)[column.offset :]
    if valid is None or not column.null_count:
        return values
    known = np.unpackbits(np.frombuffer(valid, np.uint8), count=end, bitorder="little")
    return np.where(known[column.offset :], values, 0 if values.dtype == "i8" else np.nan)


def _no_null(name: str, values: Sequence) -> Sequence:
    """Unknown ids are 0, unknown text empty: pandas and astropy make floats of null integers."""
    blank: object = 0 if name in IDS else "" if COLUMNS[name].dtype == "str" else None
    return values if blank is None else [blank if v is None else v for v in values]


def _arrow_type(dtype: str):
    import pyarrow as pa

    return {"str": pa.string(), "int32": pa.int32(), "int64": pa.int64(),
            "float32": pa.float32(), "float64": pa.float64()}[dtype]  # fmt: skip


def _arrow_field(name: str):
    import pyarrow as pa

    column = COLUMNS[name]
    about = {"unit": column.unit, "ucd": column.ucd, "description": column.meaning}
    return pa.field(name, _arrow_type(column.dtype), metadata=about)


# ---- astropy in between, for all but Parquet


def to_astropy(table: pa.Table, header: str) -> Table:
    """An astropy table with units, UCDs, masks, and the header in its meta."""
    import numpy as np
    from astropy.table import MaskedColumn, Table

    result = Table(meta={KEY: header})
    for name in table.column_names:
        values, spec = table.column(name), COLUMNS[name]
        mask = values.is_null().to_numpy(zero_copy_only=False)
        blank: object = "" if spec.dtype == "str" else 0
        data = np.array(values.fill_null(blank).to_pylist() or [], dtype=spec.dtype)
        if not len(table):
            data = np.empty(0, "U1" if spec.dtype == "str" else spec.dtype)
        column = MaskedColumn(data, mask=mask, unit=spec.unit or None, description=spec.meaning)
        column.meta["ucd"] = spec.ucd
        result[name] = column if mask.any() else column.filled()
    return result


def from_astropy(table: Table, *, where: str) -> tuple[pa.Table, str | None]:
    """The inverse of `to_astropy`; columns that no manifest has are left out."""
    import numpy as np

    columns = {}
    for name in table.colnames:
        if name not in COLUMNS:
            continue
        values = table[name]
        mask = np.broadcast_to(np.ma.getmaskarray(np.ma.asarray(values)), len(values))
        if name in IDS and len(values):
            columns[name] = parse(np.asarray(values), where=where, column=name).tolist()
            continue
        cells = np.asarray(values).tolist()
        columns[name] = [
            None if hidden else _plain(c) for c, hidden in zip(cells, mask, strict=True)
        ]
    meta = table.meta.get(KEY) or table.meta.get(KEY.upper())
    return arrow_table(columns), meta


def _plain(cell):
    return cell.decode().rstrip() if isinstance(cell, bytes) else cell


# ---- one writer and one reader a format


def _write_parquet(path: Path, table: pa.Table, header: str) -> None:
    import pyarrow.parquet as pq

    about = {KEY: header, "IVOA.VOTable-Parquet.version": "1.0",
             "IVOA.VOTable-Parquet.content": _votable_xml(table),
             **{f"table::len::{n}": str(_longest(table.column(n))) for n in table.column_names
                if COLUMNS[n].dtype == "str"}}  # fmt: skip
    few = [name for name in table.column_names if _is_of_few(table.column(name), name)]
    pq.write_table(table.replace_schema_metadata(about), path, compression="zstd",
                   row_group_size=ROW_GROUP, data_page_size=PAGE_BYTES,
                   use_dictionary=few)  # fmt: skip


def _is_of_few(column, name: str) -> bool:
    """Whether texts repeat: only of those is a dictionary small, which readers hold as a whole."""
    return COLUMNS[name].dtype == "str" and len(set(column.to_pylist())) < 1 + len(column) / 10


def _longest(column) -> int:
    return max(map(len, filter(None, column.to_pylist())), default=1)


def _read_parquet(path: Path):
    import pyarrow.parquet as pq

    table = pq.ParquetFile(path).read()  # read_table imports pandas
    header = (table.schema.metadata or {}).get(KEY.encode())
    columns = {n: table.column(n).to_pylist() for n in table.column_names if n in COLUMNS}
    for name in IDS:
        if name in columns and table.schema.field(name).type != _arrow_type(COLUMNS[name].dtype):
            columns[name] = parse(columns[name], where=str(path), column=name).tolist()
    return arrow_table(columns), header.decode() if header else None


@dataclass(frozen=True)
class ParquetFacts:
    """What the end of a manifest's Parquet file tells."""

    header: str
    n_rows: int
    columns: frozenset[str]


def parquet_facts(path: Path) -> ParquetFacts | None:
    """Look at a Parquet manifest without its rows.

    Parameters
    ----------
    path : Path

    Returns
    -------
    ParquetFacts or None
        None where the file is none, or its columns are not of the list's types: then it has to be
        read whole, with all the checks of that.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
        n_rows = pq.read_metadata(path).num_rows
    except (OSError, pa.ArrowException):
        return None
    header = (schema.metadata or {}).get(KEY.encode())
    names = [name for name in schema.names if name in COLUMNS]
    if not header or any(schema.field(n).type != _arrow_type(COLUMNS[n].dtype) for n in names):
        return None
    return ParquetFacts(header.decode(), n_rows, frozenset(names))


def parquet_batches(path: Path, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
    """Rows of a Parquet file in order, a few at a time, with few bytes held."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, buffer_size=1 << 16, pre_buffer=False) as file:
            yield from file.iter_batches(rows, columns=list(columns), use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error


def _votable_xml(table: pa.Table) -> str:
    """A VOTable without data, from which TOPCAT learns units and UCDs of a Parquet file."""
    from html import escape  # xml.sax loads a web client

    fields = []
    for spec in (COLUMNS[name] for name in table.column_names):
        told = {"name": spec.name, **_VOTABLE_TYPES[spec.dtype], "unit": spec.unit, "ucd": spec.ucd}
        written = " ".join(f'{key}="{escape(value)}"' for key, value in told.items() if value)
        fields.append(f"<FIELD {written}><DESCRIPTION>{escape(spec.meaning)}</DESCRIPTION></FIELD>")
    return (
        '<?xml version="1.0"?>\n<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
        f'<RESOURCE type="results"><TABLE>{"".join(fields)}</TABLE></RESOURCE></VOTABLE>\n'
    )


def _as_votable(table: pa.Table, header: str):
    from astropy.io.votable import from_table
    from astropy.io.votable.tree import Info

    votable = from_table(to_astropy(table, header))
    for spec in votable.get_first_table().fields:
        spec.ucd = COLUMNS[spec.name].ucd
    if header:
        votable.infos.append(Info(name=KEY, value=header))
    return votable


def _write_votable(path: Path, table: pa.Table, header: str) -> None:
    _as_votable(table, header).to_xml(str(path))


def _read_votable(path: Path):
    from astropy.io.votable import parse as parse_votable

    votable = parse_votable(str(path))
    table = votable.get_first_table().to_table(use_names_over_ids=True)
    header = next((info.value for info in votable.infos if info.name == KEY), None)
    table.meta[KEY] = header
    return from_astropy(table, where=str(path))


def _write_fits(path: Path, table: pa.Table, header: str) -> None:
    import numpy as np
    from astropy.io import fits

    filled = to_astropy(table, "")
    for name in [n for n in filled.colnames if filled[n].dtype.kind == "U"]:  # FITS is ASCII
        filled[name] = np.char.encode(filled[name].astype("U"), "ascii", "backslashreplace")
    filled.meta = {KEY.upper()[:8]: header}
    hdu = fits.table_to_hdu(filled)
    for n, name in enumerate(table.column_names, start=1):  # as TOPCAT and STILTS read them
        hdu.header[f"TUCD{n}"], hdu.header[f"TCOMM{n}"] = COLUMNS[name].ucd, COLUMNS[name].meaning
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, overwrite=True)


def _read_fits(path: Path):
    from astropy.table import Table

    table = Table.read(path, format="fits", hdu=1)
    table.meta[KEY] = table.meta.get(KEY.upper()[:8])
    return from_astropy(table, where=str(path))


def _write_ecsv(path: Path, table: pa.Table, header: str) -> None:
    to_astropy(table, header).write(path, format="ascii.ecsv", overwrite=True)


def _read_ecsv(path: Path):
    from astropy.table import Table

    return from_astropy(Table.read(path, format="ascii.ecsv"), where=str(path))


def _write_csv(path: Path, table: pa.Table, header: str) -> None:
    from pyarrow import csv

    csv.write_csv(table, path)


def _read_csv(path: Path):
    import pyarrow as pa
    from pyarrow import csv

    with path.open() as file:
        names = [n.strip().strip('"') for n in file.readline().split(",")]
    types = {
        n: pa.string() if n in IDS else _arrow_type(COLUMNS[n].dtype) for n in names if n in COLUMNS
    }
    options = csv.ConvertOptions(column_types=types, strings_can_be_null=True,
                                 quoted_strings_can_be_null=False)  # fmt: skip
    raw = csv.read_csv(path, convert_options=options)
    columns = {n: raw.column(n).to_pylist() for n in raw.column_names if n in COLUMNS}
    for name in set(IDS) & set(columns):
        columns[name] = parse(columns[name], where=str(path), column=name).tolist()
    beside = csv_header_of(path)
    about = json.loads(beside.read_text()) if beside.exists() else {}
    return arrow_table(columns), about.get(KEY)


def csv_header_of(path: Path) -> Path:
    """The file beside a CSV that holds its header."""
    return path.with_name(f"{path.name}-metadata.json")


def finish(path: Path, header: str) -> None:
    """Write what a format keeps beside its file: for CSV the W3C's `<name>-metadata.json`."""
    if path.suffix != ".csv":
        return
    with path.open() as file:
        names = [n.strip().strip('"') for n in file.readline().split(",")]
    about = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": path.name,
        "tableSchema": {
            "columns": [
                {"name": n, "datatype": _CSVW_TYPES[COLUMNS[n].dtype], "unit": COLUMNS[n].unit,
                 "ucd": COLUMNS[n].ucd, "dc:description": COLUMNS[n].meaning}
                for n in names
            ]
        },
        KEY: header,
    }  # fmt: skip
    with replacing(csv_header_of(path)) as part:
        part.write_text(json.dumps(about, indent=1) + "\n")


def move(path: Path, target: Path) -> None:
    """Rename a manifest with all that its format keeps beside it."""
    path.rename(target)
    if csv_header_of(path).exists():
        csv_header_of(path).rename(csv_header_of(target))


_VOTABLE_TYPES = {
    "str": {"datatype": "unicodeChar", "arraysize": "1"}, "int32": {"datatype": "int"},
    "int64": {"datatype": "long"}, "float32": {"datatype": "float"},
    "float64": {"datatype": "double"},
}  # fmt: skip
_CSVW_TYPES = {"str": "string", "int32": "int", "int64": "long", "float32": "float",
               "float64": "double"}  # fmt: skip

_FORMATS: dict[str, tuple[Callable, Callable]] = {
    ".parquet": (_write_parquet, _read_parquet),
    ".ecsv": (_write_ecsv, _read_ecsv),
    ".fits": (_write_fits, _read_fits),
    ".vot": (_write_votable, _read_votable),
    ".csv": (_write_csv, _read_csv),
}
ENDINGS = frozenset(_FORMATS)


def _of(path: Path) -> tuple[Callable, Callable]:
    if path.suffix not in _FORMATS:
        raise UsageError(
            f"{path}: no manifest format has the ending {path.suffix or '(none)'!r}",
            hint="choose " + ", ".join(_FORMATS),
        )
    return _FORMATS[path.suffix]


def writer(path: Path) -> Callable[[Path, pa.Table, str], None]:
    """The writer that a path's ending chooses."""
    return _of(path)[0]


def reader(path: Path) -> Callable[[Path], tuple[pa.Table, str | None]]:
    """The reader that a path's ending chooses; what it cannot read is an `InputError`."""
    read = _of(path)[1]

    def guarded(path: Path):
        try:
            return read(path)
        except InputError:
            raise
        except Exception as error:  # each format's parser has errors of its own
            raise _unreadable(path, error) from error

    return guarded


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path} cannot be read as {path.suffix[1:]}: {first_line(error)}",
        hint="is the file whole, and does its ending tell its format?",
    )
