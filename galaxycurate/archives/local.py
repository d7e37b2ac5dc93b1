"""CAS tables on this machine, asked in the T-SQL of SkyServer."""

from __future__ import annotations

import gzip
import re
import tomllib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.archives import cas
from galaxycurate.archives.tsql import Schema, to_duckdb
from galaxycurate.core import ids
from galaxycurate.core.query import Query
from galaxycurate.errors import IdentityError, InputError, QueryRefused, first_line

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa

TABLE_ENDINGS = (".parquet", ".csv", ".csv.gz")
_SPECTRUM_ID = "specobjid"  # ends in zero bits by nature, as if it had been rounded
_IDS = {
    "objid", "dr7objid", "dr8objid", "objid7", "objid8", "bestobjid", "parentid", "fieldid",
    "thingid", "htmid", _SPECTRUM_ID,
}  # fmt: skip
_SAMPLE = 10_000
"""So many ids tell whether their column was rounded."""

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
        No such folder, no table in it, or a file that is damaged.
    IdentityError
        Ids that went through a float.
    """

    def __init__(self, path: str | Path):
        import duckdb

        self.path = Path(path)
        self._connection = duckdb.connect()
        self._connection.execute("CREATE SCHEMA dbo; SET python_enable_replacements = false")
        self._banner = _banner(self.path)
        tables = self._attached() if self.path.is_file() else self._read_files()
        self._add_cas({name.lower(): name for name in tables})
        self._connection.execute("SET enable_external_access = false")  # SELECT reads no other file
        self._schema = self._read_schema()

    @property
    def name(self) -> str:
        """Where the rows come from, for the provenance; a simulated sky is called so."""
        return f"local: {self.path}{self._banner}"

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

    def _attached(self) -> list[str]:
        """The tables of a DuckDB file, looked at where they lie."""
        if self.path.suffix not in _DUCKDB_ENDINGS:
            raise InputError(
                f"{self.path} is neither a folder of tables nor a DuckDB file",
                hint="give the folder that holds Field.parquet and PhotoObjAll.parquet",
            )
        with _readable(self.path):
            self._connection.execute(f"ATTACH {_text(self.path)} AS cas (READ_ONLY)")
            rows = self._connection.execute(
                "SELECT table_name FROM duckdb_tables() WHERE database_name = 'cas'"
            ).fetchall()
            for (name,) in rows:
                where = f"{self.path.name}: table {name}"
                self._take("VIEW", name, self._exact(f'cas."{name}"', where))
        return [name for (name,) in rows]

    def _read_files(self) -> list[str]:
        """The tables of a folder, read into memory."""
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
        for file in files:
            with _readable(file):
                self._take("TABLE", _stem(file), self._exact(self._reader(file), file.name))
        return [_stem(file) for file in files]

    def _reader(self, file: Path) -> str:
        """The DuckDB function that reads a file; ids in text are left to `_exact`."""
        if file.suffix == ".parquet":
            return f"read_parquet({_text(file)})"
        bare = f"read_csv({_text(file)}, header = true, skip = {_comment_lines(file)}"
        names = [n for n in self._describe(f"{bare}, all_varchar = true)") if n.lower() in _IDS]
        kinds = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
        return f"{bare}, types = {{{kinds}}})" if names else f"{bare})"

    def _exact(self, source: str, where: str) -> str:
        """The source, its ids checked and as 64-bit integers."""
        wanted = []
        for name, kind in self._describe(source).items():
            if name.lower() in _IDS:
                self._check_ids(source, where, name, kind)
                if kind != "BIGINT":
                    wanted.append(f'CAST("{name}" AS BIGINT) AS "{name}"')
        return f"(SELECT * REPLACE ({', '.join(wanted)}) FROM {source})" if wanted else source

    def _check_ids(self, source: str, where: str, name: str, kind: str) -> None:
        if kind in ("DOUBLE", "FLOAT"):
            raise IdentityError(
                f"{where}: column {name} is stored as floating point; the last digits of its "
                "ids are lost and cannot be repaired",
                hint="export the table again with CAST(objID AS varchar(20)), and read ids as text",
            )
        is_spectrum = name.lower() == _SPECTRUM_ID
        rows = f'SELECT "{name}" FROM {source} WHERE "{name}" IS NOT NULL'
        if kind == "VARCHAR":
            rows += f""" AND NOT regexp_matches("{name}", '^-?[0-9]+$')""" if is_spectrum else ""
        elif is_spectrum:
            return
        else:  # fieldIDs end in zero bits, too
            rows += f' AND CAST("{name}" AS BIGINT) & 65535 <> 0 LIMIT {_SAMPLE}'
        values = [value for (value,) in self._connection.execute(rows).fetchall()]
        ids.parse(values, where=where, column=name)

    def _describe(self, source: str) -> dict[str, str]:
        rows = self._connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        return {row[0]: row[1] for row in rows}

    def _take(self, kind: str, table: str, source: str) -> None:
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
        return QueryRefused(first_line(error))


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


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    """What DuckDB and gzip say of a damaged file is the user's to know, in one line."""
    import duckdb

    try:
        yield
    except (duckdb.Error, OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{file} cannot be read as a table: {first_line(error)}",
            hint="is the file whole, and does its ending tell its format? copy or export it again",
        ) from error


def _banner(path: Path) -> str:
    """The tables of a sandbox's sky lie beside its `sky.toml`, which tells a simulated one."""
    about_file = path.absolute().parent / "sky.toml"
    try:
        about = tomllib.loads(about_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""  # no sky of the sandbox
    name = about.get("name", about_file.parent.name)
    return f" (simulated sky: {name})" if about.get("kind") == "simulated" else ""


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
