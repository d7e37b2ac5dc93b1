"""A table of MyDB, fetched in pages that are checked: all of its rows, or an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from galaxycurate.archives.casjobs.into import ROW
from galaxycurate.archives.casjobs.jobs import CasJobs
from galaxycurate.archives.wire import PAUSES_S
from galaxycurate.core.progress import Progress
from galaxycurate.core.query import Query
from galaxycurate.core.rows import empty, typed
from galaxycurate.errors import AnswerTooLarge, JobFailed, QueryRefused, Unreachable

if TYPE_CHECKING:
    import pandas as pd

PAGE_CELLS = 400_000
"""Of one page; a page that is refused for its size is asked for again by halves."""


class TableChanged(Exception):
    """Somebody else, most likely we ourselves, made or dropped the table meanwhile."""


def extent(casjobs: CasJobs, table: str) -> tuple[int, int]:
    """How many rows a table has, and the number of the last.

    Parameters
    ----------
    casjobs : CasJobs
    table : str

    Returns
    -------
    tuple of (int, int)
        They are equal when no row is missing.

    Raises
    ------
    TableChanged
        It is gone.
    """
    found = _ask(casjobs, f"SELECT COUNT(*) AS n, MAX({ROW}) AS last FROM {table}")
    return int(found.iloc[0, 0]), int(found.iloc[0, 1] or 0)


def fetch(
    casjobs: CasJobs,
    query: Query,
    table: str,
    *,
    progress: Progress,
    sleep: Callable[[float], None],
) -> pd.DataFrame:
    """All rows of a table, in their order.

    Parameters
    ----------
    casjobs : CasJobs
    query : Query
        Tells the columns and their types.
    table : str
    progress, sleep : callable

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    JobFailed
        Rows are missing in the table.
    AnswerTooLarge
        One row is too much.
    Unreachable
        Rows are missing in a page, again and again.
    TableChanged
        It is gone.
    """
    import pandas as pd

    rows, last = extent(casjobs, table)
    if rows != last:
        raise JobFailed(
            f"the table {table} in MyDB has {rows:,} rows, but the last is number {last:,}",
            hint="the same command drops it and makes it anew",
        )
    pages: list[pd.DataFrame] = []
    done, size = 0, PAGE_CELLS // (len(query.columns) + 1)
    while done < rows:
        size = min(size, rows - done)
        try:
            pages.append(typed(_page(casjobs, table, done, size, sleep), query))
        except AnswerTooLarge as error:
            if size == 1:
                raise AnswerTooLarge(
                    f"CasJobs does not even give one row of {table} at once: {error}",
                    hint="the table is kept in MyDB, the same command goes on with it; "
                    f"galaxycurate casjobs drop {table} drops it",
                ) from error
            size //= 2
            continue
        done += size
        progress(done, rows, "rows from CasJobs")
    return pd.concat(pages, ignore_index=True) if pages else empty(query)


def _page(
    casjobs: CasJobs, table: str, done: int, size: int, sleep: Callable[[float], None]
) -> pd.DataFrame:
    """So many rows after the first ones, all of them."""
    sql = f"SELECT TOP {size} * FROM {table} WHERE {ROW} > {done} ORDER BY {ROW}"
    for pause in (0.0, *PAUSES_S):
        sleep(pause)
        page = _ask(casjobs, sql)
        if ROW in page and page[ROW].tolist() == list(range(done + 1, done + size + 1)):
            return page
    raise Unreachable(
        f"CasJobs gave not all of the rows {done + 1:,} to {done + size:,} of {table}",
        hint="the table is kept in MyDB: the same command picks it up",
    )


def _ask(casjobs: CasJobs, sql: str) -> pd.DataFrame:
    try:
        return casjobs.query(sql)
    except QueryRefused as error:
        if "Invalid object name" in str(error):
            raise TableChanged from None
        raise
