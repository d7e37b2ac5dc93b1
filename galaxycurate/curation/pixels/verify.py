"""How well two pictures agree where one is laid on the other, by their marks alone.

Where the second picture's marks fall on the first's, codes alike speak for the same exposure, and
marks that find none speak against it. The score is the logarithm of the likelihood ratio of the two
cases, with a bound on what one place of the picture can say. A place of the sky is a square; a
place of an object is all of it, however large: stars look alike, and one laid on another makes all
their marks agree, but says one thing only.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from galaxycurate.curation.pixels import codes, turns
from galaxycurate.curation.pixels.votes import STRETCH, Hypotheses, Places

TALLY = np.dtype([("score", float), ("dx", float), ("dy", float), ("met", int), ("expected", int)])
"""What is said of a hypothesis; the shift refined over all marks that agree."""

NEAR, FIRST_NEAR = 1.6, 2.6
"""How far [pixel] apart marks may fall, at last and before the shift is refined."""

ERRING = 0.2
"""Bits of a code that differ between two pictures of one exposure, rather too many."""

BITS = 63
REPEATED = 0.5
"""Marks that are found again, rather too few."""

PLACE, OF_A_SIDE, PER_PLACE = 40.0, 0.25, 20.0
"""One place of the sky: a square [pixel], smaller in pictures of which it were more than this part
of a side; and what any place may say at most.
"""

ACROSS = 32
"""Squares a side, for the largest picture that is looked at."""

ENOUGH, TOO_FEW = 24, 2
"""Of so many marks that could be met more than these are met where two pictures are one sky."""

ALL_MET, ALL = 0.8, 32
"""Where two whole pictures of so many marks meet in this part of all, no place is bounded: they are
one picture saved again, however its marks hang together (a tile of text is one object).
"""

AGREED, DIFFERED = np.log(2 * (1 - ERRING)), np.log(2 * ERRING)


def verified(
    told: Hypotheses, places: Places, starts: np.ndarray, code: np.ndarray, place: np.ndarray
) -> np.ndarray:
    """Scores of hypotheses.

    Parameters
    ----------
    told : Hypotheses
    places : Places
    starts : ndarray of int64, shape (n + 1,)
        Where each picture's marks begin; from the top of the picture down.
    code : ndarray of uint64
    place : ndarray of int32
        Of each mark in its picture (`numbered`).

    Returns
    -------
    ndarray of TALLY
    """
    negated, swapped = codes.basis().negated, codes.basis().swapped
    tally = np.zeros(told.first.size, TALLY)
    tally["dx"], tally["dy"] = told.dx, told.dy
    _verified(
        told.first, told.second, told.flip, told.decoy, places.x, places.y, places.width,
        places.height, starts, code, place, negated, swapped, tally,
    )  # fmt: skip
    return tally


@njit(cache=True, nogil=True)
def numbered(x, y, starts, width, height, of_object):
    """Numbers of the places where marks lie: squares of the sky, and whole objects beyond them.

    Marks of objects are of one object where they are nearer to each other than a square's side.
    """
    place = np.empty(x.size, np.int32)
    stack = np.empty(x.size, np.int64)
    for picture in range(starts.size - 1):
        s, e = starts[picture], starts[picture + 1]
        short, long = min(width[picture], height[picture]), max(width[picture], height[picture])
        wide = max(min(PLACE, OF_A_SIDE * short), (long + 1) / ACROSS)
        for i in range(s, e):
            square = int(y[i] / wide) * ACROSS + int(x[i] / wide)
            place[i] = -1 if of_object[i] else square
        number = ACROSS * ACROSS
        for i in range(s, e):
            if place[i] >= 0:
                continue
            stack[0], left, place[i] = i, 1, number
            while left:
                left -= 1
                k = stack[left]
                for j in range(s, e):
                    if place[j] < 0 and (x[j] - x[k]) ** 2 + (y[j] - y[k]) ** 2 < wide**2:
                        place[j] = number
                        stack[left] = j
                        left += 1
            number += 1
    return place


@njit(cache=True, nogil=True)
def _verified(
    first, second, flip, decoy, x, y, width, height, starts, code, place, negated, swapped, tally
):
    most = 1
    for picture in range(starts.size - 1):
        most = max(most, starts[picture + 1] - starts[picture])
    partner, gain = np.empty(most, np.int64), np.empty(most)
    said = np.zeros(ACROSS * ACROSS + most)
    for k in range(first.size):
        a, b = first[k], second[k]
        a0, a1, b0, b1 = starts[a], starts[a + 1], starts[b], starts[b + 1]
        size = width[b], height[b]
        for near in (FIRST_NEAR, NEAR):
            shift = tally[k].dx, tally[k].dy
            found = _laid(
                a0, a1, b0, b1, x, y, code, size, flip[k], decoy[k], shift, near,
                negated[flip[k]], swapped[flip[k]], partner, gain,
            )  # fmt: skip
            if found < 3:
                break
            tally[k].dx, tally[k].dy = _shift(
                a0, a1, x, y, size, flip[k], decoy[k], shift, partner, gain, found
            )
        if found < 3:
            continue
        shared = _shared(a0, a1, b0, b1, x, y, size, (width[a], height[a]), flip[k], decoy[k],
                         (tally[k].dx, tally[k].dy))  # fmt: skip
        every = max(a1 - a0, b1 - b0)
        bound = np.inf if every >= ALL and found >= ALL_MET * every else PER_PLACE
        tally[k].score = _scored(a0, a1, place, partner, gain, said, found, shared, bound)
        tally[k].met, tally[k].expected = found, max(found, shared)


@njit(cache=True, inline="always")
def _back(px, py, size, flip, decoy, shift):
    """A place of the first picture on the second, before it was turned."""
    u, v = turns.moved_back(px - shift[0], py - shift[1], size[0], size[1], flip)
    return turns.stretched(u, v, size[0], size[1], 1.0 / STRETCH) if decoy else (u, v)


@njit(cache=True, inline="always")
def _forth(px, py, size, flip, decoy):
    """A place of the second picture when it is turned, not shifted."""
    if decoy:
        px, py = turns.stretched(px, py, size[0], size[1], STRETCH)
    return turns.moved(px, py, size[0], size[1], flip)


@njit(cache=True)
def _laid(
    a0, a1, b0, b1, x, y, code, size, flip, decoy, shift, near, negated, swapped, partner, gain
):
    """The second's mark that fits each of the first's best (or -1), what that says; how many."""
    found = inside = 0
    density = (b1 - b0) / max(1.0, (size[0] - 2 * codes.REACH) * (size[1] - 2 * codes.REACH))
    place = np.log(REPEATED / min(0.25, density * np.pi * near * near))
    for i in range(a0, a1):
        partner[i - a0] = -1
        u, v = _back(np.float64(x[i]), np.float64(y[i]), size, flip, decoy, shift)
        if u < 0 or v < 0 or u > size[0] or v > size[1]:
            continue
        inside += 1
        if inside == ENOUGH and found <= TOO_FEW:
            return 0
        low, high = b0, b1
        while low < high:
            middle = (low + high) // 2
            if y[middle] < v - near:
                low = middle + 1
            else:
                high = middle
        best = 0.0
        while low < b1 and y[low] <= v + near:
            if (x[low] - u) ** 2 + (y[low] - v) ** 2 <= near * near:
                bits = codes.distance(code[i], codes.turn(code[low], negated, swapped))
                says = place + bits * DIFFERED + (BITS - bits) * AGREED
                if says > best:
                    best, partner[i - a0] = says, low
            low += 1
        gain[i - a0] = best
        found += partner[i - a0] >= 0
    return found


@njit(cache=True)
def _shift(a0, a1, x, y, size, flip, decoy, shift, partner, gain, found):
    """The mean shift of marks that agree, without the outer ones."""
    mx = my = 0.0
    for turn in range(2):
        sx, sy, weights = 0.0, 0.0, 0.0
        for i in range(a0, a1):
            j = partner[i - a0]
            if j < 0:
                continue
            u, v = _forth(np.float64(x[j]), np.float64(y[j]), size, flip, decoy)
            ex, ey = x[i] - u, y[i] - v
            w = gain[i - a0]
            if turn:
                w /= 1.0 + ((ex - mx) ** 2 + (ey - my) ** 2) / 0.09
            sx, sy, weights = sx + w * ex, sy + w * ey, weights + w
        mx, my = sx / weights, sy / weights
    return mx, my


@njit(cache=True)
def _shared(a0, a1, b0, b1, x, y, size, size_a, flip, decoy, shift):
    """Marks that each picture has in the shared part, the smaller number."""
    edge = codes.REACH + 2.0
    of_a = of_b = 0
    for i in range(a0, a1):
        u, v = _back(np.float64(x[i]), np.float64(y[i]), size, flip, decoy, shift)
        of_a += edge <= u < size[0] - edge and edge <= v < size[1] - edge
    for j in range(b0, b1):
        u, v = _forth(np.float64(x[j]), np.float64(y[j]), size, flip, decoy)
        u, v = u + shift[0], v + shift[1]
        of_b += edge <= u < size_a[0] - edge and edge <= v < size_a[1] - edge
    return min(of_a, of_b)


@njit(cache=True)
def _scored(a0, a1, place, partner, gain, said, found, shared, bound):
    """The sum of what places say, and of what is missing."""
    said[:] = 0.0
    total = 0.0
    for i in range(a0, a1):
        if partner[i - a0] >= 0:
            more = min(gain[i - a0], bound - said[place[i]])
            said[place[i]] += more
            total += more
    return total + max(0, shared - found) * np.log(1.0 - REPEATED)
