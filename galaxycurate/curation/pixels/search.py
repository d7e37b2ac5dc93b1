"""Pairs of pictures that show the same sky, from their fingerprints alone, by every evidence."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.pairs import Matches
from galaxycurate.curation.pixels.constellations import search_sources
from galaxycurate.curation.pixels.noise import search_noise
from galaxycurate.curation.pixels.prints import Prints
from galaxycurate.curation.pixels.resized import search_resized


def search(
    prints: Prints, *, new: int = 0, flips: bool = True, resized: bool = True,
    memory_mb: int = 1000, progress: Progress = silent,
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
    progress : callable

    Returns
    -------
    Matches
        A pair a row, by its surest tier, sorted by rows. Of pictures that are alike to the pixel
        only the first is compared with others; each of them is paired with the first.
    """
    same, rows = identical(prints)
    once = prints.take(rows)
    known = int(np.searchsorted(rows, new))
    found = [
        search_noise(once, new=known, flips=flips, memory_mb=memory_mb, progress=progress),
        search_sources(once, new=known, flips=flips, memory_mb=memory_mb, progress=progress),
    ]
    if resized:
        found.append(
            search_resized(once, new=known, flips=flips, memory_mb=memory_mb, progress=progress)
        )
    return _surest([_taken(same, same.second >= new), *(_renamed(f, rows) for f in found)])


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


def _surest(tiers: list[Matches]) -> Matches:
    """One row a pair, of the earliest tier that tells of it."""
    columns = {
        f.name: np.concatenate([getattr(matches, f.name) for matches in tiers])
        for f in fields(Matches)
    }
    tier = np.repeat(np.arange(len(tiers)), [len(matches) for matches in tiers])
    order = np.lexsort((tier, columns["second"], columns["first"]))
    pair = np.stack([columns["first"], columns["second"]])[:, order]
    earliest = np.ones(order.size, bool)
    earliest[1:] = (pair[:, 1:] != pair[:, :-1]).any(0)
    return _taken(Matches(**columns), order[earliest])
