"""What an archive is, and how one is reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from galaxycurate.archives.shelf import NoShelf, Shelf
from galaxycurate.core.progress import Progress, silent
from galaxycurate.core.query import Query

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
