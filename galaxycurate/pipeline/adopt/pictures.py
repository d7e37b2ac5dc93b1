"""Which image of a folder shows which row of a table: by path, by name, by a list of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from galaxycurate.catalogs.table import CatalogTable, read
from galaxycurate.errors import InputError, LayoutError
from galaxycurate.pipeline.adopt.labelling import as_text
from galaxycurate.store.files import existing

ENDINGS = {".jpg", ".jpeg", ".png"}
FILE_NAMES = ("file", "filename", "file_name", "path", "image", "image_path", "asset_id")
"""Columns that name a row's image."""

_MAPPINGS = ("gz2_filename_mapping.csv", "gz2_filename_mapping.csv.gz")


class Pictures:
    """The images of a folder, at any depth, without what macOS leaves in archives."""

    def __init__(self, folder: Path):
        found = [p for p in existing(folder, what="folder").rglob("*") if _is_image(p)]
        self.folder = folder
        self.files = [p for p in sorted(found) if not _is_shadow(p.relative_to(folder))]
        self.n_shadows = len(found) - len(self.files)
        self._by_path = {str(p.relative_to(folder)): p for p in self.files}
        self._by_name: dict[str, list[Path]] = {}
        for picture in self.files:
            for name in (picture.name, picture.stem):
                self._by_name.setdefault(name, []).append(picture)

    def find(self, wanted: str) -> Path | None:
        """The image of that path in the folder, else the one whose path ends so.

        Raises
        ------
        InputError
            Several images answer to the name.
        """
        found = self.answering(wanted)
        if len(found) > 1:
            raise InputError(
                f"{len(found)} images answer to {wanted!r}: {found[0]} and {found[1]}",
                hint="give the path in the folder, in a column called file",
            )
        return found[0] if found else None

    def answering(self, wanted: str) -> list[Path]:
        """All images that a name, or a path, may mean; the ending may be left out."""
        if wanted in self._by_path:
            return [self._by_path[wanted]]
        if "/" not in wanted:
            return self._by_name.get(wanted, [])
        asked = Path(wanted)
        found, above = self._by_name.get(asked.name, []), asked.parent.parts
        if not above:  # ./name
            return found
        return [p for p in found if p.absolute().parent.parts[-len(above) :] == above]

    def unused(self, used: set[Path], wanted: Sequence[str]) -> Counter[str]:
        """Images that were not taken, by reason.

        Parameters
        ----------
        used : set of Path
        wanted : sequence of str
            What all rows ask for, those without a label among them.
        """
        asked = {p for name in wanted for p in self.answering(name)}
        rest = set(self.files) - used
        return +Counter(
            {
                "their row has no label": len(rest & asked),
                "no row names them": len(rest - asked),
                "left by macOS (._*)": self.n_shadows,
            }
        )


def wanted_by(
    table: CatalogTable, mapping: Path | None, pictures: Pictures
) -> tuple[list[str], Counter[str]]:
    """What each row calls its image; empty where it has none.

    Parameters
    ----------
    table : CatalogTable
    mapping : Path or None
        A list of dr7objid, sample and asset_id; used where the table itself names no files.
    pictures : Pictures
        Those that are there: of an object's images one of them is taken.

    Returns
    -------
    list of str
    Counter
        How objects with several images were settled.
    """
    column = next((n for n in FILE_NAMES if n in table.columns), None)
    if column:
        return as_text(table.columns[column]), Counter()
    if mapping:
        return _by_mapping(table, mapping, pictures)
    return names_of(table), Counter()


def names_of(table: CatalogTable) -> list[str]:
    """What each row is called: its id, else its catalogue's own name; empty where it has none."""
    ids = [str(k) if k else "" for k in table.key.tolist()]
    if table.name is None:
        return ids
    return [own or str(name) for own, name in zip(ids, table.name.tolist(), strict=True)]


def mapping_beside(*places: Path) -> Path | None:
    """Galaxy Zoo 2's list of file names in one of the folders."""
    found = (place / name for place in places for name in _MAPPINGS)
    return next((path for path in found if path.is_file()), None)


def _by_mapping(
    table: CatalogTable, path: Path, pictures: Pictures
) -> tuple[list[str], Counter[str]]:
    """One image an object, of those that are there: of the row's own sample, else the original."""
    there = read(path)
    if "asset_id" not in there.columns or not there.dr7objid.any():
        raise LayoutError(
            f"{path} is no list of images: it needs objid (DR7) and asset_id",
            hint="gz2_filename_mapping.csv stands beside images_gz2.zip at Zenodo 3565489",
        )
    assets = as_text(there.columns["asset_id"])
    samples = there.columns.get("sample", np.full(len(there), "")).tolist()
    known: dict[int, list[tuple[str, str]]] = {}
    for objid, sample, asset in zip(there.dr7objid.tolist(), samples, assets, strict=True):
        known.setdefault(objid, []).append((sample, asset))
    own = table.columns.get("sample", np.full(len(table), "")).tolist()
    wanted, settled = [], Counter[str]()
    for objid, sample in zip(table.dr7objid.tolist(), own, strict=True):
        found = (known.get(objid) if objid else None) or [("", "")]
        if len(found) > 1:
            first = {"original": 1, sample or "original": 0}
            found = sorted(found, key=lambda one: first.get(one[0], 2))
            found = [one for one in found if pictures.answering(one[1])] or found
            kind = found[0][0]
            of = "of the row's sample" if kind == sample else f"of the sample {kind}"
            settled[of if kind else "the first"] += 1
        wanted.append(found[0][1])
    return wanted, settled


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and path.is_file()


def _is_shadow(path: Path) -> bool:
    return path.name.startswith("._") or "__MACOSX" in path.parts
