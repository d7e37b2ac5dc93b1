"""An image collection of the user: its table of labels, its files, and which belong together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.catalogs.tables import read_table
from galaxycurate.catalogs.votes import ids_or_zero
from galaxycurate.core.ids import decode, field_of
from galaxycurate.errors import IdentityError, InputError, LayoutError, SettingError
from galaxycurate.store.files import existing
from galaxycurate.store.images import check_word

if TYPE_CHECKING:
    import pandas as pd

MODES = ("copy", "hardlink", "reference")
_ID_NAMES = ("objid", "dr8objid", "objid8", "dr7objid", "objid_dr7")
_LABEL_NAMES = ("label", "class", "gz1_leaf", "gz1_class")
_FILE_NAMES = ("file", "filename", "file_name", "path", "image")
_IMAGES = {".jpg", ".jpeg", ".png"}


@dataclass(frozen=True)
class Collection:
    """An image collection of the user, and how to read its table of labels.

    Parameters
    ----------
    folder : Path
        Holds the images, at any depth.
    labels : Path
        A table with an id and a label for each image.
    id_column, label_column : str, optional
        When the table's own names do not tell.
    classes : mapping of str to sequence of str
        New label -> labels (or patterns such as ``spiral_*``) of the table that become it; what
        no class names is left out. Empty: the table's labels as they stand.
    mode : {'copy', 'hardlink', 'reference'}
    pixscale : float, optional
        Pixel scale of all images [arcsec/pixel], when it is known.
    """

    folder: Path
    labels: Path
    id_column: str | None = None
    label_column: str | None = None
    classes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mode: str = "copy"
    pixscale: float | None = None

    def __post_init__(self):
        """Refuse an unknown mode and an impossible scale."""
        if self.mode not in MODES:
            raise SettingError(f"mode {self.mode!r} is none of {', '.join(MODES)}")
        if self.pixscale is not None and not 0.015 <= self.pixscale <= 60:
            raise SettingError(
                f"pixscale = {self.pixscale:g} is outside 0.015 to 60 arcsec/pixel",
                hint="leave it out when it is unknown or differs from image to image",
            )


@dataclass(frozen=True)
class Item:
    """A row of the table that becomes a cutout; ``source`` is None where its image is absent."""

    row: int
    name: str
    label: str
    source: Path | None
    wanted: str


@dataclass(frozen=True)
class Joined:
    """The rows of a collection that have an id and a label, each with its image where there is one.

    Parameters
    ----------
    items : list of Item
    n_rows : int
        Of the table.
    left_out : Counter
        Rows without an item, by reason.
    columns : dict of str to list
        Of the manifest, one value an item.
    """

    items: list[Item]
    n_rows: int
    left_out: Counter
    columns: dict[str, list]


def join(collection: Collection) -> Joined:
    """Read the table of labels and find the image of each row.

    Parameters
    ----------
    collection : Collection

    Returns
    -------
    Joined

    Raises
    ------
    InputError
        The folder or table is missing, or no image matches the table.
    IdentityError
        No ids, ids that went through a float, or an id that stands twice.
    """
    table, ids = _read(collection)
    left_out: Counter[str] = Counter()
    items = _items(table, ids, _labels(table, collection), collection, left_out)
    return Joined(items, len(table), left_out, _columns(items, table, ids, collection))


def _read(collection: Collection):
    existing(collection.folder, what="folder")
    table = read_table(collection.labels)
    if not len(table):
        raise InputError(
            f"{collection.labels} has no rows", hint="it needs an id and a label for each image"
        )
    column = collection.id_column or _find(table, _ID_NAMES)
    if column is None or column not in table.columns:
        raise IdentityError(
            f"{collection.labels} has no column of ids: its images could not be traced to galaxies"
            if column is None
            else f"{collection.labels} has no column {column!r}",
            hint="name it with --id-column; there are " + ", ".join(map(str, table.columns[:8])),
        )
    ids = ids_or_zero(table[column], collection.labels, column)
    if not ids.any():
        raise IdentityError(
            f"{collection.labels}: column {column} is empty: no image could be traced to a galaxy",
            hint="name another column with --id-column",
        )
    twice = [i for i, n in Counter(ids.tolist()).items() if n > 1 and i]
    if twice:
        raise IdentityError(
            f"{collection.labels}: {len(twice)} ids stand on several rows (as {twice[0]})",
            hint="each image needs one row and one label",
        )
    return table, ids


def _labels(table: pd.DataFrame, collection: Collection) -> list[str | None]:
    """The new label of each row; None where no class names the table's label."""
    column = collection.label_column or _find(table, _LABEL_NAMES)
    if column is None or column not in table.columns:
        raise LayoutError(
            f"{collection.labels} has no column "
            + (f"{column!r}" if column else "called label or class"),
            hint="name it with --label-column; there are "
            + ", ".join(map(str, table.columns[:12])),
        )
    cells = table[column]
    empty = cells.isna() | (cells.astype(str).str.strip() == "")
    old = cells.astype(str).tolist()
    if not collection.classes:
        return [None if hole else label for label, hole in zip(old, empty, strict=True)]
    known = {label: _class_of(label, collection.classes) for label in set(old)}
    unused = [
        p
        for patterns in collection.classes.values()
        for p in patterns
        if not any(fnmatchcase(label, p) for label in known)
    ]
    if unused:
        raise InputError(
            f"no row of {collection.labels} has the label {unused[0]!r} in column {column}",
            hint="the labels there are " + ", ".join(sorted(known)[:12]),
        )
    return [known[label] for label in old]


def _class_of(label: str, classes: Mapping[str, Sequence[str]]) -> str | None:
    fits = [new for new, old in classes.items() if any(fnmatchcase(label, p) for p in old)]
    if len(fits) > 1:
        raise SettingError(
            f"the label {label!r} would become both {fits[0]} and {fits[1]}",
            hint="give each label of the table to one --class",
        )
    return fits[0] if fits else None


def _items(table, ids, labels, collection: Collection, left_out: Counter) -> list[Item]:
    """Rows with a label, each with the image that its file name or id tells."""
    pictures = [p for p in sorted(collection.folder.rglob("*")) if p.suffix.lower() in _IMAGES]
    column = _find(table, _FILE_NAMES)
    find = _finder(collection.folder, pictures)
    items = []
    for row, (objid, label) in enumerate(zip(ids.tolist(), labels, strict=True)):
        if label is None:
            left_out["no class names its label"] += 1
            continue
        if not objid:
            left_out["no id"] += 1
            continue
        check_word(label, what="label")
        wanted = str(table[column].iloc[row]) if column else f"{objid}"
        items.append(Item(row, str(objid), label, find(wanted), wanted))
    if not any(item.source for item in items):
        raise InputError(
            f"no image of {collection.folder} matches a row of {collection.labels}",
            hint=f"a row asks for {items[0].wanted!r}; images are found by the column file, "
            "or as <id>.jpg"
            if items
            else "no row has a label that a class names",
        )
    return items


def _finder(folder: Path, pictures: list[Path]):
    """Look a picture up by its path in the folder, else by a name that is there only once."""
    by_path = {str(p.relative_to(folder)): p for p in pictures}
    by_name: dict[str, list[Path]] = {}
    for picture in pictures:
        for name in (picture.name, picture.stem):
            by_name.setdefault(name, []).append(picture)

    def find(wanted: str) -> Path | None:
        if wanted in by_path:
            return by_path[wanted]
        found = by_name.get(Path(wanted).name, [])
        ours = [p for p in found if str(p).endswith(f"/{wanted}")] or found
        if len(ours) > 1:
            raise InputError(
                f"{len(ours)} images answer to {wanted!r}: {ours[0]} and {ours[1]}",
                hint="give the path in the folder, in a column called file",
            )
        return ours[0] if ours else None

    return find


def _columns(items: list[Item], table, ids, collection: Collection) -> dict:
    rows = [item.row for item in items]
    own = ids[rows]
    parts = decode(own)
    newer = parts["skyVersion"] >= 2
    return {
        "name": [item.name for item in items],
        "label": [item.label for item in items],
        "label_source": [f"import {collection.labels.name}"] * len(items),
        "ra": _degrees(table, "ra", rows),
        "dec": _degrees(table, "dec", rows),
        "pixscale": [collection.pixscale] * len(items),
        "size_px": [None] * len(items),
        "source_file": [str(item.source or item.wanted) for item in items],
        "objID": [i if new else 0 for i, new in zip(own.tolist(), newer.tolist(), strict=True)],
        "dr7objid": [0 if new else i for i, new in zip(own.tolist(), newer.tolist(), strict=True)],
        "fieldID": field_of(own).tolist(),
        **{name: parts[name].tolist() for name in ("run", "rerun", "camcol", "field")},
    }


def _degrees(table, axis: str, rows: list[int]) -> list[float | None]:
    import pandas as pd

    column = _find(table, (axis,))
    if column is None:
        return [None] * len(rows)
    values = pd.to_numeric(table[column].iloc[rows], errors="coerce")
    return [None if pd.isna(v) else float(v) for v in values]


def _find(table: pd.DataFrame, names: Sequence[str]) -> str | None:
    lower = {str(c).lower().strip(): str(c) for c in table.columns}
    return next((lower[n] for n in names if n in lower), None)
