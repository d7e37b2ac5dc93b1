"""The archive that an audit asks: its answers stay for a week, a repeated audit asks nobody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from galaxycurate.archives.archive import Archive
from galaxycurate.core.progress import Progress, silent
from galaxycurate.core.query import Query
from galaxycurate.pipeline.archive import archive_of, shelf_of
from galaxycurate.pipeline.audit.findings import FOLDER
from galaxycurate.store.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

FROM_LAST_TIME = "from last time"
"""In a table's `attrs`: whether nobody had to be asked for it now."""


class Remembering:
    """An archive that tells which answers are from last time.

    Parameters
    ----------
    settings : Settings
        Name the archive, and the dataset in which answers are kept.
    **access
        As `galaxycurate.pipeline.archive.archive_of` takes them: talk, confirm, credentials.
    """

    def __init__(self, settings: Settings, **access: Any):
        self._shelf = _Shelf(shelf_of(settings, Path(settings.dataset) / FOLDER / "answers"))
        self._archive: Archive = archive_of(settings, shelf=self._shelf, **access)

    @property
    def name(self) -> str:
        """Where the rows come from."""
        return self._archive.name

    @property
    def rows_at_once(self) -> int:
        """So many rows one answer may well have."""
        return self._archive.rows_at_once

    def lacks(self, sql: str) -> list[str]:
        """Tables and columns that a statement needs and that are known to be absent."""
        return self._archive.lacks(sql)

    def run(self, query: Query, *, progress: Progress = silent) -> pd.DataFrame:
        """Ask one question, or find its answer."""
        self._shelf.given = self._shelf.kept = 0
        table = self._archive.run(query, progress=progress)
        table.attrs[FROM_LAST_TIME] = self._shelf.given > 0 and not self._shelf.kept
        return table


class _Shelf:
    """A shelf that counts the answers which it gave, and those which came new."""

    def __init__(self, shelf):
        self._shelf = shelf
        self.given = self.kept = 0

    def answer(self, query: Query) -> pd.DataFrame | None:
        """What was answered before, or None."""
        table = self._shelf.answer(query)
        self.given += table is not None
        return table

    def keep_answer(self, query: Query, table: pd.DataFrame) -> None:
        """Keep a new answer."""
        self.kept += 1
        self._shelf.keep_answer(query, table)

    def note(self, query: Query) -> dict | None:
        """What was written down about a question, or None."""
        return self._shelf.note(query)

    def write_note(self, query: Query, note: dict | None) -> None:
        """Write something down about a question; None removes it."""
        self._shelf.write_note(query, note)
