"""The table of a collection: a catalogue that is known, an HDF5 file, or one of the user's own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from galaxycurate.catalogs import known
from galaxycurate.catalogs.reading import cells, hdf5
from galaxycurate.catalogs.reading.files import opened
from galaxycurate.catalogs.rules.shipped import load
from galaxycurate.catalogs.table import CatalogTable, names_of, read
from galaxycurate.core.ids import decode
from galaxycurate.errors import IdentityError, InputError, LayoutError, SettingError
from galaxycurate.pipeline.adopt.collection import Collection
from galaxycurate.pipeline.adopt.labelling import ByColumn, ByVotes
from galaxycurate.pipeline.adopt.pictures import FILE_NAMES
from galaxycurate.store.files import sha256_of

_ID_NAMES = ("objid", "dr8objid", "objid8", "dr7objid", "objid_dr7")


def read_rows(
    collection: Collection, cache: Path | None
) -> tuple[CatalogTable, ByColumn | ByVotes]:
    """The rows with the columns that are needed, and how they will be labelled.

    Parameters
    ----------
    collection : Collection
    cache : Path or None
        Folder of the catalogues on this machine.

    Returns
    -------
    CatalogTable
    ByColumn or ByVotes
        The collection's own, else what the catalogue suggests.

    Raises
    ------
    InputError
        The table is missing, unreadable, or has no rows.
    IdentityError
        No ids, ids that went through a float, or an id that stands twice.
    """
    if collection.labels is None:
        path = collection.source
        if isinstance(collection.by, ByColumn) and collection.by.id_column:
            raise SettingError(
                f"the ids of {path} cannot come from {collection.by.id_column!r}",
                hint="leave out --id-column: a dataset called objid or dr7objid is taken",
            )
        table = hdf5.read_table(path, sha256=sha256_of(path))
        by = collection.by or _by_catalog(table.catalog)
        if by is None:
            raise LayoutError(
                f"{path} is no collection that is known here: what its labels mean is not told",
                hint="--label-column ans takes them as they stand, --scheme FILE.toml names them",
            )
        return table, by
    table, by = _from_file(collection.labels, collection.by, cache)
    if not len(table):
        raise InputError(
            f"{table.source} has no rows", hint="it needs an id and a label for each image"
        )
    return table, by


def _from_file(path: Path, by: ByColumn | ByVotes | None, cache: Path | None):
    layout, names = names_of(path)
    if by is None:
        by = (_by_catalog(layout.catalog) if layout else None) or ByColumn()
    if isinstance(by, ByColumn) and (layout is None or by.id_column):
        return _own(path, by), by
    wanted = [n for n in (*FILE_NAMES, "sample", "redshift") if n in names]
    if isinstance(by, ByVotes):
        wanted += load(by.scheme).wants(by.kind, names, str(path))
    elif by.column:
        wanted.append(by.column.lower())
    return read(path, columns=list(dict.fromkeys(wanted)), cache=cache), by


def _by_catalog(name: str) -> ByVotes | None:
    scheme = known.find(name).scheme if name else ""
    return ByVotes(scheme) if scheme else None


def _own(path: Path, by: ByColumn) -> CatalogTable:
    """A table of the user's own: its cells as they stand, its ids exact, each id once."""
    look = opened(path)
    lower = {name.lower().strip(): name for name in look.names if name}
    column = by.id_column or next((lower[n] for n in _ID_NAMES if n in lower), None)
    if column is None or column not in look.names:
        raise IdentityError(
            f"{path} has no column of ids: its images could not be traced to galaxies"
            if column is None
            else f"{path} has no column {column!r}",
            hint="name it with --id-column; there are " + ", ".join([*lower.values()][:8]),
        )
    rows = look.rows([*lower.values()])
    n = rows.num_rows
    try:
        ids = cells.ids(rows[column], column)
    except IdentityError as error:
        raise IdentityError(f"{path}: {error}", hint=error.hint) from error
    if n and not ids.any():
        raise IdentityError(
            f"{path}: column {column} is empty: no image could be traced to a galaxy",
            hint="name another column with --id-column",
        )
    twice = [i for i, many in Counter(ids.tolist()).items() if many > 1 and i]
    if twice:
        raise IdentityError(
            f"{path}: {len(twice)} ids stand on several rows (as {twice[0]})",
            hint="each image needs one row and one label",
        )
    newer = decode(ids)["skyVersion"] >= 2
    nowhere = np.full(n, np.nan)
    ra, dec = (
        cells.degrees(rows[lower[axis]], axis, is_ra=axis == "ra")[0] if axis in lower else nowhere
        for axis in ("ra", "dec")
    )
    return CatalogTable(
        catalog="", table="", source=str(path), sha256=sha256_of(path),
        objid=np.where(newer, ids, 0), dr7objid=np.where(newer, 0, ids), name=None, ra=ra, dec=dec,
        columns={name: _texts(rows[own]) for name, own in lower.items()},
    )  # fmt: skip


def _texts(column) -> np.ndarray:
    return np.array(["" if v is None else v for v in cells.texts(column).to_pylist()], str)
