"""Kernels that ask an index of pairs of sources which pictures show the same stars.

Two pairs of sources alike propose a shift; where two propose the same, `likelihood` judges it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from galaxycurate.curation.pixels.likelihood import FEWEST, LOOSE_COLOUR, judged

PAIR_PLACE, PAIR_BRIGHTNESS = 2.5, 1.0
CELL_PX, CELL_BRIGHTNESS = 5.0, 2.0
DOUBTLESS = 45.0
"""Score [nat] beyond which no doubt is left."""
TOGETHER = 3.0
"""Shifts as near [pixel] are one."""
TRIALS = 6
"""Shifts that are judged of two pictures in one turn: crowds of alike sources propose thousands."""


class Stars(NamedTuple):
    """Sources of many pictures: `columns` (m, 8), of picture k those from ``starts[k]`` on.

    `frames` are widths and heights [pixel] as seen, `limits` the brightness [log2] below which a
    picture's list ends.
    """

    columns: np.ndarray
    starts: np.ndarray
    frames: np.ndarray
    limits: np.ndarray


class Index(NamedTuple):
    """Keys in buckets: `offsets` (mask + 2,) of the buckets; of each key the position of its
    picture among the indexed `rows`, rising within a bucket, the sources that make it, and what
    is compared of them.
    """

    offsets: np.ndarray
    owner: np.ndarray
    members: np.ndarray
    apart: np.ndarray
    rows: np.ndarray


class Rules(NamedTuple):
    """How is asked: turns, keyed sources, bucket mask, pictures met of a bucket, least score,
    partners kept, and how far the asked rows are slid (`slid`), which makes decoys of them.
    """

    flips: int
    keyed: int
    mask: int
    crowd: int
    floor: float
    partners: int
    shear: float


class Asked(NamedTuple):
    """A turned picture that asks; only indexed rows before `state` are met."""

    number: int
    flip: int
    state: int
    sources: np.ndarray
    x: np.ndarray
    y: np.ndarray
    width: float
    height: float
    limit: float


class Memory(NamedTuple):
    """Of each indexed picture: the last shift judged, the turn that `votes` (the last two shifts
    proposed) and `trials` are of, and the last picture that it was found to match beyond doubt.
    """

    seen: np.ndarray
    voted: np.ndarray
    votes: np.ndarray
    trials: np.ndarray
    settled: np.ndarray


@njit(cache=True)
def slid(x, y, width, shear):
    """A decoy's x: slid along by its height, round the frame, so that no region stays whole."""
    return (x + shear * y) % width if shear != 0.0 else x


@njit(cache=True)
def turned(x, y, width, height, flip):
    """Where pixel (x, y) goes when its picture is turned: rot90 `flip % 4` times, then mirrored."""
    for _ in range(flip % 4):
        x, y = y, width - 1.0 - x
        width, height = height, width
    if flip >= 4:
        x = width - 1.0 - x
    return x, y


@njit(cache=True)
def bucket(u, v, m, mask):
    """Number of the bucket of three small integers."""
    h = (u + 4096) * 73856093 ^ (v + 4096) * 19349663 ^ (m + 64) * 83492791
    return (h ^ (h >> 15)) & mask


@njit(cache=True)
def pair_index(stars, rows, keyed, mask):
    """Pairs of a picture's brightest sources, in buckets by separation and brightness.

    `apart` is the separation in x and y, the brightness of the brighter and of the fainter.
    """
    columns, starts = stars.columns, stars.starts
    offsets = np.zeros(mask + 2, np.int64)
    for fill in range(2):
        if fill:
            for k in range(mask + 1):
                offsets[k + 1] += offsets[k]
            n = offsets[mask + 1]
            owner = np.empty(n, np.int32)
            members = np.empty((n, 2), np.uint8)
            apart = np.empty((n, 4), np.float32)
            at = offsets[:-1].copy()
        for r in range(rows.size):
            s = starts[rows[r]]
            e = min(starts[rows[r] + 1], s + keyed)
            for i in range(s, e):
                for j in range(i + 1, e):
                    if columns[i, 7] == columns[j, 7]:
                        continue
                    ux, uy = columns[j, 0] - columns[i, 0], columns[j, 1] - columns[i, 1]
                    h = bucket(
                        np.int64(np.floor(ux / CELL_PX)), np.int64(np.floor(uy / CELL_PX)),
                        np.int64(np.floor(columns[i, 2] / CELL_BRIGHTNESS)), mask,
                    )  # fmt: skip
                    if fill:
                        k = at[h]
                        at[h] += 1
                        owner[k] = r
                        members[k, 0], members[k, 1] = i - s, j - s
                        apart[k, 0], apart[k, 1] = ux, uy
                        apart[k, 2], apart[k, 3] = columns[i, 2], columns[j, 2]
                    else:
                        offsets[h + 1] += 1
    return Index(offsets, owner, members, apart, rows)


@njit(cache=True)
def before(index, h, state, crowd):
    """Keys of a bucket to be met: of pictures before position `state`, the last of them."""
    begin, end = index.offsets[h], index.offsets[h + 1]
    last = begin + np.searchsorted(index.owner[begin:end], state)
    return max(begin, last - crowd), last


@njit(cache=True)
def enough(best, n):
    """Whether all partners that are kept are beyond doubt."""
    return n == best.shape[0] and best[:, 4].min() > DOUBTLESS


@njit(cache=True)
def keep_best(best, n, a, flip, dx, dy, score, matched, scale):
    """One entry for each partner, the strongest; the weakest gives way when all are taken."""
    weakest = 0
    for k in range(n):
        if best[k, 0] == a:
            if score > best[k, 4]:
                best[k, 1], best[k, 2], best[k, 3] = flip, dx, dy
                best[k, 4], best[k, 5], best[k, 6] = score, matched, scale
            return n
        if best[k, 4] < best[weakest, 4]:
            weakest = k
    if n == best.shape[0]:
        if score < best[weakest, 4]:
            return n
        k = weakest
    else:
        k = n
        n += 1
    best[k, 0], best[k, 1], best[k, 2], best[k, 3] = a, flip, dx, dy
    best[k, 4], best[k, 5], best[k, 6] = score, matched, scale
    return n


@njit(cache=True)
def _proposed_twice(memory, r, turn, dx, dy):
    """Whether one of the last two shifts of picture r in this turn was the same; notes this one."""
    votes = memory.votes
    if memory.voted[r] != turn:
        memory.voted[r], memory.trials[r] = turn, 0
        votes[r] = 1e9
    told = False
    for v in (0, 2):
        told |= abs(votes[r, v] - dx) < TOGETHER and abs(votes[r, v + 1] - dy) < TOGETHER
    votes[r, 2], votes[r, 3] = votes[r, 0], votes[r, 1]
    votes[r, 0], votes[r, 1] = dx, dy
    return told


@njit(cache=True)
def _ask(asked, stars, index, rules, memory, best, n_best):
    """All pairs of sources of one turned picture against the index.

    A shift that two pairs of sources propose is judged.
    """
    columns, starts, apart = stars.columns, stars.starts, index.apart
    b, bx, by = asked.sources, asked.x, asked.y
    turn = asked.number * 8 + asked.flip
    frame_b = (asked.width, asked.height)
    end = min(b.shape[0], rules.keyed)
    for i in range(end):
        for j in range(end):
            if b[j, 7] == b[i, 7] or (j < i and b[j, 2] - b[i, 2] > 0.5):
                continue
            ux, uy = bx[j] - bx[i], by[j] - by[i]
            u0, v0 = np.int64(np.floor(ux / CELL_PX)), np.int64(np.floor(uy / CELL_PX))
            m0 = np.int64(np.floor(b[i, 2] / CELL_BRIGHTNESS))
            su = -1 if ux / CELL_PX - u0 < 0.5 else 1
            sv = -1 if uy / CELL_PX - v0 < 0.5 else 1
            sm = -1 if b[i, 2] / CELL_BRIGHTNESS - m0 < 0.5 else 1
            for c in range(8):
                h = bucket(
                    u0 + su * (c & 1), v0 + sv * (c >> 1 & 1), m0 + sm * (c >> 2), rules.mask
                )
                begin, last = before(index, h, asked.state, rules.crowd)
                for k in range(last - 1, begin - 1, -1):
                    if (abs(apart[k, 0] - ux) > PAIR_PLACE or abs(apart[k, 1] - uy) > PAIR_PLACE
                            or abs(apart[k, 2] - b[i, 2]) > PAIR_BRIGHTNESS
                            or abs(apart[k, 3] - b[j, 2]) > PAIR_BRIGHTNESS):  # fmt: skip
                        continue
                    r = index.owner[k]
                    if memory.settled[r] == asked.number:
                        continue
                    row = index.rows[r]
                    s = starts[row]
                    p, q = s + index.members[k, 0], s + index.members[k, 1]
                    if (abs(columns[p, 3] - b[i, 3]) > LOOSE_COLOUR
                            or abs(columns[q, 3] - b[j, 3]) > LOOSE_COLOUR):  # fmt: skip
                        continue
                    dx = 0.5 * (columns[p, 0] - bx[i] + columns[q, 0] - bx[j])
                    dy = 0.5 * (columns[p, 1] - by[i] + columns[q, 1] - by[j])
                    mark = (turn * 1024 + np.int64(dx / 4 + 512)) * 1024 + np.int64(dy / 4 + 512)
                    if memory.seen[r] == mark or not _proposed_twice(memory, r, turn, dx, dy):
                        continue
                    memory.seen[r] = mark
                    memory.trials[r] += 1
                    if memory.trials[r] > TRIALS:
                        continue
                    dx, dy, score, n = judged(
                        columns[s : starts[row + 1]], b, bx, by, stars.frames[row], frame_b,
                        stars.limits[row], asked.limit, dx, dy,
                    )  # fmt: skip
                    if score > rules.floor:
                        n_best = keep_best(best, n_best, row, asked.flip, dx, dy, score, n, 1.0)
                        if score > DOUBTLESS:
                            memory.settled[r] = asked.number
                        if enough(best, n_best):
                            return n_best
    return n_best


@njit(cache=True, nogil=True)
def asked(queries, stars, index, rules):
    """The best partners of each queried picture among the indexed ones that come before it.

    Returns
    -------
    ndarray of float64, shape (queries, partners, 7)
        Row, flip, dx, dy, ln ratio, number matched, scale.
    ndarray of int64, shape (queries,)
        How many of them are filled.
    """
    best = np.zeros((queries.size, rules.partners, 7))
    counts = np.zeros(queries.size, np.int64)
    n_rows = index.rows.size
    memory = Memory(
        np.full(n_rows, -1, np.int64), np.full(n_rows, -1, np.int64),
        np.empty((n_rows, 4), np.float32), np.zeros(n_rows, np.int32),
        np.full(n_rows, -1, np.int64),
    )  # fmt: skip
    for k in range(queries.size):
        q = queries[k]
        b = stars.columns[stars.starts[q] : stars.starts[q + 1]]
        if b.shape[0] < FEWEST:
            continue
        state = np.searchsorted(index.rows, q)
        x, y = np.empty(b.shape[0]), np.empty(b.shape[0])
        width, height = stars.frames[q, 0], stars.frames[q, 1]
        n = 0
        for flip in range(rules.flips):
            if enough(best[k], n):
                break
            for i in range(b.shape[0]):
                x[i], y[i] = turned(
                    slid(b[i, 0], b[i, 1], width, rules.shear), b[i, 1], width, height, flip
                )
            wide, high = (width, height) if flip % 2 == 0 else (height, width)
            one = Asked(q, flip, state, b, x, y, wide, high, stars.limits[q])
            n = _ask(one, stars, index, rules, memory, best[k], n)
        counts[k] = n
    return best, counts
