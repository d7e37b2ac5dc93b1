"""The database behind the ledger and a team's manifests: SQLite by default, any SQLAlchemy URL."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    ProgrammingError,
)

from galaxycurate.errors import SettingError, StorageError, first_line
from galaxycurate.store.files import disk_full, unwritable
from galaxycurate.store.settings import masked

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite numbers INTEGER keys only
_LOCKS = {"sqlite": "begin immediate", "postgresql": "select pg_advisory_xact_lock(7302915)"}
_NO_PASSWORD = re.compile(r"no password supplied|password authentication failed", re.I)
_NO_SERVER = re.compile(
    r"connection refused|server closed the connection|terminating connection|timeout expired|"
    r"starting up|shutting down",
    re.I,
)
_FULL = re.compile(r"database or disk is full|disk I/O error", re.I)
_READ_ONLY = "readonly database"
_WHERE = "galaxycurate config show tells where db comes from"
_AGAIN = "what was committed stays: run the same command to continue"


class Words(sa.TypeDecorator[str]):
    """Text that every database takes, and sorts by code point, as Python does."""

    impl = sa.String
    cache_ok = True

    def load_dialect_impl(self, dialect):
        """PostgreSQL sorts by the server's language unless told, and refuses longer text."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.Text(collation="C"))
        return super().load_dialect_impl(dialect)

    def process_bind_param(self, value, dialect):
        """PostgreSQL takes no NUL in a text."""
        return _no_nul(value)


class Database:
    """An open database.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    url : str
        Without its password.
    what : str
        What it holds, for messages: the ledger, a team's manifests.
    """

    def __init__(self, engine: sa.Engine, url: str, what: str):
        self._engine, self.url, self._what = engine, url, what

    @classmethod
    def open(cls, url: str, *, what: str) -> Database:
        """Open a database; what is absent is not made yet.

        Raises
        ------
        StorageError, SettingError
            Its driver is not installed; the URL is none.
        """
        try:
            parsed = sa.engine.make_url(url)
            if parsed.get_backend_name() == "postgresql" and "connect_timeout" not in parsed.query:
                parsed = parsed.update_query_dict({"connect_timeout": "20"})
            engine = sa.create_engine(parsed, pool_pre_ping=True, **_read_only(parsed, what))
        except (NoSuchModuleError, ImportError) as error:
            raise StorageError(
                f"the {what} {masked(url)} does not open: {first_line(error)}",
                hint="for PostgreSQL: pip install 'galaxycurate[postgres]', "
                "and db = postgresql+psycopg://USER@HOST/DATABASE",
            ) from error
        except (ArgumentError, ValueError):
            raise SettingError(
                f"db = {masked(url)!r} is no SQLAlchemy URL",
                hint="such as sqlite:///dataset/ledger.sqlite, or "
                "postgresql+psycopg://USER@HOST/DATABASE",
            ) from None
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _sqlite_pragmas)
        return cls(engine, masked(url), what)

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database."""
        url = self._engine.url
        sqlite = url.get_backend_name() == "sqlite" and url.database
        return Path(url.database) if sqlite and url.database else None

    def make(self, tables: sa.MetaData, upgrade: Callable[[sa.Connection], None] | None = None):
        """Make the tables that are absent; another process may do so at the same moment.

        Parameters
        ----------
        tables : sqlalchemy.MetaData
        upgrade : callable, optional
            Brings tables of an earlier version up to date, in the same transaction.
        """
        if self.file:
            try:
                self.file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise unwritable(self.file.parent, error) from error
        if self._is_made(tables):
            return
        with self.begin() as db:
            self.lock(db)
            tables.create_all(db)
            if upgrade:
                upgrade(db)

    def lock(self, db: sa.Connection) -> None:
        """Let no other writer in until the transaction that just began has ended."""
        db.exec_driver_sql(_LOCKS.get(self._engine.dialect.name, "select 1"))

    def holds(self, table: str) -> bool:
        """Whether a table is there; looking makes no file."""
        if self.file and not self.file.exists():
            return False
        with self.begin() as db:
            return sa.inspect(db).has_table(table)

    def _is_made(self, tables: sa.MetaData) -> bool:
        """Whether all tables are there with all their columns."""
        with self.begin() as db:
            there = sa.inspect(db)
            return all(
                there.has_table(t.name)
                and {c["name"] for c in there.get_columns(t.name)} >= set(t.columns.keys())
                for t in tables.sorted_tables
            )

    @contextmanager
    def begin(self):
        """A connection in a transaction of its own.

        Raises
        ------
        StorageError
            The server, the file or the user's rights do not allow it.
        """
        try:
            with self._engine.begin() as db:
                yield db
        except DBAPIError as error:
            if self.file and _FULL.search(str(error.orig)):
                raise disk_full(str(self.file)) from error
            if self.file and _READ_ONLY in str(error.orig):
                raise unwritable(
                    self.file, OSError(errno.EROFS, os.strerror(errno.EROFS))
                ) from error
            refused = isinstance(error, DataError | IntegrityError | ProgrammingError)
            broke = "refuses it" if refused else "does not open"
            broke = "broke off" if error.connection_invalidated else broke
            raise StorageError(
                f"the {self._what} {self.url} {broke}: {first_line(error.orig)}",
                hint=_hint(error),
            ) from error

    def append(self, table: sa.Table, lines: Sequence[Mapping]) -> None:
        """Append lines to a table, all of them or none, by one prepared statement.

        Parameters
        ----------
        table : sqlalchemy.Table
        lines : sequence of mapping
            With equal keys.
        """
        if lines:
            with self.begin() as db:
                insert(db, table, lines)

    def close(self) -> None:
        """Let the connections go."""
        self._engine.dispose()


def insert(db: sa.Connection, table: sa.Table, lines: Sequence[Mapping]) -> None:
    """Append lines to a table in a transaction that is open.

    Parameters
    ----------
    db : sqlalchemy.Connection
    table : sqlalchemy.Table
    lines : sequence of mapping
        With equal keys.
    """
    if not lines:
        return
    if db.dialect.name != "sqlite":
        db.execute(sa.insert(table), lines)
        return
    names, row = list(lines[0]), ", ".join("?" * len(lines[0]))
    quoted = ", ".join(f'"{name}"' for name in names)
    values = [tuple(map(_no_nul, line.values())) for line in lines]
    db.exec_driver_sql(f"insert into {table.name} ({quoted}) values ({row})", values)


def _no_nul(value):
    if isinstance(value, str):
        return str(value).replace("\0", "\N{REPLACEMENT CHARACTER}")
    return value


def _hint(error: DBAPIError) -> str:
    """What to type next, by the server's words."""
    said = str(error.orig)
    if _NO_PASSWORD.search(said):
        return (
            "put the password into ~/.pgpass (HOST:PORT:DATABASE:USER:PASSWORD, chmod 600), or "
            f"into the URL; {_WHERE}"
        )
    if error.connection_invalidated or _NO_SERVER.search(said):
        return f"is the server up? {_WHERE}; {_AGAIN}"
    return _WHERE


def _read_only(url: sa.URL, what: str) -> dict:
    """How an SQLite file is opened where nobody may write: as it is, without files beside it."""
    file = Path(url.database or "")
    if url.get_backend_name() != "sqlite" or not file.is_file() or os.access(file.parent, os.W_OK):
        return {}
    wal = file.with_name(f"{file.name}-wal")
    if wal.exists() and wal.stat().st_size:
        raise StorageError(
            f"the {what} {file} was left in the middle of its work, and its folder is read-only",
            hint="copy the whole folder to where you may write",
        )
    as_it_is = f"{file.absolute().as_uri()}?mode=ro&immutable=1"
    return {"creator": lambda: sqlite3.connect(as_it_is, uri=True, check_same_thread=False)}


def _sqlite_pragmas(connection, _record) -> None:
    """WAL: a killed process loses no line that a commit acknowledged."""
    connection.execute("pragma busy_timeout=30000")
    with suppress(sqlite3.OperationalError):  # another process turns it on at this moment
        connection.execute("pragma journal_mode=wal")
    connection.execute("pragma synchronous=normal")
