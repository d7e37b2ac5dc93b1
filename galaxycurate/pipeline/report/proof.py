"""The proof of a split: no group is torn, and no sky is shared, checked anew from the positions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from galaxycurate.core.geometry import separation, unit_vectors
from galaxycurate.curation.sky.footprints import overlapping
from galaxycurate.curation.split.assign import crossing
from galaxycurate.pipeline.report.facts import SplitProof
from galaxycurate.pipeline.report.rows import Rows
from galaxycurate.pipeline.status import Recorded


def prove_split(rows: Rows, records: Recorded) -> SplitProof | None:
    """Check that no group and no sky is shared between splits.

    Parameters
    ----------
    rows : Rows
        The positions.
    records : Recorded
        The places, and the pairs that dedupe found.

    Returns
    -------
    SplitProof or None
        None before there is a split.
    """
    place = records.in_splits
    if not place:
        return None
    homes: dict[int, set[str]] = {}
    for group, name in place.values():
        homes.setdefault(group, set()).add(name)
    pairs = {frozenset((v.path, v.partner)) for v in records.verdicts if v.partner}
    pairs = {pair for pair in pairs if pair <= place.keys()}
    found = [(rows.index(o.label, o.name), place[o.path]) for o in records.kept if o.path in place]
    index = np.array([k for k, _place in found if k is not None], int)
    split = np.array([name for k, (_group, name) in found if k is not None], "<U8")
    known = np.isfinite(rows.ra[index] + rows.dec[index] + rows.width[index])
    proof = SplitProof(
        images=len(place),
        groups=len(homes),
        torn=sum(len(splits) > 1 for splits in homes.values()),
        pairs=len(pairs),
        pairs_across=sum(len({place[path][1] for path in pair}) > 1 for pair in pairs),
        measured=int(known.sum()),
        overlapping_across=0,
        min_overlap=records.min_overlap,
    )
    return _on_the_sky(proof, rows, index[known], split[known])


def _on_the_sky(proof: SplitProof, rows: Rows, index, split) -> SplitProof:
    """The proof with what the positions say; the ledger's pairs and groups are not believed."""
    if len(np.unique(split)) < 2:
        return proof
    ra, dec, width = rows.ra[index], rows.dec[index], rows.width[index]
    shared = overlapping(ra, dec, width, min_overlap=proof.min_overlap)
    return replace(
        proof,
        overlapping_across=len(crossing(split, shared)),
        closest_arcsec=_closest(ra, dec, split),
        width_arcsec=float(width.max()),
    )


def _closest(ra, dec, split) -> float:
    """The least separation [arcsec] of two positions in different splits."""
    from scipy.spatial import cKDTree

    vectors = unit_vectors(ra, dec)
    least = np.inf
    for name in np.unique(split)[:-1]:
        mine, later = np.flatnonzero(split == name), np.flatnonzero(split > name)
        _chord, near = cKDTree(vectors[later]).query(vectors[mine])
        apart = separation(ra[mine], dec[mine], ra[later[near]], dec[later[near]])
        least = min(least, float(apart.min()))
    return least
