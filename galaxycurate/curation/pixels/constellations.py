"""Pictures of one sky from two exposures: only stars and galaxies are shared, not the noise.

Every two of a picture's brightest sources are a key (how far apart, how bright); equal keys of two
pictures propose a shift, and `starfield` weighs all sources at that shift. The work for a picture
is bounded: the more pictures, the fewer of its sources make keys, and of a crowded bucket only the
pictures just before it are met, so that many copies of one picture chain instead of all meeting.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.pairs import Matches
from galaxycurate.curation.pixels import marks, sources, starfield
from galaxycurate.curation.pixels.decoys import q_values
from galaxycurate.curation.pixels.prints import Prints
from galaxycurate.curation.pixels.sweep import CROWD, LANES, PARTNERS, Keying, sweep

KEYING = Keying(least=7, most=20, work=4.0e8)
FLOOR = 6.0
"""Scores below [nat] are not kept."""
SHEAR = 0.37


@dataclass(frozen=True)
class StarLists:
    """Sources of many pictures as numbers, ready to be weighed.

    Parameters
    ----------
    columns : ndarray of float64, shape (m, 7)
        See `starfield.SOURCE_COLUMNS`.
    starts : ndarray of int64, shape (n + 1,)
    frames : ndarray of float64, shape (n, 2)
        Width and height [pixel] as seen.
    limits : ndarray of float64, shape (n,)
        Brightness [log2] below which a picture's list ends.
    """

    columns: np.ndarray
    starts: np.ndarray
    frames: np.ndarray
    limits: np.ndarray

    @classmethod
    def of(cls, prints: Prints) -> StarLists:
        """Sources of all prints."""
        found, starts = prints.sources.values, prints.sources.starts
        columns = np.empty((found.size, starfield.SOURCE_COLUMNS))
        columns[:, 0], columns[:, 1] = found["x"], found["y"]
        columns[:, :2] /= sources.PER_PIXEL
        columns[:, 2] = found["brightness"] / sources.STEPS
        columns[:, 3] = (found["colour"] - sources.COLOUR_ZERO) / sources.COLOUR_STEPS
        columns[:, 4] = found["snr"] / sources.STEPS
        columns[:, 5] = found["crowding"]
        columns[:, 6] = _log_density(columns[:, 2], columns[:, 3])
        frames = np.array(
            [marks.seen(w, h) for w, h in zip(prints.width, prints.height, strict=True)], float
        ).reshape(-1, 2)
        return cls(columns, starts, frames, _limits(columns, prints.sources.counts, starts))

    def sheared(self) -> np.ndarray:
        """The same columns at places where nothing can match: slid along by their height."""
        columns = self.columns.copy()
        columns[:, 0] = sheared(columns[:, 0], columns[:, 1], self.starts, self.frames)
        return columns


def sheared(x: np.ndarray, y: np.ndarray, starts: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Decoy columns: each row of a picture slid along by its height, round the frame."""
    return (x + SHEAR * y) % np.repeat(frames[:, 0], np.diff(starts))


def search_sources(
    prints: Prints,
    *,
    new: int = 0,
    flips: bool = True,
    memory_mb: int = 1000,
    max_fdr: float = 0.005,
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
    lists = StarLists.of(prints)
    found = _search(lists, lists.columns, new, flips, memory_mb, progress)
    chance = _search(lists, lists.sheared(), new, flips, memory_mb, silent)
    q = q_values(found[:, 5], chance[:, 5], floor=FLOOR)
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
        scale, found[:, 5], fdr,
        np.full(first.size, tier),
    )  # fmt: skip


def _search(
    lists: StarLists, asked: np.ndarray, new: int, flips: bool, memory_mb: int, progress: Progress
) -> np.ndarray:
    """Pairs of rows as `sweep` tells them; `asked` are the sources of the later one."""

    def index(rows: np.ndarray, keyed: int, mask: int) -> tuple:
        return starfield.pair_index(lists.columns, lists.starts, rows, keyed, mask)

    def ask(
        queries: np.ndarray, rows: np.ndarray, indexed: tuple, keyed: int, mask: int
    ) -> tuple[np.ndarray, np.ndarray]:
        return starfield.asked(
            queries, asked, lists.columns, lists.starts, lists.frames, lists.limits, rows,
            indexed, mask, 8 if flips else 1, keyed, CROWD, FLOOR, LANES, PARTNERS,
        )  # fmt: skip

    n = lists.limits.size
    return sweep(np.arange(max(new, 0), n), n, KEYING, memory_mb, index, ask, progress)


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
    step = np.array([0.5, 0.25])
    cells = np.floor(np.stack([brightness, colour + 4], 1) / step).astype(int).clip(0, 40)
    table = np.full((41, 41), 0.05)
    np.add.at(table, (cells[:, 0], cells[:, 1]), 1.0)
    return np.log(table / table.sum() / step.prod())[cells[:, 0], cells[:, 1]]
