"""Table files into one DuckDB file, under the names of CAS."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.archives.local import tablefile
from galaxycurate.archives.local.incoming import Incoming
from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import GalaxyCurateError, InputError, StorageError, first_line

if TYPE_CHECKING:
    import duckdb

MARK = "galaxycurate"
"""A table of this name says that a DuckDB file is ours: ids are checked, columns are named."""

ENDINGS = {".duckdb", ".db"}
MEMORY = "SET memory_limit = '1GB'"
"""Beside it Python holds the answer; what does not fit goes to the temporary folder."""


@dataclass(frozen=True)
class Added:
    """What one file gave to a table.

    Parameters
    ----------
    file, table : str
    read, added, total : int
        Rows of the file, those that were new, and rows there are now.
    there_before : int
        Rows of the file whose id the table had already.
    completed : int
        Rows there before in which something was empty that the file knows.
    differ : int
        Rows there before that hold something else than the file; they keep it.
    gaps, left_out : tuple of str
        Columns that were completed, and columns of the file that CAS does not have.
    note : str
        What was concluded rather than read.
    """

    file: str
    table: str
    read: int
    added: int
    total: int
    there_before: int = 0
    completed: int = 0
    differ: int = 0
    gaps: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    note: str = ""

    @property
    def repeated(self) -> int:
        """Rows whose id stands in the file before them: they are skipped."""
        return self.read - self.added - self.there_before


def add(
    files: Sequence[Path],
    to: Path,
    *,
    table: str | None = None,
    dry_run: bool = False,
    progress: Progress = silent,
    refused: Callable[[Path, InputError], None] | None = None,
) -> list[Added]:
    """Add table files to a catalogue; each file is added whole or not at all.

    Of rows whose id is there already only what is empty is filled, so that adding a file twice
    changes nothing.

    Parameters
    ----------
    files : sequence of Path
        CSV, Parquet, FITS or VOTable.
    to : Path
        The DuckDB file, made where it does not exist.
    table : str, optional
        What the files hold: a table of CAS or a view of PhotoObjAll, such as PhotoPrimary.
        Without it the columns tell.
    dry_run : bool
        Only look and count.
    progress : callable
        Told files; of a single one rows, or percents where DuckDB reads it itself.
    refused : callable, optional
        Told a file that cannot be added, and why; the others are added. Without it that file ends
        the work.

    Returns
    -------
    list of Added
        One for each file that was added.

    Raises
    ------
    InputError
        A file is damaged, of no known format or table, or `to` is no catalogue.
    IdentityError
        Ids that went through a float.
    StorageError
        `to` is in use or cannot be written.
    """
    if to.suffix not in ENDINGS:
        better = to / "catalog.duckdb" if to.is_dir() else to.with_suffix(".duckdb")
        raise InputError(f"{to} is no name of a DuckDB file", hint=f"--to {better}")
    results = []
    with _catalogue(to, dry_run) as connection:
        for number, file in enumerate(files, 1):
            inside = progress if len(files) == 1 else silent
            try:
                results.append(_add_file(connection, file, table, dry_run, inside))
            except InputError as error:
                if refused is None:
                    raise
                refused(file, error)
            if len(files) > 1:
                progress(number, len(files), file.name)
    return results


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Bound the memory, and let what does not fit lie where temporary files do."""
    connection.execute(MEMORY)
    # a folder of its own: DuckDB clears it when the connection is closed
    folder = Path(tempfile.gettempdir()) / f"galaxycurate-{os.getpid()}-{id(connection)}"
    connection.execute(f"SET temp_directory = {tablefile.quoted(folder)}")


@contextmanager
def _catalogue(to: Path, dry_run: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    import duckdb

    try:
        if not dry_run:
            to.parent.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect()
        mode = " (READ_ONLY)" if dry_run else ""
        if to.exists() or not dry_run:
            connection.execute(f"ATTACH {tablefile.quoted(to)} AS catalogue{mode}")
            if not to.exists():  # who held it before us made it in vain, and removed it
                raise duckdb.IOException("lock")
        else:
            connection.execute("ATTACH ':memory:' AS catalogue")
        connection.execute("USE catalogue; SET python_enable_replacements = false")
    except (duckdb.IOException, OSError) as error:
        if "lock" in str(error):
            raise StorageError(
                f"{to} is in use by another process", hint="wait until it is done, then repeat"
            ) from None
        raise StorageError(
            f"{to} cannot be opened: {first_line(error)}", hint="give another file with --to"
        ) from None
    except duckdb.Error as error:
        raise InputError(
            f"{to} is no DuckDB file: {first_line(error)}", hint="give another file with --to"
        ) from None
    prepare(connection)
    there = None
    try:
        there = _tables(connection)
        if there and MARK not in there:
            raise InputError(
                f"{to} was not made by galaxycurate catalogs add",
                hint="give another file with --to",
            )
        if not there:
            columns = "file VARCHAR, holds VARCHAR, rows BIGINT, added VARCHAR, sky VARCHAR"
            connection.execute(f"CREATE TABLE {MARK} ({columns})")
        yield connection
    finally:
        if there == [] and not dry_run:
            _remove_empty(connection, to)
        connection.close()


def _remove_empty(connection: duckdb.DuckDBPyConnection, to: Path) -> None:
    """Leave no file that holds nothing; it is ours alone as long as the connection is open."""
    import duckdb

    with suppress(duckdb.Error):
        if _tables(connection) == [MARK]:
            connection.execute("CHECKPOINT catalogue")  # nothing is left to be written beside it
            to.unlink(missing_ok=True)


def _add_file(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    table: str | None,
    dry_run: bool,
    progress: Progress,
) -> Added:
    if not file.is_file():
        raise InputError(
            f"there is no file {file}", hint="give CSV, FITS, Parquet or VOTable files"
        )
    import duckdb

    connection.execute("BEGIN")
    try:
        result = _insert(connection, file, table, dry_run, progress)
    except duckdb.Error as error:
        _rollback(connection)
        raise _explained(error, file) from None
    except BaseException:
        _rollback(connection)
        raise
    connection.execute("ROLLBACK" if dry_run else "COMMIT")
    return result


def _rollback(connection: duckdb.DuckDBPyConnection) -> None:
    import duckdb

    try:
        connection.execute("ROLLBACK")
    except duckdb.Error:  # the failed statement has ended the transaction
        return


def _insert(connection, file: Path, asked: str | None, dry_run: bool, progress: Progress) -> Added:
    read = added = there_before = completed = differ = 0
    first = None  # rowid of what this file adds; None while the table is not there
    gaps: dict[str, None] = {}
    incoming = None
    for source, done, total in tablefile.blocks(connection, file):
        if incoming is None:
            incoming = Incoming.of(connection, source, file, asked)
            if incoming.table.name in _tables(connection):
                first = _number(connection, f"SELECT max(rowid) + 1 FROM {_of(incoming)}")
            if not dry_run:
                incoming.make_room(connection)
        with _told(connection, file.name, progress if not total else silent):
            try:
                read += incoming.look(connection, source, read)
                if first:
                    there, other, more, holes = incoming.compare(connection, source, first)
                    there_before, differ = there_before + there, differ + other
                    completed, gaps = completed + more, gaps | dict.fromkeys(holes)
                    if holes and not dry_run:
                        incoming.complete(connection, source, first, holes)
                added += (incoming.try_out if dry_run else incoming.put)(connection, source)
            except InputError:
                raise
            except Exception:
                connection.execute("ROLLBACK")
                incoming.check(connection, source)  # says it better, where ids are to blame
                raise
        if total:
            progress(done, total, file.name)
    assert incoming is not None
    if not dry_run:
        added -= incoming.drop_twice(connection, first or 0)
    if (added or completed) and not dry_run:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        sky = tablefile.simulated_sky(file.absolute().parent)
        row = [file.name, incoming.view, added, now, sky]
        connection.execute(f"INSERT INTO {MARK} VALUES (?, ?, ?, ?, ?)", row)
    total = 0
    if incoming.table.name in _tables(connection):
        total = _number(connection, f"SELECT count(*) FROM {_of(incoming)}")
    return Added(
        file=file.name,
        table=incoming.table.name,
        read=read,
        added=added,
        total=total + (added if dry_run else 0),
        there_before=there_before,
        completed=completed,
        differ=differ,
        gaps=tuple(gaps),
        left_out=incoming.left_out,
        note=incoming.note,
    )


def _explained(error: Exception, file: Path) -> GalaxyCurateError:
    import duckdb

    if isinstance(error, duckdb.OutOfMemoryException | duckdb.IOException):
        return StorageError(f"{file.name} could not be added: {first_line(error)}")
    return InputError(
        f"{file.name}: {first_line(error)}",
        hint="is it the table that --table or its columns tell? nothing of it was added",
    )


@contextmanager
def _told(connection, text: str, progress: Progress) -> Iterator[None]:
    """Percents of one long statement; DuckDB is asked for them from a thread of its own."""
    if progress is silent:
        yield
        return
    connection.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.5):
            percent = int(connection.query_progress())
            if percent >= 0:
                progress(percent, 100, text)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _of(incoming: Incoming) -> str:
    return f'"{incoming.table.name}"'


def _tables(connection) -> list[str]:
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'catalogue'"
    ).fetchall()
    return [name for (name,) in rows]


def _number(connection, sql: str) -> int:
    return connection.execute(sql).fetchall()[0][0] or 0
