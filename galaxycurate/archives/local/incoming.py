"""The rows of a file on their way into a table of CAS: renamed, typed, completed, each once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.archives.local import cas, casnames, valuecheck
from galaxycurate.archives.local.casnames import CasTable
from galaxycurate.archives.local.idcheck import check_ids, is_id
from galaxycurate.archives.local.tablefile import stem
from galaxycurate.errors import IdentityError, LayoutError, SettingError

if TYPE_CHECKING:
    import duckdb

_PEEK = 10_000
"""Rows that are looked at before any is written."""

_NOISE = {"FLOAT": 1e-6, "DOUBLE": 1e-12}
"""Two prints of one number differ by less, relatively: SkyServer's have 7 and 15 digits."""

_VECTOR = re.compile("_[ugriz]$")
_NOTES = {  # derived column: what a person should know
    "objID": "objID from run, rerun, camcol, field and id",
    "mode": "mode from RESOLVE_STATUS (1 where SURVEY_PRIMARY)",
    "modelMag_r": "magnitudes are asinh magnitudes of the fluxes",
}


@dataclass(frozen=True)
class Incoming:
    """What a file holds, and the SQL that makes rows of CAS of it.

    Parameters
    ----------
    where : str
        The file, for messages.
    table : CasTable
    view : str
        The view of PhotoObjAll that the file was said to be, else the table.
    key : str
        The column that tells two rows apart.
    expressions, derived : dict of str to str
        SQL by CAS name: of the file's columns, and of those.
    ids : dict of str to str
        The file's columns of ids, with their types.
    left_out : tuple of str
        The file's columns that the table does not have in CAS.
    """

    where: str
    table: CasTable
    view: str
    key: str
    expressions: dict[str, str]
    derived: dict[str, str]
    ids: dict[str, str]
    left_out: tuple[str, ...]

    @classmethod
    def of(
        cls, connection: duckdb.DuckDBPyConnection, source: str, file: Path, asked: str | None
    ) -> Incoming:
        """Find out what a source holds.

        Raises
        ------
        LayoutError
            A column is missing without which its rows cannot be told apart or used.
        IdentityError
            Ids among the first rows went through a float.
        SettingError
            `asked` is no table that is known here.
        """
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        have = {row[0]: row[1] for row in described}
        table, view = _which(file, list(have), asked)
        expressions, left_out = table.select(have)
        for column, values in cas.VIEWS.get(view, {}).items():
            if column not in expressions and len(values) == 1:
                expressions[column] = str(values[0])
        derived = cas.derived(table.name, list(expressions))
        key = _key(connection, file.name, table, {*expressions, *derived})
        made = cls(
            where=file.name,
            table=table,
            view=view,
            key=key,
            expressions=expressions,
            derived=derived,
            ids={n: kind for n, kind in have.items() if is_id(n) and n not in left_out},
            left_out=tuple(dict.fromkeys(_VECTOR.sub("_*", name) for name in left_out)),
        )
        connection.execute(f"CREATE OR REPLACE TEMP TABLE peek AS FROM {source} LIMIT {_PEEK}")
        made.check(connection, "peek")
        connection.execute("DROP TABLE peek")
        if table.name == "PhotoObjAll" and "mode" not in {*expressions, *derived}:
            raise LayoutError(
                f"{file.name}: PhotoObjAll without the column mode: primary and secondary "
                "detections cannot be told apart",
                hint="--table PhotoPrimary, if the rows are of PhotoPrimary or Galaxy",
            )
        return made

    @property
    def note(self) -> str:
        """What was concluded rather than read."""
        said = [text for name, text in _NOTES.items() if name in self.derived]
        implied = cas.VIEWS.get(self.view, {})
        same = {c: str(v[0]) for c, v in implied.items() if len(v) == 1}
        said += [f"{c} = {v} for all" for c, v in same.items() if self.expressions.get(c) == v]
        return "; ".join(said)

    def check(self, connection: duckdb.DuckDBPyConnection, source: str) -> None:
        """Refuse ids that are not whole."""
        needed = tuple(n for n in self.ids if (self.table.column(n) or ("",))[0] == self.key)
        check_ids(connection, source, self.where, self.ids, needed=needed)

    def make_room(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the table, and the columns it does not have yet."""
        kinds = {name: self._type(name) for name in (*self.expressions, *self.derived)}
        there = _columns(connection, self.table.name)
        if not there:
            columns = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
            connection.execute(f'CREATE TABLE "{self.table.name}" ({columns})')
            return
        for name, kind in kinds.items():
            if name.lower() not in there:
                connection.execute(f'ALTER TABLE "{self.table.name}" ADD COLUMN "{name}" {kind}')

    def look(self, connection: duckdb.DuckDBPyConnection, source: str, before: int) -> int:
        """How many rows a source has, after `before` others; refuse values that cannot be."""
        columns = (*self.expressions, *self.derived)
        ruled = valuecheck.rules(self.table.name, columns, own=self.expressions)
        return valuecheck.check_values(
            connection, self._rows(source), self.where, ruled, key=self.key, before=before
        )

    def try_out(self, connection: duckdb.DuckDBPyConnection, source: str) -> int:
        """How many rows `put` would insert; refuse what it would refuse."""
        self.check(connection, source)
        connection.execute(f"SELECT count(COLUMNS(*)) FROM {self._rows(source)}")  # every cell
        if not _columns(connection, self.table.name):
            new = self._rows(source)
        else:
            new = f"({self._new(source)})"
        sql = f'SELECT count(DISTINCT "{self.key}") FROM {new}'
        return connection.execute(sql).fetchall()[0][0]

    def put(self, connection: duckdb.DuckDBPyConnection, source: str) -> int:
        """Insert the rows whose key is not there yet; how many those are."""
        names = ", ".join(f'"{name}"' for name in (*self.expressions, *self.derived))
        insert = f'INSERT INTO "{self.table.name}" ({names}) {self._new(source, names)}'
        return connection.execute(insert).fetchall()[0][0]

    def compare(
        self, connection: duckdb.DuckDBPyConnection, source: str, first: int
    ) -> tuple[int, int, int, list[str]]:
        """Rows of a source whose key stands before a rowid.

        Returns
        -------
        there, differ, completes : int
            Those rows; those that say otherwise, and those that know more, than what is there.
        gaps : list of str
            The columns of which they know more.
        """
        there = _columns(connection, self.table.name)
        names = [n for n in (*self.expressions, *self.derived) if n != self.key]
        gap = {
            n: f'new."{n}" IS NOT NULL' + (f' AND old."{n}" IS NULL' if n.lower() in there else "")
            for n in names
        }
        same = [n for n in names if n in self.expressions and n.lower() in there]
        differ = " OR ".join(self._differs(n) for n in same) or "false"
        key = f'old."{self.key}"'
        counts = [
            "count(*)",
            f"count(DISTINCT {key}) FILTER ({differ})",
            f"count(DISTINCT {key}) FILTER ({' OR '.join(gap.values()) or 'false'})",
            *(f"count_if({condition})" for condition in gap.values()),
        ]
        found = connection.execute(
            f"SELECT {', '.join(counts)} FROM {self._beside(source)} AND old.rowid < {first}"
        ).fetchall()[0]
        return *found[:3], [name for name, count in zip(gap, found[3:], strict=True) if count]

    def complete(
        self, connection: duckdb.DuckDBPyConnection, source: str, first: int, gaps: list[str]
    ) -> None:
        """Fill what is NULL in rows before a rowid; what is there stays."""
        more = ", ".join(f'"{name}" = coalesce(old."{name}", new."{name}")' for name in gaps)
        connection.execute(
            f'UPDATE "{self.table.name}" AS old SET {more} FROM {self._rows(source)} AS new '
            f'WHERE old."{self.key}" = new."{self.key}" AND old.rowid < {first}'
        )

    def drop_twice(self, connection: duckdb.DuckDBPyConnection, first: int) -> int:
        """Of rows with one key among those from a rowid on, keep the first; how many went."""
        table, key = f'"{self.table.name}"', f'"{self.key}"'
        rows, filled, different = connection.execute(
            f"SELECT count(*), count({key}), count(DISTINCT {key}) FROM {table} "
            f"WHERE rowid >= {first}"
        ).fetchall()[0]
        if filled < rows:
            raise IdentityError(
                f"{self.where}: column {self.key} is empty in {rows - filled:,} rows",
                hint=f"give every row its {self.key}, or remove the row",
            )
        if different < rows:
            connection.execute(
                f"DELETE FROM {table} WHERE rowid IN (SELECT id FROM (SELECT rowid AS id, "
                f"row_number() OVER (PARTITION BY {key} ORDER BY rowid) AS nth FROM {table} "
                f"WHERE rowid >= {first}) WHERE nth > 1)"
            )
        return rows - different

    def _new(self, source: str, names: str = "*") -> str:
        return (
            f"SELECT {names} FROM {self._rows(source)} AS new "
            f'WHERE NOT EXISTS (SELECT 1 FROM "{self.table.name}" AS old '
            f'WHERE old."{self.key}" = new."{self.key}")'
        )

    def _rows(self, source: str) -> str:
        """The source as CAS has it; stands behind FROM."""
        read = ", ".join(f'{sql} AS "{name}"' for name, sql in self.expressions.items())
        more = "".join(
            f', CAST({sql} AS {self._type(name)}) AS "{name}"' for name, sql in self.derived.items()
        )
        return f"(SELECT *{more} FROM (SELECT {read} FROM {source}))"

    def _beside(self, source: str) -> str:
        return (
            f'{self._rows(source)} AS new, "{self.table.name}" AS old '
            f'WHERE old."{self.key}" = new."{self.key}"'
        )

    def _differs(self, name: str) -> str:
        old, new = f'old."{name}"', f'new."{name}"'
        noise = _NOISE.get(self._type(name))
        if noise is None:
            return f"{old} <> {new}"
        old, new = f"{old}::DOUBLE", f"{new}::DOUBLE"
        return (
            f"({old} <> {new} AND abs({old} - {new}) > {noise} * greatest(abs({old}), abs({new})))"
        )

    def _type(self, name: str) -> str:
        found = self.table.column(name)
        return found[1] if found else "INT"


def _which(file: Path, names: list[str], asked: str | None) -> tuple[CasTable, str]:
    """The table, and the view of it that the user or the file's name says it is."""
    known = {name.lower(): name for name in (*casnames.tables(), *cas.VIEWS)}
    said = known.get((asked or stem(file)).lower())
    if asked and said is None:
        close = get_close_matches(asked.lower(), known, n=1)
        hint = (
            f"did you mean {known[close[0]]}?" if close else f"choose {', '.join(known.values())}"
        )
        raise SettingError(f"no table is called {asked!r} here", hint=hint)
    if said:
        table = casnames.tables()["PhotoObjAll" if said in cas.VIEWS else said]
        mine = {found[0] for name in names if (found := table.column(name))}
        if asked or mine & set(table.key):
            return table, said
    told = casnames.told_by_columns(names, where=file.name)
    return told, told.name


def _key(connection, where: str, table: CasTable, columns: set[str]) -> str:
    there = _columns(connection, table.name)
    for key in table.key:
        if key in columns and (not there or key.lower() in there):
            return key
    raise LayoutError(
        f"{where}: {table.name} without {' or '.join(table.key)}: its rows cannot be told apart",
        hint="export the table again with its ids",
    )


def _columns(connection, table: str) -> set[str]:
    rows = connection.execute(
        "SELECT lower(column_name) FROM duckdb_columns() "
        "WHERE database_name = current_database() AND table_name = ?", [table]
    ).fetchall()  # fmt: skip
    return {name for (name,) in rows}
