import numpy as np
import pytest

from galaxycurate.core import ids
from galaxycurate.core.geometry import overlap_fraction
from galaxycurate.curation.groups import groups
from galaxycurate.curation.pairs import Pairs
from galaxycurate.curation.sky import overlap

WIDTH = 101.4


def scattered(n=400, dec0=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return 359.95 + rng.uniform(0, 0.3, n), dec0 + rng.uniform(-0.15, 0.15, n)


@pytest.mark.parametrize("dec0", [0.0, 60.0, -89.8])
def test_the_tree_finds_what_every_pair_by_itself_finds(dec0):
    ra, dec = scattered(dec0=dec0)
    ra = ra % 360
    i, j = np.triu_indices(ra.size, 1)
    shared = overlap_fraction(ra[i], dec[i], WIDTH, ra[j], dec[j], WIDTH)
    found = overlap.overlapping(ra, dec, WIDTH)
    expected = set(zip(i[shared > 1e-9].tolist(), j[shared > 1e-9].tolist(), strict=True))
    assert set(zip(found.first.tolist(), found.second.tolist(), strict=True)) == expected
    assert len(found) > 300


def test_a_search_to_the_side_would_miss_pairs_that_reach_finds():
    ra, dec = scattered(2000, seed=4)
    found = overlap.overlapping(ra % 360, dec, WIDTH)
    from galaxycurate.core.geometry import separation

    far = separation(ra[found.first], dec[found.first], ra[found.second], dec[found.second]) > WIDTH
    assert 0.10 < far.mean() < 0.25  # 15 % expected of points at random


def test_cutouts_of_different_widths_use_the_smaller_area():
    found = overlap.overlapping([10.0, 10.0], [0.0, 0.0], np.array([50.0, 200.0]))
    assert found.amount.tolist() == pytest.approx([1.0])


def test_rows_without_position_take_no_part():
    found = overlap.overlapping([np.nan, 10.0, 10.0], [0.0, 0.0, 0.0], WIDTH)
    assert (found.first.tolist(), found.second.tolist()) == ([1], [2])
    assert len(overlap.overlapping([np.nan], [0.0], WIDTH)) == 0


def test_a_least_overlap_is_kept_to():
    ra = 10 + np.array([0, 20, 90]) / 3600
    all_pairs = overlap.overlapping(ra, np.zeros(3), WIDTH)
    half = overlap.overlapping(ra, np.zeros(3), WIDTH, min_overlap=0.5)
    assert len(all_pairs) == 3
    assert (half.first.tolist(), half.second.tolist()) == ([0], [1])


def test_equal_keys_pair_with_the_first_and_no_key_pairs_with_none():
    found = overlap.same([5, 0, 5, None, "", 7, 5])
    assert (found.first.tolist(), found.second.tolist()) == ([0, 0], [2, 6])


def test_ids_of_one_field_or_the_next_are_near():
    make = lambda field, obj, run=94: ids.encode(run=run, camcol=1, field=field, obj=obj)  # noqa: E731
    rows = np.array([make(11, 1), make(30, 1), make(12, 5), make(11, 9), make(12, 1, 95), 0])
    near = overlap.near_fields(rows, np.zeros(6, bool))
    group = groups(rows.size, [near])
    assert group.tolist() == [0, 1, 0, 0, 2, 3]


def test_another_reduction_of_a_run_is_the_same_sky():
    parts = dict(run=1000, camcol=3, field=100)
    rows = np.array([
        ids.encode(**parts, obj=1), ids.encode(**parts, obj=9, skyVersion=1, rerun=40),
        ids.encode(**parts, obj=5, skyVersion=1, rerun=41),
    ])  # fmt: skip
    near = overlap.near_fields(rows, np.zeros(3, bool))
    assert groups(3, [near]).tolist() == [0, 0, 0]


def test_known_footprints_are_linked_with_unknown_ones_only():
    make = lambda field, obj: ids.encode(run=94, camcol=1, field=field, obj=obj)  # noqa: E731
    rows = np.array([make(11, 1), make(12, 1), make(13, 1), make(11, 2), make(30, 1), make(30, 2)])
    placed = np.array([False, True, False, True, True, True])
    group = groups(6, [overlap.near_fields(rows, placed)])
    assert group.tolist() == [0, 0, 0, 0, 1, 2]


def test_groups_join_all_evidence_and_are_numbered_by_first_row():
    a = Pairs(np.array([1]), np.array([3]), np.ones(1))
    b = Pairs(np.array([3]), np.array([4]), np.ones(1))
    assert groups(6, [a, b]).tolist() == [0, 1, 2, 1, 1, 3]
    assert groups(3, []).tolist() == [0, 1, 2]
