"""What tells that two images of a dataset must not lie in two splits, found anew or on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.curation.groups import groups
from galaxycurate.curation.pairs import Pairs
from galaxycurate.curation.split.grouping import joined
from galaxycurate.pipeline.dedupe.kept import Kept
from galaxycurate.store.ledger import Ledger

ONE_PICTURE = (VerdictKind.EXACT_FILE, VerdictKind.SAME_PIXELS, VerdictKind.COPY)
ONE_OBJECT = (*ONE_PICTURE, VerdictKind.SAME_OBJECT, VerdictKind.BLEND)
FIRM = (*ONE_OBJECT, VerdictKind.CONFLICT, VerdictKind.NEAR_FIELD)
"""Pairs that no guard band cuts: one object, under two labels, too, where people took both back;
and images whose shared sky nothing measures."""
_ANY_SHARE = -1.0


@dataclass(frozen=True)
class Evidence:
    """All pairs of a dataset, whatever they share, and who speaks for whom.

    Parameters
    ----------
    pairs : dict of VerdictKind to Pairs
    picture : ndarray of int64, shape (n,)
        Which rows are one picture: its pairs were looked for with one of them.
    speaker : ndarray of int64, shape (n,)
        The row that stays of each picture; -1 where none does.
    min_overlap : float
        What dedupe took for shared sky: footprints that share less are in no group for that.
    """

    pairs: Mapping[VerdictKind, Pairs]
    picture: np.ndarray
    speaker: np.ndarray
    min_overlap: float = 0.0

    def among(self, kind: VerdictKind) -> Pairs:
        """The pairs of a kind between rows that stay; a lost twin speaks for its picture."""
        pairs = self.pairs[kind]
        first, second = self.speaker[pairs.first], self.speaker[pairs.second]
        there = (first >= 0) & (second >= 0) & (first != second)
        low, high = np.minimum(first, second)[there], np.maximum(first, second)[there]
        return Pairs(low, high, pairs.amount[there])

    @property
    def firm(self) -> np.ndarray:
        """Groups that nothing parts: one object, one picture, unmeasured neighbours."""
        return joined(self.group(FIRM), self.picture)

    def group(self, kinds) -> np.ndarray:
        """Connected components over some kinds of pairs."""
        return groups(self.picture.size, [self._binding(k) for k in kinds if k in self.pairs])

    def _binding(self, kind: VerdictKind) -> Pairs:
        pairs = self.pairs[kind]
        least = self.min_overlap if kind is VerdictKind.OVERLAP else _ANY_SHARE
        bind = pairs.amount > least
        return Pairs(pairs.first[bind], pairs.second[bind], pairs.amount[bind])


def gather(kept: Kept, ledger: Ledger, chosen: np.ndarray) -> Evidence:
    """Pairs by sky and ids found anew, and those that dedupe found in the pixels.

    Parameters
    ----------
    kept : Kept
    ledger : Ledger
    chosen : ndarray of bool, shape (n,)
        The rows that a split may hold.

    Returns
    -------
    Evidence
    """
    pairs = dict(kept.evidence())
    for kind, told in _on_record(kept, ledger.verdicts()).items():
        pairs.setdefault(kind, told)
    one = groups(len(kept), [pairs[kind] for kind in ONE_PICTURE if kind in pairs])
    picture = joined(one, _same_footprint(kept))
    speaker = np.full(len(kept), -1)
    rows = np.flatnonzero(chosen)[::-1]
    speaker[picture[rows]] = rows
    return Evidence(pairs, picture, speaker[picture], _min_overlap(ledger))


def _min_overlap(ledger: Ledger) -> float:
    """What dedupe took for shared sky."""
    last = ledger.last_run("dedupe")
    return float(last["parameters"].get("min_overlap", 0.0)) if last else 0.0


def _on_record(kept: Kept, verdicts: list[Verdict]) -> dict[VerdictKind, Pairs]:
    row_of = {path: row for row, path in enumerate(kept.paths)}
    found: dict[VerdictKind, list[tuple[int, int, float]]] = {}
    for verdict in verdicts:
        one, other = row_of.get(verdict.path), row_of.get(verdict.partner)
        if one is not None and other is not None and one != other:
            pair = min(one, other), max(one, other), verdict.amount
            found.setdefault(verdict.kind, []).append(pair)
    return {
        kind: Pairs(*(np.array(column) for column in zip(*sorted(set(pairs)), strict=True)))
        for kind, pairs in found.items()
    }


def _same_footprint(kept: Kept) -> np.ndarray:
    """Rows of one footprint, or in a crowd of nearly one; -1 for those that have none.

    Of many such rows a search lists the pairs of one only, and it does so by the same columns.
    """
    f = kept.footprints
    there = np.stack([f.ra, f.dec, f.width_arcsec, f.height_arcsec])[:, f.known]
    alike, crowd = (np.full(len(kept), -1) for _ in range(2))
    alike[f.known] = np.unique(there, axis=1, return_inverse=True)[1].ravel()
    exact = np.unique(alike[f.known], return_index=True)[1]
    for rows in (f.known, f.known[np.sort(exact)]):
        first, led = f.crowds(rows)
        crowd[led] = crowd[first] = first
        alike = joined(alike, crowd)
    return np.where(np.isin(np.arange(len(kept)), f.known), alike, -1)
