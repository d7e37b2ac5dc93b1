import numpy as np

from galaxycurate.core import ids
from galaxycurate.curation.groups import groups
from galaxycurate.curation.sky.fields import FieldRelation, near_fields, related


def make(field, obj, run=94, camcol=1, **others):
    return ids.encode(run=run, camcol=camcol, field=field, obj=obj, **others)


def test_ids_of_one_field_or_the_next_are_near():
    rows = np.array([make(11, 1), make(30, 1), make(12, 5), make(11, 9), make(12, 1, 95), 0])
    near = near_fields(rows, np.zeros(6, bool))
    assert groups(rows.size, [near]).tolist() == [0, 1, 0, 0, 2, 3]


def test_another_reduction_of_a_run_is_the_same_sky():
    rows = np.array([
        make(100, 1, 1000, 3), make(100, 9, 1000, 3, skyVersion=1, rerun=40),
        make(100, 5, 1000, 3, skyVersion=1, rerun=41),
    ])  # fmt: skip
    near = near_fields(rows, np.zeros(3, bool))
    assert groups(3, [near]).tolist() == [0, 0, 0]


def test_known_footprints_are_linked_with_unknown_ones_only():
    rows = np.array([make(11, 1), make(12, 1), make(13, 1), make(11, 2), make(30, 1), make(30, 2)])
    placed = np.array([False, True, False, True, True, True])
    group = groups(6, [near_fields(rows, placed)])
    assert group.tolist() == [0, 0, 0, 0, 1, 2]


def test_fields_are_the_same_the_next_or_anothers():
    here = make(100, 7)
    others = {
        FieldRelation.SAME: make(100, 9),
        FieldRelation.NEXT: make(101, 7),
        FieldRelation.SAME_SCAN: make(102, 7),
        FieldRelation.SAME_RUN: make(100, 7, camcol=2),
        FieldRelation.ANOTHER_RUN: make(100, 7, run=95),
        FieldRelation.UNKNOWN: 0,
    }
    found = related(np.full(len(others), here), [*others.values()])
    assert found.tolist() == [int(kind) for kind in others]
    assert related(here, make(99, 1))[0] == FieldRelation.NEXT


def test_a_reduction_of_dr7_is_the_same_exposure():
    assert related(make(100, 7), make(100, 3, skyVersion=1, rerun=41))[0] == FieldRelation.SAME
