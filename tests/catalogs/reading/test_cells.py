import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galaxycurate.catalogs.reading import cells
from galaxycurate.errors import IdentityError, LayoutError

AN_ID = 1237648720693755918


def column(*values):
    return pa.chunked_array([pa.array(values)])


@given(st.lists(st.integers(1, 2**63 - 1), max_size=7))
def test_ids_are_read_exactly(ids):
    expected = [int(text) for text in map(str, ids)]
    assert cells.ids(
        pa.chunked_array([pa.array(map(str, ids), pa.string())]), "objid"
    ).tolist() == (expected)
    assert cells.ids(pa.chunked_array([pa.array(ids, pa.int64())]), "objid").tolist() == expected


def test_ids_may_be_absent_in_many_ways():
    found = cells.ids(
        column(str(AN_ID), " +587722952767439450 ", "", "0", None, "-9999", "null"), "x"
    )
    assert found.tolist() == [AN_ID, 587722952767439450, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["1.24E+18", str(AN_ID)], r"1 cell written as floats \('1.24E\+18' in row 1\)"),
        ([1.24e18, 2.0], r"through a float: 1 cell stored as floating point"),
        ([str(2**59 + 128 * k) for k in range(1, 9)], "all 8 are multiples of 128"),
        (["12a", "13"], r"1 cell with no id \('12a' in row 1\)"),
        (["9" * 20], "numbers beyond 64 bits"),
    ],
)  # fmt: skip
def test_ids_that_are_none_are_refused_with_a_count(values, message):
    with pytest.raises(IdentityError, match=message):
        cells.ids(column(*values), "objid")


def test_spectra_have_multiples_of_1024_by_nature():
    ids = [str(299489676975171584 + 1024 * k) for k in range(1, 20)]
    assert cells.ids(column(*ids), "specobjid", of_spectra=True).tolist() == [int(i) for i in ids]
    with pytest.raises(IdentityError, match="all 19 are multiples of 128"):
        cells.ids(column(*ids), "objid")


def test_ids_that_a_spreadsheet_wrote_are_refused():
    ids = [str((587722952767439450 + 65536 * k) // 1000 * 1000) for k in range(8)]
    with pytest.raises(IdentityError, match="all 8 are multiples of 1,000"):
        cells.ids(column(*ids), "objid")


def test_hexadecimal_is_no_id():
    with pytest.raises(IdentityError, match=r"column objid holds 1 cell with no id \('0x112D'"):
        cells.ids(column("0x112D", "587722952767439450"), "objid")


def test_numbers_may_be_absent_in_many_ways():
    found = cells.numbers(column("1", " 2.5", "+3e1", "null", "NaN", "--", "", None, "-.5"), "x")
    assert found.tolist() == pytest.approx([1, 2.5, 30, *[np.nan] * 5, -0.5], nan_ok=True)
    assert cells.numbers(column("True", "false", ""), "x").tolist()[:2] == [1, 0]


def test_words_among_numbers_are_refused_with_row_and_count():
    with pytest.raises(
        LayoutError, match=r"column r2 holds 2 cells with no number \('20.5 -' in row 2\)"
    ):
        cells.numbers(column("1", "20.5 -", "x"), "r2")  # fmt: skip


def test_percentages_are_not_taken_for_fractions():
    with pytest.raises(LayoutError, match=r"2 cells beyond 0 to 1 \(95 in row 2\): no fractions"):
        cells.check_fractions(np.array([0.5, 95, -1, np.nan, 1.0005]), "p_el")


def test_what_no_layout_knows_is_guessed_and_large_integers_stay_exact():
    assert cells.guessed(column("1", "", "2"), "x").dtype == np.float64
    assert cells.guessed(column("1", "b"), "x").to_pylist() == ["1", "b"]
    assert cells.guessed(column(str(AN_ID), ""), "x").tolist() == [AN_ID, 0]


def test_names_lose_the_fraction_that_pandas_gave_them():
    assert cells.names(column("100008.0", " 100023", "a.0")).to_pylist() == [
        "100008",
        "100023",
        "a.0",
    ]


def test_reading_a_table_imports_no_pandas(tmp_path):
    (tmp_path / "t.csv").write_text(f"objid,ra,dec,p\n{AN_ID},12:30:00, -1.5,null\n")
    code = (
        "import sys; from galaxycurate.catalogs.table import read\n"
        "for k in range(2): read(sys.argv[1], cache=sys.argv[2])\n"
        "print(sorted({'pandas', 'astropy', 'duckdb'} & set(sys.modules)))"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "t.csv"), str(tmp_path / "cache")]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "[]\n"
