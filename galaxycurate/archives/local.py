"""CAS tables on this machine, asked in the T-SQL of SkyServer."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.archives import cas
from galaxycurate.archives.tsql import Schema, to_duckdb
from galaxycurate.core import ids
from galaxycurate.core.query import Query
from galaxycurate.errors import IdentityError, InputError, QueryRefused

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa

TABLE_ENDINGS = (".parquet", ".csv", ".csv.gz")
_OBJECT_IDS = {"objid", "dr7objid", "dr8objid", "fieldid", "parentid"}
_OTHER_IDS = {"specobjid", "bestobjid", "thingid", "htmid", "objid7", "objid8"}
_DUCKDB_ENDINGS = {".duckdb", ".db"}


class LocalArchive:
    """A folder of CAS tables, or a DuckDB file, that answers like SkyServer.

    Parameters
    ----------
    path : str or Path
        A folder of ``<table>.parquet``, ``<table>.csv`` or ``<table>.csv.gz`` (SkyServer's
        ``#Table1`` line may stand first), which are read into memory; or a DuckDB file.

    Raises
    ------
    InputError
        No such folder, or no table in it.
    IdentityError
        Ids that went through a float.
    """

    def __init__(self, path: str | Path):
        import duckdb

        self.path = Path(path)
        self._connection = duckdb.connect()
        self._connection.execute("CREATE SCHEMA dbo; SET python_enable_replacements = false")
        sources = self._sources()
        for table, source in sources.items():
            self._take(table, source)
        self._add_cas({name.lower(): name for name in sources})
        self._connection.execute("SET enable_external_access = false")  # SELECT reads no other file
        self._schema = self._read_schema()

    @property
    def name(self) -> str:
        """Where the rows come from, for the provenance."""
        return f"local: {self.path}"

    @property
    def schema(self) -> Schema:
        """SQL types of the columns, ``{table: {column: type}}``, views included."""
        return self._schema

    def run(self, query: Query) -> pd.DataFrame:
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
        from galaxycurate.archives.skyserver import typed

        table = self.execute(query.sql)
        if not query.columns:
            return table
        lower = {column.lower(): column for column in table.columns}
        missing = [name for name, _ in query.columns if name.lower() not in lower]
        if missing:
            raise QueryRefused(f"the answer to {query.name} lacks the column {', '.join(missing)}")
        names = [name for name, _ in query.columns]
        return typed(table.rename(columns={lower[n.lower()]: n for n in names})[names], query)

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
        try:
            return _frame(cursor.sql(duck_sql).to_arrow_table())
        except duckdb.Error as error:
            raise self._refusal(error) from None
        finally:
            cursor.close()

    def _sources(self) -> dict[str, str]:
        """Where each table comes from, as DuckDB writes it."""
        if self.path.is_file():
            if self.path.suffix not in _DUCKDB_ENDINGS:
                raise InputError(
                    f"{self.path} is neither a folder of tables nor a DuckDB file",
                    hint="give the folder that holds Field.parquet and PhotoObjAll.parquet",
                )
            self._connection.execute(f"ATTACH {_text(self.path)} AS cas (READ_ONLY)")
            found = self._connection.execute(
                "SELECT table_name FROM duckdb_tables() WHERE database_name = 'cas'"
            ).fetchall()
            return {name: f'cas."{name}"' for (name,) in found}
        if not self.path.is_dir():
            raise InputError(
                f"there is no folder {self.path}",
                hint="--archive local:PATH names a folder of tables such as Field.parquet, "
                "or a DuckDB file",
            )
        files = sorted(p for p in self.path.iterdir() if p.name.endswith(TABLE_ENDINGS))
        if not files:
            raise InputError(
                f"{self.path} holds no tables",
                hint="a table is a file such as Field.parquet or PhotoObjAll.csv",
            )
        return {_stem(file): self._file_source(file) for file in files}

    def _file_source(self, file: Path) -> str:
        """A SELECT on one file in which ids are exact 64-bit integers."""
        if file.suffix == ".parquet":
            source = f"read_parquet({_text(file)})"
        else:
            bare = f"read_csv({_text(file)}, header = true, skip = {_comment_lines(file)}"
            names = [n for n in self._describe(f"{bare}, all_varchar = true)") if _is_id(n)]
            kinds = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
            source = f"{bare}, types = {{{kinds}}})" if names else f"{bare})"
        columns = self._describe(source)
        wanted = []
        for name, kind in columns.items():
            if _is_id(name) and kind != "BIGINT":
                self._check_ids(source, file, name, kind)
                wanted.append(f'CAST("{name}" AS BIGINT) AS "{name}"')
        return f"(SELECT * REPLACE ({', '.join(wanted)}) FROM {source})" if wanted else source

    def _check_ids(self, source: str, file: Path, name: str, kind: str) -> None:
        if kind in ("DOUBLE", "FLOAT"):
            raise IdentityError(
                f"{file.name}: column {name} is stored as floating point; the last digits of its "
                "ids are lost and cannot be repaired",
                hint="export the table again with CAST(objID AS varchar(20)), and read ids as text",
            )
        if kind != "VARCHAR":
            return
        rows = f'SELECT "{name}" FROM {source} WHERE "{name}" IS NOT NULL'
        if name.lower() in _OTHER_IDS:  # ids of spectra end in zero bits by nature
            rows += f""" AND NOT regexp_matches("{name}", '^-?[0-9]+$')"""
        if values := self._connection.execute(rows).fetchall():
            ids.parse([value for (value,) in values], where=file.name, column=name)

    def _describe(self, source: str) -> dict[str, str]:
        rows = self._connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        return {row[0]: row[1] for row in rows}

    def _take(self, table: str, source: str) -> None:
        """Files are read into memory; a DuckDB file is looked at where it lies."""
        kind = "VIEW" if source.startswith("cas.") else "TABLE"
        extra = ""
        if table.lower() == "photoobjall":
            more = cas.derived(list(self._describe(source)))
            extra = "".join(f', {expression} AS "{name}"' for name, expression in more.items())
        self._connection.execute(f'CREATE {kind} "{table}" AS SELECT *{extra} FROM {source}')

    def _add_cas(self, tables: dict[str, str]) -> None:
        for statement in cas.functions():
            self._connection.execute(statement)
        if "photoobjall" not in tables:
            return
        columns = list(self._describe("PhotoObjAll"))
        have = {column.lower() for column in columns}
        for view, (table, condition) in cas.VIEWS.items():
            if view.lower() not in tables and {"mode", "type"} <= have:
                self._connection.execute(
                    f"CREATE VIEW {view} AS SELECT * FROM {table} WHERE {condition}"
                )
        for statement in cas.searches(columns):
            self._connection.execute(statement)

    def _read_schema(self) -> Schema:
        rows = self._connection.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE schema_name = 'main' AND NOT internal"
        ).fetchall()
        schema: Schema = {}
        for table, column, kind in rows:
            schema.setdefault(table, {})[column] = kind
        return schema

    def _refusal(self, error: duckdb.Error) -> QueryRefused:
        text = str(error)
        for pattern, message in _REASONS:
            if found := re.search(pattern, text):
                return QueryRefused(
                    message.format(found[1]), hint=f"tables here: {', '.join(sorted(self._schema))}"
                )
        return QueryRefused(text.splitlines()[0])


_REASONS = (  # what DuckDB says, and how SQL Server says it
    (r'Referenced column "([^"]+)" not found', "Invalid column name '{}'."),
    (r'does not have a column named "([^"]+)"', "Invalid column name '{}'."),
    (r"Table with name (\S+) does not exist", "Invalid object name '{}'."),
    (r"Table Function with name \"?(\w+)\"? does not exist", "Invalid object name 'dbo.{}'."),
    (r"Function with name \"?(\w+)\"? does not exist", "'{}' is not a recognized function name."),
)


def _frame(table: pa.Table) -> pd.DataFrame:
    """No detour through floats: Int64 holds NULL beside whole numbers."""
    import pandas as pd
    import pyarrow as pa

    kinds = {
        pa.int8(): pd.Int64Dtype(), pa.int16(): pd.Int64Dtype(), pa.int32(): pd.Int64Dtype(),
        pa.int64(): pd.Int64Dtype(), pa.uint8(): pd.Int64Dtype(), pa.uint16(): pd.Int64Dtype(),
        pa.uint32(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype(),
    }  # fmt: skip
    columns = []
    for column in table.columns:
        if pa.types.is_decimal(column.type):  # SUM of integers
            column = column.cast(pa.int64() if column.type.scale == 0 else pa.float64())
        columns.append(column)
    plain = pa.Table.from_arrays(columns, names=table.column_names)
    return plain.to_pandas(types_mapper=kinds.get)


def _is_id(name: str) -> bool:
    return name.lower() in _OBJECT_IDS | _OTHER_IDS


def _stem(file: Path) -> str:
    return file.name.split(".")[0]


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _comment_lines(file: Path) -> int:
    """SkyServer's CSV starts with `#Table1`."""
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8", errors="replace") as lines:
        count = 0
        for line in lines:
            if not line.startswith("#"):
                break
            count += 1
    return count
