"""Cells to values, whole columns at a time: ids, numbers, fractions, positions, texts.

Each function takes an Arrow column, of text (CSV) or of a type of its own (FITS, VOTable, Parquet).
What cannot be read is an error that names the column, how many cells, and the first one.
Nothing here imports pandas, which takes a second: `pa.array` and `pa.scalar` would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.catalogs.reading.arrow import mask, plain, those
from galaxycurate.catalogs.reading.sexagesimal import IN_PARTS, sexagesimal
from galaxycurate.core.ids import rounded_to
from galaxycurate.errors import IdentityError, LayoutError

if TYPE_CHECKING:
    import pyarrow as pa

MISSING = -9999
_EMPTY = r"(?i)^(null|nan|none|na|n/a|<na>|--|)$"
_NUMBER = r"(?i)^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^-?inf(inity)?$"
_HEX = "[xX]"  # which Arrow takes for a number
_AN_ID = "an objID is an integer such as 1237662226208063489"


def numbers(column: pa.ChunkedArray, name: str) -> np.ndarray:
    """A column of numbers.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
    name : str
        The file's own, for messages.

    Returns
    -------
    ndarray of float64
        NaN where a cell is empty or says so (`null`, `NaN`, `--`); 1 and 0 for true and false.

    Raises
    ------
    LayoutError
        Cells with no number.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return plain(pc.cast(column, pa.float64(), safe=False), np.nan)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        cells = _told(column)
    cells = pc.replace_substring_regex(cells, r"(?i)^true$", "1")
    cells = pc.replace_substring_regex(cells, r"(?i)^false$", "0")
    wrong = ~mask(pc.match_substring_regex(cells, _NUMBER), empty=True)
    if not wrong.any():
        return plain(pc.cast(cells, pa.float64()), np.nan)
    raise LayoutError(
        f"column {name} holds {those(cells, wrong, 'with no number')}",
        hint="leave such cells empty, or name only the columns that are needed",
    )


def known(values: np.ndarray) -> np.ndarray:
    """Numbers with NaN for -9999, as Galaxy Zoo's tables write what is missing."""
    return np.where(values == MISSING, np.nan, values)


def check_fractions(values: np.ndarray, name: str) -> None:
    """Refuse numbers that are no fractions of votes: 0 to 1, but for rounding.

    Raises
    ------
    LayoutError
        Numbers beyond 0 to 1.
    """
    beyond = (values < -1e-3) | (values > 1.001)
    if beyond.any():
        raise LayoutError(
            f"column {name} holds {those(values, beyond, 'beyond 0 to 1')}: no fractions of votes",
            hint="fractions are 0 to 1; divide percentages by 100",
        )


def in_degrees(column: pa.ChunkedArray, name: str, unit: str) -> tuple[pa.ChunkedArray, str]:
    """Numbers of a column that says its unit, in degrees, and what was done; texts as they are.

    Raises
    ------
    LayoutError
        Its unit is none of angles.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if unit in ("", "deg") or pa.types.is_string(column.type):
        return column, ""
    from astropy import units

    try:
        one = units.Unit(unit).to(units.deg)
    except (ValueError, units.UnitConversionError):
        raise LayoutError(
            f"column {name} is in {unit}, which is no unit of angles",
            hint="give positions in degrees, or hours of right ascension the unit hourangle",
        ) from None
    if one == 1:
        return column, ""
    return pc.multiply(pc.cast(column, pa.float64()), one), f"is in {unit}: made degrees"


def degrees(column: pa.ChunkedArray, name: str, *, is_ra: bool) -> tuple[np.ndarray, int]:
    """A column of right ascensions or declinations.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Decimal degrees, or sexagesimal: hours for right ascension. Both may stand in one column.
    name : str
        The file's own, for messages.
    is_ra : bool

    Returns
    -------
    ndarray of float64
        Degrees, NaN where empty.
    int
        How many cells were sexagesimal.

    Raises
    ------
    LayoutError
        Cells that are no position, or outside the sky.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    n = 0
    try:
        values = known(plain(pc.cast(column, pa.float64()), np.nan))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        column = texts(column)
        in_parts = pc.match_substring_regex(column, IN_PARTS)
        which = mask(in_parts)
        n = int(which.sum())
        if n == len(column):
            values = sexagesimal(column, name, is_ra=is_ra)
        else:
            nothing = pa.chunked_array([pa.nulls(len(column), pa.string())])
            decimal = pc.if_else(in_parts, nothing, column)
            values = known(numbers(decimal, name))
        if 0 < n < len(column):
            rest = pc.if_else(in_parts, column, nothing)
            values = np.where(which, sexagesimal(rest, name, is_ra=is_ra), values)
    low, high, axis = (0, 360, "right ascension") if is_ra else (-90, 90, "declination")
    beyond = (values < low) | (values > high)
    if beyond.any():
        raise LayoutError(
            f"column {name} holds {those(values, beyond, f'outside {low} to {high}')}: "
            f"no {axis} in degrees",
            hint="add 360 to negative right ascensions" if is_ra else "are ra and dec mixed up?",
        )
    return values, n


def ids(column: pa.ChunkedArray, name: str, *, of_spectra: bool = False) -> np.ndarray:
    """A column of ids of 64 bits, exactly.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
    name : str
        The file's own, for messages.
    of_spectra : bool
        They may be specObjIDs, which are multiples of 1024 by nature.

    Returns
    -------
    ndarray of int64
        0 where a cell is empty, 0 or -9999.

    Raises
    ------
    IdentityError
        Ids that went through a float, or that are no integers.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(column.type):
        values = numbers(column, name)
        large = np.abs(values) > 1 << 53
        if large.any():
            trace = f"{those(column, large, 'stored as floating point')}"
            raise _rounded(name, trace)
        column = pc.cast(column, pa.int64(), safe=False)
    elif not pa.types.is_integer(column.type):
        column = pc.cast(column, pa.string())
    try:
        found = plain(_integers(column), 0)
    except pa.ArrowInvalid:
        found = _told_ids(column, name)
    found = np.where(found > 0, found, 0)
    step = rounded_to(found)
    if step and not (of_spectra and not (found % 1024).any()):
        some = found[found != 0]
        raise _rounded(name, f"all {some.size:,} are multiples of {step:,}, {some[0]}")
    return found


def texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of texts without blanks around them; nulls stay."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.utf8_trim_whitespace(pc.cast(column, pa.string()))


def names(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of names: texts, and numbers without the `.0` that pandas writes beside a gap."""
    import pyarrow.compute as pc

    return pc.replace_substring_regex(texts(column), r"^(\d+)\.0$", r"\1")


def guessed(column: pa.ChunkedArray, name: str) -> np.ndarray | pa.ChunkedArray:
    """A column that no layout knows: numbers where all cells are, or texts; large integers as ids.

    Raises
    ------
    IdentityError
        Large integers that went through a float.
    """
    try:
        values = numbers(column, name)
    except LayoutError:
        return texts(column)
    if not (np.abs(values) > 1 << 53).any():
        return known(values)
    try:
        return ids(column, name, of_spectra=True)
    except IdentityError as error:
        if "multiples of" in str(error):
            raise
        return values


def _told(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cells as text: no blanks, no leading plus, null where they say that there is nothing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = texts(column)
    nothing = pa.chunked_array([pa.nulls(len(cells), pa.string())])
    cells = pc.if_else(pc.match_substring_regex(cells, _EMPTY), nothing, cells)
    return pc.replace_substring_regex(cells, r"^\+", "")


def _integers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole numbers, and what is written as such in digits."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string(column.type) and mask(pc.match_substring_regex(column, _HEX)).any():
        raise pa.ArrowInvalid("hexadecimal")
    return pc.cast(column, pa.int64())


def _told_ids(column: pa.ChunkedArray, name: str) -> np.ndarray:
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = _told(column)
    try:
        return plain(_integers(cells), 0)
    except pa.ArrowInvalid:
        whole = mask(pc.match_substring_regex(cells, r"^-?\d+$"), empty=True)
    floats = ~whole & mask(pc.match_substring_regex(cells, _NUMBER))
    if floats.any():
        raise _rounded(name, f"{those(cells, floats, 'written as floats')}")
    if whole.all():
        raise IdentityError(f"column {name} holds numbers beyond 64 bits", hint=_AN_ID)
    which = those(cells, ~whole, "with no id")
    raise IdentityError(f"column {name} holds {which}", hint=_AN_ID)


def _rounded(name: str, trace: str) -> IdentityError:
    return IdentityError(
        f"column {name} holds ids that went through a float: {trace}; "
        "the last digits are lost and cannot be repaired",
        hint="export the table again with CAST(objID AS varchar(20)), and read ids as text",
    )
