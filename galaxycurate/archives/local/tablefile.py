"""Table files as DuckDB reads them: CSV and Parquet where they lie, FITS and VOTable by blocks."""

from __future__ import annotations

import gzip
import shutil
import tempfile
import tomllib
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.errors import InputError, first_line

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

FORMATS = {
    ".csv": "csv", ".parquet": "parquet", ".fits": "fits", ".fit": "fits", ".vot": "votable",
    ".votable": "votable", ".xml": "votable",
}  # fmt: skip
_BLOCK_ROWS = 20_000
"""Of FITS: so many rows of photoObj with its 5-vectors are some 30 MB."""

_BANDS = "ugriz"


def simulated_sky(folder: Path) -> str:
    """The name of the simulated sky whose tables lie in a folder, told by its `sky.toml`.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    str
        Empty for real tables, as far as one can know.
    """
    about_file = folder.absolute().parent / "sky.toml"
    try:
        about = tomllib.loads(about_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""  # no sky of the sandbox
    return about.get("name", about_file.parent.name) if about.get("kind") == "simulated" else ""


def format_of(path: Path) -> str | None:
    """``csv``, ``parquet``, ``fits`` or ``votable``, by the ending before ``.gz``; else None."""
    name = path.name.lower().removesuffix(".gz")
    return FORMATS.get(Path(name).suffix)


def stem(path: Path) -> str:
    """The file's name before its first dot: the table it holds, if it is called so."""
    return path.name.split(".")[0]


def quoted(path: Path) -> str:
    """The path as a string of SQL."""
    return "'" + str(path).replace("'", "''") + "'"


def csv_source(path: Path, *, types: str | None = None) -> str:
    """The DuckDB function that reads a CSV of SkyServer, whose first line may be ``#Table1``.

    Parameters
    ----------
    path : Path
    types : str, optional
        Types of some columns, the others are guessed; without it all are text.

    Returns
    -------
    str

    Raises
    ------
    InputError
        What was saved is SkyServer's refusal or a web page, or has other separators.
    """
    before = _lines_before_header(path)
    kinds = "all_varchar = true" if types is None else f"types = {types}" if types else ""
    return (
        f"read_csv({quoted(path)}, header = true, skip = {before}, delim = ',', "
        f"quote = '\"', escape = '\"', nullstr = ['', 'null', 'NULL']{kinds and ', '}{kinds})"
    )


def blocks(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[tuple[str, int, int]]:
    """A file, block by block.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where the blocks are seen.
    path : Path

    Yields
    ------
    source : str
        What stands behind FROM, until the next block.
    done, total : int
        Rows up to and with this block, and in all; 0 and 0 where DuckDB reads the file itself.

    Raises
    ------
    InputError
        The file is of no known format, or damaged.
    """
    form = format_of(path)
    with readable(path):
        if form == "csv":
            yield csv_source(path), 0, 0
        elif form == "parquet":
            yield f"read_parquet({quoted(path)})", 0, 0
        elif form in ("fits", "votable"):
            with _opened(path, form) as rows:
                total = len(rows)
                for first in range(0, max(total, 1), _BLOCK_ROWS):
                    connection.register("block", _arrow(rows[first : first + _BLOCK_ROWS]))
                    yield "block", min(first + _BLOCK_ROWS, total), total
                    connection.unregister("block")
        else:
            raise InputError(
                f"{path} is no table that is known here",
                hint=f"endings: {' '.join(FORMATS)}, each with or without .gz",
            )


@contextmanager
def readable(file: Path) -> Iterator[None]:
    """What DuckDB, gzip and astropy say of a damaged file is the user's to know, in one line."""
    import duckdb

    try:
        yield
    except (duckdb.Error, OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{file} cannot be read as a table: {first_line(error)}",
            hint="is the file whole, and does its ending tell its format? copy or export it again",
        ) from error


@contextmanager
def _opened(path: Path, form: str) -> Iterator:
    """Rows that are read when they are looked at; gzip is unpacked to a file for that."""
    if form == "votable":
        from astropy.table import Table

        try:
            table = Table.read(path, format="votable")
        except ValueError as error:
            raise OSError(first_line(error)) from error
        yield table
        return
    from astropy.io import fits

    with tempfile.TemporaryDirectory() as folder:
        plain = path
        if path.suffix == ".gz":
            plain = Path(folder) / path.stem
            with gzip.open(path, "rb") as packed, plain.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked, 1 << 20)
        with warnings.catch_warnings(action="ignore"), fits.open(plain, memmap=True) as units:
            tables = [unit for unit in units if isinstance(unit, fits.BinTableHDU)]
            if not tables:
                raise OSError("the FITS file holds no table")
            try:
                yield tables[0].data
            except (TypeError, ValueError) as error:
                raise OSError(f"its table is cut off or damaged: {first_line(error)}") from error


def _arrow(rows) -> pa.Table:
    """Scalars as they are, vectors of five as five columns ``_u`` to ``_z``; the rest is left."""
    import pyarrow as pa

    names = rows.names if hasattr(rows, "names") else rows.colnames
    columns = {}
    for name in names:
        values = rows[name]
        if values.ndim == 1:
            columns[name] = _array(values)
        elif values.ndim == 2 and values.shape[1] == len(_BANDS):
            for number, band in enumerate(_BANDS):
                columns[f"{name}_{band}"] = _array(values[:, number])
    return pa.table(columns)


def _array(values) -> pa.Array:
    import pyarrow as pa

    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    plain = np.asarray(values)
    if plain.dtype.kind in "SUO":
        text = [v.decode() if isinstance(v, bytes) else str(v) for v in plain.tolist()]
        return pa.array([v.strip() for v in text], pa.string(), mask=mask)
    native = plain.astype(plain.dtype.newbyteorder("="))
    return pa.array(np.ascontiguousarray(native), mask=mask, from_pandas=True)


def _lines_before_header(file: Path) -> int:
    """SkyServer's CSV starts with `#Table1`; what it says instead of a table is refused."""
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8-sig", errors="replace") as lines:
        count, head = 0, ""
        for head in lines:
            if not head.startswith("#"):
                break
            count += 1
        names = head.strip().strip('"')
        if names.lower().startswith("error_message"):
            raise InputError(
                f"{file} is no table but a refusal of SkyServer: {first_line(lines.read(1000))}",
                hint="correct the SQL, and save its answer again",
            )
    if names.startswith("<"):
        raise InputError(
            f"{file} is a web page or XML, no CSV: {first_line(names)}",
            hint="save the table itself; a VOTable is called .vot",
        )
    if "," not in names and (";" in names or "\t" in names):
        raise InputError(
            f"{file} is not separated by commas: {first_line(names)}",
            hint="save it again as CSV, with commas between and points in numbers",
        )
    return count
