"""Which rows of a collection become cutouts: those with an id, a label and an image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from galaxycurate.catalogs.reading import hdf5
from galaxycurate.catalogs.table import CatalogTable, Note
from galaxycurate.core.ids import places_of
from galaxycurate.curation.positions import close_pairs
from galaxycurate.errors import InputError
from galaxycurate.pipeline.adopt import pictures
from galaxycurate.pipeline.adopt.collection import SCALES, Collection
from galaxycurate.pipeline.adopt.labelling import ByVotes, Labelled, by_column, by_votes
from galaxycurate.pipeline.adopt.rows import read_rows
from galaxycurate.store.files import existing
from galaxycurate.store.images import check_word


@dataclass(frozen=True)
class Item:
    """A row of the table that becomes a cutout; ``source`` is None where its image is absent."""

    row: int
    name: str
    label: str
    source: Path | None
    wanted: str

    @property
    def origin(self) -> str:
        """The file that it comes from, with its place there."""
        if self.source is None or self.source.suffix.lower() not in hdf5.ENDINGS:
            return str(self.source or self.wanted)
        return f"{self.source}#{self.wanted}"


@dataclass(frozen=True)
class Joined:
    """The rows of a collection that have an id and a label, each with its image where there is one.

    Parameters
    ----------
    items : list of Item
    columns : dict of str to list
        Of the manifest, one value an item.
    n_rows : int
        Of the table.
    labelled : Labelled
    sha256 : str
        Of the file that holds the rows.
    left_out : Counter
        Rows without an item, by reason.
    unused : Counter
        Images without an item, by reason.
    several : Counter
        Objects with several images, by the one that was taken.
    notes : tuple of Note
        What was dealt with while the table was read.
    close : list of (str, str, float)
        Names of two items and their separation, where it is below 1 arcsec.
    """

    items: list[Item]
    columns: dict[str, list]
    n_rows: int
    labelled: Labelled
    sha256: str
    left_out: Counter[str]
    unused: Counter[str] = field(default_factory=Counter)
    several: Counter[str] = field(default_factory=Counter)
    notes: tuple[Note, ...] = ()
    close: list[tuple[str, str, float]] = field(default_factory=list)


def join(collection: Collection, *, cache: Path | None = None) -> Joined:
    """Read the table, label its rows, and find the image of each.

    Parameters
    ----------
    collection : Collection
    cache : Path, optional
        Folder of the catalogues on this machine, where a table that was read is kept.

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
    existing(collection.source, what="file" if collection.is_arrays else "folder")
    table, by = read_rows(collection, cache)
    labelled = by_votes(table, by) if isinstance(by, ByVotes) else by_column(table, by)
    for label in sorted(set(labelled.label.tolist())):
        check_word(label, what="label")
    found = _Found(collection, table)
    items, kept, left_out = found.items(labelled, must_exist=isinstance(by, ByVotes))
    columns = _columns(table, labelled, kept, items, collection)
    return Joined(
        items=items,
        columns=columns,
        n_rows=len(table),
        labelled=labelled,
        sha256=table.sha256,
        left_out=labelled.left_out + left_out,
        unused=found.unused(items),
        several=found.several,
        notes=table.notes,
        close=_close(items, columns),
    )


class _Found:
    """The images of a collection, and what its rows ask for."""

    def __init__(self, collection: Collection, table: CatalogTable):
        self.collection, self.table = collection, table
        self.names = pictures.names_of(table)
        self.several: Counter[str] = Counter()
        if collection.is_arrays:
            self.wanted, self.pictures = self.names, None
            return
        self.pictures = pictures.Pictures(collection.source)
        self.mapping = collection.mapping
        if self.mapping is None and table.catalog == "gz2":
            self.mapping = pictures.mapping_beside(
                collection.source.parent, collection.source, collection.table.parent
            )
        self.wanted, self.several = pictures.wanted_by(table, self.mapping, self.pictures)

    def items(self, labelled: Labelled, *, must_exist: bool):
        """Items, their places among the labelled rows, and who is left out.

        A catalogue is larger than any folder, so its rows without an image are only counted; the
        user's own table says what should be there.
        """
        items: list[Item] = []
        kept: list[int] = []
        left_out: Counter[str] = Counter()
        for place, row in enumerate(labelled.row.tolist()):
            name, wanted = self.names[row], self.wanted[row]
            source = self._source(wanted)
            if not name:
                left_out["no id"] += 1
            elif not wanted:
                left_out[f"not in {self.mapping.name}" if self.mapping else "no image named"] += 1
            elif must_exist and source is None:
                left_out["no image in the folder"] += 1
            else:
                items.append(Item(row, name, str(labelled.label[place]), source, wanted))
                kept.append(place)
        if not any(item.source for item in items):
            raise self._nothing(labelled)
        return items, kept, left_out

    def unused(self, items: list[Item]) -> Counter[str]:
        """Images without an item, by reason."""
        if self.pictures is None:
            with hdf5.Images(self.collection.source) as images:
                return +Counter({"no row goes with them": len(images) - len(self.table)})
        return self.pictures.unused({i.source for i in items if i.source}, self.wanted)

    def _source(self, wanted: str) -> Path | None:
        if self.pictures is None:
            return self.collection.source
        return self.pictures.find(wanted) if wanted else None

    def _nothing(self, labelled: Labelled) -> InputError:
        source, table = self.collection.source, self.table.source
        if not labelled.row.size:
            return InputError(
                f"no row of {table} has a label", hint="galaxycurate positives --explain tells why"
            )
        asked = next((w for w in (self.wanted[r] for r in labelled.row.tolist()) if w), "nothing")
        hint = f"a row asks for {asked!r}; images are found by the column file, or as <id>.jpg"
        if self.table.catalog == "gz2" and self.mapping is None:
            hint = "images_gz2 is named by asset_id: --mapping gz2_filename_mapping.csv"
        return InputError(f"no image of {source} matches a row of {table}", hint=hint)


def _columns(
    table: CatalogTable, labelled: Labelled, kept: list[int], items: list[Item], collection
) -> dict[str, list]:
    rows = [item.row for item in items]
    key = table.key[rows]
    redshift = table.columns.get("redshift")
    return {
        "name": [item.name for item in items],
        "label": [item.label for item in items],
        "label_source": [labelled.source] * len(items),
        "ra": _known(table.ra[rows]),
        "dec": _known(table.dec[rows]),
        "pixscale": _scales(table, rows, collection),
        "size_px": [None] * len(items),
        "source_file": [item.origin for item in items],
        "objID": table.objid[rows].tolist(),
        "dr7objid": table.dr7objid[rows].tolist(),
        **places_of(key),
        **{name: [values[place] for place in kept] for name, values in labelled.columns.items()},
        **({} if redshift is None else {"redshift": _known(redshift[rows])}),
    }


def _scales(table: CatalogTable, rows: list[int], collection: Collection) -> list[float | None]:
    """From the table's own column where it has one; a scale that is none is unknown."""
    if "pxscale" not in table.columns:
        return [collection.pixscale] * len(rows)
    scale = table.columns["pxscale"][rows]
    return _known(np.where((scale >= SCALES[0]) & (scale <= SCALES[1]), scale, np.nan))


def _known(values: np.ndarray) -> list[float | None]:
    return [None if v != v else v for v in np.asarray(values, float).tolist()]


def _close(items: list[Item], columns: Mapping[str, list]) -> list[tuple[str, str, float]]:
    ra, dec = (np.array(columns[axis], float) for axis in ("ra", "dec"))
    i, j, apart = close_pairs(ra, dec)
    return [
        (items[a].name, items[b].name, round(s, 3))
        for a, b, s in zip(i.tolist(), j.tolist(), apart.tolist(), strict=True)
    ]
