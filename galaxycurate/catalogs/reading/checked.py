"""A file's columns by their documented names and with their true types; what was wrong is told."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.catalogs.known import Layout
from galaxycurate.catalogs.reading import cells
from galaxycurate.catalogs.reading.arrow import column_of
from galaxycurate.catalogs.reading.opened import Note, Opened
from galaxycurate.core.ids import looks_like_sdss
from galaxycurate.errors import IdentityError, InputError, LayoutError

if TYPE_CHECKING:
    import pyarrow as pa

_INDEX = ("", "unnamed: 0", "__index_level_0__")
IDS = ("objid", "dr7objid", "dr8objid", "dr7_objid", "dr8_objid", "objid7", "objid8")
_KINDS = {  # of columns that no layout knows
    "id": {*IDS, "objid_dr7", "objid_dr8"},
    "ra": {"ra", "raj2000", "ra_deg", "object_ra"},
    "dec": {"dec", "dej2000", "decj2000", "dec_deg", "object_dec"},
}
_MOST = 0.9
"""More than this share of a column of ids must be ids of SDSS: others are in it by chance only."""
_REPEATS_DEC = "repeats {dec} instead of holding redshifts: left out"


@dataclass(frozen=True)
class About:
    """What was found out about a file.

    Parameters
    ----------
    catalog, table : str
        Empty for a table of the user's own.
    source, sha256 : str
    ids : tuple of str
        Columns that hold objIDs, the ones that count first.
    ra, dec, name : str
        Columns of these; empty for none.
    notes : tuple of Note
    faults : dict of str to (str, str)
        By column, why it cannot be used and what to do.
    nameless : tuple of str
        Why rows cannot be told from each other and what to do; empty where they can.
    spelled : tuple of str
        All columns as the file spells them, by which its layout was recognised.
    """

    catalog: str = ""
    table: str = ""
    source: str = ""
    sha256: str = ""
    ids: tuple[str, ...] = ()
    ra: str = ""
    dec: str = ""
    name: str = ""
    notes: tuple[Note, ...] = ()
    faults: dict[str, tuple[str, str]] = field(default_factory=dict)
    nameless: tuple[str, ...] = ()
    spelled: tuple[str, ...] = ()


def documented(names: Sequence[str], layout: Layout | None) -> dict[str, str]:
    """The documented name of each column of a file; its own in lower case where there is none."""
    found = layout.names_in(names) if layout else {}
    taken = set(found.values())
    for name in names:
        if name not in found:
            own = name.strip().lower()
            while own in taken:
                own += "_2"
            found[name] = own
            taken.add(own)
    return {name: found[name] for name in names}


def check(
    opened: Opened, layout: Layout | None, wanted: Collection[str] | None = None
) -> tuple[pa.Table, About]:
    """Read the rows and give each column its type.

    Parameters
    ----------
    opened : Opened
    layout : Layout or None
    wanted : collection of str, optional
        Documented names; ids and positions are read besides. None for all.

    Returns
    -------
    pyarrow.Table
        float64, int64 (ids; 0 for none) or text, by documented name.
    About
        Without its source.
    """
    import pyarrow as pa

    spelled = {name: column for column, name in documented(opened.names, layout).items()}
    kinds = _kinds(spelled, layout)
    roles = {role: [n for n in spelled if kinds[n] == role] for role in ("id", "ra", "dec", "name")}
    always = {*roles["id"], *(n for role in ("ra", "dec", "name") for n in roles[role][:1])}
    kept = [n for n in spelled if wanted is None or n in wanted or n in always or n in _INDEX]
    raw = opened.rows([spelled[name] for name in kept])

    def one(name: str) -> _Column:
        unit = opened.units.get(spelled[name], "")
        return _column(raw[spelled[name]], spelled[name], kinds[name], unit)

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # Arrow lets others work meanwhile
        done = dict(zip(kept, pool.map(one, kept), strict=True))
    ra, dec, name = (next(iter(roles[role]), "") for role in ("ra", "dec", "name"))
    about = About(
        catalog=layout.catalog if layout else "",
        table=layout.name if layout else "",
        ids=tuple(roles["id"]),
        ra=ra,
        dec=dec,
        name=name,
        notes=tuple(opened.notes),
        spelled=opened.names,
    )
    about = _judged(done, about, raw.num_rows)
    columns = {n: c.values for n, c in done.items() if c.values is not None}
    arrows = {n: column_of(v) if isinstance(v, np.ndarray) else v for n, v in columns.items()}
    return pa.table(arrows), about


@dataclass
class _Column:
    """A column on its way: its values, or why it has none; texts stay Arrow's."""

    spelled: str
    values: np.ndarray | pa.ChunkedArray | None = None
    error: InputError | None = None
    what: str = ""
    rows: int = 0
    missing: np.ndarray | None = None


def _kinds(names: Collection[str], layout: Layout | None) -> dict[str, str]:
    """What each column holds: as its layout says, else, for roles that are free, as its name."""
    kinds = {c.name: c.kind for c in layout.columns if c.name in names} if layout else {}
    free = {name: role for role in _KINDS for name in _KINDS[role] if role not in kinds.values()}
    return {name: kinds.get(name) or free.get(name, "") for name in names}


def _column(column: pa.ChunkedArray, spelled: str, kind: str, unit: str) -> _Column:
    import pyarrow as pa

    done = _Column(spelled)
    try:
        if kind in ("id", "key"):
            done.values = cells.ids(column, spelled, of_spectra=kind == "key")
        elif kind in ("ra", "dec"):
            column, done.what = cells.in_degrees(column, spelled, unit)
            done.values, done.rows = cells.degrees(column, spelled, is_ra=kind == "ra")
            units = "hours" if kind == "ra" else "degrees"
            if done.rows:
                done.what = f"is sexagesimal, read as {units}, minutes, seconds"
            elif done.what:
                done.rows = len(column)
        elif kind in ("name", "text"):
            done.values = cells.names(column) if kind == "name" else cells.texts(column)
        else:
            values = cells.numbers(column, spelled) if kind else cells.guessed(column, spelled)
            if isinstance(values, np.ndarray) and values.dtype.kind == "f":
                missing = values == cells.MISSING
                if missing.any():
                    done.missing, values = missing, np.where(missing, np.nan, values)
            if kind == "fraction":
                cells.check_fractions(values, spelled)
            done.values = values
    except (LayoutError, IdentityError) as error:
        done.error = error
    except pa.ArrowException:
        done.error = LayoutError(
            f"column {spelled} holds neither numbers nor texts but {column.type}",
            hint="leave it out, or name only the columns that are needed",
        )
    return done


def _judged(done: dict[str, _Column], about: About, n: int) -> About:
    """Notes on what was dealt with, faults for what was not; columns of no use are taken out."""
    notes, faults = list(about.notes), {}
    _judge_index(done, n)
    _judge_redshift(done, about)
    intact = [name for name in about.ids if done[name].error is None]
    for name, column in done.items():
        trace = re.search(r"went through a float: (.*);", str(column.error))
        if trace and (name not in about.ids or intact):
            column.what = f"holds ids that went through a float ({trace[1]}): left out"
            column.rows = n
        elif column.error:
            faults[name] = (str(column.error), column.error.hint or "")
        if column.what:
            notes.append(Note(column.spelled, column.what, column.rows))
    absent = {c.spelled: c.missing for c in done.values() if c.missing is not None}
    if absent:
        several = ", ".join(list(absent)[:3]) + (", ..." if len(absent) > 3 else "")
        rows = int(np.logical_or.reduce(list(absent.values())).sum())
        notes.append(Note(several, f"{cells.MISSING} means that there is no value", rows))
    for name in intact:
        some = np.asarray(done[name].values)
        some = some[some != 0]
        if some.size and np.mean(looks_like_sdss(some)) <= _MOST:
            faults[name] = (
                f"column {done[name].spelled} holds no SDSS objIDs (the first is {some[0]})",
                "an objID is an integer such as 1237662226208063489 or 587722952767439450",
            )
    about = replace(about, faults=faults)
    if not set(about.ids) & set(faults):
        about = replace(about, ids=tuple(intact))
        more, nameless = _judge_identity(done, about, n)
        about, notes = replace(about, nameless=nameless), notes + more
    return replace(about, notes=tuple(notes))


def _judge_index(done: dict[str, _Column], n: int) -> None:
    """An index of rows that another program wrote says nothing."""
    for name in [name for name in done if name in _INDEX]:
        values = done[name].values
        if isinstance(values, np.ndarray) and any(
            np.array_equal(values, np.arange(start, start + n)) for start in (0, 1)
        ):
            done[name].values = None
            done[name].what, done[name].rows = "a column without a name counts rows: left out", n
        elif not name:
            done["column1"] = done.pop(name)


def _judge_redshift(done: dict[str, _Column], about: About) -> None:
    if not {"redshift", about.dec} <= set(done):
        return
    redshift, dec = done["redshift"], done[about.dec]
    if isinstance(redshift.values, np.ndarray) and isinstance(dec.values, np.ndarray):
        known = np.isfinite(redshift.values) & np.isfinite(dec.values)
        same = known & (np.abs(redshift.values - dec.values) < 1e-9)
        if known.sum() >= 20 and same.sum() > 0.99 * known.sum():
            redshift.what, redshift.rows = _REPEATS_DEC.format(dec=dec.spelled), int(same.sum())
            redshift.values = None


def _judge_identity(
    done: dict[str, _Column], about: About, n: int
) -> tuple[list[Note], tuple[str, ...]]:
    """Whether each row can be told from the others: by an id, a name of its own, or a position."""
    found = [np.asarray(done[name].values) for name in about.ids]
    key = np.select([ids != 0 for ids in found], found, 0) if found else np.zeros(n, np.int64)
    columns = " or ".join(done[name].spelled for name in about.ids)
    bare = key == 0
    notes = []
    if bare.any():
        placed = [done[a].values for a in (about.ra, about.dec) if a]
        lost = bare.copy()
        if about.name:
            lost[:] = False
        elif len(placed) == 2 and all(p is not None for p in placed):
            lost &= np.isnan(placed[0]) | np.isnan(placed[1])  # type: ignore[arg-type]
        if lost.any() and not about.ids:
            return [], (
                "has no column of ids: its labels could not be traced to galaxies",
                "add a column objid, dr8objid or dr7objid",
            )
        if lost.any():
            return [], (
                f"{lost.sum():,} rows have no id in {columns} (the first is row "
                f"{np.argmax(lost) + 1:,})",
                "give every row its objID, or remove the row",
            )
        means = f"their {about.name}" if about.name else "their position"
        notes.append(Note("", f"rows have no SDSS id; {means} stands for it", int(bare.sum())))
    some = np.sort(key[~bare])  # a hundred times as fast as np.unique
    repeats = int((some[1:] == some[:-1]).sum())
    if repeats:
        notes.append(Note(columns, "rows repeat the id of a row above", repeats))
    return notes, ()
