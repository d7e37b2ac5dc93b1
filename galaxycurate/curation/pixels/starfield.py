"""Whether two lists of sources show one sky: a likelihood ratio, and the kernels that ask it often.

Under "the same sky, shifted by (dx, dy)" each source of one picture lies in the other with the
chance that it is seen there at all, at its place, brightness and colour within the errors. Under
"another sky" the sources of the other are strewn with their own density. The logarithm of the ratio
adds up over sources: matched ones speak for it, the more the rarer they are; bright ones that
should be there and are not speak against. The errors and the detection rate below were measured on
pairs of simulated exposures (`benchmarks/independent.py`).
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

SOURCE_COLUMNS = 7
"""x, y, brightness, colour, snr (the last three log2), crowding, ln density of its kind."""

REACH = 3.0
"""Two sources farther apart [pixel] are not one."""
PLACE_FLOOR, PLACE_NOISE = 0.08, 3.2
BRIGHTNESS_FLOOR, BRIGHTNESS_NOISE = 0.12, 2.4
COLOUR_FLOOR, COLOUR_NOISE = 0.12, 2.6
"""Errors: floor and noise / snr, added in squares [pixel, log2, log2]."""
SEEN_MOST, SEEN_CROWDED, SEEN_HALF, SEEN_WIDTH = 0.97, 0.94, 0.1, 0.3
"""Detection: at most, at most in a crowd, and the logistic step [log2 above the limit]."""
MARGIN = 5.0
"""Sources nearer [pixel] to the other picture's edge may be missing there."""
CROWD_AREA = np.pi * 24.0**2
LOOSE_BRIGHTNESS, LOOSE_COLOUR = 1.2, 1.5
PAIR_PLACE, PAIR_BRIGHTNESS = 2.5, 1.0
CELL_PX, CELL_BRIGHTNESS = 5.0, 2.0
FEWEST = 3


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
def _error(off, sigma):
    """ln of a Gaussian, a part of it three times as wide, and a few outliers anywhere."""
    u = (off / sigma) ** 2
    core = (0.9 * np.exp(-0.5 * u) + 0.08 / 3 * np.exp(-u / 18)) / (2.5066 * sigma)
    return np.log(core + 0.02 / (2 * REACH))


@njit(cache=True)
def _seen(over, crowding):
    most = SEEN_CROWDED if crowding > 0 else SEEN_MOST
    return most / (1.0 + np.exp(-(over - SEEN_HALF) / SEEN_WIDTH))


@njit(cache=True)
def partners(a, b, bx, by, dx, dy, partner):
    """Match sources at a shift; mean residual of those matched.

    `partner[p]` becomes the row of b nearest to row p of a, of like brightness and colour, not
    taken by a brighter one, or -1.
    """
    taken = np.zeros(b.shape[0], np.bool_)
    n, sx, sy, sw = 0, 0.0, 0.0, 0.0
    for p in range(a.shape[0]):
        best, nearest = -1, REACH * REACH
        for q in range(b.shape[0]):
            ux, uy = bx[q] + dx - a[p, 0], by[q] + dy - a[p, 1]
            d = ux * ux + uy * uy
            if (d < nearest and not taken[q] and abs(a[p, 2] - b[q, 2]) < LOOSE_BRIGHTNESS
                    and abs(a[p, 3] - b[q, 3]) < LOOSE_COLOUR):  # fmt: skip
                best, nearest = q, d
        partner[p] = best
        if best >= 0:
            taken[best] = True
            n += 1
            s = min(a[p, 4], b[best, 4])
            w = 1.0 / (PLACE_FLOOR**2 + (PLACE_NOISE * 2.0**-s) ** 2)
            w /= 1.0 + 0.1 * w * nearest
            sx += w * (bx[best] + dx - a[p, 0])
            sy += w * (by[best] + dy - a[p, 1])
            sw += w
    if n:
        return n, sx / sw, sy / sw
    return 0, 0.0, 0.0


@njit(cache=True)
def evidence(a, b, bx, by, frame_a, frame_b, limit_a, limit_b, dx, dy, partner):
    """ln likelihood ratio of the shift for matches already made; `frame` is (width, height)."""
    total = 0.0
    met = np.zeros(b.shape[0], np.bool_)
    density = (b.shape[0] + 2.0) / (frame_b[0] * frame_b[1])
    for p in range(a.shape[0]):
        over = a[p, 2] - limit_b
        q = partner[p]
        if q >= 0:
            met[q] = True
            s = 2.0 ** -min(a[p, 4], b[q, 4])
            place = np.hypot(PLACE_FLOOR, PLACE_NOISE * s)
            total += np.log(_seen(over, a[p, 5]))
            total += _error(bx[q] + dx - a[p, 0], place) + _error(by[q] + dy - a[p, 1], place)
            total += _error(a[p, 2] - b[q, 2], np.hypot(BRIGHTNESS_FLOOR, BRIGHTNESS_NOISE * s))
            total += _error(a[p, 3] - b[q, 3], np.hypot(COLOUR_FLOOR, COLOUR_NOISE * s))
            total -= np.log(max(density, b[q, 5] / CROWD_AREA)) + b[q, 6]
        else:
            x, y = a[p, 0] - dx, a[p, 1] - dy
            if (MARGIN <= x < frame_b[0] - MARGIN) and (MARGIN <= y < frame_b[1] - MARGIN):
                total += np.log(1.0 - _seen(over, a[p, 5]))
    for q in range(b.shape[0]):
        x, y = bx[q] + dx, by[q] + dy
        if (
            not met[q]
            and (MARGIN <= x < frame_a[0] - MARGIN)
            and (MARGIN <= y < frame_a[1] - MARGIN)
        ):
            total += np.log(1.0 - _seen(b[q, 2] - limit_a, b[q, 5]))
    return total


@njit(cache=True)
def judged(a, b, bx, by, frame_a, frame_b, limit_a, limit_b, dx, dy):
    """Refine a shift and weigh it: (dx, dy, ln ratio, number matched)."""
    partner = np.empty(a.shape[0], np.int64)
    for _ in range(2):
        n, ox, oy = partners(a, b, bx, by, dx, dy, partner)
        if n < FEWEST:
            return dx, dy, -1e9, n
        dx, dy = dx - ox, dy - oy
    n, _, _ = partners(a, b, bx, by, dx, dy, partner)
    if n < FEWEST:
        return dx, dy, -1e9, n
    return dx, dy, evidence(
        a, b, bx, by, frame_a, frame_b, limit_a, limit_b, dx, dy, partner), n  # fmt: skip


@njit(cache=True)
def bucket(u, v, m, mask):
    """Number of the bucket of three small integers."""
    h = (u + 4096) * 73856093 ^ (v + 4096) * 19349663 ^ (m + 64) * 83492791
    return (h ^ (h >> 15)) & mask


@njit(cache=True)
def pair_index(columns, starts, rows, most, mask):
    """Pairs of a picture's brightest sources, sorted into buckets by separation and brightness.

    Returns
    -------
    offsets : ndarray of int64, shape (mask + 2,)
    owner : ndarray of int32
        Position in `rows`; rising within a bucket.
    members : ndarray of uint8, shape (n, 2)
    apart : ndarray of float32, shape (n, 4)
        Separation in x and y, brightness of the brighter and of the fainter.
    """
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
            s, e = starts[rows[r]], starts[rows[r] + 1]
            e = min(e, s + most)
            for i in range(s, e):
                for j in range(i + 1, e):
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
    return offsets, owner, members, apart


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
def _ask(b, turned_b, q0, flip, frame_b, limit_b, state, index, rows, columns, starts, frames,
         limits, most, mask, crowd, floor, seen, best, n_best):  # fmt: skip
    """All pairs of sources of one turned picture against the index."""
    offsets, owner, members, apart = index
    end = min(b.shape[0], most)
    bx, by = turned_b[:, 0], turned_b[:, 1]
    for i in range(end):
        for j in range(end):
            if j == i or (j < i and b[j, 2] - b[i, 2] > 0.5):
                continue
            ux, uy = bx[j] - bx[i], by[j] - by[i]
            u0, v0 = np.int64(np.floor(ux / CELL_PX)), np.int64(np.floor(uy / CELL_PX))
            m0 = np.int64(np.floor(b[i, 2] / CELL_BRIGHTNESS))
            su = -1 if ux / CELL_PX - u0 < 0.5 else 1
            sv = -1 if uy / CELL_PX - v0 < 0.5 else 1
            sm = -1 if b[i, 2] / CELL_BRIGHTNESS - m0 < 0.5 else 1
            for c in range(8):
                h = bucket(u0 + su * (c & 1), v0 + sv * (c >> 1 & 1), m0 + sm * (c >> 2), mask)
                last = offsets[h] + np.searchsorted(owner[offsets[h] : offsets[h + 1]], state)
                for k in range(max(offsets[h], last - crowd), last):
                    if (abs(apart[k, 0] - ux) > PAIR_PLACE or abs(apart[k, 1] - uy) > PAIR_PLACE
                            or abs(apart[k, 2] - b[i, 2]) > PAIR_BRIGHTNESS
                            or abs(apart[k, 3] - b[j, 2]) > PAIR_BRIGHTNESS):  # fmt: skip
                        continue
                    r = owner[k]
                    row = rows[r]
                    s = starts[row]
                    p, q = s + members[k, 0], s + members[k, 1]
                    if (abs(columns[p, 3] - b[i, 3]) > LOOSE_COLOUR
                            or abs(columns[q, 3] - b[j, 3]) > LOOSE_COLOUR):  # fmt: skip
                        continue
                    dx = 0.5 * (columns[p, 0] - bx[i] + columns[q, 0] - bx[j])
                    dy = 0.5 * (columns[p, 1] - by[i] + columns[q, 1] - by[j])
                    mark = ((q0 * 8 + flip) * 1024 + np.int64(dx / 4 + 512)) * 1024 + np.int64(
                        dy / 4 + 512)  # fmt: skip
                    if seen[r] == mark:
                        continue
                    seen[r] = mark
                    dx, dy, score, n = judged(
                        columns[s : starts[row + 1]], b, bx, by, frames[row], frame_b,
                        limits[row], limit_b, dx, dy,
                    )  # fmt: skip
                    if score > floor:
                        n_best = keep_best(best, n_best, row, flip, dx, dy, score, n, 1.0)
    return n_best


@njit(cache=True, parallel=True)
def asked(queries, asked_columns, columns, starts, frames, limits, rows, index, mask,
          flips, most, crowd, floor, lanes, partners_most):  # fmt: skip
    """The best partners of each queried picture among the indexed ones that come before it.

    Returns
    -------
    ndarray of float64, shape (queries, partners_most, 7)
        Row, flip, dx, dy, ln ratio, number matched, scale.
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
            if b.shape[0] < FEWEST:
                continue
            state = np.searchsorted(rows, q)
            place = np.empty((b.shape[0], 2))
            n = 0
            for flip in range(flips):
                for i in range(b.shape[0]):
                    place[i, 0], place[i, 1] = turned(
                        b[i, 0], b[i, 1], frames[q, 0], frames[q, 1], flip)  # fmt: skip
                frame_b = frames[q] if flip % 2 == 0 else frames[q, ::-1].copy()
                n = _ask(
                    b, place, q, flip, frame_b, limits[q], state, index, rows, columns, starts,
                    frames, limits, most, mask, crowd, floor, seen, best[k], n,
                )  # fmt: skip
            counts[k] = n
    return best, counts


@njit(cache=True)
def weighed(columns, starts, frames, limits, first, second, dx, dy):
    """ln likelihood ratio of given shifts of pictures that are not turned; few matches count.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    scores = np.empty(first.size)
    for k in range(first.size):
        i, j = first[k], second[k]
        a, b = columns[starts[i] : starts[i + 1]], columns[starts[j] : starts[j + 1]]
        bx, by = b[:, 0].copy(), b[:, 1].copy()
        partner = np.empty(a.shape[0], np.int64)
        u, v = dx[k], dy[k]
        for _ in range(2):
            _, ox, oy = partners(a, b, bx, by, u, v, partner)
            u, v = u - ox, v - oy
        partners(a, b, bx, by, u, v, partner)
        scores[k] = evidence(
            a, b, bx, by, frames[i], frames[j], limits[i], limits[j], u, v, partner)  # fmt: skip
    return scores
