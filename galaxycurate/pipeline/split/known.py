"""Who is known of a split's images: ids and positions, by their names, our manifests or a table."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from galaxycurate.core.ids import looks_like_sdss
from galaxycurate.errors import LayoutError
from galaxycurate.pipeline.split.layout import File, stem
from galaxycurate.store.images import ImageTree
from galaxycurate.store.manifest import read_all

IDS = ("objID", "dr7objid", "parentID")
_ID = re.compile(r"(?<!\d)\d{17,19}(?!\d)")
_IAU = re.compile(r"J(\d\d)(\d\d)(\d\d(?:\.\d+)?)([+-])(\d\d)(\d\d)(\d\d(?:\.\d+)?)", re.IGNORECASE)
_COLUMNS = {
    "file": ("file", "filename", "file_name", "image", "path", "name", "asset_id", "id"),
    "ra": ("ra", "ra_deg", "raj2000"),
    "dec": ("dec", "dec_deg", "dej2000"),
    "objID": ("objid", "dr8objid", "objid_dr8"),
    "dr7objid": ("dr7objid", "objid_dr7"),
    "parentID": ("parentid",),
    "pixscale": ("pixscale", "scale"),
}

Told = dict[str, np.ndarray]
"""Columns by name, a row for each image; NaN, and 0 for ids, where unknown."""


def by_names(files: list[File]) -> Told:
    """Ids and positions that file names hold.

    Parameters
    ----------
    files : list of File

    Returns
    -------
    dict of str to ndarray
    """
    n = len(files)
    told = {name: np.full(n, np.nan) for name in ("ra", "dec", "pixscale")}
    told |= {name: np.zeros(n, np.int64) for name in IDS}
    for row, file in enumerate(files):
        found = _ID.search(file.stem)
        if found and int(found[0]) < 1 << 63 and looks_like_sdss(int(found[0])):
            told[_system(int(found[0]))][row] = int(found[0])
        if place := _IAU.search(file.stem):
            h, m, s, sign, d, minutes, seconds = place.groups()
            told["ra"][row] = 15 * (int(h) + int(m) / 60 + float(s) / 3600)
            dec = int(d) + int(minutes) / 60 + float(seconds) / 3600
            told["dec"][row] = -dec if sign == "-" else dec
    return told


def _system(objid: int) -> str:
    return "objID" if objid >> 59 >= 2 else "dr7objid"


def add_manifests(told: Told, images: list[str], manifests: Path) -> None:
    """Add what the manifests of our own splits tell.

    Parameters
    ----------
    told : dict of str to ndarray
        Changed in place.
    images : list of str
        What each file is in the dataset: people may have given it another class in the tree.
    manifests : Path
    """
    places = [Path(image) for image in images]
    row_of = {(place.parent.name, stem(place.name)): row for row, place in enumerate(places)}
    tree = ImageTree(Path())
    for manifest in read_all([], folder=manifests):
        wanted = [c for c in ("label", "name", *told) if c in manifest.table.column_names]
        for line in manifest.rows(wanted):
            place = Path(tree.relative(line["label"], line["name"]))
            row = row_of.get((place.parent.name, stem(place.name)))
            if row is not None:
                _set(told, row, line)


def add_table(told: Told, files: list[File], path: Path) -> int:
    """Add what a table tells.

    Parameters
    ----------
    told : dict of str to ndarray
        Changed in place.
    files : list of File
    path : Path
        Of file (or name), ra, dec, objID, dr7objid, pixscale: what it has of these.

    Returns
    -------
    int
        How many images it tells of.

    Raises
    ------
    LayoutError
        It has no such columns, or tells of none of the images.
    """
    named, values = _read(path, told)
    line_of = {stem(Path(name).name): k for k, name in enumerate(named) if name}
    line_of |= {_whole(name): k for k, name in enumerate(named) if name}
    found = 0
    for row, file in enumerate(files):
        line = line_of.get(_whole(file.path), line_of.get(file.stem))
        if line is not None:
            _set(told, row, {name: column[line].item() for name, column in values.items()})
            found += 1
    if files and not found:
        first = next(filter(None, named), "")
        raise LayoutError(
            f"{path} tells of none of the {len(files):,} images: it lists {first or 'nothing'}, "
            f"and here lies {files[0].path}",
            hint="its column file holds their names or their paths below the folder",
        )
    return found


def _whole(path: str) -> str:
    where = Path(path)
    return (where.parent / stem(where.name)).as_posix()


def _read(path: Path, told: Told) -> tuple[list[str], Told]:
    """Names and columns of a table."""
    from galaxycurate.catalogs.reading import cells
    from galaxycurate.catalogs.reading.files import opened

    table = opened(path)
    spelled = {name.lower(): name for name in table.names}
    columns = {
        ours: next((spelled[word] for word in words if word in spelled), "")
        for ours, words in _COLUMNS.items()
    }
    if not columns["file"] or not any(columns[name] for name in told):
        raise LayoutError(
            f"{path} has no columns of file and ra, dec or objID: {', '.join(table.names[:8])}",
            hint="name them file, ra, dec, objID",
        )
    held = table.rows([name for name in columns.values() if name])
    values = {}
    for ours, name in columns.items():
        if not name or ours == "file":
            continue
        if ours in IDS:
            values[ours] = cells.ids(held[name], name)
        elif ours == "pixscale":
            values[ours] = cells.numbers(held[name], name)
        else:
            values[ours] = cells.degrees(held[name], name, is_ra=ours == "ra")[0]
    named = cells.names(held[columns["file"]]).to_pylist()
    return ["" if name is None else str(name) for name in named], values


def _set(told: Told, row: int, line: dict) -> None:
    """Take over what is known: neither a NaN nor an id of 0."""
    for name, values in told.items():
        value = line.get(name)
        if value is not None and value == value and not (name in IDS and value == 0):
            values[row] = value
