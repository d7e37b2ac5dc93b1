import numpy as np
import pytest

from tests.train.detect.lists import at_precision
from train.detect.found import Found
from train.detect.listing import Listing, boxes_around
from train.detect.score import judged, one_to_one

XY = np.array([[10.0, 10], [40, 10], [70, 10], [100, 10]])
LISTED = Listing(XY, np.array([True, True, True, False]), np.full(4, 5.0), np.zeros(4))
MAG = np.array([18.0, 19.5, 21.0, 17.0])


def told(places, scores, mags=None):
    n = len(places)
    boxes = boxes_around(np.reshape(places, (-1, 2)), np.full(n, 5.0), least_side_px=4)
    return Found(boxes, np.array(scores, float), np.full(n, 19.0) if mags is None else mags)


def test_counts_by_hand():
    found = told([[11, 11], [71, 10], [100, 12], [200, 200], [40, 10]], [0.9, 0.8, 0.7, 0.6, 0.1])
    one = judged(found, LISTED, MAG, limit_r=20, threshold=0.5)
    assert (one.listed, one.hit) == (2, 1)  # (40, 10) scored too little
    assert (one.told, one.right, one.on_star, one.unlisted) == (4, 2, 1, 1)
    assert one.completeness == 0.5
    assert one.precision == 0.5


def test_a_second_box_on_one_galaxy_is_wrong():
    found = told([[10, 10], [12, 10]], [0.9, 0.8])
    one = judged(found, LISTED, MAG, limit_r=20, threshold=0.5)
    assert (one.hit, one.right, one.unlisted) == (1, 1, 1)


def test_faint_ones_may_be_left_out_of_the_precision():
    found = told([[10, 10], [300, 300]], [0.9, 0.9], np.array([18.0, 22.0]))
    assert judged(found, LISTED, MAG, limit_r=20, threshold=0.5).precision == 0.5
    one = judged(found, LISTED, MAG, limit_r=20, threshold=0.5, told_to_r=20)
    assert one.precision == 1.0


def test_the_most_complete_list_that_is_precise_enough():
    found = told([[10, 10], [300, 300], [40, 10], [301, 100]], [0.9, 0.8, 0.7, 0.6])
    best = at_precision(found, LISTED, MAG, limit_r=20, precision=0.6)
    assert (best.threshold, best.hit) == (0.7, 2)
    strict = at_precision(found, LISTED, MAG, limit_r=20, precision=0.9)
    assert (strict.threshold, strict.hit) == (0.9, 1)


def test_nothing_found_and_nothing_listed_are_no_shares():
    empty = told(np.zeros((0, 2)), [])
    one = judged(empty, LISTED, MAG, limit_r=10, threshold=0.5)
    assert np.isnan([one.completeness, one.precision]).all()
    assert at_precision(empty, LISTED, MAG, limit_r=20, precision=0.8).told == 0


@pytest.mark.parametrize(("apart", "paired"), [(4.9, True), (5.1, False)])
def test_a_match_is_within_five_pixels(apart, paired):
    assert one_to_one(np.array([[0.0, 0]]), np.array([[apart, 0.0]])).tolist() == [paired]
