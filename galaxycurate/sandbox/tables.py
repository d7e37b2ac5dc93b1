"""The tables of a sky, in the types that CAS has them in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.archives.local import casnames

if TYPE_CHECKING:
    import pandas as pd


def write_table(folder: Path, name: str, table: pd.DataFrame) -> None:
    """Write one table; what is `real` in CAS has seven digits here, too.

    Parameters
    ----------
    folder : Path
        ``tables/`` of the sky.
    name : str
        Of the table; CAS need not have it.
    table : pandas.DataFrame
    """
    known = casnames.tables().get(name)
    kinds = {column: known.column(column) if known else None for column in table.columns}
    reals = {column: "float32" for column, kind in kinds.items() if kind and kind[1] == "FLOAT"}
    table.astype(reals).to_parquet(folder / f"{name}.parquet", index=False)
