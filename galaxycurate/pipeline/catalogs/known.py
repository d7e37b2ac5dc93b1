"""Galaxy Zoo's catalogues: what is known of them, what is here, and what a file holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galaxycurate.catalogs import known
from galaxycurate.catalogs.known import Catalog, Layout
from galaxycurate.catalogs.reading import cache as typed
from galaxycurate.catalogs.reading import hdf5
from galaxycurate.catalogs.rules import shipped
from galaxycurate.catalogs.table import CatalogTable, Note, names_of, read
from galaxycurate.curation.positions import close_pairs
from galaxycurate.errors import InputError, LayoutError
from galaxycurate.store.files import check_writable

CLOSE_ARCSEC = 1.0


@dataclass(frozen=True)
class Checked:
    """What a file holds, as far as its catalogue knows.

    Parameters
    ----------
    file, catalog, table : str
        The last two are empty for a table of the user's own.
    rows : int
    known, unknown, missing : tuple of str
        Columns: documented, not documented, and documented but not there.
    notes : tuple of Note
        What was dealt with while reading.
    objects : int
        Different objects among the rows that have an id.
    repeated : int
        Rows of objects that stood there before.
    close, same : int
        Pairs of rows within 1 arcsec, and those of them at the very same position.
    schemes : tuple of str
        Label schemes whose columns are there.
    published : int
        Rows of the whole table, as published; 0 where unknown.
    """

    file: str
    catalog: str
    table: str
    rows: int
    known: tuple[str, ...]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    notes: tuple[Note, ...]
    objects: int
    repeated: int
    close: int
    same: int
    schemes: tuple[str, ...]
    published: int = 0

    @property
    def command(self) -> str:
        """What makes labels of it: images in HDF5 are imported with them."""
        verb = "import" if is_hdf5(Path(self.file)) else "positives --table"
        return f"galaxycurate {verb} {self.file}"


@dataclass(frozen=True)
class Kept:
    """A table that is ready for `positives --table`."""

    file: str
    catalog: str
    table: str
    rows: int
    notes: tuple[Note, ...] = ()


def here(layout: Layout, folder: Path) -> list[Path]:
    """What lies on this machine of a table: files as published, and as they were read."""
    named = [folder / file.name for file in layout.files]
    return [p for p in named if p.exists()] + typed.named_copies(folder, layout.name)


def schemes_of(catalog: Catalog) -> list[str]:
    """Label schemes that read tables of a catalogue."""
    return [name for name in shipped.names() if catalog.name in shipped.load(name).catalogs]


def check(path: Path) -> Checked:
    """Read a table file, and say what is in it.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Checked

    Raises
    ------
    InputError
        The file cannot be trusted or read; the text says why.
    """
    path = Path(path)
    if is_hdf5(path):
        table, names = hdf5.read_table(path), (*hdf5.columns_of(path), hdf5.IMAGES)
        layout = known.layout(table.table) if table.table else None
    else:
        table = read(path)
        layout, names = names_of(path)
    documented = [column.name for column in layout.columns] if layout else []
    ids = table.key[table.key != 0]
    objects = np.unique(ids).size
    _, _, apart = close_pairs(table.ra, table.dec, within_arcsec=CLOSE_ARCSEC)
    return Checked(
        file=str(path),
        catalog=table.catalog,
        table=table.table,
        rows=len(table),
        known=tuple(n for n in names if n in documented),
        unknown=tuple(n for n in names if n not in documented),
        missing=tuple(n for n in documented if n not in names),
        notes=table.notes,
        objects=objects,
        repeated=ids.size - objects,
        close=apart.size,
        same=int((apart == 0).sum()),
        schemes=tuple(_readable(table)),
        published=layout.rows if layout else 0,
    )


def _readable(table: CatalogTable) -> list[str]:
    """Schemes whose columns are there: the known catalogue's own, its default first."""
    fitting = shipped.fitting(table.columns)
    if not table.catalog:
        return fitting
    first = known.find(table.catalog).scheme
    own = [one for one in map(shipped.load, shipped.names()) if table.catalog in one.catalogs]
    found = [one.name for one in own if one.name in fitting or not one.required("")]
    return sorted(found, key=lambda name: name != first)


def is_hdf5(path: Path) -> bool:
    """Whether a file's ending says that it is HDF5: images and their table in one."""
    return path.suffix.lower() in hdf5.ENDINGS


def is_for_cas(path: Path) -> bool:
    """Whether a file goes into the DuckDB file that SQL asks: a table of CAS, or one unknown here.

    Parameters
    ----------
    path : Path
        A file that cannot be read as a table is left to who reads those of CAS.

    Returns
    -------
    bool
    """
    if is_hdf5(path):
        return False
    try:
        layout, _ = names_of(path)
    except InputError:
        return True
    return layout is None or bool(layout.cas)


def keep(path: Path, folder: Path, *, dry_run: bool = False) -> Kept:
    """Make a table of a known catalogue ready: read, checked, and written in types.

    Parameters
    ----------
    path : Path
    folder : Path
        Of the catalogues on this machine.
    dry_run : bool
        Read and check only.

    Returns
    -------
    Kept

    Raises
    ------
    LayoutError
        It is a table of the user's own.
    """
    if not dry_run:
        check_writable(folder)
    table = read(path, cache=None if dry_run else folder)
    if not table.catalog:
        raise LayoutError(
            f"{path} is no table of a known catalogue: it stays where it is",
            hint=f"galaxycurate positives --table {path} --scheme FILE.toml reads it there",
        )
    if not dry_run:
        typed.give_name(folder, table.sha256, table.table)
    return Kept(str(path), table.catalog, table.table, len(table), table.notes)
