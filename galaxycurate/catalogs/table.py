"""A table of a catalogue in one shape: who each row is, where it lies, and its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from galaxycurate.catalogs import known
from galaxycurate.catalogs.known import Layout
from galaxycurate.catalogs.reading import cache as typed
from galaxycurate.catalogs.reading.arrow import plain
from galaxycurate.catalogs.reading.checked import About, check, documented
from galaxycurate.catalogs.reading.files import opened
from galaxycurate.catalogs.reading.opened import Note, Opened
from galaxycurate.errors import IdentityError, InputError, LayoutError
from galaxycurate.store.files import existing, sha256_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CatalogTable", "Note", "names_of", "read"]


@dataclass(frozen=True)
class CatalogTable:
    """The rows of a catalogue.

    Parameters
    ----------
    catalog, table : str
        Names of `galaxycurate catalogs`, such as ``gz2`` and ``zoo2MainSpecz``; empty for a table
        of the user's own.
    source : str
        The file or archive.
    sha256 : str
        Of the file; empty for an archive.
    objid, dr7objid : ndarray of int64, shape (n,)
        DR8+ and DR7, sorted by what their bits say; 0 where unknown.
    name : ndarray of str, shape (n,), or None
        The catalogue's own name of each row, such as `GalaxyID`; its number, counted from 0, where
        the table has neither ids nor names; None where ids are enough.
    ra, dec : ndarray of float64, shape (n,)
        ICRS [deg]; NaN where unknown.
    columns : mapping of str to ndarray, shape (n,)
        By documented name, in lower case: float64 for numbers (NaN where empty), int64 for ids (0
        where empty), str for texts.
    notes : tuple of Note
    """

    catalog: str
    table: str
    source: str
    sha256: str
    objid: np.ndarray
    dr7objid: np.ndarray
    name: np.ndarray | None
    ra: np.ndarray
    dec: np.ndarray
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    def __len__(self) -> int:
        return self.objid.size

    @property
    def key(self) -> np.ndarray:
        """The id that names a row: DR8+ where known, else DR7 (int64, 0 where neither is)."""
        return np.where(self.objid != 0, self.objid, self.dr7objid)


def read(
    path: Path,
    *,
    columns: Sequence[str] | None = None,
    layout: str = "",
    cache: Path | None = None,
    identity: bool = True,
) -> CatalogTable:
    """Read a table of a catalogue, or one of the user's own.

    Parameters
    ----------
    path : Path
        In any format of `galaxycurate.catalogs.reading.files`, or the typed copy that an earlier
        reading left in `cache`.
    columns : sequence of str, optional
        Documented names, in lower case; None for all.
    layout : str
        The table or catalogue that it is; by default its columns and its name tell.
    cache : Path, optional
        Folder of typed copies: the whole file is read once, and from its copy afterwards.
    identity : bool
        Whether each row must be told from the others by an id, a name or a position; ids that are
        there are never wrong ones.

    Returns
    -------
    CatalogTable
        With notes on what was dealt with. What cannot be used matters only where it is asked for.

    Raises
    ------
    InputError
        Missing, empty or unreadable.
    LayoutError
        A column is absent, or holds what it cannot.
    IdentityError
        Ids went through a float, or rows have none.
    """
    path = existing(Path(path))
    wanted = None if columns is None else [name.lower() for name in columns]
    chosen = known.layout(layout) if layout else None
    found = _kept(path, chosen, cache, wanted) or _fresh(path, chosen, cache, wanted)
    about = replace(found.about, source=str(path))
    _refuse(about, found, wanted, identity=identity)
    return _assembled(about, found.table, wanted)


def names_of(path: Path, layout: str = "") -> tuple[Layout | None, tuple[str, ...]]:
    """What a file is, and the documented names of its columns; its rows are not read.

    Parameters
    ----------
    path : Path
    layout : str
        The table or catalogue that it is; by default its columns and its name tell.

    Returns
    -------
    Layout or None
        None for a table of the user's own.
    tuple of str
        In lower case, as `read` takes them.
    """
    path = existing(Path(path))
    if path.is_file() and (about := typed.about(path)):
        return known.layout(about.table) if about.table else None, tuple(typed.columns(path))
    chosen = known.layout(layout) if layout else None
    look = opened(path, chosen)
    fits = _fitting(path, look, chosen)
    return fits, tuple(name for name in documented(look.names, fits).values() if name)


class _Found(NamedTuple):
    about: About
    table: pa.Table
    names: Sequence[str]


def _kept(
    path: Path, chosen: Layout | None, folder: Path | None, wanted: Sequence[str] | None
) -> _Found | None:
    """From a typed copy: the path itself, or the one of it in the folder, if that is sound."""
    if not path.is_file():
        return None
    if typed.about(path):
        try:
            return _copy(path, wanted)
        except OSError as error:
            raise InputError(f"{path} is damaged: {error}", hint="remove it") from error
    for copy in typed.find(folder, sha256_of(path)) if folder else ():
        try:
            found = _copy(copy, wanted)
        except (InputError, OSError):
            continue
        if found.about.table == _expected(path, found.about, chosen):
            return found
    return None


def _expected(path: Path, about: About, chosen: Layout | None) -> str:
    """The layout that a file would be read by today, as far as its typed copy can tell."""
    if chosen is None and about.table and known.layout(about.table).shape in ("words", "fixed"):
        return about.table  # its first line told, not its columns
    fits = chosen or known.recognise(about.spelled, file_name=path.name)
    return fits.name if fits else ""


def _copy(path: Path, wanted: Sequence[str] | None) -> _Found:
    about = typed.about(path)
    if about is None:
        raise InputError(
            f"{path} is no typed copy of a table",
            hint="name the table that it was made of; or remove it, and it is made anew",
        )
    names = typed.columns(path)
    needed = {*about.ids, about.ra, about.dec, about.name, *(names if wanted is None else wanted)}
    return _Found(about, typed.rows(path, [n for n in names if n in needed]), names)


def _fresh(
    path: Path, chosen: Layout | None, folder: Path | None, wanted: Sequence[str] | None
) -> _Found:
    look = opened(path, chosen)
    fits = _fitting(path, look, chosen)
    table, about = check(look, fits, None if folder else wanted)
    about = replace(about, source=path.name, sha256=sha256_of(path))
    if folder and not about.nameless and not set(about.ids) & set(about.faults):
        typed.keep(folder, table, about)
    return _Found(about, table, [name for name in documented(look.names, fits).values() if name])


def _fitting(path: Path, look: Opened, chosen: Layout | None) -> Layout | None:
    if chosen is None:
        return look.layout or known.recognise(look.names, file_name=path.name)
    if not chosen.fits(look.names):
        raise LayoutError(
            f"{path} is no {chosen.name}: that has {', '.join(chosen.needs)}; its columns start "
            f"{', '.join(look.names[:6])}",
            hint=f"galaxycurate catalogs describe {chosen.name}",
        )
    return chosen


def _refuse(about: About, found: _Found, wanted: Sequence[str] | None, *, identity: bool) -> None:
    """What is asked for and cannot be given."""
    for name in about.ids:
        if name in about.faults:
            what, hint = about.faults[name]
            raise IdentityError(f"{about.source}: {what}", hint=hint)
    if identity and about.nameless:
        what, hint = about.nameless
        raise IdentityError(f"{about.source}: {what}", hint=hint)
    for name in (about.ra, about.dec, *(about.faults if wanted is None else wanted)):
        if name in about.faults:
            what, hint = about.faults[name]
            raise LayoutError(f"{about.source}: {what}", hint=hint)
    absent = [name for name in wanted or () if name not in found.table.column_names]
    if absent:
        why = [f"; it {n.what}" for n in about.notes if n.column.lower() in absent and n.column]
        several = f" and {len(found.names) - 12} more" if len(found.names) > 12 else ""
        raise LayoutError(
            f"{about.source} has no column {', '.join(absent)}{''.join(why)}",
            hint=f"its columns are {', '.join(found.names[:12])}{several}",
        )


def _assembled(about: About, table: pa.Table, wanted: Sequence[str] | None) -> CatalogTable:
    n = table.num_rows
    columns = {name: _values(table[name]) for name in table.column_names}
    nowhere = np.full(n, np.nan)
    objid, dr7objid = by_release([columns[name] for name in about.ids], n)
    name = columns.get(about.name)
    return CatalogTable(
        catalog=about.catalog,
        table=about.table,
        source=about.source,
        sha256=about.sha256,
        objid=objid,
        dr7objid=dr7objid,
        name=np.arange(n).astype(str) if name is None and not about.ids else name,
        ra=columns.get(about.ra, nowhere),
        dec=columns.get(about.dec, nowhere),
        columns={k: v for k, v in columns.items() if wanted is None or k in wanted},
        notes=about.notes,
    )


def _values(column: pa.ChunkedArray) -> np.ndarray:
    import pyarrow as pa

    if not pa.types.is_string(column.type):
        return plain(column, np.nan)
    coded = column.combine_chunks().dictionary_encode()
    words = np.array([*coded.dictionary.to_pylist(), ""], str)  # the last for nulls
    return words[plain(pa.chunked_array([coded.indices]), -1)]


def by_release(found: Sequence[np.ndarray], n: int) -> tuple[np.ndarray, np.ndarray]:
    """DR8+ and DR7 by what the bits say, whatever the columns are called; the first one counts."""
    objid, dr7objid = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for ids in found:
        newer = (ids >> 59) >= 2
        objid = np.where((objid == 0) & newer, ids, objid)
        dr7objid = np.where((dr7objid == 0) & ~newer, ids, dr7objid)
    return objid, dr7objid
