"""A shelf whose answers are those of the server that is asked now.

Another sandbox may serve another sky at the address of the last one; and who gave the rows must be
known for the provenance, even where all of them were kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from galaxycurate.archives.shelf import Shelf
from galaxycurate.core.query import Query

if TYPE_CHECKING:
    import pandas as pd

_GIVER = "server"


class OwnedShelf:
    """A shelf that tells apart who gave an answer.

    Parameters
    ----------
    shelf : Shelf
    giver : callable
        How the server names itself; asks it, if need be.
    """

    def __init__(self, shelf: Shelf, giver: Callable[[], str]):
        self._shelf = shelf
        self._giver = giver

    def answer(self, query: Query) -> pd.DataFrame | None:
        """What this server answered to this very question before, or None."""
        table = self._shelf.answer(query)
        return table if table is not None and table.attrs.get(_GIVER) == self._giver() else None

    def keep_answer(self, query: Query, table: pd.DataFrame) -> None:
        """Keep an answer, and whose it is."""
        table.attrs[_GIVER] = self._giver()
        self._shelf.keep_answer(query, table)

    def note(self, query: Query) -> dict | None:
        """What was written down about a question, or None."""
        return self._shelf.note(query)

    def write_note(self, query: Query, note: dict | None) -> None:
        """Write something down about a question; None removes it."""
        self._shelf.write_note(query, note)
