"""Pairs of pictures of one exposure, by the marks of their noise: shifted, turned, saved again."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.stats import binom

from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.pairs import Matches
from galaxycurate.curation.pixels import join, marks, votes
from galaxycurate.curation.pixels.decoys import q_values
from galaxycurate.curation.pixels.prints import Prints
from galaxycurate.curation.pixels.verify import BITS, numbered, verified

KEYS = 32
"""How often the marks are sorted, each time by other bits of their codes."""

FEWEST_BITS, MOST_BITS, TO_A_KEY = 16, 24, 80
"""Bits of a key: so many that some 80 marks share one, its turns together."""

BY_CHANCE = 8.0
"""Alike marks that chance may bring each picture with one key."""

LEAST_SCORE = 15.0
"""Natural logarithm of the likelihood ratio below which a hypothesis is forgotten."""

TOLD_SCORE = 35.0
"""Below which no pair is told. One object laid on another says 20 at most (`verify.PER_PLACE`), and
the highest false scores were 20 and 23 among 2,700 pictures on which it was set, 18 on those of a
fresh seed, 26 on windows of 64 to 128 pixels; overlaps of 15 % of the frame start at 36.
"""

SATED, WHOLE, CROWDED = 24, 0.9, 60
"""A picture with so many partners that share so much of it, or with so many that share any part, is
compared with no more like it.
"""

BYTES_A_MARK = 32
"""Memory of a join."""

SAME_SCALE = 0.02
"""By how much two pictures may have been reduced differently."""

FOUND = np.dtype(
    [
        ("first", np.int64), ("second", np.int64), ("flip", np.int8), ("decoy", bool),
        ("score", float), ("dx", float), ("dy", float), ("met", int), ("expected", int),
    ]
)  # fmt: skip
"""A hypothesis that was not refused, in pixels as seen."""


def search_noise(
    prints: Prints, *, new: int = 0, flips: bool = True, memory_mb: float = 1000,
    max_fdr: float = 0.001, progress: Progress = silent,
) -> Matches:  # fmt: skip
    """Pairs of pictures of the same exposure.

    Parameters
    ----------
    prints : Prints
    new : int
        Only pairs with a row from this one on.
    flips : bool
        Turned and mirrored pictures, too.
    memory_mb : float
        Bound for the keys held at a time [MB].
    max_fdr : float
        Largest estimated share of false pairs among those returned (target-decoy).
    progress : callable

    Returns
    -------
    Matches
        Of tier ``noise``; ``score`` is a logarithm of likelihoods.
    """
    best = np.empty(0, FOUND)
    sated = np.zeros(len(prints), bool)
    places, code, place = _places(prints)
    parts = max(1, int(np.ceil(code.size * BYTES_A_MARK / (memory_mb * 1e6))))
    bits, within = _fineness(code.size, len(prints), flips)
    for number, key in enumerate(join.keys(bits, KEYS)):
        progress(number, KEYS, "comparing the noise")
        for part in range(parts):
            alike = join.alike(
                code, places.owner, key, within=within, new=new, flips=flips, sated=sated,
                part=(part, parts),
            )  # fmt: skip
            for lot in _confirmed(alike, places, prints.marks.starts, code, place):
                best = _best(np.concatenate([best, lot]))
        sated = _sated(best, places)
    progress(KEYS, KEYS, "comparing the noise")
    return _told(best, prints, places, max_fdr)


def _places(prints: Prints) -> tuple[votes.Places, np.ndarray, np.ndarray]:
    """Marks on their pictures, their codes, and the numbers of the places where they lie."""
    values = prints.marks.values
    wide = zip(prints.width.tolist(), prints.height.tolist(), strict=True)
    size = np.array([marks.seen(*w) for w in wide], np.float32).reshape(-1, 2)
    x, y = (values[axis].astype(np.float32) / marks.UNIT for axis in ("x", "y"))
    width, height = np.ascontiguousarray(size.T)
    places = votes.Places(x, y, prints.marks.owners.astype(np.int32), width, height)
    code = np.ascontiguousarray(values["code"])
    place = numbered(x, y, prints.marks.starts, width, height, code >= marks.OBJECT)
    return places, code & ~marks.OBJECT, place


def _fineness(n_marks: int, n_pictures: int, flips: bool) -> tuple[int, int]:
    """Bits of a key, and bits in which codes of equal keys may differ."""
    marks_of_all_turns = max(1, n_marks * (8 if flips else 1))
    bits = int(np.clip(np.log2(marks_of_all_turns / TO_A_KEY), FEWEST_BITS, MOST_BITS))
    compared = n_marks / max(1, n_pictures) * marks_of_all_turns / 2**bits / 2
    chance = compared * binom.cdf(np.arange(BITS), BITS - bits, 0.5)
    return bits, max(8, int(np.searchsorted(chance, BY_CHANCE, side="right")) - 1)


def _confirmed(
    alike: Iterator[join.Alike], places: votes.Places, starts: np.ndarray, code: np.ndarray,
    place: np.ndarray,
) -> Iterator[np.ndarray]:  # fmt: skip
    """Hypotheses that pass, batch by batch, on two threads."""

    def scored(told: votes.Hypotheses) -> np.ndarray:
        tally = verified(told, places, starts, code, place)
        good = tally["score"] >= LEAST_SCORE
        lot = np.empty(np.count_nonzero(good), FOUND)
        for name in ("first", "second", "flip", "decoy"):
            lot[name] = getattr(told, name)[good]
        for name in ("score", "dx", "dy", "met", "expected"):
            lot[name] = tally[name][good]
        return lot

    with ThreadPoolExecutor(2) as pool:
        for found in alike:
            told = votes.hypotheses(found, places)
            halves = [told.take(slice(0, None, 2)), told.take(slice(1, None, 2))]
            yield np.concatenate(list(pool.map(scored, halves)))


def _best(found: np.ndarray) -> np.ndarray:
    """The best of each pair, and its best decoy."""
    kind = ["first", "second", "decoy"]
    found = found[np.lexsort((-found["score"], *(found[name] for name in reversed(kind))))]
    best = np.ones(found.size, bool)
    best[1:] = found[kind][1:] != found[kind][:-1]
    return found[best]


def _shared(found: np.ndarray, places: votes.Places) -> np.ndarray:
    """Shared area as a fraction of the smaller picture."""
    first, second, odd = found["first"], found["second"], found["flip"] % 2 == 1
    sides = [(places.width[first], "dx", places.width, places.height),
             (places.height[first], "dy", places.height, places.width)]  # fmt: skip
    shared = np.ones(found.size)
    for side, name, plain, other in sides:
        length = np.where(odd, other[second], plain[second])
        low = np.maximum(found[name], 0)
        shared *= np.clip(np.minimum(found[name] + length, side) - low, 0, None)
    area = places.width.astype(float) * places.height
    return np.clip(shared / np.minimum(area[first], area[second]), 0, 1)


def _sated(best: np.ndarray, places: votes.Places) -> np.ndarray:
    found = best[~best["decoy"] & (best["score"] >= TOLD_SCORE)]
    sated = np.zeros(places.width.size, bool)
    for least, lot in ((CROWDED, found), (SATED, found[_shared(found, places) >= WHOLE])):
        partners = np.concatenate([lot["first"], lot["second"]])
        sated |= np.bincount(partners, minlength=sated.size) >= least
    return sated


def _by_chance(best: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Scores of decoys, one at least; of pairs that are no chance themselves they are none."""
    sure, decoys = found[found["score"] >= TOLD_SCORE], best[best["decoy"]]
    pair = ["first", "second"]
    return np.append(decoys["score"][~np.isin(decoys[pair], sure[pair])], LEAST_SCORE)


def _told(best: np.ndarray, prints: Prints, places: votes.Places, max_fdr: float) -> Matches:
    """Targets that stand out from the decoys, in pixels of the pictures' own."""
    found = best[~best["decoy"]]
    fdr = q_values(found["score"], _by_chance(best, found))
    step = prints.width / places.width
    unequal = np.abs(step[found["first"]] / step[found["second"]] - 1) > SAME_SCALE
    keep = (fdr <= max_fdr) & (found["score"] >= TOLD_SCORE) & ~unequal
    found, fdr = found[keep], fdr[keep]
    step = step[found["first"]]
    return Matches(
        found["first"], found["second"], _shared(found, places), found["dx"] * step,
        found["dy"] * step, found["flip"], np.ones(found.size), found["score"], fdr,
        np.full(found.size, "noise"), found["met"], found["expected"],
    )  # fmt: skip
