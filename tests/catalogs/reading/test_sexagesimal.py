import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import Angle
from hypothesis import given, settings
from hypothesis import strategies as st

from galaxycurate.catalogs.reading.cells import degrees
from galaxycurate.errors import LayoutError


def column(*cells):
    return pa.chunked_array([pa.array(cells, pa.string())])


sixty = st.integers(0, 59)
seconds = st.decimals(0, "59.99", places=2)


@settings(deadline=None)  # astropy loads at the first one
@given(st.lists(st.tuples(st.integers(0, 23), sixty, seconds), min_size=1), st.booleans())
def test_right_ascension_in_hours_agrees_with_astropy(rows, wide):
    cells = [f"{h:02d}:{m:02d}:{s:05.2f}" if wide else f"{h}:{m}:{s}" for h, m, s in rows]
    values, n = degrees(column(*cells), "RA", is_ra=True)
    assert n == len(cells)
    assert np.allclose(values, Angle(cells, unit="hourangle").deg, rtol=0, atol=1e-11)


@settings(deadline=None)  # astropy loads at the first one
@given(st.lists(st.tuples(st.sampled_from("+- "), st.integers(0, 89), sixty, seconds), min_size=1))
def test_declination_agrees_with_astropy(rows):
    cells = [f"{sign}{d:02d}:{m:02d}:{s:05.2f}".strip() for sign, d, m, s in rows]
    values, n = degrees(column(*cells), "DEC", is_ra=False)
    assert n == len(cells)
    assert np.allclose(values, Angle(cells, unit="deg").deg, rtol=0, atol=1e-11)


def test_a_minus_before_zero_degrees_is_kept():
    assert degrees(column("-00:30:00", "+00:30:00"), "DEC", is_ra=False)[0].tolist() == [-0.5, 0.5]
    assert degrees(column("-00:30:00", "+0:30:00"), "DEC", is_ra=False)[0].tolist() == [-0.5, 0.5]


def test_one_column_may_hold_decimal_and_sexagesimal_cells():
    values, n = degrees(
        column("187.5", "12:30", None, "", "12 30 00", "12h30m0s", "-9999"), "RA", is_ra=True
    )
    assert n == 3
    assert values.tolist() == pytest.approx(
        [187.5, 187.5, *[np.nan] * 2, 187.5, 187.5, np.nan], nan_ok=True
    )


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (("00:00:00.4", "187:30:00"), r"1 cell of 24 hours or more \('187:.*may be degrees"),
        (("12d30m00s",), r"1 cell with no position \('12d30m00s' in row 1\)"),
        (("1:2:3:4",), r"1 cell with no position \('1:2:3:4' in row 1\)"),
        (("12:30:00", "12:60:00"), r"1 cell with 60 minutes or .* \('12:60:00' in row 2\)"),
        (("x", "y"), r"2 cells with no number \('x' in row 1\)"),
        (("-0.5",), r"1 cell outside 0 to 360 \(-0.5 in row 1\): no right ascension"),
    ],
)  # fmt: skip
def test_what_is_no_position_is_refused_with_its_row(cells, message):
    with pytest.raises(LayoutError, match="column RA holds " + message):
        degrees(column(*cells), "RA", is_ra=True)


def test_declinations_beyond_the_poles_are_refused():
    with pytest.raises(LayoutError, match="no declination in degrees") as caught:
        degrees(column("91", "0"), "DEC", is_ra=False)
    assert caught.value.hint == "are ra and dec mixed up?"
