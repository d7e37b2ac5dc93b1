"""Pairs of pictures that show the same sky, from their fingerprints alone, by every evidence."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.pairs import Matches
from galaxycurate.curation.pixels import drawn
from galaxycurate.curation.pixels.constellations import search_sources
from galaxycurate.curation.pixels.noise import search_noise
from galaxycurate.curation.pixels.prints import Prints
from galaxycurate.curation.pixels.resized import search_resized

MAX_FDR = 0.001

VERSION = 1
"""Of the searches: raise it when they find other pairs in the same fingerprints."""


def search(
    prints: Prints, *, new: int = 0, flips: bool = True, resized: bool = True,
    memory_mb: int = 1000, max_fdr: float | None = None, progress: Progress = silent,
) -> Matches:  # fmt: skip
    """All pairs of pictures that show the same sky, as far as pixels tell.

    Parameters
    ----------
    prints : Prints
    new : int
        Only pairs with a row from this one on: earlier rows were compared before.
    flips : bool
        Turned and mirrored pictures, too.
    resized : bool
        Copies at another pixel scale, too.
    memory_mb : int
        Bound for what the search holds beside the prints [MB].
    max_fdr : float, optional
        Largest estimated share of false pairs in each tier; 0.001 unless told. Below a tier's
        lowest score nothing is told, however large this is.
    progress : callable

    Returns
    -------
    Matches
        A pair a row, by its surest tier, sorted by rows. Of pictures that are alike to the pixel
        only the first is compared with others; each of them is paired with the first.
    """
    same, rows = identical(prints)
    once, n_drawn = drawn.without(prints.take(rows))
    if n_drawn:
        progress(1, 1, f"left out what is drawn on {n_drawn:,} pictures")
    known = int(np.searchsorted(rows, new))
    tiers = [search_noise, search_sources, *([search_resized] if resized else [])]
    most = MAX_FDR if max_fdr is None else max_fdr
    found = [
        tier(once, new=known, flips=flips, memory_mb=memory_mb, max_fdr=most, progress=progress)
        for tier in tiers
    ]
    tiers_told = [_taken(same, same.second >= new), *(_renamed(f, rows) for f in found)]
    return _surest(tiers_told, most)


def identical(prints: Prints) -> tuple[Matches, np.ndarray]:
    """Pictures alike to the pixel, each paired with the first of its kind; and all first ones."""
    _, first, kind = np.unique(prints.pixels, return_index=True, return_inverse=True)
    leader = first[kind.ravel()]
    second = np.flatnonzero(leader != np.arange(len(prints)))
    nought, one = np.zeros(second.size), np.ones(second.size)
    same = Matches(
        leader[second], second, one, nought, nought, np.zeros(second.size, np.int8), one, one,
        nought, np.full(second.size, "pixels"),
    )  # fmt: skip
    return same, np.sort(first)


def _taken(matches: Matches, rows: np.ndarray) -> Matches:
    return Matches(**{f.name: getattr(matches, f.name)[rows] for f in fields(Matches)})


def _renamed(matches: Matches, rows: np.ndarray) -> Matches:
    columns = {f.name: getattr(matches, f.name) for f in fields(Matches)}
    return Matches(**columns | {name: rows[columns[name]] for name in ("first", "second")})


def _surest(tiers: list[Matches], max_fdr: float = MAX_FDR) -> Matches:
    """One row a pair, of the earliest tier that is sure of it."""
    columns = {
        f.name: np.concatenate([getattr(matches, f.name) for matches in tiers])
        for f in fields(Matches)
    }
    tier = np.repeat(np.arange(len(tiers)), [len(matches) for matches in tiers])
    unsure = columns["fdr"] > max_fdr
    order = np.lexsort((tier, unsure, columns["second"], columns["first"]))
    pair = np.stack([columns["first"], columns["second"]])[:, order]
    earliest = np.ones(order.size, bool)
    earliest[1:] = (pair[:, 1:] != pair[:, :-1]).any(0)
    return _taken(Matches(**columns), order[earliest])
