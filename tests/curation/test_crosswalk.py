"""Which object is which: pairs, fields, positions, and what is refused."""

import numpy as np
import pytest

from galaxycurate.core.ids import decode, encode
from galaxycurate.curation.crosswalk import (
    CLAIMED,
    TWO_NEAR,
    TWO_STATED,
    Matches,
    by_pairs,
    by_position,
    nearest,
    rivals,
    same_field,
)

NOBODY = np.empty(0, np.int64)


def ids(*values):
    return np.array(values, np.int64)


def taken(source, left, right, distance=None, mode=None, row_mode=None):
    def floats(values):
        return None if values is None else np.array(values, float)

    def whole(values):
        return None if values is None else ids(*values)

    matches = Matches.of(ids(*source))
    pairs = by_pairs(
        matches.source, ids(*left), ids(*right), distance_arcsec=floats(distance),
        mode=whole(mode), row_mode=whole(row_mode),
    )  # fmt: skip
    matches.take(pairs, "pairs", taken=NOBODY)
    return matches


def near(ra, dec, other_ra, other_dec, radius=1.0, **more):
    other = np.arange(len(other_ra)) + 1
    places = (np.array(values, float) for values in (ra, dec, other_ra, other_dec))
    ra, dec, other_ra, other_dec = places
    return by_position(ra, dec, other, other_ra, other_dec, radius_arcsec=radius, **more)


def test_pairs_are_found_in_any_order_and_zero_is_nobody():
    found = taken([7, 0, 3, 9], [3, 0, 7, 8], [30, 5, 70, 80])
    assert found.found.tolist() == [70, 0, 30, 0]
    assert found.how.tolist() == ["pairs", "", "pairs", ""]
    assert np.isnan(found.distance_arcsec).all()


def test_a_pair_that_stands_twice_is_one():
    assert taken([7], [7, 7], [70, 70]).found.tolist() == [70]


def test_a_pair_without_its_other_half_is_none():
    assert taken([7], [7], [0]).found.tolist() == [0]


def test_the_primary_goes_before_a_nearer_secondary():
    found = taken([7], [7, 7], [70, 71], distance=[0.2, 0.6], mode=[2, 1])
    assert (found.found.tolist(), found.reason.tolist()) == ([71], ["primary of 2"])


def test_of_two_primaries_the_nearer_one_is_taken_and_said():
    found = taken([7], [7, 7, 7], [70, 71, 72], distance=[0.8, 0.2, 0.9], mode=[1, 1, 2])
    assert (found.found.tolist(), found.reason.tolist()) == ([71], ["nearest of 3"])


def test_two_equally_near_are_refused():
    found = taken([7], [7, 7], [70, 71], distance=[0.30, 0.35])
    assert (found.found.tolist(), found.reason.tolist()) == ([0], [TWO_NEAR])


def test_two_that_are_only_stated_are_refused():
    assert taken([7], [7, 7], [70, 71]).reason.tolist() == [TWO_STATED]


def test_an_object_that_two_rows_claim_goes_to_the_better_one():
    by_mode = taken([7, 8], [7, 8], [70, 70], distance=[0.1, 0.5], row_mode=[2, 1])
    assert by_mode.found.tolist() == [0, 70]
    assert by_mode.reason.tolist() == [CLAIMED, "nearest of those that claim it"]
    by_distance = taken([7, 8], [7, 8], [70, 70], distance=[0.1, 0.5])
    assert by_distance.found.tolist() == [70, 0]


def test_an_object_that_two_rows_claim_alike_goes_to_neither():
    found = taken([7, 8], [7, 8], [70, 70])
    assert (found.found.tolist(), found.reason.tolist()) == ([0, 0], [CLAIMED, CLAIMED])


def test_an_object_that_is_somebody_elses_is_not_given_away():
    matches = Matches.of(ids(7, 8))
    pairs = by_pairs(matches.source, ids(7, 8), ids(70, 80))
    assert matches.take(pairs, "pairs", taken=ids(70)) == 1
    assert matches.reason.tolist() == [CLAIMED, ""]
    matches.take(by_pairs(matches.source, ids(7), ids(80)), "later", taken=NOBODY)
    assert matches.found.tolist() == [0, 80]


def test_what_an_earlier_source_could_not_decide_a_later_one_may():
    matches = taken([7], [7, 7], [70, 71])
    matches.take(by_pairs(matches.source, ids(7), ids(71)), "later", taken=NOBODY)
    assert (matches.found[0], matches.how[0], matches.reason[0]) == (71, "later", "")


def test_rows_without_ids_may_share_an_object():
    matches = Matches.of(ids(0, 0))
    matches.take(near([10, 10], [5, 5], [10], [5]), "position", taken=NOBODY)
    assert matches.found.tolist() == [1, 1]


def test_a_row_without_an_id_may_share_the_object_of_one_with_an_id():
    matches = Matches.of(ids(7, 0))
    matches.take(by_pairs(matches.source, ids(7), ids(1)), "pairs", taken=NOBODY)
    matches.take(near([10, 10], [5, 5], [10], [5]), "position", taken=NOBODY)
    assert (matches.found.tolist(), matches.how.tolist()) == ([1, 1], ["pairs", "position"])


def test_rivals_that_nobody_asked_for_have_their_claims():
    left, right = ids(7, 8, 9), ids(70, 70, 90)
    source = ids(8, 9)
    others = rivals(source, by_pairs(source, left, right).found, left, right)
    assert others.tolist() == [7]
    matches = Matches.of(source)
    wide = np.concatenate([source, others])
    pairs = by_pairs(wide, left, right, distance_arcsec=np.array([0.1, 0.5, 0.1]))
    assert matches.take(pairs, "pairs", taken=NOBODY) == 1
    assert matches.found.tolist() == [0, 90]
    assert matches.reason.tolist() == [CLAIMED, ""]


@pytest.mark.parametrize("dec", [0.0, 60.0, 89.9999, 90.0, -90.0])
def test_positions_match_at_the_poles_and_across_ra_zero(dec):
    step = 0.4 / 3600
    up = -step if dec > 0 else step
    found = near([359.99999, 120.0], [dec, dec], [0.00001, 120.0], [dec, dec + up])
    rows = dict(zip(found.row.tolist(), found.found.tolist(), strict=True))
    assert rows[1] in (2, 1)
    assert {(0, 1), (1, 2)} <= set(zip(found.row.tolist(), found.found.tolist(), strict=True))
    assert found.distance_arcsec.max() <= 1.0


def test_the_distance_is_that_on_the_sky():
    found = near([10.0], [60.0], [10.0 + 0.5 / 3600 / np.cos(np.radians(60))], [60.0])
    assert found.distance_arcsec == pytest.approx([0.5], abs=1e-6)
    assert near([10.0], [60.0], [10.0], [60.0 + 1.01 / 3600]).row.size == 0


def test_what_has_no_place_is_near_nothing():
    assert near([np.nan, 10], [5, np.nan], [10], [5]).row.size == 0
    assert near([10], [5], [np.nan], [5]).row.size == 0
    one, none = np.array([1.0]), np.array([np.nan])
    assert np.isinf(nearest(none, one, one, one))[0]
    assert nearest(one, one, one, one + 2 / 3600) == pytest.approx([2.0], abs=1e-6)


def test_a_field_is_the_same_in_both_reductions_whatever_the_first_field_bit_says():
    place = dict(run=752, camcol=3, field=11)
    older = encode(skyVersion=1, rerun=40, firstField=1, obj=5, **place)
    assert decode(older).firstField == 1
    pairs = [
        (older, encode(obj=99, **place), True),
        (older, encode(obj=99, run=752, camcol=3, field=12), False),
        (older, encode(obj=99, run=753, camcol=3, field=11), False),
        (older, encode(obj=99, run=752, camcol=4, field=11), False),
        (0, 0, False),
    ]
    for one, other, same in pairs:
        assert same_field(ids(one), ids(other)).tolist() == [same]


def test_one_star_in_several_runs_is_ambiguous(shared_data):
    """A real reply: a star that was measured eighteen times, in four runs, without modes."""
    lines = (shared_data / "sdss/recorded/sqlsearch_xid_im.csv.txt").read_text().splitlines()[2:]
    cells = [line.split(",") for line in lines]
    other = np.array([int(c[2]) for c in cells])
    ra, dec = (np.array([float(c[k]) for c in cells]) for k in (0, 1))
    assert np.unique(other).size == other.size == 18
    mine = encode(skyVersion=1, rerun=40, run=1904, camcol=3, field=163, obj=7)
    matches = Matches.of(ids(mine))
    found = by_position(ra[:1], dec[:1], other, ra, dec, radius_arcsec=1.0)
    here = same_field(matches.source[found.row], found.found)
    assert (here.sum(), found.row.size) == (3, 18)
    matches.take(found.only(here), "field", taken=NOBODY)
    assert matches.reason.tolist() == [TWO_NEAR]
    modes = np.where(other == 1237653651835781244, 1, 2)
    found = by_position(ra[:1], dec[:1], other, ra, dec, radius_arcsec=1.0, mode=modes)
    matches.take(found, "position", taken=NOBODY)
    assert (matches.found[0], matches.reason[0]) == (1237653651835781244, "primary of 18")


def test_many_pairs_are_looked_up_in_any_order():
    rng = np.random.default_rng(1)
    left = rng.permutation(200_000) + 1
    matches = Matches.of(left[rng.permutation(200_000)])
    matches.take(by_pairs(matches.source, left, left + 10**9), "pairs", taken=NOBODY)
    assert (matches.found == matches.source + 10**9).all()
