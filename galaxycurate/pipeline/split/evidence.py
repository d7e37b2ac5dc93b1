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
FIRM = (*ONE_OBJECT, VerdictKind.NEAR_FIELD)
"""Pairs that no guard band cuts: one object, and images whose shared sky nothing measures."""


@dataclass(frozen=True)
class Evidence:
    """All pairs of a dataset, and who speaks for whom.

    Parameters
    ----------
    pairs : dict of VerdictKind to Pairs
    picture : ndarray of int64, shape (n,)
        Which rows are one picture: its pairs were looked for with one of them.
    speaker : ndarray of int64, shape (n,)
        The row that stays of each picture; -1 where none does.
    """

    pairs: Mapping[VerdictKind, Pairs]
    picture: np.ndarray
    speaker: np.ndarray

    def among(self, kind: VerdictKind) -> Pairs:
        """The pairs of a kind between rows that stay; a lost twin speaks for its picture."""
        pairs = self.pairs[kind]
        first, second = self.speaker[pairs.first], self.speaker[pairs.second]
        there = (first >= 0) & (second >= 0) & (first != second)
        low, high = np.minimum(first, second)[there], np.maximum(first, second)[there]
        return Pairs(low, high, pairs.amount[there])

    def group(self, kinds) -> np.ndarray:
        """Connected components over some kinds of pairs."""
        return groups(self.picture.size, [self.pairs[k] for k in kinds if k in self.pairs])


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
    pairs = dict(kept.evidence(min_overlap=min_overlap(ledger)))
    for kind, told in _on_record(kept, ledger.verdicts()).items():
        pairs.setdefault(kind, told)
    one = groups(len(kept), [pairs[kind] for kind in ONE_PICTURE if kind in pairs])
    picture = joined(one, _same_footprint(kept))
    speaker = np.full(len(kept), -1)
    rows = np.flatnonzero(chosen)[::-1]
    speaker[picture[rows]] = rows
    return Evidence(pairs, picture, speaker[picture])


def min_overlap(ledger: Ledger) -> float:
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
    """Rows at exactly one place, of one width; -1 for those of unknown place."""
    there = np.stack([kept.ra, kept.dec, kept.width_arcsec])
    key = np.full(len(kept), -1)
    known = np.flatnonzero(kept.placed)
    key[known] = np.unique(there[:, known], axis=1, return_inverse=True)[1].ravel()
    return key
