import csv

import numpy as np
import pytest

from galaxycurate.core import ids
from galaxycurate.curation.groups import groups
from galaxycurate.curation.sky import objects


def listed(pairs):
    return [*zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)]


def test_equal_keys_pair_with_the_first_and_no_key_pairs_with_none():
    found = objects.same([5, 0, 5, None, "", 7, 5])
    assert listed(found) == [(0, 2), (0, 6)]
    assert found.amount.tolist() == [1, 1]
    assert len(objects.same([])) == 0


def test_an_id_is_the_same_in_whichever_column_it_stands():
    dr8 = ids.encode(run=94, camcol=1, field=11, obj=5)
    dr7 = ids.encode(skyVersion=1, rerun=40, run=94, camcol=1, field=11, obj=7)
    found = objects.same_id([dr8, dr7, 0, dr8, 0], [dr7, 0, 0, dr7, 0])
    assert listed(found) == [(0, 1), (0, 3)]


def test_a_row_that_repeats_its_id_is_no_pair_and_large_ids_keep_their_last_digit():
    big = 1237662226208063489
    assert len(objects.same_id([big, big + 1], [big, 0])) == 0
    assert len(objects.same_id([], [])) == len(objects.same_id()) == 0


def make(run, field, obj, camcol=1):
    return ids.encode(run=run, camcol=camcol, field=field, obj=obj)


def test_one_place_in_two_runs_is_one_object_but_two_objects_of_a_field_are_two():
    rows = np.array([make(94, 11, 1), make(94, 11, 2), make(125, 300, 9), make(94, 12, 3), 0])
    ra = 10 + np.array([0, 0.5, 0.3, 0.2, np.nan]) / 3600
    found = objects.in_several_runs(ra, np.zeros(5), rows)
    assert listed(found) == [(0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    far = objects.in_several_runs(ra, np.zeros(5), rows, within_arcsec=0.25)
    assert listed(far) == [(0, 3), (1, 2), (2, 3)]


def test_pictures_at_one_place_without_ids_are_one_object():
    ra = 10 + np.array([0, 0.5, 0.5, 2.0]) / 3600
    found = objects.in_several_runs(ra, np.zeros(4), np.array([0, 0, make(94, 11, 1), 0]))
    assert listed(found) == [(0, 1), (0, 2), (1, 2)]


def test_of_a_crowd_at_one_place_those_of_the_first_rows_field_are_linked_as_well():
    ids = np.array([make(94, 11, 1 + k) for k in range(50)] + [make(125, 300, 1)] * 3)
    place = np.full(53, 10.0)
    found = objects.in_several_runs(place, place, ids)
    assert groups(53, [found]).max() == 0
    assert not len(objects.in_several_runs(place[:50], place[:50], ids[:50]))


def test_a_star_in_five_runs_of_the_survey_is_one(shared_data):
    """One star, as CAS listed its detections in runs 1904, 1739, 1011 and 1043."""
    path = shared_data / "sdss/recorded/sqlsearch_xid_im.csv.txt"
    if not path.is_file():
        pytest.skip(f"absent: {path}")
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    rows = [*csv.DictReader(lines)]
    ra, dec = (np.array([float(row[name]) for row in rows]) for name in ("ra", "dec"))
    fields = np.array([
        ids.encode(**{n: int(row[n]) for n in ("run", "camcol", "field")}, obj=k + 1)
        for k, row in enumerate(rows)
    ])  # fmt: skip
    found = objects.in_several_runs(ra, dec, fields)
    assert len(np.unique(fields >> 32 & 0xFFFF)) >= 4
    assert groups(len(rows), [found]).max() == 0


def test_children_are_linked_with_their_parent_and_with_each_other():
    own = np.array([1, 2, 3, 4, 5, 6])
    parent = np.array([0, 1, 1, 9, 9, 6])  # 9 is not there; 6 is its own
    found = objects.blends(own, parent)
    assert groups(6, [found]).tolist() == [0, 0, 0, 1, 1, 2]
    assert (found.first < found.second).all()
    assert not found.amount.any()


def test_a_child_before_its_parent_is_linked_as_well():
    assert listed(objects.blends([2, 1], [1, 0])) == [(0, 1)]
