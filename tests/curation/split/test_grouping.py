import numpy as np
import pytest

from galaxycurate.core.ids import encode
from galaxycurate.curation.split.grouping import by_field, by_healpix, check_grouping, joined
from galaxycurate.errors import SettingError


def test_a_field_is_one_group_in_both_id_systems_and_a_camcol_is_another():
    ids = [
        encode(run=94, camcol=1, field=20, obj=5), encode(run=94, camcol=1, field=20, obj=9),
        encode(run=94, camcol=1, field=20, obj=7, rerun=40, skyVersion=1),
        encode(run=94, camcol=2, field=20, obj=5), encode(run=94, camcol=1, field=21, obj=5), 0,
    ]  # fmt: skip
    a, b, c, other, following, unknown = by_field(np.array(ids))
    assert a == b == c
    assert len({a, other, following}) == 3
    assert unknown == -1


def test_fields_that_follow_each_other_are_joined_on_request_only():
    ids = [encode(run=94, camcol=1, field=f, obj=1) for f in (20, 21, 22, 30)]
    ids += [encode(run=94, camcol=2, field=22, obj=1), 0]
    key = by_field(np.array(ids), next_too=True)
    assert key[0] == key[1] == key[2]
    assert len({key[0], key[3], key[4]}) == 3
    assert key[5] == -1


def test_healpix_groups_are_its_cells_and_unknown_places_none():
    key = by_healpix(np.array([10.0, 10.01, 200.0, np.nan]), np.array([5.0, 5.0, 5.0, 5.0]), 5)
    assert key[0] == key[1] != key[2]
    assert key[3] == -1


def test_joining_follows_every_key():
    one = np.array([0, 0, 1, 1, -1, -1])
    other = np.array([-1, 7, 7, -1, 9, 8])
    group = joined(one, other)
    assert len(set(group[:4])) == 1
    assert len(set(group)) == 3


@pytest.mark.parametrize("name", ["overlap", "object", "field", "field+next", "healpix:32"])
def test_groupings_that_exist(name):
    check_grouping(name)


@pytest.mark.parametrize(
    ("name", "said"),
    [("galaxy", "no such grouping: galaxy"), ("healpix", "no such grouping"),
     ("healpix:12", "N is a power of two"), ("healpix:0", "N is a power of two"),
     ("healpix:N", "no such grouping"), ("healpix:²", "no such grouping")],
)  # fmt: skip
def test_groupings_that_do_not_exist_are_refused(name, said):
    with pytest.raises(SettingError, match=said):
        check_grouping(name)
