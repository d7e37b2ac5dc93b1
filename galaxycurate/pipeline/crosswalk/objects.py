"""What a table tells of the objects in it: their ids in both releases, and where they lie."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from galaxycurate.catalogs.table import names_of, read
from galaxycurate.curation.crosswalk import by_pairs
from galaxycurate.errors import GalaxyCurateError, first_line
from galaxycurate.store import crosswalk, formats
from galaxycurate.store.files import existing, sha256_of
from galaxycurate.store.manifest import Manifest
from galaxycurate.store.settings import Settings

_HEAD_BYTES = 100_000
"""So far from its start a manifest says that it is one."""
_ID_NAMES = (
    {"objid", "dr8objid", "objid8", "dr8_objid"},
    {"dr7objid", "objid7", "dr7_objid"},
)


@dataclass(frozen=True)
class Objects:
    """What a source tells of objects: their ids of both releases, where they lie.

    Parameters
    ----------
    name : str
        The source.
    objid, dr7objid : ndarray of int64, shape (n,)
        0 where unknown.
    ra, dec : ndarray of float64, shape (n,)
        ICRS [deg]; NaN where unknown.
    mode, mode7 : ndarray of int64, shape (n,), or None
        Of the DR8+ and of the DR7 object: 1 primary.
    distance_arcsec : ndarray of float64, shape (n,), or None
        Between the two positions.
    notes : tuple of str
        What was dealt with while reading it.
    sha256 : str
        Of the file.
    """

    name: str
    objid: np.ndarray
    dr7objid: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    mode: np.ndarray | None = None
    mode7: np.ndarray | None = None
    distance_arcsec: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    sha256: str = ""

    @property
    def called(self) -> str:
        """What it is called where it told something."""
        return self.name if self.distance_arcsec is not None else f"table {self.name}"

    def only(self, which: np.ndarray) -> Objects:
        """Some of them."""
        columns = {k: v[which] for k, v in vars(self).items() if isinstance(v, np.ndarray)}
        return replace(self, **columns)


def distinct(rows: Objects) -> tuple[Objects, np.ndarray, np.ndarray]:
    """Each object once, with both ids where its rows agree; one without any is one of its own."""
    both = np.unique(np.stack([rows.objid, rows.dr7objid]), axis=1)
    objid = np.where(rows.objid == 0, _only(rows.dr7objid, *both[::-1]), rows.objid)
    dr7objid = np.where(rows.dr7objid == 0, _only(rows.objid, *both), rows.dr7objid)
    nameless = (objid == 0) & (dr7objid == 0)
    key = np.stack([np.where(nameless, -1 - np.arange(nameless.size), objid), dr7objid])
    _, first, of_row = np.unique(key, axis=1, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    first = first[order]
    mine = replace(
        rows, objid=objid[first], dr7objid=dr7objid[first], ra=rows.ra[first],
        dec=rows.dec[first],
    )  # fmt: skip
    return mine, first, rank[of_row.ravel()]


def _only(ids: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """What distinct pairs say of ids; 0 where they say nothing, or more than one thing."""
    said = by_pairs(ids, left, right)
    one = np.bincount(said.row, minlength=ids.size)[said.row] == 1
    found = np.zeros(ids.size, np.int64)
    found[said.row[one]] = said.found[one]
    return found


def manifest_at(path: Path) -> Manifest | None:
    """The manifest that a file is; None where it is another table."""
    import pyarrow.parquet as pq

    head = b""
    if path.suffix == ".parquet":
        with suppress(OSError, ValueError):  # who reads it as a table will say what is wrong
            head = b" ".join(pq.read_schema(existing(path)).metadata or ())
    elif path.suffix in formats.ENDINGS:
        beside = path.with_name(f"{path.name}-metadata.json")
        with (beside if beside.exists() else existing(path)).open("rb") as file:
            head = file.read(_HEAD_BYTES)
    words = set(re.findall(rb"galaxycurate\w*|GALAXYCU\b", head))
    if crosswalk.KEY.encode() in words or not words & {b"galaxycurate", b"GALAXYCU"}:
        return None
    return Manifest.read(path)


def of_manifest(manifest: Manifest) -> Objects:
    """The objects of a manifest, row by row."""

    def column(name: str, blank, kind) -> np.ndarray:
        return np.array([blank if v is None else v for v in manifest.column(name)], kind)

    return Objects(
        Path(str(manifest.path)).stem,
        column("objID", 0, np.int64),
        column("dr7objid", 0, np.int64),
        column("ra", np.nan, float),
        column("dec", np.nan, float),
    )


def of_table(path: Path) -> Objects:
    """A table with what it tells beyond ids and positions."""
    _, there = names_of(path)
    extra = [name for name in ("mode", "modedr8", "modedr7", "distance") if name in there]
    matched = {"modedr8", "modedr7", "distance"} <= set(extra)
    table = read(path, columns=extra, identity=False)

    def whole(name: str) -> np.ndarray | None:
        if name not in extra:
            return None
        return np.nan_to_num(table.columns[name].astype(float)).astype(np.int64)

    return Objects(
        table.table or Path(path).name.split(".")[0],
        table.objid,
        table.dr7objid,
        table.ra,
        table.dec,
        whole("modedr8") if matched else whole("mode"),
        whole("modedr7"),
        table.columns["distance"] * 60 if matched else None,
        tuple(
            f"{Path(path).name}: {note.column or 'the file'}: {note.what} ({note.rows:,} rows)"
            for note in table.notes
        ),
        sha256_of(path),
    )


def of_folder(
    settings: Settings, *, besides: Sequence[Path]
) -> tuple[list[Objects], tuple[str, ...]]:
    """The tables among the catalogues on this machine that carry both ids, and what was left out.

    A file that somebody else put there, or that is damaged, stops nobody.
    """
    known = {Path(path).resolve() for path in besides}
    found, notes = [], []
    for path in sorted(Path(settings.catalogs).glob("[!.]*.parquet")):
        if path.resolve() in known:
            continue
        try:
            names = set(names_of(path)[1])
            if all(names & wanted for wanted in _ID_NAMES):
                found.append(of_table(path))
        except (GalaxyCurateError, OSError) as error:
            notes.append(f"{path.name} in {settings.catalogs} was left out: {first_line(error)}")
    return found, tuple(notes)
