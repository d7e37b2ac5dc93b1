"""The answer to a question as a table, the same whichever archive gave it.

SkyServer prints a `float` with 15 digits and a `real` with 7, CasJobs and local files know more;
so every answer is held to what SkyServer prints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from galaxycurate.core.digits import held
from galaxycurate.core.query import Query
from galaxycurate.errors import QueryRefused

if TYPE_CHECKING:
    import pandas as pd

DIGITS = {"float": 15, "real": 7}
"""Significant digits that SkyServer prints (`Double.ToString`, `Single.ToString` of .NET)."""


def typed(table: pd.DataFrame, query: Query) -> pd.DataFrame:
    """The query's columns, in its order and types.

    Parameters
    ----------
    table : pandas.DataFrame
        As an archive gave it: names in any case, values as text or as numbers.
    query : Query

    Returns
    -------
    pandas.DataFrame
        Text for ``varchar`` (NULL is empty), Int64 for whole numbers, float64 for ``float`` and
        ``real``, held to 15 and 7 digits.

    Raises
    ------
    QueryRefused
        A column is missing.
    """
    import pandas as pd

    names = {str(column).lower(): column for column in table.columns}
    missing = [name for name, _ in query.columns if name.lower() not in names]
    if missing:
        raise QueryRefused(f"the answer to {query.name} lacks the column {', '.join(missing)}")
    return pd.DataFrame(
        {name: _as(table[names[name.lower()]], kind) for name, kind in query.columns}
    )


def empty(query: Query) -> pd.DataFrame:
    """No rows, but the query's columns in their types."""
    import pandas as pd

    return typed(pd.DataFrame({name: pd.Series(dtype=object) for name, _ in query.columns}), query)


def _as(values: pd.Series, kind: str) -> pd.Series:
    import pandas as pd

    if kind == "varchar":
        return values.fillna("").astype(str).reset_index(drop=True)
    numbers = pd.to_numeric(values, errors="coerce").reset_index(drop=True)
    if kind in DIGITS:
        return pd.Series(held(numbers.astype("float64").to_numpy(), DIGITS[kind]))
    return numbers.astype("Int64")
