"""Pictures of one sky from two exposures: only stars and galaxies are shared, not the noise.

Every two of a picture's brightest sources are a key (how far apart, how bright); equal keys of two
pictures propose a shift, and `likelihood` weighs all sources at that shift. The work for a picture
is bounded: the more pictures, the fewer of its sources make keys, and of a crowded bucket only the
pictures just before it are met, so that many copies of one picture chain instead of all meeting.
"""

from __future__ import annotations

import numpy as np

from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.pairs import Matches
from galaxycurate.curation.pixels import likelihood, marks, overlays, sources, starfield
from galaxycurate.curation.pixels.decoys import q_values
from galaxycurate.curation.pixels.prints import Prints
from galaxycurate.curation.pixels.starfield import Index, Rules, Stars
from galaxycurate.curation.pixels.sweep import Keying, decoys_of, rules, sweep

KEYING = Keying(least=7, most=20, work=4.0e8)
FLOOR = 6.0
"""Scores below [nat] are not kept."""
SHEAR = 0.37
"""Decoys are slid along by this part of their height."""


def stars_of(prints: Prints) -> Stars:
    """Sources of all prints as numbers, without what is drawn on many of them."""
    found = prints.sources.values
    columns = np.empty((found.size, likelihood.SOURCE_COLUMNS), np.float32)
    columns[:, 0], columns[:, 1] = found["x"], found["y"]
    columns[:, :2] /= sources.PER_PIXEL
    columns[:, 2] = found["brightness"] / sources.STEPS
    columns[:, 3] = (found["colour"] - sources.COLOUR_ZERO) / sources.COLOUR_STEPS
    columns[:, 4] = found["snr"] / sources.STEPS
    columns[:, 5] = found["crowding"]
    columns[:, 6] = _log_density(columns[:, 2], columns[:, 3])
    limits = _limits(columns, prints.sources.counts, prints.sources.starts)
    own = ~overlays.drawn(prints)
    starts = np.r_[0, np.cumsum(own)][prints.sources.starts]
    columns = columns[own]
    likelihood.number_objects(columns, starts)
    frames = np.array(
        [marks.seen(w, h) for w, h in zip(prints.width, prints.height, strict=True)], float
    ).reshape(-1, 2)
    return Stars(columns, starts, frames, limits)


def search_sources(
    prints: Prints,
    *,
    new: int = 0,
    flips: bool = True,
    memory_mb: int = 1000,
    max_fdr: float = 0.001,
    progress: Progress = silent,
) -> Matches:
    """Pairs of pictures whose stars and galaxies lie alike.

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
        Of tier ``sources``; ``score`` is the log-likelihood ratio [nat].
    """
    stars = stars_of(prints)
    rows = np.arange(max(new, 0), len(prints))
    some, share = decoys_of(rows)

    def make(rows: np.ndarray, asking: Rules) -> Index:
        return starfield.pair_index(stars, rows, asking.keyed, asking.mask)

    def ask(queries: np.ndarray, index: Index, asking: Rules) -> tuple[np.ndarray, np.ndarray]:
        return starfield.asked(queries, stars, index, asking)

    def search(queries: np.ndarray, shear: float, progress: Progress) -> np.ndarray:
        how = rules(flips, FLOOR, shear)
        return sweep(queries, len(prints), KEYING, memory_mb, make, ask, how, progress)

    found, chance = search(rows, 0.0, progress), search(some, SHEAR, silent)
    q = q_values(found[:, 5], chance[:, 5], share=share, floor=FLOOR)
    return matches(prints, found[q <= max_fdr], q[q <= max_fdr], "sources")


def matches(prints: Prints, found: np.ndarray, fdr: np.ndarray, tier: str) -> Matches:
    """Rows as `sweep` tells them, of pixels as seen, as `Matches` of the pictures' own pixels."""
    first, second = found[:, 0].astype(np.int64), found[:, 1].astype(np.int64)
    flip = found[:, 2].astype(np.int8)
    wide = np.stack([prints.width, prints.height], 1).astype(float)
    seen = np.array([marks.seen(w, h) for w, h in wide.astype(int)], float).reshape(-1, 2)
    step = wide[:, 0] / seen[:, 0]
    scale = found[:, 7] * step[first] / step[second]
    shift = found[:, 3:5] * step[first, None]
    odd = flip % 2 == 1
    side = np.where(odd[:, None], wide[second][:, ::-1], wide[second]) * scale[:, None]
    low, high = np.maximum(shift, 0), np.minimum(shift + side, wide[first])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    amount = shared / np.minimum(np.prod(side, axis=1), np.prod(wide[first], axis=1))
    return Matches(
        first, second, np.clip(amount, 0, 1), shift[:, 0], shift[:, 1], flip,
        scale, found[:, 5], fdr, np.full(first.size, tier), found[:, 6].astype(np.int64),
    )  # fmt: skip


def _limits(columns: np.ndarray, counts: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Where each list ends: at the noise, or at its faintest source where it is full."""
    limits = np.zeros(counts.size)
    some = counts > 0
    brightest = columns[starts[:-1][some]]
    faintest = columns[starts[1:][some] - 1]
    at_noise = brightest[:, 2] - brightest[:, 4] + np.log2(sources.MIN_SNR)
    full = counts[some] == sources.MOST
    limits[some] = np.where(full, np.maximum(at_noise, faintest[:, 2]), at_noise)
    return limits


def _log_density(brightness: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """ln of how common a source's brightness and colour are among all, per log2 of both."""
    step = 0.5, 0.25
    row = np.clip(brightness / step[0], 0, 40).astype(np.uint8)
    column = np.clip((colour + 4) / step[1], 0, 40).astype(np.uint8)
    table = np.bincount(row * np.int64(41) + column, minlength=41 * 41).reshape(41, 41) + 0.05
    return np.log(table / table.sum() / (step[0] * step[1])).astype(np.float32)[row, column]
