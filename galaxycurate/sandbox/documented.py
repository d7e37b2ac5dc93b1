"""`fDocColumns`: which columns a table has, as clients ask before they ask anything else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_ASKED = re.compile(
    r"\s*select\s+(?:top\s+\d+\s+)?\*\s+from\s+dbo\.fDocColumns\(\s*'(\w+)'\s*\)\s*\Z",
    re.IGNORECASE,
)
_TYPES = {  # of DuckDB, and of SQL Server
    "BIGINT": "bigint", "INTEGER": "int", "SMALLINT": "smallint", "TINYINT": "tinyint",
    "DOUBLE": "float", "FLOAT": "real", "VARCHAR": "varchar", "BOOLEAN": "bit",
}  # fmt: skip
_ABSENT = {
    "SpecObjAll": {
        "specObjID": "BIGINT", "bestObjID": "BIGINT", "ra": "DOUBLE", "dec": "DOUBLE", "z": "FLOAT",
        "plate": "SMALLINT", "mjd": "INTEGER", "fiberID": "SMALLINT", "class": "VARCHAR",
        "run2d": "VARCHAR",
    }
}  # fmt: skip
"""Columns of tables that every release has and the sandbox has not."""


def columns(sql: str, schema: dict[str, dict[str, str]]) -> pd.DataFrame | None:
    """The answer to `SELECT * FROM dbo.fDocColumns('table')`.

    Parameters
    ----------
    sql : str
        Any statement.
    schema : dict
        SQL types of the columns, ``{table: {column: type}}``.

    Returns
    -------
    pandas.DataFrame or None
        One row for each column; None for another statement.
    """
    found = _ASKED.match(sql)
    if found is None:
        return None
    import pandas as pd

    known = {name.lower(): kinds for name, kinds in (_ABSENT | schema).items()}
    kinds = known.get(found[1].lower(), {})
    rows = [(name, _TYPES.get(kind, kind.lower())) for name, kind in kinds.items()]
    table = pd.DataFrame(rows, columns=["name", "type"])
    table = table.assign(length=0, unit="", ucd="", enum="", description="")
    return table[["enum", "name", "type", "length", "unit", "ucd", "description"]]
