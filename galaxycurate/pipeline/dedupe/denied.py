"""Pictures that should show their neighbour's stars and do not: a wrong image behind an id.

Pixels that are found at another place prove that (`positions`). A wrong picture may be found
nowhere; then its neighbours deny it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galaxycurate.curation.pairs import Pairs
from galaxycurate.pipeline.dedupe.kept import Kept
from galaxycurate.pipeline.dedupe.looks import drawn_by
from galaxycurate.pipeline.dedupe.positions import WrongImages
from galaxycurate.pipeline.dedupe.rows import among
from galaxycurate.pipeline.dedupe.seen import Seen

LEAST_SHARED = 0.4
"""Of the smaller footprint: less holds too few stars for their absence to prove anything."""


@dataclass(frozen=True)
class Denied:
    """Pairs that share sky by their positions, but not its stars.

    Parameters
    ----------
    pairs : Pairs
    is_wrong : ndarray of bool, shape (n,)
        Images that a neighbour denies whose own place pixels confirm, as nothing confirms theirs.
        Of other pairs nothing tells which of the two is wrong.
    """

    pairs: Pairs
    is_wrong: np.ndarray


def denied(kept: Kept, seen: Seen, overlaps: Pairs, told: WrongImages) -> Denied:
    """Ask the neighbours of each picture whether its stars are theirs.

    Only pairs of one maker and scale are asked about in which the pixels have found nothing.

    Parameters
    ----------
    kept : Kept
    seen : Seen
    overlaps : Pairs
        Footprints that share sky.
    told : WrongImages
        What is known already.

    Returns
    -------
    Denied
    """
    from galaxycurate.curation.pixels.agreement import doubted

    is_wrong = np.zeros(len(kept), bool)
    asked = _take(overlaps, _is_asked(kept, seen, overlaps, told))
    if not len(asked) or seen.prints is None:
        return Denied(asked, is_wrong)
    place = np.searchsorted(seen.rows, [asked.first, asked.second])
    of_prints = Pairs(place[0], place[1], asked.amount)
    ra, dec, pixscale = (v[seen.rows] for v in (kept.ra, kept.dec, kept.pixscale))
    pairs = _take(asked, doubted(seen.prints, of_prints, ra, dec, pixscale))
    for row, other in ((pairs.first, pairs.second), (pairs.second, pairs.first)):
        is_wrong[row[told.vouched[other] & ~told.vouched[row]]] = True
    return Denied(pairs, is_wrong)


def _is_asked(kept: Kept, seen: Seen, overlaps: Pairs, told: WrongImages) -> np.ndarray:
    i, j = overlaps.first, overlaps.second
    asked = overlaps.amount >= LEAST_SHARED
    is_seen = np.zeros(len(kept), bool)
    is_seen[seen.rows] = [seen.quality[row].is_seen for row in seen.rows.tolist()]
    is_seen &= ~told.is_wrong
    asked &= is_seen[i] & is_seen[j]
    if asked.any():
        _, maker = np.unique([drawn_by(o) for o in kept.outcomes], return_inverse=True)
        asked &= (maker[i] == maker[j]) & ~among(overlaps, seen.matches)
    return asked


def _take(pairs: Pairs, which: np.ndarray) -> Pairs:
    return Pairs(pairs.first[which], pairs.second[which], pairs.amount[which])
