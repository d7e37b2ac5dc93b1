import bz2
import gzip
import json
import zipfile

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from galaxycurate.catalogs.table import names_of, read
from galaxycurate.errors import InputError, LayoutError

ID, ID_2 = 587722952767439450, 1237648720693755918
CSV = f"OBJID,RA,DEC,P_EL,remark\n{ID},10.5,-0.5,0.25,a\n{ID_2},11.5,0.5,,\n"


def same(table):
    assert table.dr7objid.tolist() == [ID, 0]
    assert table.objid.tolist() == [0, ID_2]
    assert table.ra.tolist() == [10.5, 11.5]
    assert table.dec.tolist() == [-0.5, 0.5]
    assert table.columns["p_el"].tolist() == pytest.approx([0.25, np.nan], nan_ok=True)
    assert table.columns["remark"].tolist() == ["a", ""]


def zipped(data):
    from io import BytesIO

    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("table.csv", data)
        archive.writestr("__MACOSX/._table.csv", b"x")
    return file.getvalue()


@pytest.mark.parametrize(
    "packed",
    [
        CSV.encode(),
        gzip.compress(CSV.encode()),
        bz2.compress(CSV.encode()),
        zipped(CSV.encode()),
        b"\xef\xbb\xbf" + CSV.encode(),
        CSV.replace("\n", "\r\n").encode(),
        ("#Table1\n" + CSV).encode(),
        ("# made by hand\n\n# " + CSV).encode(),
        CSV.replace(",", "\t").encode(),
        CSV.replace(",", ";").encode(),
        CSV.replace(",", " , ").encode(),
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "download"])
def test_csv_is_known_by_its_content_however_it_is_packed(tmp_path, packed, name):
    (tmp_path / name).write_bytes(packed)
    same(read(tmp_path / name))
    assert names_of(tmp_path / name)[1] == ("objid", "ra", "dec", "p_el", "remark")


@pytest.mark.parametrize("form", ["fits", "votable", "ascii.ecsv", "parquet"])
def test_other_formats_are_known_by_their_content(tmp_path, form):
    p_el = MaskedColumn([0.25, 0], mask=[False, True])
    place = {"RA": [10.5, 11.5], "DEC": [-0.5, 0.5]}
    rows = Table({"OBJID": [ID, ID_2], **place, "P_EL": p_el, "remark": ["a", ""]})
    path = tmp_path / "download"
    if form == "parquet":
        rows.to_pandas().to_parquet(path)
    else:
        rows.write(path, format=form)
    same(read(path))
    path.write_bytes(gzip.compress(path.read_bytes()))
    if form != "parquet":
        same(read(path))


def test_json_of_objects_and_skyservers_own(tmp_path):
    rows = [
        {"objid": ID, "at": {"ra": 10.5, "dec": -0.5}, "p_el": 0.25, "remark": "a"},
        {"objid": ID_2, "at": {"ra": 11.5, "dec": 0.5}, "p_el": None, "remark": ""},
    ]
    for k, data in enumerate((rows, [{"TableName": "Table1", "Rows": rows}])):
        (tmp_path / f"{k}.json").write_text(json.dumps(data))
        same(read(tmp_path / f"{k}.json"))


def test_words_between_blanks_are_a_table(tmp_path):
    (tmp_path / "t.txt").write_text(f"objid   ra  dec\n {ID}  10.5 -0.5\n{ID_2} 11.5   0.5 \n")
    assert read(tmp_path / "t.txt").ra.tolist() == [10.5, 11.5]


def test_columns_of_several_values_are_left_out_and_told(tmp_path):
    Table({"objid": [ID], "mag": [[1.0, 2.0]]}).write(tmp_path / "t.fits")
    (note,) = read(tmp_path / "t.fits").notes
    assert (note.column, note.what) == ("mag", "hold several values a row: left out")


def test_comments_among_the_rows_are_left_out_and_told(tmp_path):
    (tmp_path / "t.csv").write_text(CSV + "#end\n")
    table = read(tmp_path / "t.csv")
    same(table)
    assert table.notes[0].what == "lines among the rows are comments: left out"


def test_a_table_without_rows_is_an_empty_table(tmp_path):
    (tmp_path / "t.csv").write_text("objid,ra,dec,p_el\n")
    assert len(read(tmp_path / "t.csv")) == 0


def test_names_that_stand_twice_are_told_apart(tmp_path):
    (tmp_path / "t.csv").write_text(f"objid,mag,mag,MAG\n{ID},1,2,3\n")
    columns = read(tmp_path / "t.csv").columns
    assert {name: v.tolist() for name, v in columns.items() if name != "objid"} == {
        "mag": [1.0], "mag_2": [2.0], "mag_2_2": [3.0],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (b"", InputError, "is empty"),
        (b"#Table1\n", InputError, "holds no columns"),
        (b"1.5,2.5\n3,4\n", LayoutError, "first line holds numbers, not the names of columns"),
        (gzip.compress(CSV.encode() * 50)[:-20], InputError, "cannot be read to its end"),
        (b"<!DOCTYPE html><html>busy</html>", InputError, "is a web page or XML"),
        (b"\x89HDF\r\n\x1a\n", InputError, "is an HDF5 file"),
        (b"[1, 2]", InputError, "no list of objects"),
        (CSV.encode() + b"1,2\n", InputError, "cannot be read as a table: .*Expected 5 columns"),
        (b"PAR1 and nothing", InputError, "cannot be read as a table"),
        (b"SIMPLE  =    T", InputError, "cannot be read as a table"),
    ],
)
def test_what_is_no_table_says_so(tmp_path, data, error, message):
    (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(error, match=message) as caught:
        read(tmp_path / "t.csv")
    assert "t.csv" in str(caught.value)
    assert caught.value.hint


def test_a_folder_and_a_missing_file_are_no_tables(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)
    (tmp_path / "votes.csv").touch()
    with pytest.raises(InputError, match="no such file") as caught:
        read(tmp_path / "vote.csv")
    assert "did you mean" in caught.value.hint


def test_a_zip_of_several_files_is_refused_with_their_names(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        for name in ("a.csv", "b.csv"):
            archive.writestr(name, CSV)
    with pytest.raises(InputError, match=r"holds 2 files, not one table: a.csv, b.csv"):
        read(tmp_path / "t.zip")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
@pytest.mark.parametrize("harm", ["cut", "flip"])
def test_an_archive_that_is_damaged_behind_its_start_says_so(tmp_path, pack, harm):
    rng = np.random.default_rng(3)
    rows = "".join(f"{i}\n" for i in rng.integers(1 << 59, 1 << 60, 300_000))
    packed = bytearray(pack(("objid\n" + rows).encode()))
    at = len(packed) * 2 // 3
    packed[at:] = b"" if harm == "cut" else bytes(x ^ 0x55 for x in packed[at:])
    (tmp_path / "t.csv").write_bytes(packed)
    with pytest.raises(InputError, match=r"t\.csv cannot be read to its end") as caught:
        read(tmp_path / "t.csv")
    assert caught.value.hint == "was the download cut off?"


def test_quoted_cells_may_hold_the_ends_of_lines_however_long_the_file(tmp_path):
    n = 120_000  # of more than one block
    rows = "".join(f'{ID + k},{k},"{"x" * 60}\n# said {k}"\n' for k in range(n))
    (tmp_path / "t.csv").write_text("objid,z,remark\n" + rows)
    table = read(tmp_path / "t.csv", columns=["z"])
    assert (table.columns["z"] == np.arange(n)).all()
    assert not table.notes


def test_json_of_mixed_types_is_read_as_text(tmp_path):
    rows = [{"objid": str(ID), "a": 1, "b": 2}, {"objid": ID + 1, "a": "x", "b": None}]
    (tmp_path / "t.json").write_text(json.dumps(rows))
    table = read(tmp_path / "t.json")
    assert table.key.tolist() == [ID, ID + 1]
    assert table.columns["a"].tolist() == ["1", "x"]
    assert table.columns["b"][0] == 2


def test_a_column_of_objects_in_ecsv_is_left_out_and_told(tmp_path):
    from astropy.coordinates import SkyCoord
    from astropy.table import Table

    made = Table({"objid": [ID], "label": ["a"], "place": SkyCoord([1], [2], unit="deg")})
    made.write(tmp_path / "t", format="ascii.ecsv")
    table = read(tmp_path / "t")
    assert table.columns["label"].tolist() == ["a"]
    assert ("place", "hold several values a row: left out") in [
        (note.column, note.what) for note in table.notes
    ]
