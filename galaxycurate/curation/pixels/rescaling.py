"""Kernels that find one picture in another at another pixel scale.

Two sources of one picture and two of the other propose a scale and a shift: the lines between them
point alike, their lengths give the scale. Marks decide: shared noise puts most marks of one picture
within two pixels of a mark of the other, chance a few in a hundred.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from galaxycurate.curation.pixels.starfield import bucket, keep_best, turned

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
BAND = 8.0
"""Height of the bands of rows [pixel] by which marks are found."""


@njit(cache=True)
def banded(y, starts, heights):
    """First mark of each band of rows for each picture; marks must be sorted by y.

    Returns
    -------
    ndarray of int64, shape (n, bands + 1)
    """
    most = 1
    for h in heights:
        most = max(most, int(h / BAND) + 2)
    first = np.empty((heights.size, most + 1), np.int64)
    for k in range(heights.size):
        at = starts[k]
        for band in range(most + 1):
            while at < starts[k + 1] and y[at] < band * BAND:
                at += 1
            first[k, band] = at
    return first


@njit(cache=True)
def _nearest(px, py, x, y, first, reach):
    """Nearest mark within reach, or -1."""
    low = max(0, int((y - reach) / BAND))
    high = min(first.size - 1, max(0, int((y + reach) / BAND) + 1))
    best, least = -1, reach * reach
    if low >= first.size - 1:
        return best
    for k in range(first[low], first[high]):
        d = (px[k] - x) ** 2 + (py[k] - y) ** 2
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
            su += px[m]
            sv += py[m]
            ss += bx[k] ** 2 + by[k] ** 2
            st += bx[k] * px[m] + by[k] * py[m]
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
def line_index(columns, starts, rows, most, mask):
    """Lines between a picture's brightest sources, in buckets by direction and brightness."""
    offsets = np.zeros(mask + 2, np.int64)
    for fill in range(2):
        if fill:
            for k in range(mask + 1):
                offsets[k + 1] += offsets[k]
            total = offsets[mask + 1]
            owner, members = np.empty(total, np.int32), np.empty((total, 2), np.uint8)
            line = np.empty((total, 4), np.float32)
            at = offsets[:-1].copy()
        for r in range(rows.size):
            s = starts[rows[r]]
            e = min(starts[rows[r] + 1], s + most)
            for i in range(s, e):
                for j in range(i + 1, e):
                    ux, uy = columns[j, 0] - columns[i, 0], columns[j, 1] - columns[i, 1]
                    length = np.hypot(ux, uy)
                    if length < SHORTEST:
                        continue
                    turn = np.arctan2(uy, ux) % (2 * np.pi)
                    h = bucket(
                        np.int64(turn / DIRECTION), np.int64(0),
                        np.int64(np.floor(columns[i, 2] / BRIGHTNESS_CELL)), mask,
                    )  # fmt: skip
                    if fill:
                        k = at[h]
                        at[h] += 1
                        owner[k] = r
                        members[k, 0], members[k, 1] = i - s, j - s
                        line[k, 0], line[k, 1] = turn, length
                        line[k, 2], line[k, 3] = columns[i, 2], columns[j, 2]
                    else:
                        offsets[h + 1] += 1
    return offsets, owner, members, line


@njit(cache=True)
def _ask(b, bx, by, mx, my, q, flip, state, index, rows, columns, starts, px, py, mark_starts,
         first, frames, most, mask, crowd, floor, seen, best, n_best):  # fmt: skip
    """All lines of one turned picture against the index."""
    offsets, owner, members, line = index
    end = min(b.shape[0], most)
    stride = max(1, mx.size // 48)
    for i in range(end):
        for j in range(end):
            if j == i or (j < i and b[j, 2] - b[i, 2] > 0.5):
                continue
            ux, uy = bx[j] - bx[i], by[j] - by[i]
            length = np.hypot(ux, uy)
            if length < SHORTEST:
                continue
            turn = np.arctan2(uy, ux) % (2 * np.pi)
            cell = turn / DIRECTION
            side = -1 if cell - np.floor(cell) < 0.5 else 1
            level = b[i, 2] / BRIGHTNESS_CELL
            step = -1 if level - np.floor(level) < 0.5 else 1
            for c in range(4):
                u = (np.int64(cell) + side * (c & 1)) % 180
                h = bucket(u, np.int64(0), np.int64(np.floor(level)) + step * (c >> 1), mask)
                last = offsets[h] + np.searchsorted(owner[offsets[h] : offsets[h + 1]], state)
                for k in range(max(offsets[h], last - crowd), last):
                    if (abs(line[k, 2] - b[i, 2]) > BRIGHTNESS_OFF
                            or abs(line[k, 3] - b[j, 2]) > BRIGHTNESS_OFF):  # fmt: skip
                        continue
                    scale = line[k, 1] / length
                    if scale < SMALLEST or scale > LARGEST:
                        continue
                    off = abs(line[k, 0] - turn)
                    if min(off, 2 * np.pi - off) > ASKEW:
                        continue
                    r = owner[k]
                    row = rows[r]
                    p, o = starts[row] + members[k, 0], starts[row] + members[k, 1]
                    if (abs(columns[p, 3] - b[i, 3]) > COLOUR_OFF
                            or abs(columns[o, 3] - b[j, 3]) > COLOUR_OFF):  # fmt: skip
                        continue
                    dx = 0.5 * (columns[p, 0] + columns[o, 0] - scale * (bx[i] + bx[j]))
                    dy = 0.5 * (columns[p, 1] + columns[o, 1] - scale * (by[i] + by[j]))
                    place = (np.int64(dx / 4 + 512) * 1024 + np.int64(dy / 4 + 512)) * 64
                    mark = ((q * 8 + flip) << 26) + place + np.int64(np.log(scale) * 48 + 32)
                    if seen[r] == mark:
                        continue
                    seen[r] = mark
                    s, e = mark_starts[row], mark_starts[row + 1]
                    if e - s < FEWEST:
                        continue
                    frame = frames[row]
                    reach = np.sqrt(CHANCE * frame[0] * frame[1] / (np.pi * (e - s)))
                    reach = min(reach, 6.0)
                    inside, n = met(
                        px, py, first[row], frame, mx, my, scale, dx, dy, reach, stride,
                        True,
                    )  # fmt: skip
                    if n < GLIMPSE_MET or n < LOOK_MET * inside:
                        continue
                    for turnaround in range(4):
                        scale, dx, dy = refined(
                            px, py, first[row], frame, mx, my, scale, dx, dy,
                            max(RADIUS, reach * (1.0 - 0.25 * turnaround)),
                        )  # fmt: skip
                    inside, n = met(
                        px, py, first[row], frame, mx, my, scale, dx, dy, RADIUS, 1,
                        False)  # fmt: skip
                    if n < FEWEST or scale < SMALLEST or scale > LARGEST:
                        continue
                    chance = (e - s) * np.pi * RADIUS**2 / (frame[0] * frame[1])
                    score = strength(inside, n, chance)
                    if score > floor:
                        n_best = keep_best(best, n_best, row, flip, dx, dy, score, n, scale)
    return n_best


@njit(cache=True, parallel=True)
def asked(queries, asked_columns, columns, starts, frames, rows, index, mask, px, py,
          mark_starts, first,
          asked_x, asked_y, flips, most, crowd, floor, lanes, partners_most):  # fmt: skip
    """The best partners of each queried picture among the indexed ones that come before it.

    Returns
    -------
    ndarray of float64, shape (queries, partners_most, 7)
        Row, flip, dx, dy, ln ratio, marks met, scale.
    ndarray of int64, shape (queries,)
        How many of them are filled.
    """
    best = np.zeros((queries.size, partners_most, 7))
    counts = np.zeros(queries.size, np.int64)
    for lane in prange(lanes):
        seen = np.full(rows.size, -1, np.int64)
        for k in range(lane, queries.size, lanes):
            q = queries[k]
            b = asked_columns[starts[q] : starts[q + 1]]
            s, e = mark_starts[q], mark_starts[q + 1]
            if b.shape[0] < 2 or e - s < FEWEST:
                continue
            state = np.searchsorted(rows, q)
            bx, by = np.empty(b.shape[0]), np.empty(b.shape[0])
            mx, my = np.empty(e - s), np.empty(e - s)
            wide, high = frames[q, 0], frames[q, 1]
            n = 0
            for flip in range(flips):
                for i in range(b.shape[0]):
                    bx[i], by[i] = turned(b[i, 0], b[i, 1], wide, high, flip)
                for i in range(e - s):
                    mx[i], my[i] = turned(asked_x[s + i], asked_y[s + i], wide, high, flip)
                n = _ask(
                    b, bx, by, mx, my, q, flip, state, index, rows, columns, starts, px, py,
                    mark_starts, first, frames, most, mask, crowd, floor, seen, best[k], n,
                )  # fmt: skip
            counts[k] = n
    return best, counts
