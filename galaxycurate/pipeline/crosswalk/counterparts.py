"""Asking an archive what objects of one release are in another: few questions, each kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from galaxycurate.archives.archive import Archive
from galaxycurate.archives.owned import OwnedShelf
from galaxycurate.archives.shelf import NoShelf, Shelf
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
_NO_TABLE = "Invalid object name"  # SQL Server's words
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
    lacking : str
        That the archive has no PhotoObjDR7; empty where it has.
    refused : list of tuple of ndarray of int64 and str
        Ids that nobody was asked about because a question was refused, and what was said.
    """

    archive: Archive
    shelf: Shelf = field(default_factory=NoShelf)
    progress: Progress = silent
    notes: list[str] = field(default_factory=list)
    dry_run: bool = False
    questions: Counter[str] = field(default_factory=Counter)
    lacking: str = field(default="", init=False)
    refused: list[tuple[np.ndarray, str]] = field(default_factory=list, init=False)
    _met: bool = field(default=False, init=False)

    def __post_init__(self):
        """Kept answers are of use only where the same server would give them.

        Tables on this machine change under the same name, and answer at once: nothing is kept.
        """
        is_local = self.archive.name.startswith("local:")
        self.shelf = OwnedShelf(NoShelf() if is_local else self.shelf, self._giver)

    def zoo(self, ids: np.ndarray, *, dr7: bool) -> Iterator[Objects]:
        """Both ids of Galaxy Zoo 1's galaxies, where so many ids are asked for that it pays."""
        if ids.size < ZOO_FROM_IDS:
            return
        bounds = {"first_id": int(ids.min()), "last_id": int(ids.max())} if dr7 else {}
        for question, name in ZOO.items():
            if self.dry_run:
                self.questions[question] += 1
                continue
            with suppress(QueryRefused):  # it would only have spared other questions
                yield _pairs(
                    name, self._answer(sqlfiles.read(question).bind(**bounds), is_first=True)
                )

    def matched(self, ids: np.ndarray, *, dr7: bool) -> Objects | None:
        """PhotoObjDR7's rows of some ids, and all those of the objects that they turn out to be.

        None where the archive has no such table. A row whose rivals could not be asked for is left
        out: nobody knows whose object it is.
        """
        there = self._matched(np.sort(ids), dr7)
        if self.dry_run:
            self.questions[_matching(not dr7)] += len(_chunks(ids, IDS_AT_ONCE))
        if there is None:
            return None
        found = there.objid if dr7 else there.dr7objid
        refusals = len(self.refused)
        back = self._matched(np.unique(found[found != 0]), not dr7)
        unknown = [ids for ids, _ in self.refused[refusals:]]
        for k, (others, why) in enumerate(self.refused[refusals:], refusals):
            mine = there.dr7objid if dr7 else there.objid
            self.refused[k] = (mine[np.isin(found, others)], why)
        judged = ~np.isin(found, np.concatenate(unknown)) if unknown else np.ones(found.size, bool)
        return _joined([there.only(judged), *([back] if back else [])])

    def near(
        self, ids: np.ndarray, ra: np.ndarray, dec: np.ndarray, reach: float
    ) -> Objects | None:
        """PhotoObjAll's rows near positions, in the fields of DR7 ids and the next ones."""
        parts = decode(ids)
        fields = encode(**{name: parts[name] for name in ("run", "camcol", "field")})
        rows = _chunks(np.argsort(fields, kind="stable"), PLACES_AT_ONCE)
        chunks = [{"field": fields[k], "ra": ra[k] % 360, "dec": dec[k]} for k in rows]
        answers = self._answers("crosswalk_position", chunks, [ids[k] for k in rows], reach=reach)
        return _joined([_places(table) for table in answers])

    def _matched(self, ids: np.ndarray, dr7: bool) -> Objects | None:
        chunks = _chunks(ids, IDS_AT_ONCE)
        answers = self._answers(_matching(dr7), [{"id": chunk} for chunk in chunks], chunks)
        return _joined([_pairs("PhotoObjDR7", table) for table in answers])

    def _answers(
        self, name: str, chunks: list[dict[str, np.ndarray]], ids: list[np.ndarray], **values: float
    ) -> Iterator[pd.DataFrame]:
        """One after the other; where the first is refused the others would be."""
        if self.dry_run:
            self.questions[name] += len(chunks)
            return
        file, rows = sqlfiles.read(name), 0
        for done, chunk in enumerate(chunks, 1):
            numbered = {
                f"{name}{k:02d}": value
                for name, many in chunk.items()
                for k, value in enumerate(many.tolist())
            }
            try:
                table = self._answer(file.bind(**numbered, **values), is_first=done == 1)
            except _Lacking as error:
                if name != "crosswalk_position":
                    self.lacking = str(error)
                return
            except QueryRefused as error:
                left = ids[done - 1 :] if done == 1 else [ids[done - 1]]
                self.refused.append((np.concatenate(left), str(error)))
                if done == 1:
                    return
                continue
            rows += len(table)
            self.progress(done, len(chunks), f"{name}: {rows:,} objects")
            yield table

    def _answer(self, query: Query, *, is_first: bool) -> pd.DataFrame:
        self.questions[query.name] += 1
        kept = self.shelf.answer(query)
        if kept is not None:
            return kept
        try:
            if is_first and (lacking := self.archive.lacks(query.sql)):
                raise _Lacking(f"{self.archive.name} lacks {', '.join(lacking)}")
            table = self.archive.run(query, progress=self.progress)
        except QueryRefused as error:
            note = f"{query.name} was not answered by {self.archive.name}: {error}"
            if note not in self.notes:
                self.notes.append(note)
            if is_first and _NO_TABLE in str(error):
                raise _Lacking(f"{self.archive.name}: {error}") from error
            raise
        self._met = True
        self.shelf.keep_answer(query, table)
        return table

    def _giver(self) -> str:
        """The archive's name, which is whole once it has answered."""
        if not self._met:
            self.archive.run(_HELLO)
            self._met = True
        return self.archive.name


class _Lacking(QueryRefused):
    """The archive has no such table: no other question about it would be answered."""


def _matching(dr7: bool) -> str:
    return "crosswalk_from_dr7" if dr7 else "crosswalk_from_dr8"


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
