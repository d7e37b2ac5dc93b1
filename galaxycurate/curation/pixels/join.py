"""Marks that look alike, found by their codes without comparing all with all.

Some bits of a code make a key; marks of equal keys are compared in full. A key's bits are closed
under the turns of a square, so that the smallest of the eight turned keys is the same however the
picture is turned: one pass finds all flips at once, and which turn it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numba import njit

from galaxycurate.curation.pixels import codes, turns

GOOD_PAIRED, GOOD_SINGLE = 10, 20
"""Bits of each block, from the strongest, that err seldom enough for a key."""

MOST_COMPARED, MOST_FOUND = 400, 7
"""In a crowded bucket each mark is compared with so many that follow it, and is done when it has
found so many alike: copies of copies become a chain, not a square.
"""

SEED = 20_260_731


class Key(NamedTuple):
    """Which bits make a key.

    Parameters
    ----------
    bits : ndarray of int64
        Of the code, from the key's lowest: E patterns, their partners, single ones.
    paired : int
        Number of E patterns among them.
    negated : ndarray of int64, shape (8,)
        Bits of the key that a turn negates.
    """

    bits: np.ndarray
    paired: int
    negated: np.ndarray

    @property
    def size(self) -> int:
        """Number of keys, [0, size)."""
        return 1 << self.bits.size


def keys(n_bits: int, how_many: int) -> list[Key]:
    """Different choices of bits, the same ones on each call."""
    rng = np.random.default_rng(SEED)
    paired = n_bits // 4
    made = []
    for _ in range(how_many):
        of_pairs = np.sort(rng.permutation(GOOD_PAIRED)[:paired])
        single = np.sort(rng.permutation(GOOD_SINGLE)[: n_bits - 2 * paired]) + 2 * codes.PAIRED
        bits = np.concatenate([of_pairs, of_pairs + codes.PAIRED, single])
        of_key = [
            sum(int(mask >> np.uint64(bit) & np.uint64(1)) << k for k, bit in enumerate(bits))
            for mask in codes.basis().negated
        ]
        made.append(Key(bits, paired, np.array(of_key, np.int64)))
    return made


class Alike(NamedTuple):
    """Pairs of marks, rows of the codes given: the earlier picture's, the later's, the later's turn
    that lays it on the earlier.
    """

    first: np.ndarray
    second: np.ndarray
    flip: np.ndarray


def alike(
    code: np.ndarray, owner: np.ndarray, key: Key, *, within: int, new: int = 0,
    flips: bool = True, sated: np.ndarray | None = None, part: tuple[int, int] = (0, 1),
    at_once: int = 1_000_000,
) -> Iterator[Alike]:  # fmt: skip
    """Pairs of marks of equal key whose codes differ little, a few at a time.

    Parameters
    ----------
    code : ndarray of uint64
        Of all marks.
    owner : ndarray of int32
        Their pictures, ascending.
    key : Key
    within : int
        Bits in which two codes may differ.
    new : int
        One of a pair's pictures is of this number or above.
    flips : bool
        Turned and mirrored pictures, too.
    sated : ndarray of bool, optional
        Pictures that are not compared with each other any more.
    part : (int, int)
        Which of so many parts of the keys: the memory is that of one part.
    at_once : int
        Pairs to a batch.
    """
    negated, swapped = codes.basis().negated, codes.basis().swapped
    lowest, highest = (key.size * (part[0] + k) // part[1] for k in range(2))
    of_mark, flip = _keyed(code, key.bits, key.paired, key.negated, swapped, 8 if flips else 1)
    starts, order = _bucketed(of_mark, lowest, highest)
    del of_mark
    turned = _turned(code, order, flip, negated, swapped)
    flip, owned = flip[order], owner[order]
    back = turns.COMPOSED[[turns.inverse(k) for k in range(8)]]
    first, second = np.empty(at_once, np.int64), np.empty(at_once, np.int64)
    turn = np.empty(at_once, np.uint8)
    sated = np.zeros(owner[-1] + 1 if owner.size else 0, bool) if sated is None else sated
    bucket = 0
    while bucket < starts.size - 1:
        bucket, found = _compared(
            starts,
            turned,
            owned,
            flip,
            order,
            back,
            bucket,
            new,
            within,
            sated,
            first,
            second,
            turn,
        )
        yield Alike(first[:found], second[:found], turn[:found])


@njit(cache=True)
def _keyed(code, bits, paired, negated, swapped, n_flips):
    """The smallest key of each code over the turns, and the turn that makes it."""
    of_mark, flip = np.empty(code.size, np.int32), np.empty(code.size, np.uint8)
    low = (1 << paired) - 1
    high = low << paired
    for i in range(code.size):
        plain = np.int64(0)
        for k in range(bits.size):
            plain |= np.int64((code[i] >> np.uint64(bits[k])) & np.uint64(1)) << k
        other = (plain & ~(low | high)) | ((plain & low) << paired) | ((plain & high) >> paired)
        least, by = plain, 0
        for turn in range(1, n_flips):
            key = (other if swapped[turn] else plain) ^ negated[turn]
            if key < least:
                least, by = key, turn
        of_mark[i], flip[i] = least, by
    return of_mark, flip


@njit(cache=True)
def _bucketed(of_mark, lowest, highest):
    """Marks sorted by key, within a range of keys: where each key begins, and the marks."""
    starts = np.zeros(highest - lowest + 1, np.int64)
    for key in of_mark:
        if lowest <= key < highest:
            starts[key - lowest + 1] += 1
    for k in range(highest - lowest):
        starts[k + 1] += starts[k]
    order = np.empty(starts[-1], np.int64)
    place = starts[:-1].copy()
    for i in range(of_mark.size):
        if lowest <= of_mark[i] < highest:
            order[place[of_mark[i] - lowest]] = i
            place[of_mark[i] - lowest] += 1
    return starts, order


@njit(cache=True)
def _turned(code, order, flip, negated, swapped):
    out = np.empty(order.size, np.uint64)
    for k in range(order.size):
        i = order[k]
        out[k] = codes.turn(code[i], negated[flip[i]], swapped[flip[i]])
    return out


@njit(cache=True)
def _compared(
    starts, turned, owned, flip, order, back, bucket, new, within, sated, first, second, turn
):  # fmt: skip
    """Pairs within buckets from one on, until the room is full; the next bucket, and how many."""
    found, room = 0, first.size
    while bucket < starts.size - 1:
        begin, end = starts[bucket], starts[bucket + 1]
        reach = min(MOST_FOUND, max(1, room // max(1, end - begin)))
        if found + (end - begin) * min(end - begin, reach) > room and found:
            break
        first_new = begin
        while first_new < end and owned[first_new] < new:
            first_new += 1
        for p in range(begin, end):
            code, of_p, start = turned[p], owned[p], max(p + 1, first_new)
            left = reach
            for q in range(start, min(end, start + MOST_COMPARED)):
                if codes.distance(code, turned[q]) > within or owned[q] == of_p:
                    continue
                if sated[of_p] and sated[owned[q]]:
                    continue
                if left == 0 or found == room:
                    break
                first[found], second[found] = order[p], order[q]
                turn[found] = back[flip[p], flip[q]]
                found += 1
                left -= 1
        bucket += 1
    return bucket, found
