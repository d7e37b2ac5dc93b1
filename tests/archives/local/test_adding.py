"""Table files become one catalogue, under the names of CAS."""

import os
import signal
import subprocess
import sys
import textwrap

import duckdb
import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.table import Table

from galaxycurate.archives.local.adding import add
from galaxycurate.archives.local.archive import LocalArchive
from galaxycurate.core import ids
from galaxycurate.errors import (
    IdentityError,
    InputError,
    LayoutError,
    SettingError,
    StorageError,
)
from galaxycurate.store import sqlfiles

OBJECTS = pd.DataFrame(
    {
        "objID": ids.encode(run=3900, camcol=6, field=269, obj=np.arange(1, 7)),
        "ra": [164.1, 164.2, 164.3, 164.4, 164.5, 164.6],
        "dec": 39.0,
        "mode": [1, 1, 2, 1, 3, 1],
        "type": [3, 6, 3, 3, 6, 6],
        "modelMag_r": np.float32([17.1, 18.2, 19.3, 20.4, 21.5, 22.6]),
        "petroRad_r": np.float32(1.5),
    }
)


@pytest.fixture
def to(tmp_path):
    return tmp_path / "catalog.duckdb"


def csv(path, frame=OBJECTS, first="#Table1\n"):
    path.write_text(first + frame.to_csv(index=False))
    return path


def rows(to, sql="FROM PhotoObjAll ORDER BY objID"):
    with duckdb.connect(str(to), read_only=True) as connection:
        return connection.execute(sql).df()


def as_csv(folder):
    return csv(folder / "mine.csv")


def as_upper_case_csv(folder):
    return csv(folder / "mine.csv", OBJECTS.rename(columns=str.upper), first="")


def as_gzip(folder):
    OBJECTS.to_csv(folder / "mine.csv.gz", index=False)
    return folder / "mine.csv.gz"


def as_parquet(folder):
    OBJECTS.astype({"objID": str}).to_parquet(folder / "mine.parquet")
    return folder / "mine.parquet"


def as_fits(folder):
    Table.from_pandas(OBJECTS).write(folder / "mine.fits")
    return folder / "mine.fits"


def as_votable(folder):
    Table.from_pandas(OBJECTS).write(folder / "mine.vot", format="votable")
    return folder / "mine.vot"


@pytest.mark.parametrize(
    "write", [as_csv, as_upper_case_csv, as_gzip, as_parquet, as_fits, as_votable]
)
def test_every_format_gives_the_same_rows_in_the_types_of_cas(tmp_path, to, write):
    (result,) = add([write(tmp_path)], to)
    assert (result.table, result.read, result.added, result.total) == ("PhotoObjAll", 6, 6, 6)
    table = rows(to)
    for name in OBJECTS:
        np.testing.assert_array_equal(table[name], OBJECTS[name], err_msg=name)
    assert [str(table[c].dtype) for c in ("objID", "ra", "mode", "modelMag_r")] == [
        "int64", "float64", "int32", "float32",
    ]  # fmt: skip
    assert table["r"].tolist() == table["modelMag_r"].tolist()
    assert (table["fieldID"] == ids.field_of(OBJECTS["objID"])).all()
    assert (table["run"] == 3900).all()


def test_adding_twice_changes_nothing(tmp_path, to):
    file = csv(tmp_path / "mine.csv")
    add([file], to)
    before = rows(to)
    (again,) = add([file], to)
    assert (again.added, again.there_before, again.total) == (0, 6, 6)
    pd.testing.assert_frame_equal(rows(to), before)
    assert len(rows(to, "FROM galaxycurate")) == 1


def test_a_row_that_stands_twice_in_a_file_is_added_once(tmp_path, to):
    (result,) = add([csv(tmp_path / "mine.csv", pd.concat([OBJECTS, OBJECTS.head(2)]))], to)
    assert (result.added, result.there_before, result.repeated, result.total) == (6, 0, 2, 6)


def test_columns_that_come_later_are_empty_before(tmp_path, to):
    more = OBJECTS.assign(objID=OBJECTS["objID"] + 100, psfMag_r=17.0)
    add([csv(tmp_path / "one.csv"), csv(tmp_path / "two.csv", more)], to)
    assert rows(to)["psfMag_r"].isna().tolist() == [True] * 6 + [False] * 6


def test_columns_that_cas_does_not_have_are_left_out_and_named(tmp_path, to):
    (result,) = add([csv(tmp_path / "mine.csv", OBJECTS.assign(redshift=0.1))], to)
    assert result.left_out == ("redshift",)


def test_what_is_empty_in_rows_there_before_is_filled_and_what_is_there_is_kept(tmp_path, to):
    add([csv(tmp_path / "one.csv", OBJECTS.drop(columns="petroRad_r"))], to)
    assert "PhotoObjAll.petroRad_r" in LocalArchive(to).lacks(
        "SELECT p.petroRad_r FROM PhotoObjAll p"
    )
    other = OBJECTS.assign(ra=OBJECTS["ra"] + [0, 0, 1, 0, 0, 1], psfMag_r=[17.0] * 5 + [None])
    file = csv(tmp_path / "two.csv", other)
    (tried,) = add([file], to, dry_run=True)
    (result,) = add([file], to)
    for r in (tried, result):
        assert (r.added, r.there_before, r.completed, r.differ) == (0, 6, 6, 2)
        assert r.gaps == ("petroRad_r", "psfMag_r")
    table = rows(to)
    assert table["ra"].tolist() == OBJECTS["ra"].tolist()
    assert table["petroRad_r"].tolist() == [1.5] * 6
    assert table["psfMag_r"].isna().tolist() == [False] * 5 + [True]
    (again,) = add([file], to)
    assert (again.completed, again.differ) == (0, 2)


def test_fits_completes_and_adds_in_blocks(tmp_path, to):
    many = np.arange(1, 50_001)
    frame = pd.DataFrame(
        {
            "objID": ids.encode(run=94, camcol=1, field=11, obj=many),
            "ra": 1.0, "dec": 2.0, "mode": 1, "type": 3, "modelMag_r": 17.0,
        }
    )  # fmt: skip
    frame.iloc[::2].to_parquet(tmp_path / "half.parquet")
    Table.from_pandas(frame.assign(petroRad_r=2.5)).write(tmp_path / "all.fits")
    _, result = add([tmp_path / "half.parquet", tmp_path / "all.fits"], to)
    assert (result.added, result.there_before, result.completed) == (25_000, 25_000, 25_000)
    assert (result.repeated, result.differ, result.total) == (0, 0, 50_000)
    assert (rows(to)["petroRad_r"] == 2.5).all()


def test_the_prints_of_one_number_do_not_differ(tmp_path, to):
    exact = OBJECTS.assign(modelMag_r=np.float32(17.123456), cx=1 / 3)
    exact.to_parquet(tmp_path / "one.parquet")
    printed = exact.astype({"modelMag_r": str}).assign(
        modelMag_r="17.12346", cx="0.333333333333333"
    )
    _, result = add([tmp_path / "one.parquet", csv(tmp_path / "two.csv", printed)], to)
    assert (result.there_before, result.differ) == (6, 0)


def test_a_column_that_is_empty_in_every_row_is_not_there(tmp_path, to):
    add([csv(tmp_path / "mine.csv", OBJECTS.assign(psfMag_r=None))], to)
    lacks = LocalArchive(to).lacks
    assert lacks("SELECT p.psfMag_r, p.r FROM PhotoObjAll AS p") == ["PhotoObjAll.psfMag_r"]
    assert lacks("SELECT p.psfMag_r, p.r FROM Star AS p") == ["Star.psfMag_r"]


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"ra": 999.0}, r"column ra is 999\.0 in row 3 \(objID 1237662226208063491\)"),
        ({"ra": None}, "column ra is empty in row 3"),
        ({"dec": -91.0}, r"column dec is -91\.0 in row 3"),
        ({"modelMag_r": None}, "column modelMag_r is empty in row 3"),
        ({"run": 3901}, "column run is 3901 in row 3 .*the objID of that row says otherwise"),
        ({"obj": 9}, "column obj is 9 in row 3"),
    ],
)
def test_impossible_values_are_refused_by_row(tmp_path, to, cells, words, dry_run):
    frame = OBJECTS.assign(run=3900, obj=range(1, 7)).astype(object)
    for column, value in cells.items():
        frame.loc[2, column] = value
    with pytest.raises(InputError, match=f"mine.csv: {words}"):
        add([csv(tmp_path / "mine.csv", frame)], to, dry_run=dry_run)
    assert not to.exists()


def test_a_galaxy_that_cas_did_not_measure_is_taken(tmp_path, to):
    (result,) = add([csv(tmp_path / "mine.csv", OBJECTS.assign(modelMag_r=-9999))], to)
    assert result.added == 6


def test_a_few_rounded_ids_contradict_their_obj(tmp_path, to):
    rounded = OBJECTS.assign(obj=range(1, 7), objID=OBJECTS["objID"] // 128 * 128)
    with pytest.raises(IdentityError, match="column obj is 1 in row 1"):
        add([csv(tmp_path / "mine.csv", rounded.head(3))], to)


def test_votes_keep_their_fractions(tmp_path, to):
    name = "t01_smooth_or_features_a01_smooth_"
    votes = pd.DataFrame(
        {"specobjid": [5], f"{name}fraction": [0.25], f"{name}debiased": 0.75, f"{name}weight": 9.5,
         f"{name}count": 7}
    )  # fmt: skip
    add([csv(tmp_path / "mine.csv", votes)], to)
    assert rows(to, "FROM zoo2MainSpecz").iloc[0].tolist() == [5, 0.25, 0.75, 9.5, 7]


def test_the_other_files_are_added_where_somebody_is_told(tmp_path, to):
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    told = []
    files = [tmp_path / "bad.csv", csv(tmp_path / "mine.csv"), tmp_path / "none.csv"]
    (result,) = add(files, to, refused=lambda *news: told.append(news))
    assert (result.file, result.added) == ("mine.csv", 6)
    assert [file.name for file, _ in told] == ["bad.csv", "none.csv"]


def test_empty_cells_are_null(tmp_path, to):
    holes = OBJECTS.astype({"type": object, "modelMag_r": object})
    holes.loc[0, ["type", "modelMag_r"]] = [None, "null"]
    add([csv(tmp_path / "mine.csv", holes)], to)
    assert rows(to).loc[0, ["type", "r"]].isna().all()


@pytest.mark.parametrize("name", ["PhotoPrimary", "Galaxy"])
def test_rows_of_a_view_have_its_mode(tmp_path, to, name):
    frame = OBJECTS.drop(columns="mode")
    (by_name,) = add([csv(tmp_path / f"{name}.csv", frame)], to)
    other = csv(tmp_path / "other.csv", frame.assign(objID=frame["objID"] + 100))
    (by_word,) = add([other], to, table=name.lower())
    assert "mode = 1 for all" in by_name.note
    assert "mode = 1 for all" in by_word.note
    assert (rows(to)["mode"] == 1).all()


def test_objects_without_a_mode_are_refused(tmp_path, to):
    with pytest.raises(LayoutError, match="cannot be told apart") as refused:
        add([csv(tmp_path / "mine.csv", OBJECTS.drop(columns="mode"))], to)
    assert "--table PhotoPrimary" in refused.value.hint
    assert not to.exists()


TOLD = {
    "Field": "fieldID,score,nTotal",
    "zooSpec": "specobjid,dr7objid,p_el,p_el_debiased,nvote",
    "zoo2MainSpecz": "specobjid,dr8objid,t01_smooth_or_features_a01_smooth_debiased",
    "Mask": "maskID,run,field,ra,dec,radius,filter,type",
}


@pytest.mark.parametrize(("table", "columns"), TOLD.items())
def test_the_columns_tell_the_table(tmp_path, to, table, columns):
    file = tmp_path / "some.csv"
    file.write_text(f"{columns}\n{','.join(['1'] * len(columns.split(',')))}\n")
    (result,) = add([file], to)
    assert result.table == table
    assert result.left_out == ()


def test_columns_that_two_tables_share_need_a_name(tmp_path, to):
    votes = pd.DataFrame({"dr7objid": [7], "nvote": [20], "p_el": [0.5]})
    with pytest.raises(
        LayoutError, match="do not tell its table: dr7objid, nvote, p_el"
    ) as refused:
        add([csv(tmp_path / "votes.csv", votes)], to)
    assert "--table" in refused.value.hint
    results = add([csv(tmp_path / "zooNoSpec.csv", votes)], to)
    results += add([tmp_path / "votes.csv"], to, table="zoospec")
    assert [r.table for r in results] == ["zooNoSpec", "zooSpec"]


def test_a_table_that_nobody_knows_is_refused(tmp_path, to):
    file = csv(tmp_path / "mine.csv", pd.DataFrame({"a": [1], "b": [2]}))
    with pytest.raises(LayoutError, match="do not tell its table: a, b"):
        add([file], to)
    with pytest.raises(SettingError, match="no table is called 'Feild'") as refused:
        add([file], to, table="Feild")
    assert refused.value.hint == "did you mean Field?"


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["1.24E+18"] * 6, "written as floats"),
        ([*OBJECTS["objID"][:5], "1237662226208063494.0"], "written as floats"),
        ([*OBJECTS["objID"][:5], ""], "empty in row 6"),
        ([*OBJECTS["objID"][:5], "HD 1234"], "'HD 1234' in row 6"),
    ],
)
def test_ids_that_are_not_whole_are_refused_and_nothing_is_added(tmp_path, to, cells, words):
    add([csv(tmp_path / "good.csv")], to)
    before = rows(to)
    with pytest.raises(IdentityError, match=f"bad.csv: column objID .*{words}"):
        add([csv(tmp_path / "bad.csv", OBJECTS.assign(objID=cells))], to)
    pd.testing.assert_frame_equal(rows(to), before)


def test_a_bad_id_far_down_is_found_as_well(tmp_path, to):
    many = pd.concat([OBJECTS] * 3000, ignore_index=True).astype({"objID": object})
    many.loc[17_000, "objID"] = "1.24E+18"
    with pytest.raises(IdentityError, match="written as floats"):
        add([csv(tmp_path / "mine.csv", many)], to)
    assert not to.exists()


def test_ids_rounded_in_a_parquet_file_are_refused(tmp_path, to):
    OBJECTS.astype({"objID": float}).to_parquet(tmp_path / "mine.parquet")
    with pytest.raises(IdentityError, match="floating point"):
        add([tmp_path / "mine.parquet"], to)


def test_a_spectrum_of_a_late_plate_keeps_its_64th_bit(tmp_path, to):
    late = 12547 << 50
    add([csv(tmp_path / "mine.csv", OBJECTS.assign(specObjID=late))], to)
    assert LocalArchive(to).execute("SELECT specObjID FROM Star")["specObjID"][0] == late


def test_a_cell_of_the_wrong_type_is_an_input_error_that_quotes_it(tmp_path, to):
    frame = OBJECTS.astype({"ra": object})
    frame.loc[3, "ra"] = "10:30:00"
    with pytest.raises(InputError, match=r"mine\.csv: .*10:30:00"):
        add([csv(tmp_path / "mine.csv", frame)], to)


@pytest.mark.parametrize(
    "name", ["mine.csv.gz", "mine.fits", "mine.fits.gz", "mine.parquet", "mine.vot"]
)
def test_a_damaged_file_is_an_input_error(tmp_path, to, name):
    (tmp_path / name).write_bytes(b"not at all " * 40)
    with pytest.raises(InputError, match=f"{name}"):
        add([tmp_path / name], to)
    assert not to.exists()


@pytest.mark.parametrize("part", [0.5, 0.99])
def test_a_fits_file_that_is_cut_off_is_an_input_error(tmp_path, to, part):
    whole = as_fits(tmp_path).read_bytes()
    Table.from_pandas(pd.concat([OBJECTS] * 500)).write(tmp_path / "mine.fits", overwrite=True)
    whole = (tmp_path / "mine.fits").read_bytes()
    (tmp_path / "mine.fits").write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(InputError, match=r"mine\.fits cannot be read as a table: .*cut off"):
        add([tmp_path / "mine.fits"], to)
    assert not to.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("error_message\n\"Incorrect syntax near 'FORM'\"\n", "a refusal of SkyServer: .*FORM"),
        ("<!DOCTYPE html>\n<html></html>\n", "is a web page or XML, no CSV: <!DOCTYPE html>"),
        ("#Table1\nobjID;ra;dec\n1;2;3\n", "is not separated by commas: objID;ra;dec"),
    ],
)
def test_what_was_saved_instead_of_a_table_is_said(tmp_path, to, text, words):
    (tmp_path / "mine.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        add([tmp_path / "mine.csv"], to)


def test_a_folder_is_no_name_of_a_catalogue(tmp_path):
    with pytest.raises(InputError, match="is no name of a DuckDB file") as refused:
        add([csv(tmp_path / "mine.csv")], tmp_path)
    assert refused.value.hint == f"--to {tmp_path / 'catalog.duckdb'}"


def test_a_file_of_another_kind_is_named_with_what_is_read(tmp_path, to):
    (tmp_path / "mine.docx").write_text("")
    with pytest.raises(InputError, match="no table that is known here") as refused:
        add([tmp_path / "mine.docx"], to)
    assert ".parquet" in refused.value.hint


def test_another_duckdb_file_is_left_alone(tmp_path, to):
    with duckdb.connect(str(to)) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 1 AS a")
    with pytest.raises(InputError, match="was not made by galaxycurate catalogs add"):
        add([csv(tmp_path / "mine.csv")], to)
    to.write_bytes(b"no database " * 100)
    with pytest.raises((InputError, StorageError)):
        add([csv(tmp_path / "mine.csv")], to)


def test_a_dry_run_counts_and_writes_nothing(tmp_path, to):
    file = csv(tmp_path / "mine.csv")
    (result,) = add([file], to, dry_run=True)
    assert (result.added, result.total) == (6, 6)
    assert not to.exists()
    add([file], to)
    size = to.stat().st_size
    (result,) = add([file], to, dry_run=True)
    assert (result.added, result.there_before, result.total) == (0, 6, 6)
    assert to.stat().st_size == size


def test_vectors_of_five_become_five_columns(tmp_path, to):
    """As photoObj writes them: upper case, vectors, ids and reruns as text, flags in two halves."""
    n = 3
    vector = np.arange(5 * n, dtype="f4").reshape(n, 5)
    columns = [
        fits.Column("OBJID", "19A", array=OBJECTS["objID"][:n].astype(str).to_numpy()),
        fits.Column("PARENTID", "19A", array=np.array(["", "", "1237662226208063489"])),
        fits.Column("RERUN", "3A", array=np.array(["301"] * n)),
        fits.Column("MODE", "B", array=np.ones(n, "u1")),
        fits.Column("PETROTHETA", "5E", array=vector),
        fits.Column("MODELMAG", "5E", array=vector),
        fits.Column("OBJC_FLAGS", "J", array=np.array([1, -(2**31), 0], "i4")),
        fits.Column("OBJC_FLAGS2", "J", array=np.array([0, 1, 3], "i4")),
        fits.Column("PROFMEAN_NMGY", "75E", dim="(15, 5)", array=np.zeros((n, 5, 15), "f4")),
    ]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "photoObj-1-1-1.fits")
    add([tmp_path / "photoObj-1-1-1.fits"], to)
    table = rows(to)
    assert table["petroRad_r"].tolist() == [2, 7, 12]
    assert table["z"].tolist() == [4, 9, 14]
    assert table["parentID"].tolist() == [0, 0, 1237662226208063489]
    assert table["flags"].tolist() == [1, 2**32 + 2**31, 3 * 2**32]


def test_a_sweep_gets_ids_modes_and_magnitudes(tmp_path, to):
    flux = np.array([[1.0, 10.0, 100.0, 0.0, -1.0]] * 3, "f4")
    columns = [
        fits.Column("RUN", "I", array=np.full(3, 3900, "i2")),
        fits.Column("RERUN", "3A", array=np.array(["301"] * 3)),
        fits.Column("CAMCOL", "B", array=np.full(3, 6, "u1")),
        fits.Column("FIELD", "I", array=np.full(3, 269, "i2")),
        fits.Column("ID", "I", array=np.array([1, 2, 3], "i2")),
        fits.Column("RESOLVE_STATUS", "J", array=np.array([256 | 1, 1024 | 1, 4096], "i4")),
        fits.Column("MODELFLUX", "5E", array=flux),
        fits.Column("MODELFLUX_IVAR", "5E", array=np.array([[1.0] * 5, [1.0] * 5, [0.0] * 5])),
    ]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "calibObj-3900-6-gal.fits")
    (result,) = add([tmp_path / "calibObj-3900-6-gal.fits"], to)
    table = rows(to)
    assert table["objID"].tolist() == OBJECTS["objID"][:3].tolist()
    assert table["mode"].tolist() == [1, 2, 4]
    b = 1.2e-10
    luptitude = -2.5 / np.log(10) * (np.arcsinh(1e-7 / 2 / b) + np.log(b))
    assert table["r"].tolist() == [np.float32(luptitude)] * 2 + [-9999]
    assert "RESOLVE_STATUS" in result.note


KILLED = """
import sys
from pathlib import Path
from galaxycurate.archives.local.adding import add
add([Path(sys.argv[1])], Path(sys.argv[2]), progress=lambda *news: print(*news, flush=True))
"""


def test_a_kill_leaves_the_catalogue_as_it_was(tmp_path, to):
    add([csv(tmp_path / "small.csv")], to)
    before = rows(to)
    many = np.arange(100_000)
    big = pd.DataFrame(
        {
            "objID": ids.encode(run=94, camcol=1, field=11 + many // 60_000, obj=many % 60_000),
            "ra": 1.0, "dec": 2.0, "mode": 1, "type": 3, "modelMag_r": 17.0,
        }
    )  # fmt: skip
    Table.from_pandas(big).write(tmp_path / "big.fits")
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path / "big.fits"), str(to)],
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline().startswith(b"20000 ")  # some blocks are in, not all
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    pd.testing.assert_frame_equal(rows(to), before)
    (result,) = add([tmp_path / "big.fits"], to)
    assert (result.added, result.total) == (100_000, 100_006)


HOLDING = """
import sys, time, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
time.sleep(60)
"""


def test_a_catalogue_in_use_is_said_to_be(tmp_path, to):
    file = csv(tmp_path / "mine.csv")
    add([file], to)
    process = subprocess.Popen([sys.executable, "-c", HOLDING, str(to)], stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        with pytest.raises(StorageError, match="in use by another process"):
            add([file], to)
        with pytest.raises(InputError, match="being written by another process"):
            LocalArchive(to)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


ADDING = """
import sys
from pathlib import Path
from galaxycurate.archives.local.adding import add
from galaxycurate.errors import StorageError
print("ready", flush=True)
sys.stdin.readline()
try:
    print(add([Path(sys.argv[1])], Path(sys.argv[2]))[0].added)
except StorageError as error:
    print(error)
"""


def test_of_two_that_add_at_once_neither_takes_the_others_file(tmp_path, to):
    many = np.arange(1, 60_001)
    frame = pd.DataFrame(
        {
            "objID": ids.encode(run=94, camcol=1, field=11, obj=many),
            "ra": 1.0,
            "dec": 2.0,
            "mode": 1,
        }
    )
    Table.from_pandas(frame).write(tmp_path / "one.fits")
    command = [sys.executable, "-c", ADDING, str(tmp_path / "one.fits"), str(to)]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    both = [subprocess.Popen(command, **pipes) for _ in range(2)]
    for process in both:
        process.stdout.readline()
    for process in both:
        process.stdin.write("\n")
        process.stdin.flush()
    said = sorted(process.communicate()[0].strip() for process in both)
    assert "60000" in said
    (other,) = [words for words in said if words != "60000"]
    assert other == "0" or "is in use by another process" in other
    assert len(rows(to)) == 60_000


def test_who_fails_leaves_the_file_of_another(tmp_path, to):
    process = subprocess.Popen([sys.executable, "-c", HOLDING, str(to)], stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        for dry_run in (False, True):
            with pytest.raises(StorageError, match="in use by another process"):
                add([csv(tmp_path / "mine.csv")], to, dry_run=dry_run)
            assert to.exists()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_catalogue_opens_without_looking_at_its_rows(tmp_path, to):
    many = np.arange(1, 60_000)
    frame = pd.DataFrame({"objID": ids.encode(run=94, camcol=1, field=11, obj=many), "mode": 1})
    frame.to_parquet(tmp_path / "mine.parquet")
    add([tmp_path / "mine.parquet"], to)
    with duckdb.connect(str(to)) as connection:  # what a look would refuse
        connection.execute("UPDATE PhotoObjAll SET objID = (objID & ~127::BIGINT) | 128")
    assert len(LocalArchive(to).execute("SELECT objID FROM PhotoObjAll")) == 59_999


def test_the_real_tables_of_run_3900_equal_their_csv(shared_data, to):
    catalogs = shared_data / "sdss" / "catalogs"
    names = {
        "Field": ("photoField-003900-6.fits.gz", "Field_run3900_camcol6.csv", "fieldID"),
        "PhotoObjAll": (
            "photoObj-003900-6-0269.fits.gz", "PhotoObjAll_run3900_camcol6_field269.csv", "objID",
        ),
    }  # fmt: skip
    results = add([catalogs / fits_name for fits_name, *_ in names.values()], to)
    assert [(r.table, r.added) for r in results] == [("Field", 815), ("PhotoObjAll", 981)]
    for table, (_, csv_name, key) in names.items():
        derived = pd.read_csv(catalogs / csv_name).sort_values(key, ignore_index=True)
        mine = rows(to, f"FROM {table} ORDER BY {key}")
        for column in derived:
            kind = mine[column].dtype
            np.testing.assert_array_equal(
                mine[column], derived[column].astype(kind), err_msg=f"{table}.{column}"
            )
    (again, _) = add([catalogs / csv_name for _, csv_name, _ in names.values()], to)
    assert (again.added, again.there_before) == (0, 815)


def test_the_asinh_magnitudes_are_the_surveys(shared_data, tmp_path, to):
    """Real photoObj holds fluxes and magnitudes: those that are made of the fluxes agree."""
    file = shared_data / "sdss" / "catalogs" / "photoObj-003900-6-0269.fits.gz"
    with fits.open(file) as units:
        kept = [c for c in units[1].columns if "MAG" not in c.name]
        fits.BinTableHDU.from_columns(fits.ColDefs(kept)).writeto(tmp_path / "fluxes.fits")
        survey = units[1].data["MODELMAG"][:, 2]
    add([tmp_path / "fluxes.fits"], to)
    made = rows(to, "FROM PhotoObjAll ORDER BY objID")["modelMag_r"]
    seen = (survey > 0) & (made > 0)
    assert seen.sum() > 900
    assert np.abs(made - survey)[seen].max() < 1e-5


def test_a_real_sweep_is_added(shared_data, to):
    (result,) = add([shared_data / "sdss" / "catalogs" / "calibObj-004510-4-star.fits.gz"], to)
    assert (result.table, result.added) == ("PhotoObjAll", 5232)
    table = rows(to)
    assert ids.looks_like_sdss(table["objID"].to_numpy()).all()
    assert (table["mode"] == 1).sum() == 147
    assert table["r"].between(10, 30).sum() > 5000


def test_real_ids_that_a_spreadsheet_rounded_are_refused(shared_data, to):
    file = shared_data / "sdss" / "catalogs" / "Skyserver_SQL2_27_2018_6_51_39_PM.csv"
    with pytest.raises(IdentityError, match=r"column objid .* written as floats .'1\.24E\+18'"):
        add([file], to)


def test_real_tables_of_galaxy_zoo_are_told(shared_data, to):
    tables = shared_data / "gz_tables"
    names = ["skyserver_zooSpec_flags_10000.csv", "zoo2MainSpecz_subset.csv.gz"]
    results = add([tables / name for name in names], to)
    assert [(r.table, r.read, r.left_out) for r in results] == [
        ("zooSpec", 10_000, ()), ("zoo2MainSpecz", 1777, ()),
    ]  # fmt: skip
    archive = LocalArchive(to)
    assert archive.lacks("SELECT z.objid, z.p_el FROM zooSpec AS z") == ["zooSpec.p_el"]


def test_the_real_votes_are_those_of_their_csv(shared_data, tmp_path, to):
    file = shared_data / "gz_tables" / "zoo2MainSpecz_subset.csv.gz"
    add([file], to, table="zoo2MainSpecz")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "zoo2MainSpecz.csv.gz").write_bytes(file.read_bytes())
    query = sqlfiles.read("positives_gz2_debiased").bind()
    found, wanted = (LocalArchive(path).run(query) for path in (to, tmp_path / "folder"))
    assert len(found) == 139  # one of them has too few votes for the class
    pd.testing.assert_frame_equal(found, wanted, rtol=1e-6)  # ra and dec are real in CAS
