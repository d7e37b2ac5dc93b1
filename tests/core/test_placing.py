"""Where one picture lies on another: the convention, its inverse, the shared part."""

import numpy as np
import pytest

from galaxycurate.core.placing import Placing
from galaxycurate.curation.pixels.turns import turned

FIRST, SECOND = (50, 40), (31, 22)


@pytest.mark.parametrize("flip", range(8))
def test_a_turned_picture_has_its_pixels_where_the_placing_says(flip):
    picture = np.random.default_rng(flip).normal(size=(5, 7))
    made = turned(picture, flip)
    for y, x in np.ndindex(picture.shape):
        [[column, row]] = Placing(flip=flip).on_first([[x, y]], (7, 5))
        assert made[int(row), int(column)] == picture[y, x]


@pytest.mark.parametrize("flip", range(8))
def test_there_and_back_is_where_it_was(flip):
    placing = Placing(3.3, -2.0, flip, 1.2)
    points = [[0.0, 0.0], [30.0, 21.0], [4.5, 17.0]]
    there = placing.on_first(points, SECOND)
    assert placing.inverse(FIRST, SECOND).on_first(there, FIRST) == pytest.approx(np.array(points))


@pytest.mark.parametrize("flip", range(8))
def test_the_shared_part_is_the_same_sky_in_both(flip):
    placing = Placing(12.0, 7.0, flip, 1.5)
    back = placing.inverse(FIRST, SECOND)
    on_first = placing.shared(FIRST, SECOND)
    on_second = back.shared(SECOND, FIRST)
    seen = back.on_first(on_first, FIRST)
    assert seen.min(axis=0) == pytest.approx(on_second.min(axis=0))
    assert seen.max(axis=0) == pytest.approx(on_second.max(axis=0))


def test_pictures_that_share_nothing_have_no_part_in_common():
    assert Placing(60.0, 0.0).shared(FIRST, SECOND) is None
