"""Values that no row of CAS can have: positions off the sky, ids that their own parts deny."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from galaxycurate.archives.local import cas
from galaxycurate.errors import IdentityError, InputError

if TYPE_CHECKING:
    import duckdb

_POSITION = {"ra": (0, 360), "dec": (-90, 90)}
_PARTS = ("run", "rerun", "camcol", "field", "obj")


def rules(
    table: str | None, columns: Collection[str], *, own: Collection[str] = ()
) -> dict[str, tuple[str, str]]:
    """What may not be, by the column that is to blame: a condition in SQL, and what is right.

    Parameters
    ----------
    table : str or None
        Its name in CAS; without it only positions off the sky, and an empty one may be.
    columns : collection of str
        Its columns here.
    own : collection of str
        Those of them that were read, not derived from others: they may contradict the ids.

    Returns
    -------
    dict of str to (str, str)
    """
    have = {column.lower(): column for column in columns}
    found = {}
    for name, (low, high) in _POSITION.items():
        if name in have:  # NaN is larger than any number to DuckDB
            bad = f'NOT "{name}" BETWEEN {low} AND {high}'
            bad += f' OR "{name}" IS NULL' if table else ""
            found[have[name]] = (bad, f"{name} is {low} to {high} degrees")
    if table == "PhotoObjAll" and {"type", "r"} <= set(have):
        name = "r" if "r" in own or "modelMag_r" not in columns else "modelMag_r"
        bad = f'type = 3 AND ("{name}" IS NULL OR NOT isfinite("{name}"))'
        found[name] = (bad, "a galaxy without a magnitude is -9999 in CAS")
    key = {"PhotoObjAll": "objID", "Field": "fieldID"}.get(table or "")
    if key in own:
        for part in _PARTS:
            if part in own and (part != "obj" or key == "objID"):
                at, mask = cas.BITS[part]
                bad = f'"{part}" <> (("{key}" >> {at}) & {mask})'
                found[part] = (bad, f"the {key} of that row says otherwise")
    return found


def check_values(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    where: str,
    ruled: dict[str, tuple[str, str]],
    *,
    key: str | None = None,
    before: int = 0,
) -> int:
    """Refuse a table with values that cannot be.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    source : str
        What stands behind FROM.
    where : str
        The file or table, for the message.
    ruled : dict
        As from `rules`.
    key : str, optional
        The column of ids, for the message.
    before : int
        Rows of the file before this source, for the message.

    Returns
    -------
    int
        How many rows the source has.

    Raises
    ------
    IdentityError
        An id and its parts contradict one another.
    InputError
        Any other.
    """
    bad = "".join(f", count_if({condition})" for condition, _ in ruled.values())
    total, *counts = connection.execute(f"SELECT count(*){bad} FROM {source}").fetchall()[0]
    for (column, (condition, right)), count in zip(ruled.items(), counts, strict=True):
        if not count:
            continue
        row, value, name = connection.execute(
            f'SELECT row, "{column}", {key or "NULL"} FROM '
            f"(SELECT row_number() OVER () AS row, * FROM {source}) WHERE {condition} LIMIT 1"
        ).fetchall()[0]
        which = f"row {before + row}" + (f" ({key} {name})" if key else "")
        said = "is empty" if value is None else f"is {value}"
        kind = IdentityError if column in _PARTS else InputError
        raise kind(
            f"{where}: column {column} {said} in {which}: {right}",
            hint=f"correct or remove {'that row' if count == 1 else f'those {count:,} rows'}, "
            "or export the table again",
        )
    return total
