"""Whether two lists of sources show one sky: a likelihood ratio.

Under "the same sky, shifted by (dx, dy)" each source of one picture lies in the other with the
chance that it is seen there at all, at its place, brightness and colour within the errors. Under
"another sky" the sources of the other are strewn with their own density. The logarithm of the ratio
adds up over sources: matched ones speak for it, the more the rarer they are; bright ones that
should be there and are not speak against. The errors and the detection rate below were measured on
pairs of simulated exposures (`benchmarks/independent.py`).
"""

from __future__ import annotations

import numpy as np
from numba import njit

SOURCE_COLUMNS = 8
"""x, y, brightness, colour, snr (the last three log2), crowding, ln density of its kind, object."""

BURNT, PIECE = 5.5, 18.0
"""Peaks above this [log2 grey levels] and as near [pixel] may be pieces of one saturated star."""

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
FEWEST = 3


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
    taken by a brighter one, or -1. Pieces of one saturated star count once.
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
            n += np.int64(a[p, 7]) == p
            s = min(a[p, 4], b[best, 4])
            w = 1.0 / (PLACE_FLOOR**2 + (PLACE_NOISE * 2.0**-s) ** 2)
            w /= 1.0 + 0.1 * w * nearest
            sx += w * (bx[best] + dx - a[p, 0])
            sy += w * (by[best] + dy - a[p, 1])
            sw += w
    if sw > 0:
        return n, sx / sw, sy / sw
    return 0, 0.0, 0.0


@njit(cache=True)
def evidence(a, b, bx, by, frame_a, frame_b, limit_a, limit_b, dx, dy, partner):
    """ln likelihood ratio of the shift for matches already made; `frame` is (width, height).

    Of the pieces of a saturated star only the one that speaks most for the shift is heard: two such
    stars, laid on one another, agree in all of them.
    """
    total = 0.0
    heard = np.zeros(a.shape[0])
    met = np.zeros(b.shape[0], np.bool_)
    density = (b.shape[0] + 2.0) / (frame_b[0] * frame_b[1])
    for p in range(a.shape[0]):
        over = a[p, 2] - limit_b
        q = partner[p]
        if q >= 0:
            met[q] = True
            s = 2.0 ** -min(a[p, 4], b[q, 4])
            place = np.hypot(PLACE_FLOOR, PLACE_NOISE * s)
            says = np.log(_seen(over, a[p, 5]))
            says += _error(bx[q] + dx - a[p, 0], place) + _error(by[q] + dy - a[p, 1], place)
            says += _error(a[p, 2] - b[q, 2], np.hypot(BRIGHTNESS_FLOOR, BRIGHTNESS_NOISE * s))
            says += _error(a[p, 3] - b[q, 3], np.hypot(COLOUR_FLOOR, COLOUR_NOISE * s))
            says -= np.log(max(density, b[q, 5] / CROWD_AREA)) + b[q, 6]
            whole = np.int64(a[p, 7])
            more = says if whole == p else max(0.0, says - max(0.0, heard[whole]))
            heard[whole] += more
            total += more
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
def number_objects(columns, starts):
    """Fill the last column: the first source of each object, as a row of its picture."""
    for picture in range(starts.size - 1):
        s, e = starts[picture], starts[picture + 1]
        for i in range(s, e):
            columns[i, 7] = i - s
            for j in range(s, i):
                x, y = columns[i, 0] - columns[j, 0], columns[i, 1] - columns[j, 1]
                burnt = min(columns[i, 2], columns[j, 2]) > BURNT
                if burnt and x * x + y * y < PIECE * PIECE:
                    columns[i, 7] = columns[j, 7]
                    break


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
def weighed(stars, first, second, dx, dy, tried, doubt):
    """ln likelihood ratio of given shifts of pictures that are not turned; few matches count.

    The largest over the offsets `tried`, shape (k, 2), around the given shift; no more are tried
    when one exceeds `doubt`.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    scores = np.empty(first.size)
    columns, starts = stars.columns, stars.starts
    for k in range(first.size):
        i, j = first[k], second[k]
        a, b = columns[starts[i] : starts[i + 1]], columns[starts[j] : starts[j + 1]]
        bx, by = b[:, 0].astype(np.float64), b[:, 1].astype(np.float64)
        partner = np.empty(a.shape[0], np.int64)
        frame = (stars.frames[j, 0], stars.frames[j, 1])
        scores[k] = -1e9
        for t in range(tried.shape[0]):
            u, v = dx[k] + tried[t, 0], dy[k] + tried[t, 1]
            for _ in range(2):
                _, ox, oy = partners(a, b, bx, by, u, v, partner)
                u, v = u - ox, v - oy
            partners(a, b, bx, by, u, v, partner)
            score = evidence(
                a, b, bx, by, stars.frames[i], frame, stars.limits[i], stars.limits[j], u, v,
                partner,
            )  # fmt: skip
            scores[k] = max(scores[k], score)
            if score > doubt:
                break
    return scores
