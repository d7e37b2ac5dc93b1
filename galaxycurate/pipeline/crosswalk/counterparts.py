"""Asking an archive what objects of one release are in another: few questions, each kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from galaxycurate.archives.choose import Archive, NoShelf, Shelf
from galaxycurate.archives.owned import OwnedShelf
from galaxycurate.core.ids import decode, encode
from galaxycurate.core.progress import Progress, silent
from galaxycurate.core.query import Query
from galaxycurate.errors import QueryRefused
from galaxycurate.pipeline.crosswalk.objects import Objects
from galaxycurate.store import sqlfiles

if TYPE_CHECKING:
    import pandas as pd

IDS_AT_ONCE, PLACES_AT_ONCE = 100, 40
"""Parameters of `sql/crosswalk_from_*.sql` and `sql/crosswalk_position.sql`."""
_HELLO = Query("hello", "SELECT 1 AS one", (("one", "int"),))
ZOO = {"crosswalk_zoospec": "zooSpec", "crosswalk_zoonospec": "zooNoSpec"}
ZOO_FROM_IDS = 1000
"""From so many ids on, all of Galaxy Zoo 1 is asked for first: that is two or three questions."""


@dataclass
class Asker:
    """Puts the questions and says how it went.

    Parameters
    ----------
    archive : Archive
    shelf : Shelf
        Each answer is kept there, so that a repeated command goes on.
    progress : callable
    notes : list of str
        What the archive could not tell.
    dry_run : bool
        Only count the questions; those that an answer would spare are counted, too.
    questions : Counter
        How many there were, by the name of their file in `sql/`.
    """

    archive: Archive
    shelf: Shelf = field(default_factory=NoShelf)
    progress: Progress = silent
    notes: list[str] = field(default_factory=list)
    dry_run: bool = False
    questions: Counter[str] = field(default_factory=Counter)
    _met: bool = field(default=False, init=False)

    def __post_init__(self):
        """Kept answers are of use only where the same server would give them."""
        self.shelf = OwnedShelf(self.shelf, self._giver)

    def zoo(self, ids: np.ndarray, *, dr7: bool) -> Iterator[Objects]:
        """Both ids of Galaxy Zoo 1's galaxies, where so many ids are asked for that it pays."""
        if ids.size < ZOO_FROM_IDS:
            return
        bounds = {"first_id": int(ids.min()), "last_id": int(ids.max())} if dr7 else {}
        for question, name in ZOO.items():
            table = self._answer(sqlfiles.read(question).bind(**bounds))
            if table is not None:
                yield _pairs(name, table)

    def matched(self, ids: np.ndarray, *, dr7: bool) -> Objects | None:
        """PhotoObjDR7's rows of some ids; None where the archive has no such table."""
        file = sqlfiles.read("crosswalk_from_dr7" if dr7 else "crosswalk_from_dr8")
        chunks = _chunks(np.sort(ids), IDS_AT_ONCE)
        answers = self._answers(file, [{"id": chunk} for chunk in chunks])
        return _joined([_pairs("PhotoObjDR7", table) for table in answers])

    def near(
        self, ids: np.ndarray, ra: np.ndarray, dec: np.ndarray, reach: float
    ) -> Objects | None:
        """PhotoObjAll's rows near positions, in the fields of DR7 ids and the next ones."""
        file = sqlfiles.read("crosswalk_position")
        parts = decode(ids)
        fields = encode(**{name: parts[name] for name in ("run", "camcol", "field")})
        order = np.argsort(fields, kind="stable")
        chunks = [
            {"field": fields[rows], "ra": ra[rows] % 360, "dec": dec[rows]}
            for rows in _chunks(order, PLACES_AT_ONCE)
        ]
        answers = self._answers(file, chunks, reach=reach)
        return _joined([_places(table) for table in answers])

    def _answers(
        self, file: sqlfiles.SqlFile, chunks: list[dict[str, np.ndarray]], **values: float
    ) -> Iterator[pd.DataFrame]:
        """One after the other; where the first is refused the others would be."""
        if self.dry_run:
            self.questions[file.name] += len(chunks)
            return
        rows = 0
        for done, chunk in enumerate(chunks, 1):
            numbered = {
                f"{name}{k:02d}": value
                for name, many in chunk.items()
                for k, value in enumerate(many.tolist())
            }
            table = self._answer(file.bind(**numbered, **values))
            if table is None:
                return
            rows += len(table)
            self.progress(done, len(chunks), f"{file.name}: {rows:,} objects")
            yield table

    def _answer(self, query: Query) -> pd.DataFrame | None:
        self.questions[query.name] += 1
        if self.dry_run:
            return None
        kept = self.shelf.answer(query)
        if kept is not None:
            return kept
        try:
            if self.questions[query.name] == 1 and (lacking := self.archive.lacks(query.sql)):
                raise QueryRefused(f"it lacks {', '.join(lacking)}")
            table = self.archive.run(query, progress=self.progress)
        except QueryRefused as error:
            self.notes.append(f"{query.name} was not answered by {self.archive.name}: {error}")
            return None
        self._met = True
        self.shelf.keep_answer(query, table)
        return table

    def _giver(self) -> str:
        """The archive's name, which is whole once it has answered."""
        if not self._met:
            self.archive.run(_HELLO)
            self._met = True
        return self.archive.name


def _chunks(values: np.ndarray, size: int) -> list[np.ndarray]:
    return [values[k : k + size] for k in range(0, values.size, size)]


def _pairs(name: str, table: pd.DataFrame) -> Objects:
    nowhere = np.full(len(table), np.nan)
    known = "distance" in table
    return Objects(
        name,
        _ids(table.dr8objid),
        _ids(table.dr7objid),
        nowhere,
        nowhere,
        _whole(table.modeDR8) if known else None,
        _whole(table.modeDR7) if known else None,
        table.distance.to_numpy(float) * 60 if known else None,
    )


def _places(table: pd.DataFrame) -> Objects:
    objid = _ids(table.objID)
    place = (table.ra.to_numpy(float), table.dec.to_numpy(float))
    return Objects("PhotoObjAll", objid, np.zeros_like(objid), *place, _whole(table["mode"]))


def _ids(text: pd.Series) -> np.ndarray:
    """SkyServer's ids are text; an empty one is none."""
    return np.array([int(v or 0) for v in text.tolist()], np.int64)


def _whole(values: pd.Series) -> np.ndarray:
    return values.fillna(0).to_numpy(np.int64)


def _joined(parts: list[Objects]) -> Objects | None:
    if not parts:
        return None
    first = parts[0]
    columns: dict[str, Any] = {}
    for name, values in vars(first).items():
        if isinstance(values, np.ndarray):
            columns[name] = np.concatenate([getattr(part, name) for part in parts])
    return replace(first, **columns)
