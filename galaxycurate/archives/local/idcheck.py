"""Ids of a table are 64-bit integers that never went through a float: looked at in DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from galaxycurate.core import ids
from galaxycurate.errors import IdentityError

if TYPE_CHECKING:
    import duckdb

_SPECTRUM_ID = "specobjid"
_ROUND = {_SPECTRUM_ID, "maskid"}  # may end in zero bits by nature, as if they had been rounded
_IDS = {
    "objid", "dr7objid", "dr8objid", "objid7", "objid8", "bestobjid", "parentid", "fieldid",
    "thingid", "htmid", *_ROUND,
}  # fmt: skip
_SAMPLE = 10_000
"""So many ids tell whether their column was rounded."""


def is_id(column: str) -> bool:
    """Whether a column holds ids, by its name."""
    return column.lower() in _IDS


def id_type(column: str) -> str:
    """The DuckDB type of a column of ids; plate numbers above 8191 fill the 64th bit."""
    return "UBIGINT" if column.lower() == _SPECTRUM_ID else "BIGINT"


def check_ids(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    where: str,
    columns: dict[str, str],
    *,
    needed: tuple[str, ...] = (),
) -> None:
    """Refuse a table whose ids are not whole.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    source : str
        What stands behind FROM.
    where : str
        The file or table, for the message.
    columns : dict of str to str
        DuckDB type by column.
    needed : tuple of str
        Columns in which no row may be empty.

    Raises
    ------
    IdentityError
        Ids that are floats, were rounded, are no numbers, or are absent.
    """
    for name, kind in columns.items():
        if not is_id(name):
            continue
        if kind in ("DOUBLE", "FLOAT"):
            raise IdentityError(
                f"{where}: column {name} is stored as floating point; the last digits of its "
                "ids are lost and cannot be repaired",
                hint="export the table again with CAST(objID AS varchar(20)), and read ids as text",
            )
        text = f"""NULLIF(trim(CAST("{name}" AS VARCHAR)), '')"""
        bad = "NOT regexp_full_match(id, '[+-]?[0-9]+')"
        bad += " OR id IS NULL" if name in needed else ""
        whole = kind != "VARCHAR" and name not in needed
        found = (
            not whole
            and connection.execute(
                f"SELECT * FROM (SELECT row_number() OVER () AS row, {text} AS id FROM {source}) "
                f"WHERE {bad} LIMIT 1"
            ).fetchone()
        )
        if found:
            ids.parse([found[1] or ""], where=where, column=name, row=found[0])
        if name.lower() not in _ROUND:
            sample = connection.execute(  # fieldIDs end in zero bits, too
                f'SELECT * FROM (SELECT TRY_CAST("{name}" AS BIGINT) AS id FROM {source}) '
                f"WHERE id & 65535 <> 0 LIMIT {_SAMPLE}"
            ).fetchall()
            ids.parse([value for (value,) in sample], where=where, column=name)
