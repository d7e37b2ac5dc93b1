import numpy as np
import pytest

from galaxycurate.core.geometry import chord, separation, unit_vectors
from galaxycurate.curation.groups import groups
from galaxycurate.curation.pairs import Pairs
from galaxycurate.curation.sky import sweep
from tests.curation.sky.skies import as_set, box, everywhere

REACH = 143.4


def by_tree(ra, dec, radius):
    from scipy.spatial import cKDTree

    found = cKDTree(unit_vectors(ra, dec)).query_pairs(chord(radius), output_type="ndarray")
    found.sort(axis=1)
    return as_set(found[:, 0], found[:, 1])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("radius", [10.0, REACH, 3600.0])
def test_the_sweep_finds_what_a_tree_finds(seed, radius):
    rng = np.random.default_rng(seed)
    n = 2500 if radius < 1000 else 200
    for place, (ra, dec) in everywhere(n, rng).items():
        first, second, _ = sweep.within(ra, dec, radius)
        assert as_set(first, second) == by_tree(ra, dec, radius), place


@pytest.mark.parametrize("radius_deg", [20.0, 80.0, 100.0, 180.0])
def test_a_radius_may_be_a_large_part_of_the_sky(radius_deg):
    rng = np.random.default_rng(1)
    ra, dec = everywhere(150, rng)["sphere"]
    first, second, _ = sweep.within(ra, dec, radius_deg * 3600)
    assert as_set(first, second) == by_tree(ra, dec, radius_deg * 3600)


def test_both_poles_and_all_right_ascensions_meet_there():
    ra, dec = np.array([0.0, 90, 180, 270, 10, 200]), np.array([90.0, 90, 89.99, 90, -90, -90])
    first, second, apart = sweep.within(ra, dec, 100.0)
    assert as_set(first, second) == {(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3), (4, 5)}
    assert apart.tolist() == pytest.approx([0, 36, 0, 36, 0, 36, 0], abs=1e-6)


def test_pairs_come_in_order_with_their_separations():
    ra, dec = box(3000, 359.99, 30.0, 0.5, np.random.default_rng(3))
    first, second, apart = sweep.within(ra, dec, REACH)
    assert (first < second).all()
    assert (np.diff(first * ra.size + second) > 0).all()
    expected = separation(ra[first], dec[first], ra[second], dec[second])
    assert apart == pytest.approx(expected, abs=1e-7)


def test_threads_and_full_buffers_change_nothing(monkeypatch):
    ra, dec = box(3000, 10.0, 30.0, 0.5, np.random.default_rng(4))
    whole = sweep.within(ra, dec, REACH)
    monkeypatch.setattr(sweep, "_MANY", 10)
    monkeypatch.setattr(sweep, "_ROOM", 8)  # fewer than the neighbours of one row
    for one, other in zip(whole, sweep.within(ra, dec, REACH), strict=True):
        assert (one == other).all()


def test_rows_without_a_position_take_no_part():
    first, second, _ = sweep.within([np.nan, 10, 10, 10], [0, 0, np.nan, 0], 1.0)
    assert (first.tolist(), second.tolist()) == ([1], [3])
    for nothing in ([], [np.nan], [5.0]):
        assert sweep.within(nothing, nothing, 1.0)[0].size == 0


def test_right_ascensions_beyond_the_circle_are_turned_back():
    first, second, _ = sweep.within([-1e-5, 0.0, 360.0, 720.00001], [0.0] * 4, 1.0)
    assert len(first) == 6
    assert (first < second).all()


def test_a_few_twins_are_all_paired():
    ra, dec = np.full(5, 10.0), np.full(5, 20.0)
    assert sweep.within(ra, dec, 1.0)[0].size == 10


def test_ten_thousand_rows_at_one_place_are_linked_by_a_star_and_keep_their_neighbours():
    rng = np.random.default_rng(5)
    ra, dec = box(500, 10.0, 20.0, 0.2, rng)
    where = rng.permutation(10_500)
    ra = np.concatenate([ra, np.full(10_000, 10.0)])[where]
    dec = np.concatenate([dec, np.full(10_000, 20.0)])[where]
    first, second, _ = sweep.within(ra, dec, REACH)
    assert first.size < 25_000
    mine = groups(ra.size, [Pairs(first, second, np.ones(first.size))])
    lone = np.flatnonzero((ra != 10.0) | (np.arange(ra.size) == np.argmax(ra == 10.0)))
    tree = np.array(sorted(by_tree(ra[lone], dec[lone], REACH)))
    reduced = groups(lone.size, [Pairs(tree[:, 0], tree[:, 1], np.ones(len(tree)))])
    both = {*zip(mine[lone].tolist(), reduced.tolist(), strict=True)}
    assert len(both) == len(np.unique(mine)) == reduced.max() + 1


def test_a_crowd_is_one_place_not_one_right_ascension():
    rng = np.random.default_rng(6)
    ra, dec = np.full(300, 10.0), rng.uniform(0, 0.2, 300)
    first, second, _ = sweep.within(ra, dec, 60.0)
    assert as_set(first, second) == by_tree(ra, dec, 60.0)
