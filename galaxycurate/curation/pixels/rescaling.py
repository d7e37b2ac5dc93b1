"""Kernels that find one picture in another at another pixel scale.

Two sources of one picture and two of the other propose a scale and a shift: the lines between them
point alike, their lengths give the scale. Marks decide: shared noise puts most marks of one picture
within two pixels of a mark of the other, chance a few in a hundred.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from galaxycurate.curation.pixels.marks import UNIT
from galaxycurate.curation.pixels.starfield import (
    Index,
    before,
    bucket,
    enough,
    keep_best,
    slid,
    turned,
)  # fmt: skip

SMALLEST, LARGEST = 0.72, 1.40
DIRECTION = np.pi / 90
"""Side of a cell of directions [rad]: two degrees."""
ASKEW = np.pi / 150
BRIGHTNESS_CELL, BRIGHTNESS_OFF = 1.2, 0.6
COLOUR_OFF = 0.7
SHORTEST = 36.0
CHANCE = 0.04
"""Share of marks that meet another by chance within the radius of the first look."""
GLIMPSE, GLIMPSE_MET = 12, 3
LOOK_MET = 0.2
FEWEST = 10
RADIUS = 2.0
TOGETHER = 6.0
"""How near [pixel] the third source of a triangle comes to where the other two lay it."""
TRIALS = 24
"""Proposals of two pictures in one turn that marks are asked about."""
BAND = 8.0
"""Height of the bands of rows [pixel] by which marks are found."""


class Spots(NamedTuple):
    """Places of the marks of many pictures [1/64 pixel], sorted by y, of picture k those from
    ``starts[k]`` on; `first` counts the marks above each band of rows.
    """

    x: np.ndarray
    y: np.ndarray
    starts: np.ndarray
    first: np.ndarray


class Query(NamedTuple):
    """A turned picture that asks: its sources and where they and its marks lie [pixel]."""

    number: int
    flip: int
    state: int
    sources: np.ndarray
    x: np.ndarray
    y: np.ndarray
    mark_x: np.ndarray
    mark_y: np.ndarray


class Memory(NamedTuple):
    """Of each indexed picture: the last proposal looked at, and how many in which turn."""

    seen: np.ndarray
    turn: np.ndarray
    trials: np.ndarray


@njit(cache=True)
def banded(y, starts, tall):
    """Marks above each band of rows for each picture; marks must be sorted by y.

    Returns
    -------
    ndarray of uint16, shape (n, bands + 1)
    """
    most = int(tall / BAND) + 2
    first = np.empty((starts.size - 1, most + 1), np.uint16)
    for k in range(starts.size - 1):
        at = starts[k]
        for band in range(most + 1):
            while at < starts[k + 1] and y[at] < band * BAND * UNIT:
                at += 1
            first[k, band] = at - starts[k]
    return first


@njit(cache=True)
def _nearest(px, py, x, y, first, reach):
    """Nearest mark within reach, or -1; `px` and `py` in stored units."""
    low = max(0, int((y - reach) / BAND))
    high = min(first.size - 1, max(0, int((y + reach) / BAND) + 1))
    best, least = -1, reach * reach
    if low >= first.size - 1:
        return best
    for k in range(np.int64(first[low]), np.int64(first[high])):
        d = (px[k] * (1.0 / UNIT) - x) ** 2 + (py[k] * (1.0 / UNIT) - y) ** 2
        if d < least:
            best, least = k, d
    return best


@njit(cache=True)
def met(px, py, first, frame, bx, by, scale, dx, dy, reach, stride, glimpse):
    """Marks of the second picture inside the first, and how many of them lie on a mark."""
    inside, n = 0, 0
    for k in range(0, bx.size, stride):
        x, y = scale * bx[k] + dx, scale * by[k] + dy
        if x < 0 or y < 0 or x >= frame[0] or y >= frame[1]:
            continue
        inside += 1
        if _nearest(px, py, x, y, first, reach) >= 0:
            n += 1
        if (
            glimpse
            and n < GLIMPSE_MET
            and (inside >= GLIMPSE or (n == 0 and inside >= 2 * GLIMPSE // 3))
        ):
            return inside, 0
    return inside, n


@njit(cache=True)
def refined(px, py, first, frame, bx, by, scale, dx, dy, reach):
    """Scale and shift by least squares over marks that meet."""
    n, sx, sy, su, sv, ss, st = 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(bx.size):
        x, y = scale * bx[k] + dx, scale * by[k] + dy
        if x < 0 or y < 0 or x >= frame[0] or y >= frame[1]:
            continue
        m = _nearest(px, py, x, y, first, reach)
        if m >= 0:
            n += 1
            sx += bx[k]
            sy += by[k]
            u, v = px[m] / UNIT, py[m] / UNIT
            su += u
            sv += v
            ss += bx[k] ** 2 + by[k] ** 2
            st += bx[k] * u + by[k] * v
    if n < 3:
        return scale, dx, dy
    spread = ss - (sx * sx + sy * sy) / n
    if spread > 1e3:
        scale = (st - (sx * su + sy * sv) / n) / spread
    return scale, (su - scale * sx) / n, (sv - scale * sy) / n


@njit(cache=True)
def strength(inside, n, chance):
    """ln likelihood ratio of so many marks met, against chance."""
    if n == 0 or n / inside <= chance:
        return 0.0
    rate = min(n / inside, 0.999)
    return n * np.log(rate / chance) + (inside - n) * np.log((1 - rate) / (1 - chance))


@njit(cache=True)
def _cell(ux, uy):
    """Direction of a line in cells, not rounded."""
    return (np.arctan2(uy, ux) % (2 * np.pi)) / DIRECTION


@njit(cache=True)
def line_index(stars, rows, keyed, mask, triangles):
    """Lines between a picture's brightest sources, in buckets by direction and brightness.

    `apart` is direction [rad], length, and brightness of both ends. Where `triangles`, each line
    is kept with each fainter source as a third, whose direction from the first is in the key, too.
    """
    columns, starts = stars.columns, stars.starts
    offsets = np.zeros(mask + 2, np.int64)
    for fill in range(2):
        if fill:
            for k in range(mask + 1):
                offsets[k + 1] += offsets[k]
            total = offsets[mask + 1]
            owner, members = np.empty(total, np.int32), np.empty((total, 3), np.uint8)
            line = np.empty((total, 4), np.float32)
            at = offsets[:-1].copy()
        for r in range(rows.size):
            s = starts[rows[r]]
            e = min(starts[rows[r] + 1], s + keyed)
            for i in range(s, e):
                for j in range(i + 1, e):
                    ux, uy = columns[j, 0] - columns[i, 0], columns[j, 1] - columns[i, 1]
                    length = np.hypot(ux, uy)
                    if length < SHORTEST:
                        continue
                    cell = _cell(ux, uy)
                    for third in range(j + 1, e if triangles else j + 2):
                        other = np.int64(0)
                        if triangles:
                            vx = columns[third, 0] - columns[i, 0]
                            vy = columns[third, 1] - columns[i, 1]
                            if np.hypot(vx, vy) < SHORTEST:
                                continue
                            other = np.int64(_cell(vx, vy)) + 1
                        h = bucket(
                            np.int64(cell), other,
                            np.int64(np.floor(columns[i, 2] / BRIGHTNESS_CELL)), mask,
                        )  # fmt: skip
                        if fill:
                            k = at[h]
                            at[h] += 1
                            owner[k] = r
                            members[k, 0], members[k, 1] = i - s, j - s
                            members[k, 2] = third - s
                            line[k, 0], line[k, 1] = cell * DIRECTION, length
                            line[k, 2], line[k, 3] = columns[i, 2], columns[j, 2]
                        else:
                            offsets[h + 1] += 1
    return Index(offsets, owner, members, line, rows)


@njit(cache=True)
def _registered(query, spots, frame, row, scale, dx, dy):
    """Whether marks confirm a proposal: scale, dx, dy, score, marks met; score 0 if not."""
    s, e = spots.starts[row], spots.starts[row + 1]
    if e - s < FEWEST:
        return scale, dx, dy, 0.0, 0
    px, py, first = spots.x[s:e], spots.y[s:e], spots.first[row]
    mx, my = query.mark_x, query.mark_y
    reach = min(np.sqrt(CHANCE * frame[0] * frame[1] / (np.pi * (e - s))), 6.0)
    stride = max(1, mx.size // 48)
    inside, n = met(px, py, first, frame, mx, my, scale, dx, dy, reach, stride, True)
    if n < GLIMPSE_MET or n < LOOK_MET * inside:
        return scale, dx, dy, 0.0, 0
    for turnaround in range(4):
        scale, dx, dy = refined(
            px, py, first, frame, mx, my, scale, dx, dy,
            max(RADIUS, reach * (1.0 - 0.25 * turnaround)),
        )  # fmt: skip
    inside, n = met(px, py, first, frame, mx, my, scale, dx, dy, RADIUS, 1, False)
    if n < FEWEST or scale < SMALLEST or scale > LARGEST:
        return scale, dx, dy, 0.0, 0
    chance = (e - s) * np.pi * RADIUS**2 / (frame[0] * frame[1])
    return scale, dx, dy, strength(inside, n, chance), n


@njit(cache=True)
def _alike(columns, p, b, i):
    """Whether two sources may be one, by their light."""
    return (abs(columns[p, 2] - b[i, 2]) < BRIGHTNESS_OFF
            and abs(columns[p, 3] - b[i, 3]) < COLOUR_OFF)  # fmt: skip


@njit(cache=True)
def _fits(columns, p, b, i, x, y, scale, dx, dy):
    """Whether source i lies on the indexed one and may be it."""
    ux, uy = scale * x[i] + dx - columns[p, 0], scale * y[i] + dy - columns[p, 1]
    return ux * ux + uy * uy < TOGETHER * TOGETHER and _alike(columns, p, b, i)


@njit(cache=True)
def _ask(query, i, j, third, stars, spots, index, rules, memory, best, n_best):
    """One line of a turned picture, or one triangle, against the index."""
    columns, starts, line = stars.columns, stars.starts, index.apart
    b, bx, by = query.sources, query.x, query.y
    turn = query.number * 8 + query.flip
    ux, uy = bx[j] - bx[i], by[j] - by[i]
    length, cell = np.hypot(ux, uy), _cell(ux, uy)
    side = -1 if cell - np.floor(cell) < 0.5 else 1
    level = b[i, 2] / BRIGHTNESS_CELL
    step = -1 if level - np.floor(level) < 0.5 else 1
    other = _cell(bx[third] - bx[i], by[third] - by[i]) if third >= 0 else 0.5
    beside = -1 if other - np.floor(other) < 0.5 else 1
    for c in range(8 if third >= 0 else 4):
        u = (np.int64(cell) + side * (c & 1)) % 180
        v = (np.int64(other) + beside * (c >> 2)) % 180 + 1 if third >= 0 else 0
        h = bucket(u, v, np.int64(np.floor(level)) + step * (c >> 1 & 1), rules.mask)
        begin, last = before(index, h, query.state, rules.crowd)
        for k in range(last - 1, begin - 1, -1):
            if (abs(line[k, 2] - b[i, 2]) > BRIGHTNESS_OFF
                    or abs(line[k, 3] - b[j, 2]) > BRIGHTNESS_OFF):  # fmt: skip
                continue
            scale = line[k, 1] / length
            if scale < SMALLEST or scale > LARGEST:
                continue
            off = abs(line[k, 0] - cell * DIRECTION)
            if min(off, 2 * np.pi - off) > ASKEW:
                continue
            r = index.owner[k]
            row = index.rows[r]
            s = starts[row]
            p, o = s + index.members[k, 0], s + index.members[k, 1]
            if not (_alike(columns, p, b, i) and _alike(columns, o, b, j)):
                continue
            dx = 0.5 * (columns[p, 0] + columns[o, 0] - scale * (bx[i] + bx[j]))
            dy = 0.5 * (columns[p, 1] + columns[o, 1] - scale * (by[i] + by[j]))
            if third >= 0 and not _fits(
                columns, s + index.members[k, 2], b, third, bx, by, scale, dx, dy
            ):
                continue
            place = (np.int64(dx / 4 + 512) * 1024 + np.int64(dy / 4 + 512)) * 64
            mark = (turn << 26) + place + np.int64(np.log(scale) * 48 + 32)
            if memory.turn[r] != turn:
                memory.turn[r], memory.trials[r] = turn, 0
            if memory.seen[r] == mark or memory.trials[r] == TRIALS:
                continue
            memory.seen[r] = mark
            memory.trials[r] += 1
            scale, dx, dy, score, n = _registered(
                query, spots, stars.frames[row], row, scale, dx, dy
            )
            if score > rules.floor:
                n_best = keep_best(best, n_best, row, query.flip, dx, dy, score, n, scale)
                if enough(best, n_best):
                    return n_best
    return n_best


@njit(cache=True)
def _ask_all(query, stars, spots, index, rules, triangles, memory, best, n_best):
    """All lines of one turned picture, or all triangles, against the index."""
    b, x, y = query.sources, query.x, query.y
    end = min(b.shape[0], rules.keyed)
    for i in range(end):
        for j in range(end):
            if j == i or (j < i and b[j, 2] - b[i, 2] > 0.5):
                continue
            if np.hypot(x[j] - x[i], y[j] - y[i]) < SHORTEST:
                continue
            for third in range(end if triangles else 1):
                if triangles:
                    if third in (i, j) or b[third, 2] - b[j, 2] > 0.5:
                        continue
                    if np.hypot(x[third] - x[i], y[third] - y[i]) < SHORTEST:
                        continue
                n_best = _ask(
                    query, i, j, third if triangles else -1, stars, spots, index, rules, memory,
                    best, n_best,
                )  # fmt: skip
                if enough(best, n_best):
                    return n_best
    return n_best


@njit(cache=True, nogil=True)
def asked(queries, stars, spots, index, rules, triangles):
    """The best partners of each queried picture among the indexed ones that come before it.

    Returns
    -------
    ndarray of float64, shape (queries, partners, 7)
        Row, flip, dx, dy, ln ratio, marks met, scale.
    ndarray of int64, shape (queries,)
        How many of them are filled.
    """
    best = np.zeros((queries.size, rules.partners, 7))
    counts = np.zeros(queries.size, np.int64)
    n_rows = index.rows.size
    memory = Memory(
        np.full(n_rows, -1, np.int64), np.full(n_rows, -1, np.int64), np.zeros(n_rows, np.int32)
    )
    for k in range(queries.size):
        q = queries[k]
        b = stars.columns[stars.starts[q] : stars.starts[q + 1]]
        s, e = spots.starts[q], spots.starts[q + 1]
        if b.shape[0] < 2 or e - s < FEWEST:
            continue
        state = np.searchsorted(index.rows, q)
        bx, by = np.empty(b.shape[0]), np.empty(b.shape[0])
        mx, my = np.empty(e - s), np.empty(e - s)
        wide, high = stars.frames[q, 0], stars.frames[q, 1]
        n = 0
        for flip in range(rules.flips):
            if enough(best[k], n):
                break
            for i in range(b.shape[0]):
                x = slid(b[i, 0], b[i, 1], wide, rules.shear)
                bx[i], by[i] = turned(x, b[i, 1], wide, high, flip)
            for i in range(e - s):
                y = spots.y[s + i] / UNIT
                x = slid(spots.x[s + i] / UNIT, y, wide, rules.shear)
                mx[i], my[i] = turned(x, y, wide, high, flip)
            query = Query(q, flip, state, b, bx, by, mx, my)
            n = _ask_all(query, stars, spots, index, rules, triangles, memory, best[k], n)
        counts[k] = n
    return best, counts
