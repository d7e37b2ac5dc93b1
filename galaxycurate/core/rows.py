"""The answer to a question as a table, the same whichever archive gave it.

SkyServer prints a `float` with 15 digits and a `real` with 7, CasJobs and local files know more;
so every answer is held to what SkyServer prints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from galaxycurate.core.digits import held
from galaxycurate.core.query import Query
from galaxycurate.errors import QueryRefused, ServiceError

if TYPE_CHECKING:
    import pandas as pd

DIGITS = {"float": 15, "real": 7}
"""Significant digits that SkyServer prints (`Double.ToString`, `Single.ToString` of .NET)."""

_NULL = {"", "null", "nan"}


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
    ServiceError
        A column of numbers holds something else.
    """
    import pandas as pd

    names = {str(column).lower(): column for column in table.columns}
    missing = [name for name, _ in query.columns if name.lower() not in names]
    if missing:
        raise QueryRefused(f"the answer to {query.name} lacks the column {', '.join(missing)}")
    columns = {}
    for name, kind in query.columns:
        try:
            columns[name] = _as(table[names[name.lower()]], kind)
        except ValueError as error:
            raise ServiceError(f"the answer to {query.name} is damaged: {name} = {error}") from None
    return pd.DataFrame(columns)


def empty(query: Query) -> pd.DataFrame:
    """No rows, but the query's columns in their types."""
    import pandas as pd

    return typed(pd.DataFrame({name: pd.Series(dtype=object) for name, _ in query.columns}), query)


def _as(values: pd.Series, kind: str) -> pd.Series:
    import pandas as pd

    if kind == "varchar":
        return values.fillna("").astype(str).reset_index(drop=True)
    values = values.reset_index(drop=True)
    numbers = pd.to_numeric(values, errors="coerce")
    wrong = numbers.isna() & ~values.isna()  # only text can be: an empty cell is NULL
    wrong[wrong] = ~values[wrong].astype(str).str.strip().str.lower().isin(_NULL)
    if kind not in DIGITS:
        wrong |= (numbers.notna() & (numbers % 1 != 0)).astype(bool)
    if wrong.any():
        raise ValueError(repr(values[wrong].iloc[0]))
    if kind in DIGITS:
        return pd.Series(held(numbers.astype("float64").to_numpy(), DIGITS[kind]))
    return numbers.astype("Int64")
