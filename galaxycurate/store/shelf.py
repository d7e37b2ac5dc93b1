"""Answers to long questions, kept until the manifest that they are for is written."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.core.query import Query
from galaxycurate.store.files import replacing

if TYPE_CHECKING:
    import pandas as pd

KEPT_DAYS = 7
"""An older answer is asked for again: the archive may have changed."""


class FolderShelf:
    """A folder with a Parquet file for each answer and a JSON file for each note.

    Parameters
    ----------
    folder : Path
        Made when something is put there.
    asked_of : str
        Whom the questions are put to: an answer of another server or release is another answer.
    """

    def __init__(self, folder: Path, asked_of: str = ""):
        self.folder = Path(folder)
        self._asked_of = asked_of
        self._used: set[Path] = set()

    def answer(self, query: Query) -> pd.DataFrame | None:
        """What was answered to this very question in the last week, or None."""
        import pandas as pd

        path = self._path(query, ".parquet")
        if not _is_fresh(path):
            return None
        try:
            return pd.read_parquet(path)
        except (OSError, ValueError):  # not ours, or from another version: ask again
            return None

    def keep_answer(self, query: Query, table: pd.DataFrame) -> None:
        """Keep an answer, whole or not at all."""
        with replacing(self._path(query, ".parquet")) as part:
            table.to_parquet(part, index=False)

    def note(self, query: Query) -> dict | None:
        """What was written down about a question in the last week, or None."""
        path = self._path(query, ".json")
        if not _is_fresh(path):
            return None
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def write_note(self, query: Query, note: dict | None) -> None:
        """Write something down about a question; None removes it."""
        path = self._path(query, ".json")
        if note is None:
            path.unlink(missing_ok=True)
            return
        with replacing(path) as part:
            part.write_text(json.dumps(note), encoding="utf-8")

    def clear(self) -> None:
        """The manifest is written: forget what it was made of, and what nobody came back for."""
        if not self.folder.is_dir():
            return
        old = {p for p in self.folder.iterdir() if not _is_fresh(p)}
        for path in self._used | old:
            path.unlink(missing_ok=True)
        with suppress(OSError):  # another command has something there
            self.folder.rmdir()

    def _path(self, query: Query, ending: str) -> Path:
        key = hashlib.sha256(f"{self._asked_of}\n{query.sha256}".encode()).hexdigest()
        path = self.folder / f"{query.name}-{key[:20]}{ending}"
        self._used.add(path)
        return path


def _is_fresh(path: Path) -> bool:
    try:
        age_s = time.time() - path.stat().st_mtime
    except OSError:
        return False
    return age_s < KEPT_DAYS * 86400
