"""Copies at another pixel scale: the noise is shared, but at other distances.

Lines between two sources of each picture propose a scale, a turn and a shift; the marks of the one
must then lie on marks of the other. Nothing is stored for this beyond marks and sources, so that a
picture with fewer than two sources is not found resized.
"""

from __future__ import annotations

import numpy as np

from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.pairs import Matches
from galaxycurate.curation.pixels import marks, rescaling
from galaxycurate.curation.pixels.constellations import StarLists, matches, sheared
from galaxycurate.curation.pixels.decoys import q_values
from galaxycurate.curation.pixels.prints import Prints
from galaxycurate.curation.pixels.sweep import CROWD, LANES, PARTNERS, Keying, sweep

KEYING = Keying(least=4, most=9, work=3.0e7)
DECOYS = 4
"""One in so many pictures is compared as a decoy, too."""
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
    lists = StarLists.of(prints)
    x, y = (prints.marks.values[axis] / marks.UNIT for axis in ("x", "y"))
    places = x, y
    slid = sheared(x, y, prints.marks.starts, lists.frames), y
    rows = np.arange(max(new, 0), len(prints))
    some = rows[DECOYS - 1 :: DECOYS]
    found = _search(prints, lists, lists.columns, places, places, rows, flips, memory_mb, progress)
    chance = _search(prints, lists, lists.sheared(), places, slid, some, flips, memory_mb, silent)
    q = q_values(found[:, 5], chance[:, 5], share=1 / DECOYS, floor=FLOOR)
    return matches(prints, found[q <= max_fdr], q[q <= max_fdr], "resized")


def _search(
    prints: Prints, lists: StarLists, asked: np.ndarray, places: tuple, asked_places: tuple,
    queries: np.ndarray, flips: bool, memory_mb: int, progress: Progress,
) -> np.ndarray:  # fmt: skip
    """Pairs of rows as `sweep` tells them; what is asked may be decoys."""
    first = rescaling.banded(places[1], prints.marks.starts, lists.frames[:, 1])

    def index(rows: np.ndarray, keyed: int, mask: int) -> tuple:
        return rescaling.line_index(lists.columns, lists.starts, rows, keyed, mask)

    def ask(
        queries: np.ndarray, rows: np.ndarray, indexed: tuple, keyed: int, mask: int
    ) -> tuple[np.ndarray, np.ndarray]:
        return rescaling.asked(
            queries, asked, lists.columns, lists.starts, lists.frames, rows, indexed, mask,
            places[0], places[1], prints.marks.starts, first, asked_places[0], asked_places[1],
            8 if flips else 1, keyed, CROWD, FLOOR, LANES, PARTNERS,
        )  # fmt: skip

    return sweep(queries, lists.limits.size, KEYING, memory_mb, index, ask, progress)
