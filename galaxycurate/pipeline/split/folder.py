"""A split as it lies on the disk, ours or anybody's: parts, classes, files, and what names tell."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galaxycurate.core.ids import looks_like_sdss
from galaxycurate.core.outcome import Outcome, Status
from galaxycurate.errors import InputError, LayoutError
from galaxycurate.pipeline.dedupe.kept import Kept
from galaxycurate.store.images import ImageTree
from galaxycurate.store.manifest import read_all

SUFFIXES = (
    ".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".fits", ".fit", ".npz",
)  # fmt: skip
_IDS = ("objID", "dr7objid", "parentID")
_PART = re.compile(r"train|test|val|dev|fold|hold|part|split", re.IGNORECASE)
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


@dataclass(frozen=True)
class File:
    """An image of a split: relative to the folder, with its part and class.

    ``tree`` is empty but for folds that are trees of train, val and test each.
    """

    path: str
    tree: str
    part: str
    label: str

    @property
    def stem(self) -> str:
        """Its name without ending."""
        return Path(self.path).stem


@dataclass(frozen=True)
class Folder:
    """A split on the disk.

    Parameters
    ----------
    root : Path
    kept : Kept
        The images, each once, as dedupe takes them; paths are relative to `root`.
    places : dict of str to dict of int to File
        By tree and row of `kept`; there is one tree but for folds.
    """

    root: Path
    kept: Kept
    places: dict[str, dict[int, File]]

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Images by part and class; parts of several trees bear the tree's name, too."""
        found: dict[str, Counter[str]] = {}
        for tree, rows in self.places.items():
            for file in rows.values():
                name = f"{tree}/{file.part}" if tree else file.part
                found.setdefault(name, Counter())[file.label or "all"] += 1
        return {name: dict(sorted(some.items())) for name, some in found.items()}


def read_folder(root: Path, manifests: Path, positions: Path | None = None) -> Folder:
    """Find out what lies where, and who is known by name.

    Parameters
    ----------
    root : Path
        Of ``part/class/image``, ``part/image`` or ``fold/part/class/image``.
    manifests : Path
        Of our own splits, which tell positions and ids.
    positions : Path, optional
        A table of file (or name), ra, dec, objID, dr7objid, pixscale: what it has of these.

    Returns
    -------
    Folder

    Raises
    ------
    InputError
        No such folder, or it is no split.
    """
    root = Path(root)
    if (root / "split" / "split.json").is_file():
        root = root / "split"
    files = _files(root)
    rows, places = _rows(root, files)
    told = _told_by_names(rows)
    if (root / "split.json").is_file() and Path(manifests).is_dir():
        _told_by_manifests(rows, told, Path(manifests))
    if positions is not None:
        _told_by_table(rows, told, Path(positions))
    return Folder(root, _kept(root, rows, told), places)


# ---- what lies where


def _files(root: Path) -> list[File]:
    if not root.is_dir():
        raise InputError(f"no such folder: {root}", hint="galaxycurate split --check DIR")
    folders = _folders(root)
    trees = [f for f in folders if any(_is_part(p) for p in _folders(f))]
    if trees and not any(_is_part(f) and f not in trees for f in folders):
        files = [file for tree in trees for file in _of_tree(root, tree, tree.name)]
    else:
        files = list(_of_tree(root, root, ""))
    parts = {(file.tree, file.part) for file in files}
    by_tree = Counter(tree for tree, _ in parts)
    if not by_tree or max(by_tree.values()) < 2:
        raise InputError(
            f"{root} is no split: it needs two folders of images or more, such as train and test",
            hint="expected DIR/train/<class>/<image> and DIR/test/<class>/<image>",
        )
    if not any(_PART.search(part) for _, part in parts) and not any(f.label for f in files):
        raise InputError(
            f"{root} holds {', '.join(sorted(part for _, part in parts)[:4])}: these look like "
            "classes, not like parts of a split",
            hint="galaxycurate import, dedupe and split make one; --check looks at what is split",
        )
    return files


def _folders(root: Path) -> list[Path]:
    return sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))


def _is_part(folder: Path) -> bool:
    return bool(_PART.search(folder.name))


def _of_tree(root: Path, tree: Path, name: str) -> Iterator[File]:
    for part in _folders(tree):
        for path in sorted(part.rglob("*")):
            inside = path.relative_to(part)
            hidden = any(word.startswith(".") for word in inside.parts)
            if path.suffix.lower() in SUFFIXES and not hidden and path.is_file():
                label = inside.parent.as_posix()
                where = path.relative_to(root).as_posix()
                yield File(where, name, part.name, "" if label == "." else label)


def _rows(root: Path, files: list[File]) -> tuple[list[tuple[File, str]], dict]:
    """Each image once, though several folds hold it: file and sha256; and its place in each."""
    row_of: dict[tuple, int] = {}
    seen: Counter[tuple] = Counter()
    rows: list[tuple[File, str]] = []
    places: dict[str, dict[int, File]] = {}
    for file in files:
        sha256 = hashlib.sha256((root / file.path).read_bytes()).hexdigest()
        same = file.label, file.stem, sha256
        seen[file.tree, same] += 1
        key = same, seen[file.tree, same]  # a file that one tree holds twice is two rows
        if key not in row_of:
            row_of[key] = len(rows)
            rows.append((file, sha256))
        places.setdefault(file.tree, {})[row_of[key]] = file
    return rows, places


# ---- who is known


def _told_by_names(rows) -> dict[str, np.ndarray]:
    """Ids and positions that file names hold."""
    n = len(rows)
    told = {name: np.full(n, np.nan) for name in ("ra", "dec", "pixscale")}
    told |= {name: np.zeros(n, np.int64) for name in _IDS}
    for row, (file, _) in enumerate(rows):
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


def _told_by_manifests(rows, told: dict[str, np.ndarray], manifests: Path) -> None:
    row_of = {(file.label, file.stem): row for row, (file, _) in enumerate(rows)}
    tree = ImageTree(Path())
    for manifest in read_all([], folder=manifests):
        wanted = [c for c in ("label", "name", *told) if c in manifest.table.column_names]
        for line in manifest.rows(wanted):
            place = Path(tree.relative(line["label"], line["name"]))
            row = row_of.get((place.parent.name, place.stem))
            if row is not None:
                _set(told, row, line)


def _told_by_table(rows, told: dict[str, np.ndarray], path: Path) -> None:
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
        if ours in _IDS:
            values[ours] = cells.ids(held[name], name)
        elif ours == "pixscale":
            values[ours] = cells.numbers(held[name], name)
        else:
            values[ours] = cells.degrees(held[name], name, is_ra=ours == "ra")[0]
    named = cells.names(held[columns["file"]]).to_pylist()
    line_of = {Path(str(name)).stem: k for k, name in enumerate(named) if name}
    line_of |= {
        Path(str(name)).with_suffix("").as_posix(): k for k, name in enumerate(named) if name
    }
    for row, (file, _) in enumerate(rows):
        whole = Path(file.path).with_suffix("").as_posix()
        line = line_of.get(whole, line_of.get(file.stem))
        if line is not None:
            _set(told, row, {name: column[line].item() for name, column in values.items()})


def _set(told: dict[str, np.ndarray], row: int, line: dict) -> None:
    for name, values in told.items():
        if line.get(name) is not None and line[name] == line[name]:
            values[row] = line[name]


def _kept(root: Path, rows, told: dict[str, np.ndarray]) -> Kept:
    outcomes = [
        Outcome(
            path=file.path, name=file.stem, label="", request="", status=Status.OK, sha256=sha256,
            n_bytes=(root / file.path).stat().st_size,
        )
        for file, sha256 in rows
    ]  # fmt: skip
    return Kept(
        outcomes=outcomes, ra=told["ra"], dec=told["dec"], pixscale=told["pixscale"],
        width_arcsec=np.full(len(rows), np.nan), score=np.zeros(len(rows)),
        ids={name: told[name].tolist() for name in _IDS}, origins=_origin(root),
    )  # fmt: skip


def _origin(root: Path) -> set[str]:
    try:
        return {str(json.loads((root / "split.json").read_text()).get("origin", ""))} - {""}
    except (OSError, ValueError):
        return set()
