"""Tables as SkyServer and CasJobs print them: a `float` with 15 digits, a `real` with 7."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from galaxycurate.core.rows import DIGITS

if TYPE_CHECKING:
    import pandas as pd


def csv(table: pd.DataFrame) -> bytes:
    """A header and rows; NULL is an empty cell, flags are in lower case.

    Parameters
    ----------
    table : pandas.DataFrame
        float64 is a `float`, float32 a `real`.

    Returns
    -------
    bytes
    """
    table = table.copy(deep=False)
    flags = {True: "true", False: "false"}
    for n, kind in enumerate(table.dtypes):
        column = table.iloc[:, n]
        if digits := _digits(kind):
            text = [f"{v:.{digits}g}" if v == v else "" for v in column.tolist()]
            table.isetitem(n, text)
        elif kind == "boolean":
            table.isetitem(n, column.map(flags))
    return table.to_csv(index=False, lineterminator="\n").encode()


def records(table: pd.DataFrame) -> list[list]:
    """Rows of plain Python values for JSON: ids are integers, NULL and NaN are None."""
    columns = [_plain(table.iloc[:, n]) for n in range(table.shape[1])]
    return [list(row) for row in zip(*columns, strict=True)]


def astropy(table: pd.DataFrame, form: str) -> bytes:
    """``fits`` or ``votable``."""
    from astropy.table import Table

    text = {name: table[name].fillna("") for name in table.select_dtypes("object")}
    out = io.BytesIO()
    Table.from_pandas(table.assign(**text)).write(out, format=form)
    return out.getvalue()


def _plain(column: pd.Series) -> list:
    if digits := _digits(column.dtype):
        return [float(f"{v:.{digits}g}") if v == v else None for v in column.tolist()]
    return column.astype(object).where(column.notna(), None).tolist()


def _digits(kind) -> int | None:
    """Significant digits: float64 is a `float`, float32 a `real`."""
    return DIGITS.get({"float64": "float", "float32": "real"}.get(str(kind), ""))
