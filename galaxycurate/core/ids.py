"""objID and fieldID: 64 bits that say where in the survey an object was measured.

``skyVersion 4 @59 | rerun 11 @48 | run 16 @32 | camcol 3 @29 | firstField 1 @28 | field 12 @16 |
obj 16 @0`` (SDSS `spPhoto.sql`, `fObjidFromSDSS`); a fieldID is the same with obj 0. DR8 and later
use skyVersion 2 and rerun 301, DR7 skyVersion 1 and reruns 40-44.

An id is a signed 64-bit integer in memory and text in files. It never passes through a float:
ids are larger than 2**53, and ...489 would come back as ...488, which is the fieldID.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from galaxycurate.errors import IdentityError

_FIELDS = {  # name: (bits, shift)
    "skyVersion": (4, 59),
    "rerun": (11, 48),
    "run": (16, 32),
    "camcol": (3, 29),
    "firstField": (1, 28),
    "field": (12, 16),
    "obj": (16, 0),
}
_DIGITS = re.compile(r"[+-]?\d+\Z")
_FLOAT = re.compile(r"[+-]?(\d+\.\d*|\.?\d+)([eE][+-]?\d+)?\Z")


@dataclass(frozen=True)
class ObjID:
    """The parts of an objID (or, with ``obj`` 0, of a fieldID)."""

    skyVersion: int  # noqa: N815  (the survey's spelling)
    rerun: int
    run: int
    camcol: int
    field: int
    obj: int = 0
    firstField: int = 0  # noqa: N815

    @property
    def release(self) -> str:
        """``DR7`` for skyVersion 1 and lower, else ``DR8+``."""
        return "DR8+" if self.skyVersion >= 2 else "DR7"


def encode(*, skyVersion=2, rerun=301, run, camcol, field, obj=0, firstField=0):  # noqa: N803
    """Pack the parts into ids.

    Parameters
    ----------
    skyVersion, rerun, run, camcol, field, obj, firstField : int or array of int
        The parts; arrays broadcast.

    Returns
    -------
    int or ndarray of int64

    Raises
    ------
    IdentityError
        A part does not fit its bits.
    """
    parts = dict(
        skyVersion=skyVersion, rerun=rerun, run=run, camcol=camcol,
        firstField=firstField, field=field, obj=obj,
    )  # fmt: skip
    total = np.zeros((), np.int64)
    for name, (bits, shift) in _FIELDS.items():
        value = np.asarray(parts[name], np.int64)
        if ((value < 0) | (value >= 1 << bits)).any():
            raise IdentityError(
                f"{name} = {value.max()} does not fit an objID: {name} is 0 to {(1 << bits) - 1}"
            )
        total = total | (value << shift)
    return int(total) if total.ndim == 0 else total


def decode(objid):
    """Unpack ids into their parts.

    Parameters
    ----------
    objid : int or array of int64

    Returns
    -------
    ObjID or dict of str to ndarray of int64
        An `ObjID` for one id; for an array, the parts by name.
    """
    ids = np.asarray(objid, np.int64)
    parts = {name: (ids >> shift) & ((1 << bits) - 1) for name, (bits, shift) in _FIELDS.items()}
    return ObjID(**{k: int(v) for k, v in parts.items()}) if ids.ndim == 0 else parts


def field_of(objid):
    """The fieldID of an object: the id with its ``obj`` bits cleared.

    Parameters
    ----------
    objid : int or array of int64

    Returns
    -------
    int or ndarray of int64
    """
    ids = np.asarray(objid, np.int64) & ~np.int64(0xFFFF)
    return int(ids) if ids.ndim == 0 else ids


def places_of(objid) -> dict[str, list]:
    """Where objects were measured, as the columns of a manifest.

    Parameters
    ----------
    objid : array of int64, shape (n,)
        0 where unknown.

    Returns
    -------
    dict of str to list
        fieldID (0 where unknown), run, rerun, camcol and field (None where unknown).
    """
    ids = np.asarray(objid, np.int64)
    parts = {name: decode(ids)[name].tolist() for name in ("run", "rerun", "camcol", "field")}
    known = (ids != 0).tolist()
    return {"fieldID": field_of(ids).tolist()} | {
        name: [v if k else None for v, k in zip(values, known, strict=True)]
        for name, values in parts.items()
    }


def looks_like_sdss(objid):
    """Whether ids decode to a plausible imaging run.

    Parameters
    ----------
    objid : int or array of int64

    Returns
    -------
    bool or ndarray of bool
        True where camcol is 1-6, run 94-8162 and skyVersion 0-2 (SDSS imaging runs).
    """
    ids = np.asarray(objid, np.int64)
    part = {name: (ids >> shift) & ((1 << bits) - 1) for name, (bits, shift) in _FIELDS.items()}
    fits = (
        (ids > 0)
        & (part["camcol"] >= 1)
        & (part["camcol"] <= 6)
        & (part["run"] >= 94)
        & (part["run"] <= 8162)
        & (part["skyVersion"] <= 2)
    )
    return bool(fits) if fits.ndim == 0 else fits


def parse(values, *, where: str, column: str, row: int = 1) -> np.ndarray:
    """Read a column of ids from text or integers, and refuse what went through a float.

    Parameters
    ----------
    values : sequence of str or int
        One id a row; no empty cells.
    where : str
        The file or table, for the message.
    column : str
        The column, for the message.
    row : int
        Of the first value, for the message.

    Returns
    -------
    ndarray of int64

    Raises
    ------
    IdentityError
        Cells that are empty, no integers, floats, or (as a column) bear the trace of floats or of
        a spreadsheet, see `rounded_to`.
    """
    array = np.asarray(values)
    if not array.size:
        return np.empty(0, np.int64)
    if array.dtype.kind == "f":
        raise _rounded(where, column, "the column is stored as floating point", repr(array[0]))
    if array.dtype.kind in "iu":
        ids = array.astype(np.int64)
    else:
        text = [str(v).strip() for v in array.tolist()]
        for number, cell in enumerate(text, row):
            if _DIGITS.match(cell):
                continue
            if not cell or cell.lower() in {"nan", "null", "none", "<na>"}:
                raise IdentityError(
                    f"{where}: column {column} is empty in row {number}",
                    hint="give every row its objID, or remove the row",
                )
            if _FLOAT.match(cell):
                raise _rounded(where, column, "the cells are written as floats", repr(cell))
            raise IdentityError(
                f"{where}: column {column} holds {cell!r} in row {number}, which is no objID",
                hint="an objID is an integer such as 1237662226208063489",
            )
        try:
            ids = np.array([int(cell) for cell in text], np.int64)
        except OverflowError:
            raise IdentityError(
                f"{where}: column {column} holds numbers beyond 64 bits",
                hint="an objID is an integer such as 1237662226208063489",
            ) from None
    if step := rounded_to(ids):
        raise _rounded(where, column, f"all {ids.size} ids are multiples of {step:,}", str(ids[0]))
    return ids


def rounded_to(ids) -> int:
    """The number of which all ids are multiples, where that is the trace of rounding.

    A double holds 53 bits, so an id of 2**59 to 2**60 comes back as a multiple of 128; a
    spreadsheet holds 15 digits, and an id of 18 comes back as a multiple of 1,000. One id in 128 is
    one by chance; eight in a row are chance once in 10**16.
    fieldIDs are multiples of 65,536 by nature and are not counted.

    Parameters
    ----------
    ids : array of int64

    Returns
    -------
    int
        128, 1000, or 0 where nothing was rounded.
    """
    ids = np.asarray(ids, np.int64)
    large = ids[(np.abs(ids) > 1 << 53) & ((ids & 0xFFFF) != 0)]
    steps = (step for step in (1000, 128) if not (large % step).any())
    return next(steps, 0) if large.size >= 8 else 0


def _rounded(where: str, column: str, trace: str, example: str) -> IdentityError:
    return IdentityError(
        f"{where}: column {column} holds ids that went through a float: {trace} ({example}); "
        "the last digits are lost and cannot be repaired",
        hint="export the table again with CAST(objID AS varchar(20)), and read ids as text",
    )


def turns_of(objid, seed: int):
    """When objects come in the seeded shuffle by which `sql/` draws: the same formula.

    Parameters
    ----------
    objid : ndarray of int64
    seed : int

    Returns
    -------
    ndarray of int64
        0 to 1,000,002; objects of one turn go by their ids.
    """
    return (objid % 1000003 * 7919 + seed * 104729) % 1000003
