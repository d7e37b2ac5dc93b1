from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from galaxycurate.curation.pairs import Pairs
from galaxycurate.curation.split.guard import guard_band


def pairs_of(rows):
    both = np.array(sorted({tuple(sorted(r)) for r in rows if r[0] != r[1]}), np.int64)
    both = both.reshape(-1, 2)
    return Pairs(both[:, 0], both[:, 1], np.ones(len(both)))


def crossing(place, pairs, dropped):
    ends = zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)
    return [(i, j) for i, j in ends if place[i] != place[j] and not (dropped[i] or dropped[j])]


def fewest(place, pairs):
    """By trying all."""
    for n in range(place.size + 1):
        for rows in combinations(range(place.size), n):
            dropped = np.isin(np.arange(place.size), rows)
            if not crossing(place, pairs, dropped):
                return n
    raise AssertionError


EDGES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25)


@settings(max_examples=150, deadline=None)
@given(EDGES, st.lists(st.integers(0, 1), min_size=10, max_size=10))
def test_between_two_parts_no_smaller_band_exists(edges, place):
    place, pairs = np.array(place), pairs_of(edges)
    dropped = guard_band(place, pairs)
    assert not crossing(place, pairs, dropped)
    assert dropped.sum() == fewest(place, pairs)


@settings(max_examples=150, deadline=None)
@given(EDGES, st.lists(st.integers(0, 3), min_size=10, max_size=10))
def test_among_more_parts_nothing_leaks_and_nothing_is_dropped_in_vain(edges, place):
    place, pairs = np.array(place), pairs_of(edges)
    dropped = guard_band(place, pairs)
    assert not crossing(place, pairs, dropped)
    for row in np.flatnonzero(dropped):
        without = dropped.copy()
        without[row] = False
        assert crossing(place, pairs, without)


def test_of_two_equal_bands_train_gives():
    place = np.array([0, 0, 2, 2])
    dropped = guard_band(place, pairs_of([(0, 2), (1, 3)]))
    assert dropped.tolist() == [True, True, False, False]


def test_rows_left_out_before_need_no_band():
    assert not guard_band(np.array([0, -1, 2]), pairs_of([(0, 1), (1, 2)])).any()


def test_without_pairs_nothing_is_dropped():
    assert not guard_band(np.array([0, 1, 2]), Pairs.none()).any()


def test_what_is_worth_more_stays():
    place = np.array([0, 2, 2])
    pairs = pairs_of([(0, 1), (0, 2)])
    assert guard_band(place, pairs).tolist() == [True, False, False]
    assert guard_band(place, pairs, np.array([3, 1, 1])).tolist() == [False, True, True]
