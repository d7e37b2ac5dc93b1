"""CAS tables on this machine, asked in the T-SQL of SkyServer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.archives.local import cas, tablefile
from galaxycurate.archives.local.adding import ENDINGS, MARK, prepare
from galaxycurate.archives.local.idcheck import check_ids, id_type, is_id
from galaxycurate.archives.local.tsql import Schema, columns_used, to_duckdb
from galaxycurate.archives.local.valuecheck import check_values, rules
from galaxycurate.core.digits import held
from galaxycurate.core.progress import Progress, silent
from galaxycurate.core.query import Query
from galaxycurate.core.rows import typed
from galaxycurate.errors import InputError, QueryRefused, first_line

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa

TABLE_ENDINGS = (".parquet", ".csv", ".csv.gz")


class LocalArchive:
    """A folder of CAS tables, or a DuckDB file, that answers like SkyServer.

    Parameters
    ----------
    path : str or Path
        A folder of ``<table>.parquet``, ``<table>.csv`` or ``<table>.csv.gz`` (SkyServer's
        ``#Table1`` line may stand first), which are read into memory; or a DuckDB file, asked
        where it lies. One that `adding.add` made is opened at once, others are looked at first.

    Raises
    ------
    InputError
        No such folder, no table in it, a file that is damaged, or positions off the sky.
    IdentityError
        Ids that went through a float.
    """

    rows_at_once = 2_000_000

    def __init__(self, path: str | Path):
        import duckdb

        self.path = Path(path)
        self._connection = duckdb.connect()
        prepare(self._connection)
        self._connection.execute("CREATE SCHEMA dbo; SET python_enable_replacements = false")
        self._skies = {tablefile.simulated_sky(self.path)} - {""}
        self._search = "main"
        self.fields_made_up = 0
        """Rows of Field that only objects tell of."""
        self.tables = sorted(self._attached() if self.path.is_file() else self._read_files())
        self._add_cas({name.lower(): name for name in self.tables})
        self._connection.execute("SET enable_external_access = false")  # SELECT reads no other file
        self._schema = self._read_schema()

    @property
    def name(self) -> str:
        """Where the rows come from, for the provenance; a simulated sky is called so."""
        skies = ", ".join(sorted(self._skies))
        return f"local: {self.path}" + (f" (simulated sky: {skies})" if skies else "")

    @property
    def schema(self) -> Schema:
        """SQL types of the columns, ``{table: {column: type}}``, views included."""
        return self._schema

    def run(self, query: Query, *, progress: Progress = silent) -> pd.DataFrame:
        """Ask one question.

        Parameters
        ----------
        query : Query

        Returns
        -------
        pandas.DataFrame
            One column for each of the query's columns: ids as text, typed and empty when no row
            matches.

        Raises
        ------
        QueryRefused
            A syntax error, or a table or column that is not here.
        """
        table = self.execute(query.sql)
        return typed(table, query) if query.columns else table

    def execute(self, sql: str) -> pd.DataFrame:
        """Run one SELECT; may be called from several threads.

        Parameters
        ----------
        sql : str
            T-SQL.

        Returns
        -------
        pandas.DataFrame
            Integers with NULL stay integers (``Int64``), text stays text.

        Raises
        ------
        QueryRefused
            A syntax error, or a table or column that is not here.
        """
        import duckdb

        duck_sql = to_duckdb(sql, schema=self._schema)
        cursor = self._connection.cursor()
        cursor.execute(f"SET search_path = '{self._search}'")
        try:
            return frame(cursor.sql(duck_sql).to_arrow_table())
        except duckdb.Error as error:
            raise self._refusal(error) from None
        finally:
            cursor.close()

    def lacks(self, sql: str) -> list[str]:
        """What a statement needs and this archive does not have.

        Parameters
        ----------
        sql : str
            T-SQL.

        Returns
        -------
        list of str
            Tables, and columns as ``table.column``; one that is NULL in every row is not there.
        """
        have = {table.lower(): {c.lower() for c in self._schema[table]} for table in self._schema}
        missing = []
        for table, columns in columns_used(sql).items():
            if table.lower() not in have:
                missing.append(table)
            else:
                there = [c for c in columns if c.lower() in have[table.lower()]]
                absent = {*columns} - {*there} | self._empty(table, there)
                missing += [f"{table}.{column}" for column in columns if column in absent]
        return missing

    def _empty(self, table: str, columns: list[str]) -> set[str]:
        """Those of the columns in which no row has a value; none where there are no rows."""
        filled = ", ".join(
            f'EXISTS (FROM "{table}" WHERE {condition})'
            for condition in ("true", *(f'"{column}" IS NOT NULL' for column in columns))
        )
        cursor = self._connection.cursor()
        cursor.execute(f"SET search_path = '{self._search}'")
        some, *found = cursor.execute(f"SELECT {filled}").fetchall()[0]
        cursor.close()
        return {c for c, there in zip(columns, found, strict=True) if some and not there}

    def _attached(self) -> list[str]:
        """The tables of a DuckDB file, looked at where they lie."""
        if self.path.suffix not in ENDINGS:
            raise InputError(
                f"{self.path} is neither a folder of tables nor a DuckDB file",
                hint="give the folder that holds Field.parquet and PhotoObjAll.parquet",
            )
        with _opened(self.path):
            self._connection.execute(f"ATTACH {tablefile.quoted(self.path)} AS cas (READ_ONLY)")
            rows = self._connection.execute(
                "SELECT table_name FROM duckdb_tables() WHERE database_name = 'cas'"
            ).fetchall()
            names = [name for (name,) in rows if name != MARK]
            if (MARK,) in rows:
                asked = f"SELECT DISTINCT sky FROM cas.{MARK} WHERE sky <> ''"
                self._skies |= {sky for (sky,) in self._connection.execute(asked).fetchall()}
            if (MARK,) in rows:  # as it lies: a view of 500 columns would cost 30 ms a question
                self._search = "main,cas.main"
                self._connection.execute(f"SET search_path = '{self._search}'")
            else:
                for name in names:
                    where = f"{self.path.name}: table {name}"
                    self._take("VIEW", name, self._exact(f'cas."{name}"', where))
        if not names:
            raise InputError(
                f"{self.path} holds no tables",
                hint="galaxycurate catalogs add FILE... puts some in",
            )
        return names

    def _read_files(self) -> list[str]:
        """The tables of a folder, read into memory."""
        if not self.path.is_dir():
            raise InputError(
                f"there is no file or folder {self.path}",
                hint="--archive local:PATH names a folder of tables such as Field.parquet, "
                "or a DuckDB file",
            )
        there = (p for p in self.path.iterdir() if p.name.endswith(TABLE_ENDINGS))
        files = sorted(p for p in there if tablefile.stem(p).isidentifier())  # as SQL can ask
        if not files:
            raise InputError(
                f"{self.path} holds no tables",
                hint="a table is a file such as Field.parquet or PhotoObjAll.csv",
            )
        for file in files:
            with tablefile.readable(file):
                self._take(
                    "TABLE", tablefile.stem(file), self._exact(self._reader(file), file.name)
                )
        return [tablefile.stem(file) for file in files]

    def _reader(self, file: Path) -> str:
        """The DuckDB function that reads a file; ids in text are left to `_exact`."""
        if file.suffix == ".parquet":
            return f"read_parquet({tablefile.quoted(file)})"
        names = [n for n in self._describe(tablefile.csv_source(file)) if is_id(n)]
        kinds = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
        return tablefile.csv_source(file, types=f"{{{kinds}}}" if names else "")

    def _exact(self, source: str, where: str) -> str:
        """The source, its ids checked and as 64-bit integers."""
        columns = self._describe(source)
        check_ids(self._connection, source, where, columns)
        numbers = [name for name, kind in columns.items() if kind != "VARCHAR"]
        check_values(self._connection, source, where, rules(None, numbers))
        wanted = [
            f'CAST("{name}" AS {id_type(name)}) AS "{name}"'
            for name, kind in columns.items()
            if is_id(name) and kind != id_type(name)
        ]
        return f"(SELECT * REPLACE ({', '.join(wanted)}) FROM {source})" if wanted else source

    def _describe(self, source: str) -> dict[str, str]:
        rows = self._connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        return {row[0]: row[1] for row in rows}

    def _take(self, kind: str, table: str, source: str) -> None:
        more = cas.derived(table, list(self._describe(source)))
        extra = "".join(f', {expression} AS "{name}"' for name, expression in more.items())
        self._connection.execute(f'CREATE {kind} "{table}" AS SELECT *{extra} FROM {source}')

    def _add_cas(self, tables: dict[str, str]) -> None:
        for statement in cas.functions():
            self._connection.execute(statement)
        if "photoobjall" not in tables:
            return
        columns = list(self._describe("PhotoObjAll"))
        have = {column.lower() for column in columns}
        if "field" in tables:
            self._complete_fields(have)
        for view in cas.VIEWS:
            if view.lower() not in tables and {"mode", "type"} <= have:
                self._connection.execute(
                    f"CREATE VIEW {view} AS SELECT * FROM PhotoObjAll WHERE {cas.condition(view)}"
                )
        for statement in cas.searches(columns):
            self._connection.execute(statement)

    def _complete_fields(self, have: set[str]) -> None:
        """Every object has a field, as in CAS: where Field lacks it, a row of its place alone.

        Questions find objects by their fields; none may be lost because a file was not added.
        """
        import duckdb

        fields = {column.lower() for column in self._describe("Field")} & have
        if not {"fieldid", "ra", "dec"} <= fields:
            return
        wanted = ", ".join(f"{v} AS {k}" for k, v in cas.FIELD_OF_OBJECTS.items() if k in fields)
        lost = (
            f"SELECT {wanted} FROM PhotoObjAll WHERE fieldID NOT IN "
            "(SELECT fieldID FROM Field WHERE fieldID IS NOT NULL) GROUP BY fieldID"
        )
        count = self._connection.execute(f"SELECT count(*) FROM ({lost})").fetchall()[0][0]
        self.fields_made_up = int(count)
        if not count:
            return
        self._connection.execute(
            f"CREATE TABLE memory.main.Fields AS SELECT * FROM Field UNION ALL BY NAME {lost}"
        )
        for kind in ("TABLE", "VIEW"):  # that of an attached file is hidden, not changed
            with suppress(duckdb.CatalogException):
                self._connection.execute(f"DROP {kind} IF EXISTS memory.main.Field")
        self._connection.execute("ALTER TABLE memory.main.Fields RENAME TO Field")

    def _read_schema(self) -> Schema:
        rows = self._connection.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE schema_name = 'main' AND NOT internal AND table_name <> ? "
            "AND (database_name = 'memory' OR ?)", [MARK, self._search != "main"]
        ).fetchall()  # fmt: skip
        schema: Schema = {}
        for table, column, kind in rows:
            schema.setdefault(table, {})[column] = kind
        return schema

    def _refusal(self, error: duckdb.Error) -> QueryRefused:
        text = str(error)
        for pattern, message in _REASONS:
            if found := re.search(pattern, text):
                return QueryRefused(
                    message.format(found[1]),
                    hint=f"galaxycurate catalogs add FILE... adds it; galaxycurate catalogs show "
                    f"{self.path} lists what is there: {', '.join(self.tables)}",
                )
        return QueryRefused(first_line(error))


_REASONS = (  # what DuckDB says, and how SQL Server says it
    (r'Referenced column "([^"]+)" not found', "Invalid column name '{}'."),
    (r'does not have a column named "([^"]+)"', "Invalid column name '{}'."),
    (r"Table with name (\S+) does not exist", "Invalid object name '{}'."),
    (r"Table Function with name \"?(\w+)\"? does not exist", "Invalid object name 'dbo.{}'."),
    (r"Function with name \"?(\w+)\"? does not exist", "'{}' is not a recognized function name."),
)


def frame(table: pa.Table) -> pd.DataFrame:
    """An answer of DuckDB without a detour through floats: Int64 holds NULL beside whole numbers.

    Parameters
    ----------
    table : pyarrow.Table

    Returns
    -------
    pandas.DataFrame
        `real` columns as float64, held to the 7 digits that SkyServer prints.
    """
    import pandas as pd
    import pyarrow as pa

    kinds = {
        pa.int8(): pd.Int64Dtype(), pa.int16(): pd.Int64Dtype(), pa.int32(): pd.Int64Dtype(),
        pa.int64(): pd.Int64Dtype(), pa.uint8(): pd.Int64Dtype(), pa.uint16(): pd.Int64Dtype(),
        pa.uint32(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
    }  # fmt: skip
    columns = []
    for column in table.columns:
        if pa.types.is_decimal(column.type):  # SUM of integers
            column = column.cast(pa.int64() if column.type.scale == 0 else pa.float64())
        elif pa.types.is_float32(column.type):  # `real`: SkyServer prints 7 digits
            column = pa.array(held(column.to_numpy(), 7), from_pandas=True)
        columns.append(column)
    plain = pa.Table.from_arrays(columns, names=table.column_names)
    return plain.to_pandas(types_mapper=kinds.get)


@contextmanager
def _opened(path: Path) -> Iterator[None]:
    """A file that somebody writes at the moment is whole, but cannot be asked."""
    import duckdb

    with tablefile.readable(path):
        try:
            yield
        except duckdb.IOException as error:
            if "lock" not in str(error):
                raise
            raise InputError(
                f"{path} is being written by another process",
                hint="wait until galaxycurate catalogs add is done, then repeat",
            ) from None
