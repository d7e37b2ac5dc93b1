"""Vote tables of Galaxy Zoo 1 and 2, whatever their file calls its columns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.catalogs.tables import columns_of, read_table
from galaxycurate.core.ids import looks_like_sdss, parse
from galaxycurate.errors import IdentityError, LayoutError

if TYPE_CHECKING:
    import pandas as pd

_T01, _T04 = "t01_smooth_or_features_", "t04_spiral_"
_SEXAGESIMAL = r"^([+-]?\d+):(\d+)(?::(\d+(?:\.\d*)?))?$"
_DR8_IDS = ("objid", "dr8objid", "objid8", "dr8_objid")
_NO_ID = ("", "0", "-9999", "nan", "<NA>")
_DR7_IDS = ("dr7objid", "dr7_objid", "objid7", "objid")


@dataclass(frozen=True)
class Layout:
    """Where a catalogue keeps its votes.

    ``elliptical`` and ``spiral`` name the answers on the way to the class: the class's fraction is
    the least of them. ``kinds`` gives the endings of the columns, in the order of preference;
    ``totals`` the columns that count volunteers, ``spiral_counts`` those that add up to the answers
    to the question that decides on spirals, where that is another one; ``flags`` what a table of
    mere flags would hold.
    """

    name: str
    elliptical: tuple[str, ...]
    spiral: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...]
    totals: tuple[str, ...]
    spiral_counts: tuple[str, ...]
    flags: tuple[str, ...]


LAYOUTS = (
    Layout(
        name="Galaxy Zoo 1",
        elliptical=("p_el",),
        spiral=("p_cs",),
        kinds=(("debiased", "_debiased"), ("raw", "")),
        totals=("nvote", "nvote_tot"),
        spiral_counts=(),
        flags=("spiral", "elliptical", "uncertain"),
    ),
    Layout(
        name="Galaxy Zoo 2",
        elliptical=(_T01 + "a01_smooth",),
        spiral=(_T01 + "a02_features_or_disk", _T04 + "a08_spiral"),
        kinds=(("debiased", "_debiased"), ("raw", "_fraction")),
        totals=("total_classifications", "total_count"),
        spiral_counts=(_T04 + "a08_spiral_count", _T04 + "a09_no_spiral_count"),
        flags=(_T01 + "a01_smooth_flag", _T04 + "a08_spiral_flag"),
    ),
)


@dataclass(frozen=True)
class Votes:
    """A vote table in one shape.

    Parameters
    ----------
    catalog : str
        ``Galaxy Zoo 1`` or ``Galaxy Zoo 2``.
    kind : str
        ``debiased`` or ``raw``.
    source : str
        The file or archive.
    objid, dr7objid : ndarray of int64, shape (n,)
        0 where unknown.
    ra, dec : ndarray of float64, shape (n,)
        ICRS [deg]; NaN where unknown.
    n_votes, n_votes_cs : ndarray of int64, shape (n,)
        Volunteers who answered the question that decides: for all, and on spirals; -1 where the
        table does not tell.
    p_el, p_cs : ndarray of float64, shape (n,)
        Fractions of the votes.
    """

    catalog: str
    kind: str
    source: str
    objid: np.ndarray
    dr7objid: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    n_votes: np.ndarray
    n_votes_cs: np.ndarray
    p_el: np.ndarray
    p_cs: np.ndarray

    def __len__(self) -> int:
        return self.p_el.size


def read_votes(path: Path, *, kind: str | None = None) -> Votes:
    """Read a Galaxy Zoo vote table.

    Parameters
    ----------
    path : Path
        CAS `zooSpec` or `zoo2MainSpecz`, GZ1 table 2, `gz2_hart16`, or a part of their columns.
    kind : {'debiased', 'raw'}, optional
        Which fractions; by default debiased where the table has them.

    Returns
    -------
    Votes

    Raises
    ------
    LayoutError
        No vote fractions, or not of the kind asked for; the text says what is missing.
    IdentityError
        No ids, or ids that went through a float.
    """
    path = Path(path)
    names = {name.lower().strip(): name for name in columns_of(path)}
    layout, kind, ending = _recognise(names, path, kind)
    answers = [a + ending for a in (*layout.elliptical, *layout.spiral)]
    id_columns = _id_columns(names, path)
    more = ("ra", "dec", *layout.totals, *layout.spiral_counts)
    extra = [names[n] for n in more if n in names]
    wanted = list(dict.fromkeys([*id_columns, *(names[a] for a in answers), *extra]))
    table = read_table(path, wanted)
    objid, dr7objid = _identities(table, id_columns, path)
    fraction = {a: _fractions(table[names[a]], path) for a in answers}
    return Votes(
        catalog=layout.name,
        kind=kind,
        source=str(path),
        objid=objid,
        dr7objid=dr7objid,
        ra=_degrees(table, names, "ra", hours=True),
        dec=_degrees(table, names, "dec", hours=False),
        n_votes=_totals(table, names, layout),
        n_votes_cs=_spiral_totals(table, names, layout),
        p_el=np.minimum.reduce([fraction[a + ending] for a in layout.elliptical]),
        p_cs=np.minimum.reduce([fraction[a + ending] for a in layout.spiral]),
    )


def _recognise(names: dict[str, str], path: Path, kind: str | None):
    """The layout whose columns are there, and which kind of fractions."""
    for layout in LAYOUTS:
        answers = (*layout.elliptical, *layout.spiral)
        there = [k for k, ending in layout.kinds if all(a + ending in names for a in answers)]
        if not there:
            continue
        if kind and kind not in there:
            raise LayoutError(
                f"{path} holds no {kind} vote fractions, only {' and '.join(there)} ones",
                hint=f"--votes {there[0]}",
            )
        chosen = kind or there[0]
        return layout, chosen, dict(layout.kinds)[chosen]
    raise _no_fractions(names, path)


def _no_fractions(names: dict[str, str], path: Path) -> LayoutError:
    for layout in LAYOUTS:
        if any(flag in names for flag in layout.flags):
            answers = ", ".join(
                a + layout.kinds[0][1] for a in (*layout.elliptical, *layout.spiral)
            )
            return LayoutError(
                f"{path} is a table of {layout.name} flags: it says who passed somebody's cut, and "
                "carries no vote fractions, so no threshold can be applied; missing: " + answers,
                hint="leave --table out to ask the archive for the votes, or give a table that has "
                "these columns, such as the whole of "
                + ("zooSpec" if layout is LAYOUTS[0] else "zoo2MainSpecz"),
            )
    needed = "; or ".join(
        ", ".join(a + layout.kinds[0][1] for a in (*layout.elliptical, *layout.spiral))
        for layout in LAYOUTS
    )
    found = ", ".join(list(names.values())[:6])
    return LayoutError(
        f"{path} is no vote table that is known here: its columns start {found}",
        hint=f"a vote table has {needed}",
    )


def _id_columns(names: dict[str, str], path: Path) -> list[str]:
    found = [names[n] for n in dict.fromkeys((*_DR8_IDS, *_DR7_IDS)) if n in names]
    if not found:
        raise IdentityError(
            f"{path} has no column of ids: its labels could not be traced to galaxies",
            hint="add a column objid, dr8objid or dr7objid",
        )
    return found


def _identities(table: pd.DataFrame, columns: list[str], path: Path):
    """Sort ids into DR8+ and DR7 by what their bits say, whatever the column is called."""
    objid, dr7objid = np.zeros(len(table), np.int64), np.zeros(len(table), np.int64)
    for column in columns:
        ids = ids_or_zero(table[column], path, column)
        known = ids[ids != 0]
        if known.size and not looks_like_sdss(known).any():
            raise IdentityError(
                f"{path}: column {column} holds no SDSS objIDs (the first is {known[0]})",
                hint="an objID is an integer such as 1237662226208063489 or 587722952767439450",
            )
        newer, older = (ids >> 59) >= 2, (ids != 0) & ((ids >> 59) < 2)
        objid[newer], dr7objid[older] = ids[newer], ids[older]
    nameless = np.flatnonzero((objid == 0) & (dr7objid == 0))
    if nameless.size:
        raise IdentityError(
            f"{path}: {nameless.size:,} rows have no id in {' or '.join(columns)} "
            f"(the first is row {nameless[0] + 1})",
            hint="give every row its objID, or remove the row",
        )
    return objid, dr7objid


def ids_or_zero(column: pd.Series, where: Path | str, name: str) -> np.ndarray:
    """Ids of one column; 0 where a cell is empty, since another column may know the galaxy.

    Parameters
    ----------
    column : pandas.Series
        Text or integers.
    where : Path or str
        The file or archive, for messages.
    name : str
        The column, for messages.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    empty = column.isna().to_numpy() | column.astype(str).str.strip().isin(_NO_ID).to_numpy()
    ids = np.zeros(len(column), np.int64)
    ids[~empty] = parse(column[~empty].to_numpy(), where=str(where), column=name)
    return ids


def _floats(column: pd.Series) -> np.ndarray:
    import pandas as pd

    return pd.to_numeric(column, errors="coerce").to_numpy(float)


def _fractions(column: pd.Series, path: Path) -> np.ndarray:
    values = _floats(column)
    beyond = values[(values < -1e-3) | (values > 1.001)]
    if beyond.size:
        raise LayoutError(
            f"{path}: column {column.name} holds {beyond[0]:g}, which is no fraction of votes",
            hint="fractions are 0 to 1; divide percentages by 100",
        )
    return values


def _degrees(table: pd.DataFrame, names: dict[str, str], axis: str, *, hours: bool) -> np.ndarray:
    """Degrees as they stand; sexagesimal RA is in hours (Galaxy Zoo 1's tables)."""
    if axis not in names:
        return np.full(len(table), np.nan)
    column = table[names[axis]]
    sexagesimal = column.astype(str).str.contains(":")
    if not sexagesimal.any():
        return _floats(column)
    parts = column.astype(str).str.strip().str.extract(_SEXAGESIMAL)
    whole, minutes = _floats(parts[0].str.lstrip("+-")), _floats(parts[1])
    value = whole + minutes / 60 + np.nan_to_num(_floats(parts[2])) / 3600
    sign = np.where(parts[0].astype(str).str.startswith("-"), -1.0, 1.0)
    return np.where(sexagesimal, sign * value * (15 if hours else 1), _floats(column))


def _totals(table: pd.DataFrame, names: dict[str, str], layout: Layout) -> np.ndarray:
    for total in layout.totals:
        if total in names:
            return np.nan_to_num(_floats(table[names[total]]), nan=-1).astype(np.int64)
    return np.full(len(table), -1, np.int64)


def _spiral_totals(table: pd.DataFrame, names: dict[str, str], layout: Layout) -> np.ndarray:
    """Of Galaxy Zoo 2's tree only those who saw features were asked whether there are arms."""
    if not layout.spiral_counts or not all(c in names for c in layout.spiral_counts):
        return _totals(table, names, layout)
    counts = [np.nan_to_num(_floats(table[names[c]])) for c in layout.spiral_counts]
    return np.sum(counts, axis=0).astype(np.int64)
