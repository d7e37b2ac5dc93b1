"""Copies at another pixel scale: the noise is shared, but at other distances.

Lines between two sources of each picture, or triangles of three where pictures are many, propose a
scale, a turn and a shift; the marks of the one must then lie on marks of the other. Nothing is
stored for this beyond marks and sources, so that a picture with fewer than two sources (three, of
more than `SINGLE` pictures) is not found resized.
"""

from __future__ import annotations

import numpy as np

from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.pairs import Matches
from galaxycurate.curation.pixels import marks, rescaling
from galaxycurate.curation.pixels.constellations import SHEAR, matches, stars_of
from galaxycurate.curation.pixels.decoys import q_values
from galaxycurate.curation.pixels.prints import Prints
from galaxycurate.curation.pixels.rescaling import Spots
from galaxycurate.curation.pixels.starfield import Index, Rules
from galaxycurate.curation.pixels.sweep import Keying, decoys_of, rules, sweep

LINES = Keying(least=4, most=9, work=3.0e7)
TRIANGLES = Keying(least=6, most=9, work=4.0e8, size=3)
DECOYS = 4
"""One in so many pictures is compared as a decoy, too."""
SINGLE = 5_000
"""Pictures up to which lines between two sources propose; of more, triangles of three."""
FLOOR = 25.0
"""Scores below [nat] are not kept."""


def search_resized(
    prints: Prints,
    *,
    new: int = 0,
    flips: bool = True,
    memory_mb: int = 1000,
    max_fdr: float = 0.001,
    progress: Progress = silent,
) -> Matches:
    """Pairs of pictures of one exposure at pixel scales from 0.72 to 1.4 of each other.

    Parameters
    ----------
    prints : Prints
    new : int
        Only pairs with a row from this one on.
    flips : bool
        Whether pictures may be turned and mirrored.
    memory_mb : int
        Bound for the keys held at a time [MB].
    max_fdr : float
        Largest estimated share of false pairs among those returned (target-decoy).
    progress : callable

    Returns
    -------
    Matches
        Of tier ``resized``; ``score`` is the log-likelihood ratio of the marks that meet [nat].
        Copies at the same scale are among them.
    """
    stars, spots = stars_of(prints), spots_of(prints)
    rows = np.arange(max(new, 0), len(prints))
    some, share = decoys_of(rows, least=DECOYS)
    keying = LINES if len(prints) <= SINGLE else TRIANGLES

    def make(rows: np.ndarray, asking: Rules) -> Index:
        return rescaling.line_index(stars, rows, asking.keyed, asking.mask, keying.size == 3)

    def ask(queries: np.ndarray, index: Index, asking: Rules) -> tuple[np.ndarray, np.ndarray]:
        return rescaling.asked(queries, stars, spots, index, asking, keying.size == 3)

    def search(queries: np.ndarray, shear: float, progress: Progress) -> np.ndarray:
        how = rules(flips, FLOOR, shear)
        return sweep(queries, len(prints), keying, memory_mb, make, ask, how, progress)

    found, chance = search(rows, 0.0, progress), search(some, SHEAR, silent)
    q = q_values(found[:, 5], chance[:, 5], share=share, floor=FLOOR)
    return matches(prints, found[q <= max_fdr], q[q <= max_fdr], "resized")


def spots_of(prints: Prints) -> Spots:
    """The places of all marks."""
    x, y = (np.ascontiguousarray(prints.marks.values[axis]) for axis in ("x", "y"))
    tall = max((marks.seen(w, h)[1] for w, h in sizes(prints)), default=1)
    return Spots(x, y, prints.marks.starts, rescaling.banded(y, prints.marks.starts, tall))


def sizes(prints: Prints) -> set[tuple[int, int]]:
    """All widths and heights that there are."""
    return set(zip(prints.width.tolist(), prints.height.tolist(), strict=True))
