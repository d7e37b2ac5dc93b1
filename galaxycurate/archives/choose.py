"""One question, several archives: which one is asked is a setting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from galaxycurate.core.progress import Progress, silent
from galaxycurate.core.query import Query
from galaxycurate.errors import SettingError

if TYPE_CHECKING:
    import pandas as pd


class Archive(Protocol):
    """Whoever answers a `Query` with a table whose columns are the query's."""

    @property
    def name(self) -> str:
        """Where the rows come from, for the provenance."""

    @property
    def rows_at_once(self) -> int:
        """So many rows one answer may well have."""

    def run(self, query: Query, *, progress: Progress = silent) -> pd.DataFrame:
        """Ask one question; the answer is `core.rows.typed`."""

    def lacks(self, sql: str) -> list[str]:
        """Tables and columns that a statement needs and that are known to be absent."""


class Shelf(Protocol):
    """Where an archive puts what must survive its death: answers to parts, numbers of jobs."""

    def answer(self, query: Query) -> pd.DataFrame | None:
        """What was answered to this very question before, or None."""

    def keep_answer(self, query: Query, table: pd.DataFrame) -> None:
        """Keep an answer, whole or not at all."""

    def note(self, query: Query) -> dict | None:
        """What was written down about a question, or None."""

    def write_note(self, query: Query, note: dict | None) -> None:
        """Write something down about a question; None removes it."""


class NoShelf:
    """Keeps nothing."""

    def answer(self, query: Query) -> pd.DataFrame | None:
        """Nothing was kept."""

    def keep_answer(self, query: Query, table: pd.DataFrame) -> None:
        """Forget it."""

    def note(self, query: Query) -> dict | None:
        """Nothing was noted."""

    def write_note(self, query: Query, note: dict | None) -> None:
        """Forget it."""


def _never(_text: str) -> bool:
    return False


@dataclass(frozen=True)
class Access:
    """How an archive is reached, and whom it may turn to.

    Parameters
    ----------
    server, release : str
        Where SkyServer answers, and for which data release.
    queries_per_minute : int
        Politeness; 0 for no limit.
    casjobs, keystone : str
        Roots of CasJobs' REST service and of its login; empty: those that belong to the server.
    shelf : Shelf
        What must survive is put there.
    talk : callable
        Told what a person should know while it goes on.
    confirm : callable
        Asked a yes-or-no question after Ctrl-C; a program says no.
    credentials : callable
        Asked for user and password when nothing else tells them; a program has none.
    keep_tables : bool
        Leave the tables that CasJobs' jobs make in MyDB.
    """

    server: str
    release: str
    queries_per_minute: int = 50
    casjobs: str = ""
    keystone: str = ""
    shelf: Shelf = field(default_factory=NoShelf)
    talk: Callable[[str], None] = lambda text: None
    confirm: Callable[[str], bool] = _never
    credentials: Callable[[], tuple[str, str] | None] = lambda: None
    keep_tables: bool = False


def open_archive(archive: str, access: Access) -> Archive:
    """The archive that a setting names.

    Parameters
    ----------
    archive : str
        ``skyserver``, ``casjobs``, or ``local:PATH`` for a folder of CAS tables or a DuckDB file.
    access : Access

    Returns
    -------
    Archive

    Raises
    ------
    SettingError
        No archive is called so.
    """
    if archive == "skyserver":
        from galaxycurate.archives.skyserver import SkyServerArchive

        return SkyServerArchive(access)
    if archive == "casjobs":
        from galaxycurate.archives.casjobs.archive import CasJobsArchive

        return CasJobsArchive(access)
    kind, _, path = archive.partition(":")
    if kind == "local" and path:
        from galaxycurate.archives.local.archive import LocalArchive

        return LocalArchive(path)
    raise SettingError(
        f"no archive is called {archive!r}",
        hint="choose skyserver, casjobs, or local:PATH (a folder or a file of CAS tables)",
    )
