"""Where an archive puts what must survive its death."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from galaxycurate.core.query import Query

if TYPE_CHECKING:
    import pandas as pd


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
