"""The steps by which objects of one release are found in another, the surest first."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from galaxycurate.curation.crosswalk import (
    Candidates,
    Matches,
    by_pairs,
    by_position,
    nearest,
    rivals,
    same_field,
)
from galaxycurate.pipeline.crosswalk.counterparts import Asker
from galaxycurate.pipeline.crosswalk.objects import Objects

OWN, IN_FIELD, POSITION = "own", "field and position", "position"
NO_POSITION, NOT_GIVEN = "no position", "not in any table that was given"
NOT_MATCHED, NOT_ASKED = "not in PhotoObjDR7", "not asked"
_NEAR_ARCSEC = 60.0
"""A nearest object further away than this tells nothing."""


@dataclass
class Search:
    """How objects are looked for.

    Parameters
    ----------
    release : {'dr8', 'dr7'}
        Whose ids are wanted.
    others : list of Objects
        What other tables tell, those that are believed first in front.
    asker : Asker or None
        None where nobody is asked.
    radius_arcsec : float
    """

    release: str
    others: list[Objects]
    asker: Asker | None
    radius_arcsec: float

    def of(self, mine: Objects, want: np.ndarray) -> Matches:
        """Find some objects.

        Parameters
        ----------
        mine : Objects
            All those that were asked about: an id that one of them has is no other one's.
        want : ndarray of int64, shape (n,)
            Which of them are looked for.

        Returns
        -------
        Matches
        """
        source, taken = self._ends(mine)
        matches = Matches.of(source[want])
        matches.take(by_pairs(matches.source, source, taken), OWN, taken=source[:0])
        for other in self.others:
            self._pairs(matches, other, taken)
        if self.asker:
            self._ask(self.asker, matches, taken)
        ra, dec = mine.ra[want], mine.dec[want]
        places = [
            other
            for other in self.others
            if (np.isfinite(other.ra) & (self._ends(other)[1] != 0)).any()
        ]
        self._places(matches, places, ra, dec, taken)
        if self.asker and self.release == "dr8":
            left = matches.left
            left = left[(matches.source[left] != 0) & np.isfinite(ra[left] + dec[left])]
            reach = 5 * self.radius_arcsec  # so that the nearest one beyond can be told
            more = self.asker.near(matches.source[left], ra[left], dec[left], reach)
            if more is not None:
                places.append(more)
                self._places(matches, places, ra, dec, taken)
        self._places(matches, places, ra, dec, taken, anywhere=True)
        self._tell(matches, places, ra, dec)
        return matches

    def _ends(self, objects: Objects) -> tuple[np.ndarray, np.ndarray]:
        """From whose ids to whose."""
        both = objects.dr7objid, objects.objid
        return both if self.release == "dr8" else both[::-1]

    def _pairs(self, matches: Matches, other: Objects, taken: np.ndarray) -> None:
        modes = other.mode7, other.mode
        row_mode, mode = modes if self.release == "dr8" else modes[::-1]
        ends = self._ends(other)
        said = by_pairs(matches.source, *ends)
        candidates = by_pairs(
            np.concatenate([matches.source, rivals(matches.source, said.found, *ends)]), *ends,
            distance_arcsec=other.distance_arcsec, mode=mode, row_mode=row_mode,
        )  # fmt: skip
        matches.take(candidates, other.called, taken=taken)

    def _ask(self, asker: Asker, matches: Matches, taken: np.ndarray) -> None:
        def left() -> np.ndarray:
            ids = matches.source[matches.left]
            return ids[ids != 0]

        for zoo in asker.zoo(left(), dr7=self.release == "dr8"):
            self._pairs(matches, zoo, taken)
        matched = asker.matched(left(), dr7=self.release == "dr8")
        if matched is not None:
            self._pairs(matches, matched, taken)

    def _places(self, matches, places, ra, dec, taken, *, anywhere: bool = False) -> None:
        """By position: in the same field, or anywhere for those that nothing was near to there."""
        left = matches.left
        if not places or not left.size:
            return
        many = [
            by_position(
                ra[left], dec[left], self._ends(other)[1], other.ra, other.dec,
                radius_arcsec=self.radius_arcsec,
                mode=other.mode if self.release == "dr8" else other.mode7,
            )
            for other in places
        ]  # fmt: skip
        names = Candidates.__dataclass_fields__
        near = Candidates(*(np.concatenate([getattr(c, name) for c in many]) for name in names))
        near = replace(near, row=left[near.row])
        here = same_field(matches.source[near.row], near.found)
        if anywhere:
            matches.take(near.only(~np.isin(near.row, near.row[here])), POSITION, taken=taken)
        else:
            matches.take(near.only(here), IN_FIELD, taken=taken)

    def _tell(self, matches: Matches, places: list[Objects], ra, dec) -> None:
        """Why the others were not found."""
        rows = matches.left
        absent = NOT_GIVEN
        if self.asker:
            for ids, why in self.asker.refused:
                unasked = rows[np.isin(matches.source[rows], ids[ids != 0])]
                matches.reason[unasked] = f"{NOT_ASKED}: the archive refused: {why}"
            absent = self.asker.lacking or NOT_MATCHED
        rows = rows[matches.reason[rows] == ""]
        placed = np.isfinite(ra[rows] + dec[rows])
        would_help = places or (self.asker and self.release == "dr8" and not self.asker.lacking)
        matches.reason[rows[~placed]] = NO_POSITION if would_help else absent
        rows = rows[placed]
        if not places:
            matches.reason[rows] = absent
            return
        known = [self._ends(other)[1] != 0 for other in places]
        where = [
            np.concatenate(
                [getattr(other, axis)[k] for other, k in zip(places, known, strict=True)]
            )
            for axis in ("ra", "dec")
        ]
        words = f"no object within {float(self.radius_arcsec)} arcsec"
        for row, far in zip(rows, nearest(ra[rows], dec[rows], *where), strict=True):
            beyond = f" (nearest {far:.2g})" if far < _NEAR_ARCSEC else ""
            matches.reason[row] = words + beyond


def contradictions(objects: Objects, others: list[Objects]) -> dict[int, str]:
    """Rows whose two ids another source gives to other objects, and what it says.

    Parameters
    ----------
    objects : Objects
        As they were told or found to be.
    others : list of Objects
        Those that are believed first in front.

    Returns
    -------
    dict of int to str
        By row.
    """
    said: dict[int, list[str]] = {}
    ids = objects.objid, objects.dr7objid
    both = (ids[0] != 0) & (ids[1] != 0)
    mine = replace(objects, name="", distance_arcsec=None)
    for other in (mine, *others):
        for own, source, ends in (
            (ids[0], ids[1], (other.dr7objid, other.objid)),
            (ids[1], ids[0], (other.objid, other.dr7objid)),
        ):
            told = by_pairs(np.where(both, source, 0), *ends)
            agrees = told.found == own[told.row]
            agreed = np.isin(told.row, told.row[agrees]) if other is not mine else agrees
            who = "another row" if other is mine else other.called
            for row, found in zip(told.row[~agreed], told.found[~agreed], strict=True):
                said.setdefault(int(row), []).append(f"{who} says {found}")
    return {row: ", ".join(dict.fromkeys(words)) for row, words in said.items()}
