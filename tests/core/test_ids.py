import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galaxycurate.core import ids
from galaxycurate.errors import IdentityError

PARTS = dict(
    skyVersion=st.integers(0, 15), rerun=st.integers(0, 2047), run=st.integers(0, 65535),
    camcol=st.integers(0, 7), field=st.integers(0, 4095), obj=st.integers(0, 65535),
)  # fmt: skip


def rows(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_the_worked_example_of_the_survey_decodes():
    found = ids.decode(1237662226208063489)
    assert found == ids.ObjID(skyVersion=2, rerun=301, run=3900, camcol=6, field=269, obj=1)
    assert found.release == "DR8+"
    assert ids.field_of(1237662226208063489) == 1237662226208063488


@given(**PARTS)
def test_encode_and_decode_are_inverse(**parts):
    objid = ids.encode(**parts)
    assert -(2**63) <= objid < 2**63
    assert ids.decode(objid) == ids.ObjID(**parts)


def test_a_part_that_does_not_fit_is_named():
    with pytest.raises(IdentityError, match="camcol = 9 does not fit an objID: camcol is 0 to 7"):
        ids.encode(run=94, camcol=9, field=11)


def test_every_real_object_of_dr8_decodes_to_its_columns(shared_data):
    catalogs = shared_data / "sdss" / "catalogs"
    table = rows(catalogs / "PhotoObjAll_run3900_camcol6_field269.csv")
    table += rows(catalogs / "PhotoObj_run1000_camcol1_field100.csv")
    objid = np.array([int(r["objID"]) for r in table])
    parts = ids.decode(objid)
    for name in ("run", "camcol", "field", "obj"):
        assert (parts[name] == [int(r[name]) for r in table]).all()
    assert (ids.field_of(objid) == [int(r["fieldID"]) for r in table]).all()
    assert objid.size == 981 + 19


def test_every_real_field_encodes_to_its_id(shared_data):
    table = rows(shared_data / "sdss" / "catalogs" / "Field_run3900_camcol6.csv")
    column = {
        n: np.array([int(r[n]) for r in table]) for n in ("run", "camcol", "field", "fieldID")
    }
    made = ids.encode(run=column["run"], camcol=column["camcol"], field=column["field"])
    assert (made == column["fieldID"]).all()
    assert made.size == 815


def test_every_real_dr7_id_decodes_to_its_columns(shared_data):
    table = rows(shared_data / "labels" / "gz1_dr7.csv")
    objid = ids.parse([r["dr7objid"] for r in table], where="gz1_dr7.csv", column="dr7objid")
    parts = ids.decode(objid)
    for name in ("skyVersion", "rerun", "run", "camcol", "field", "obj"):
        assert (parts[name] == [int(r[name]) for r in table]).all()
    assert ids.looks_like_sdss(objid).all()
    assert objid.size == 3985


def test_ids_that_went_through_a_float_are_refused_by_file_and_column(shared_data):
    table = rows(shared_data / "gz_tables" / "darg_mergers.csv")
    where = "darg_mergers.csv"
    assert ids.parse([r["object1"] for r in table], where=where, column="object1").size == 3003
    with pytest.raises(IdentityError, match=r"darg_mergers.csv: column object2 .* float") as caught:
        ids.parse([r["object2"] for r in table], where=where, column="object2")
    assert "3003 ids are multiples of 128" in str(caught.value)
    assert "varchar(20)" in caught.value.hint


def test_ids_written_as_floats_are_refused(shared_data):
    name = "Skyserver_SQL2_27_2018_6_51_39_PM.csv"
    table = rows(shared_data / "sdss" / "catalogs" / name)
    with pytest.raises(IdentityError, match=r"column objid .* written as floats \('1.24E\+18'\)"):
        ids.parse([r["objid"] for r in table], where=name, column="objid")


def test_a_float_array_is_refused_even_when_it_holds_whole_numbers():
    with pytest.raises(IdentityError, match="stored as floating point"):
        ids.parse(np.array([1237662226208063489.0]), where="x.csv", column="objID")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("", "x.csv: column objID is empty in row 2"),
        ("NGC 224", "x.csv: column objID holds 'NGC 224' in row 2, which is no objID"),
        ("99999999999999999999", "x.csv: column objID holds numbers beyond 64 bits"),
    ],
)
def test_a_bad_cell_is_named(cell, message):
    with pytest.raises(IdentityError) as caught:
        ids.parse(["1237662226208063489", cell], where="x.csv", column="objID")
    assert str(caught.value) == message


def test_fields_are_not_taken_for_rounded_objects():
    fields = ids.encode(run=3900, camcol=6, field=np.arange(11, 200))
    assert ids.rounded_to(fields) == 0
    objects = ids.encode(run=3900, camcol=6, field=20, obj=np.arange(1, 9) * 128)
    assert ids.rounded_to(objects) == 128


def test_fifteen_digits_are_the_trace_of_a_spreadsheet():
    whole = 587722952767439450 + 65536 * np.arange(8)
    assert ids.rounded_to(whole) == 0
    with pytest.raises(IdentityError, match="all 8 ids are multiples of 1,000"):
        ids.parse(whole // 1000 * 1000, where="votes.csv", column="objid")
