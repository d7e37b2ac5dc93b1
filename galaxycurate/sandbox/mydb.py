"""A user's own database: tables made by SELECT ... INTO or by upload, asked in T-SQL."""

from __future__ import annotations

import io
import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from galaxycurate.archives.local.archive import frame
from galaxycurate.archives.local.tsql import to_duckdb
from galaxycurate.errors import QueryRefused, first_line

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_NAME = re.compile(r"[A-Za-z_]\w{0,127}\Z")
_DROP = re.compile(
    r"\s*drop\s+table\s+(?P<maybe>if\s+exists\s+)?(?:\[?mydb\]?\.)?(?:\[?dbo\]?\.)?"
    r"\[?(?P<name>\w+)\]?\s*;?\s*\Z",
    re.IGNORECASE,
)
_MISSING = re.compile(r"Table with name (\S+) does not exist|column \"(\S+)\" not found")


@dataclass(frozen=True)
class Statement:
    """What a text asks for: a SELECT, the table it goes into, or the table that is dropped."""

    select: str
    into: str | None = None
    drop: str | None = None
    if_exists: bool = False


def statement(sql: str) -> Statement:
    """Tell a SELECT, a SELECT ... INTO and a DROP TABLE apart.

    Parameters
    ----------
    sql : str
        T-SQL.

    Returns
    -------
    Statement
        The SELECT as it was written, without its INTO.

    Raises
    ------
    QueryRefused
        A syntax error, or a table outside MyDB.
    """
    import sqlglot
    from sqlglot.errors import TokenError
    from sqlglot.tokens import TokenType

    if found := _DROP.match(sql):
        return Statement("", drop=found["name"], if_exists=bool(found["maybe"]))
    try:
        tokens = sqlglot.tokenize(sql, read="tsql")
    except TokenError:
        raise QueryRefused("Unclosed quotation mark or bracket in the SQL.") from None
    for n, token in enumerate(tokens):
        if token.token_type == TokenType.INTO:
            last = n + 1
            while last + 2 < len(tokens) and tokens[last + 1].token_type == TokenType.DOT:
                last += 2
            name = [part.text for part in tokens[n + 1 : last + 1 : 2]]
            if not name or (len(name) > 1 and name[0].lower() != "mydb"):
                raise QueryRefused(f"Incorrect syntax near '{token.text}'.")
            return Statement(
                sql[: token.start] + sql[tokens[last].end + 1 :], into=_checked(name[-1])
            )
    return Statement(sql)


class MyDB:
    """The tables of one user; they live as long as the server."""

    def __init__(self):
        import duckdb

        self._connection = duckdb.connect()
        self._connection.execute("SET python_enable_replacements = false")
        self._connection.execute("SET enable_external_access = false")
        self._made: dict[str, datetime] = {}
        self._writing = threading.Lock()

    def execute(self, sql: str) -> pd.DataFrame:
        """Run one SELECT; may be called from several threads.

        Raises
        ------
        QueryRefused
            A syntax error, or a table or column that is not here.
        """
        import duckdb

        duck_sql = to_duckdb(sql, schema=self._schema())
        cursor = self._connection.cursor()
        try:
            return frame(cursor.sql(duck_sql).to_arrow_table())
        except duckdb.Error as error:
            raise _refusal(error) from None
        finally:
            cursor.close()

    def make(self, name: str, table: pd.DataFrame | pa.Table) -> None:
        """Keep a table.

        Raises
        ------
        QueryRefused
            Its name is taken.
        """
        _checked(name)
        with self._writing:
            if self.has(name):
                raise taken(name)
            cursor = self._connection.cursor()
            try:
                cursor.register("_incoming", table)
                cursor.execute(f'CREATE TABLE "{name}" AS SELECT * FROM _incoming')
                cursor.unregister("_incoming")
            finally:
                cursor.close()
            self._made[name] = datetime.now(UTC)

    def upload(self, name: str, text: bytes) -> None:
        """Keep a table that came as CSV; whole numbers stay whole.

        Raises
        ------
        QueryRefused
            Its name is taken, or the text is no CSV.
        """
        import pyarrow as pa
        from pyarrow import csv

        try:
            table = csv.read_csv(io.BytesIO(text))
        except pa.ArrowInvalid as error:
            raise QueryRefused(f"The CSV cannot be read: {first_line(error)}") from None
        self.make(name, table)

    def drop(self, name: str, *, if_exists: bool = False) -> None:
        """Remove a table.

        Raises
        ------
        QueryRefused
            There is none of that name.
        """
        with self._writing:
            for kept in [kept for kept in self._made if kept.lower() == name.lower()]:
                self._connection.cursor().execute(f'DROP TABLE "{kept}"')
                del self._made[kept]
                return
        if not if_exists:
            raise QueryRefused(
                f"Cannot drop the table '{name}', because it does not exist or you do not have "
                "permission."
            )

    def has(self, name: str) -> bool:
        """Whether there is a table of that name, in whatever case."""
        return name.lower() in {kept.lower() for kept in self._made}

    def tables(self) -> list[dict]:
        """What `getTables` lists."""
        return [listed(self, name, made) for name, made in self._made.copy().items()]

    def _schema(self) -> dict[str, dict[str, str]]:
        rows = (
            self._connection.cursor()
            .execute("SELECT table_name, column_name, data_type FROM duckdb_columns()")
            .fetchall()
        )
        schema: dict[str, dict[str, str]] = {}
        for table, column, kind in rows:
            schema.setdefault(table, {})[column] = kind
        return schema


def listed(database, name: str, made: datetime) -> dict:
    """One table as `getTables` has it: date [s], name, rows, size."""
    counted = database.execute(f"SELECT COUNT(*) AS n FROM [{name}]")
    rows = int(counted["n"][0])
    return {"Date": int(made.timestamp()), "Name": name, "Rows": rows, "Size": rows * 100}


def taken(name: str) -> QueryRefused:
    """SQL Server's words for a table that is there already."""
    return QueryRefused(f"There is already an object named '{name}' in the database.")


def _checked(name: str) -> str:
    if not _NAME.match(name):
        raise QueryRefused(f"Incorrect syntax near '{name}'.")
    return name


def _refusal(error: Exception) -> QueryRefused:
    found = _MISSING.search(str(error))
    if found is None:
        return QueryRefused(first_line(error))
    kind = "object" if found[1] else "column"
    return QueryRefused(f"Invalid {kind} name '{found[1] or found[2]}'.")
