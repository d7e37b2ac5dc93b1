"""Detections of one object become one, and no more than one."""

import pytest

from galaxycurate.curation.light.sky import FAMILY, Listed, Sky, merged
from tests.curation.light.test_listed import SCALE, sky_of


def test_detections_of_one_object_are_one_and_the_surest_stands_for_them():
    rows = [
        (0.0, 0.0, 18.0, 9.0, True, "outside its field's area"),
        (1.0, 0.0, 18.1, 4.0, True, ""),
        (2.0, 0.0, 18.2, 5.0, True, ""),
        (1.0, 1.0, 15.0, 0.0, False, ""),
        (40.0, 0.0, 19.0, 2.0, True, ""),
    ]
    one = merged(sky_of(rows).listed)
    assert sorted(one.objid.tolist()) == [2, 4, 5]  # the star is another object
    assert one.radius_arcsec[one.objid == 2][0] == 5.0  # not the doubtful 9
    assert (one.doubt == "").all()


def test_objects_in_a_row_are_not_drawn_into_one():
    row = [(k * 1.4 / SCALE, 0.0, 18.0 + k, 2.0, True, "") for k in range(6)]
    assert merged(sky_of(row).listed).objid.tolist() == [1, 3, 5]  # 7 arcsec of sky


@pytest.mark.parametrize(
    ("doubt", "mag", "left"),
    [("its photometry is not clean", 18.0, [1, 2]), ("its photometry is not clean", 20.0, [1]),
     (FAMILY, 18.0, [1])],
)  # fmt: skip
def test_a_doubtful_detection_that_is_much_brighter_is_not_forgotten(doubt, mag, left):
    rows = [(0.0, 0.0, 20.6, 2.0, True, ""), (0.5 / SCALE, 0.0, mag, 12.0, True, doubt)]
    one = merged(sky_of(rows).listed)
    assert one.objid.tolist() == left
    assert (one.doubt != "").sum() == len(left) - 1


def test_an_empty_catalogue_lists_nothing_anywhere():
    assert Sky(merged(Listed.none())).near(10.0, 89.99, 100.0, 0.4, 5.0).rows.size == 0
