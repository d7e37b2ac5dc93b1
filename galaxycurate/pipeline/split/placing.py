"""Who goes where: what the manner of a split wants together, and the division that follows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from galaxycurate.curation.pairs import Pairs
from galaxycurate.curation.split.divide import Division, Scene, divide
from galaxycurate.curation.split.grouping import by_field, by_healpix, check_grouping, joined
from galaxycurate.pipeline.dedupe.kept import IDS, Kept
from galaxycurate.pipeline.split.evidence import ONE_OBJECT, Evidence, gather
from galaxycurate.pipeline.split.manner import Manner
from galaxycurate.store.ledger import Ledger


@dataclass(frozen=True)
class Placed:
    """Images and where they go.

    Parameters
    ----------
    kept : Kept
    manner : Manner
    chosen : ndarray of bool, shape (n,)
        Those that dedupe, audit and people leave.
    evidence : Evidence
    made : Division
        Of the chosen rows.
    """

    kept: Kept
    manner: Manner
    chosen: np.ndarray
    evidence: Evidence
    made: Division

    @cached_property
    def part(self) -> np.ndarray:
        """The part of each image, str of shape (n,); empty for those left out."""
        part = np.full(len(self.kept), "", dtype="<U8")
        part[self.chosen] = np.array([*self.manner.parts, ""])[self.made.place]
        return part

    @cached_property
    def group(self) -> np.ndarray:
        """The group of each image, int64 of shape (n,); -1 for those left out."""
        group = np.full(len(self.kept), -1)
        group[self.chosen] = self.made.group
        return group


def place(kept: Kept, ledger: Ledger, chosen: np.ndarray, manner: Manner, *, seed: int) -> Placed:
    """Place images.

    Parameters
    ----------
    kept : Kept
    ledger : Ledger
    chosen : ndarray of bool, shape (n,)
    manner : Manner
    seed : int

    Returns
    -------
    Placed
    """
    evidence = gather(kept, ledger, chosen)
    wanted = _grouped(kept, ledger, evidence, manner)
    made = _divide(kept, chosen, evidence, wanted, manner, seed)
    return Placed(kept, manner, chosen, evidence, made)


def _divide(kept: Kept, chosen, evidence: Evidence, wanted, manner: Manner, seed: int) -> Division:
    firm = evidence.firm
    labels = kept.labels if manner.strategy == "stratified" else np.repeat("", len(kept))
    scene = Scene(
        label=labels[chosen],
        group=joined(firm, wanted)[chosen],
        firm=firm[chosen],
        picture=evidence.picture[chosen],
        pairs=_across(chosen, evidence),
        ra=kept.ra[chosen],
        dec=kept.dec[chosen],
        width_arcsec=kept.width_arcsec[chosen],
    )
    return divide(scene, list(manner.parts.values()), guard=manner.guard, seed=seed)


def _grouped(kept: Kept, ledger: Ledger, evidence: Evidence, manner: Manner) -> np.ndarray:
    """What the manner wants together; -1 for rows that it says nothing of."""
    kind, order = check_grouping(manner.grouping)
    if kind == "overlap":
        known = ledger.places("dedupe")
        return joined(evidence.group(evidence.pairs), np.array([known[p][0] for p in kept.paths]))
    if kind == "object":
        return evidence.group(ONE_OBJECT)
    if kind == "healpix":
        return by_healpix(kept.ra, kept.dec, order)
    ids = np.array([a or b for a, b in zip(*(kept.ids[n] for n in IDS), strict=True)], np.int64)
    return by_field(ids, next_too=kind == "field+next")


def _across(chosen, evidence: Evidence) -> Pairs:
    """All pairs of the chosen rows, each once, numbered among the chosen."""
    number = np.cumsum(chosen) - 1
    found = [evidence.among(kind) for kind in evidence.pairs]
    both = np.concatenate([np.stack([p.first, p.second], axis=1) for p in found])
    keys = np.unique(number[both[:, 0]] << 32 | number[both[:, 1]])
    return Pairs(keys >> 32, keys & 0xFFFFFFFF, np.ones(keys.size))
