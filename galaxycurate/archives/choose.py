"""One question, several archives: which one is asked is a setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from galaxycurate.core.query import Query
from galaxycurate.errors import SettingError

if TYPE_CHECKING:
    import pandas as pd


class Archive(Protocol):
    """Whoever answers a `Query` with a table whose columns are the query's."""

    @property
    def name(self) -> str:
        """Where the rows come from, for the provenance."""

    def run(self, query: Query) -> pd.DataFrame:
        """Ask one question."""


def open_archive(archive: str, *, server: str, release: str, queries_per_minute: int) -> Archive:
    """The archive that a setting names.

    Parameters
    ----------
    archive : str
        ``skyserver``, or ``local:PATH`` for a folder of CAS tables or a DuckDB file.
    server, release : str
        Where SkyServer answers, and for which data release.
    queries_per_minute : int
        Politeness towards SkyServer.

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

        return SkyServerArchive(server, release, queries_per_minute=queries_per_minute)
    kind, _, path = archive.partition(":")
    if kind == "local" and path:
        from galaxycurate.archives.local import LocalArchive

        return LocalArchive(path)
    raise SettingError(
        f"no archive is called {archive!r}",
        hint="choose skyserver, or local:PATH for a folder of Field and PhotoObjAll tables",
    )
