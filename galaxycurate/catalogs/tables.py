"""Reading catalogue files: CSV (SkyServer's own too), FITS, VOTable, Parquet. Ids stay text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.errors import InputError, first_line
from galaxycurate.store.files import existing

if TYPE_CHECKING:
    import pandas as pd

_TEXT = {".csv", ".txt", ".tsv"}


def columns_of(path: Path) -> list[str]:
    """The column names of a table, without reading its rows where the format allows.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of str
    """
    return list(read_table(path, rows=0).columns)


def read_table(path: Path, columns: list[str] | None = None, *, rows: int | None = None):
    """Read a catalogue file as text and numbers, ids never through a float.

    Parameters
    ----------
    path : Path
        `.csv`, `.csv.gz`, `.zip` of one CSV, `.fits`, `.vot`, `.xml`, `.parquet`.
    columns : list of str, optional
        Only these.
    rows : int, optional
        Only the first.

    Returns
    -------
    pandas.DataFrame
        CSV cells are text as they stand; other formats keep their own types.

    Raises
    ------
    InputError
        Missing, empty or unreadable.
    """
    path = existing(Path(path))
    if path.is_dir():
        raise InputError(f"{path} is a folder, not a table", hint="name the file")
    try:
        return _read(path, columns, rows)
    except InputError:
        raise
    except Exception as error:  # each format's parser has errors of its own
        raise InputError(
            f"{path} cannot be read as a table: {first_line(error)}",
            hint="CSV, CSV.gz, FITS, VOTable and Parquet are read; the ending tells which",
        ) from error


def _read(path: Path, columns: list[str] | None, rows: int | None) -> pd.DataFrame:
    endings = {s.lower() for s in path.suffixes}
    if endings & _TEXT or path.suffix.lower() == ".zip":
        return _read_csv(path, columns, rows)
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq

        if rows == 0:
            return pq.read_schema(path).empty_table().to_pandas()
        return pq.read_table(path, columns=columns).to_pandas(integer_object_nulls=True)
    from astropy.table import Table

    table = (
        Table.read(path) if path.suffix.lower() != ".xml" else Table.read(path, format="votable")
    )
    table = table[[n for n in (columns or table.colnames) if table[n].ndim == 1]]
    if rows is not None:
        table = table[:rows]
    for name in table.colnames:
        if table[name].dtype.kind == "S":
            table[name] = table[name].astype(str)
    return table.to_pandas()


def _read_csv(path: Path, columns: list[str] | None, rows: int | None) -> pd.DataFrame:
    import pandas as pd

    skip = _lines_before_header(path)
    table = pd.read_csv(
        path, dtype=str, keep_default_na=False, skiprows=skip, usecols=columns, nrows=rows,
        skipinitialspace=True,
    )  # fmt: skip
    if not len(table.columns):
        raise InputError(f"{path} holds no columns")
    return table


def _lines_before_header(path: Path) -> int:
    """SkyServer starts its CSV with `#Table1`; other comment lines are left out alike."""
    import gzip

    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty", hint="was the download cut off?")
    if path.suffix.lower() == ".zip":
        return 0
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    count = 0
    with opener(path, "rt", encoding="utf-8-sig", errors="replace") as file:
        for line in file:
            if not line.startswith("#") or "," in line:
                break
            count += 1
    return count
