"""The images of a dataset that are good, with what their manifests know of them."""

from __future__ import annotations

import filecmp
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np

from galaxycurate.core.geometry import separation
from galaxycurate.core.outcome import Outcome, Status, VerdictKind
from galaxycurate.core.words import many
from galaxycurate.curation.pairs import Pairs
from galaxycurate.curation.sky.fields import near_fields
from galaxycurate.curation.sky.footprints import Footprints
from galaxycurate.curation.sky.objects import blends, in_several_runs, same, same_id
from galaxycurate.errors import InputError
from galaxycurate.imagery.providers.provider import same_picture
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import read_all
from galaxycurate.store.settings import Settings
from galaxycurate.store.shards.tree import open_tree

IDS = ("objID", "dr7objid")
SCORES = ("vote_fraction", "score")
ASSUMED_ARCSEC = 168.0
"""Width of a cutout whose pixel scale is unknown: 424 pixels, as Galaxy Zoo's, at 0.396"/pixel."""
_ONE_PLACE_ARCSEC = 1.0


@dataclass(frozen=True)
class Kept:
    """The images of a dataset with what their manifests know of them, as aligned columns.

    Parameters
    ----------
    outcomes : list of Outcome
    ra, dec, width_arcsec, height_arcsec, pixscale : ndarray of float64, shape (n,)
        NaN where unknown.
    score : ndarray of float64, shape (n,)
        Vote fraction, or quality of the field; 0 where unknown.
    ids : dict of str to list of int
        ``objID``, ``dr7objid`` and ``parentID``; 0 where unknown.
    origins : set of str
        The archives and providers that they came from.
    given : mapping of str to str
        The classes that people gave them, by path; the others have their own.
    manifest_sha256 : tuple of str
        Of the manifests that tell of them, sorted.
    """

    outcomes: list[Outcome]
    ra: np.ndarray
    dec: np.ndarray
    width_arcsec: np.ndarray
    height_arcsec: np.ndarray
    pixscale: np.ndarray
    score: np.ndarray
    ids: dict[str, list[int]]
    origins: set[str]
    given: Mapping[str, str] = field(default_factory=dict)
    manifest_sha256: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.outcomes)

    @property
    def labels(self) -> np.ndarray:
        """The label of each, as people decided."""
        return np.array([self.given.get(o.path, o.label) for o in self.outcomes])

    @property
    def paths(self) -> list[str]:
        """The path of each, relative to the dataset."""
        return [o.path for o in self.outcomes]

    @property
    def placed(self) -> np.ndarray:
        """Whether position and sides are known, so that the footprint is."""
        return np.isfinite(self.ra + self.dec + self.width_arcsec + self.height_arcsec)

    @cached_property
    def footprints(self) -> Footprints:
        """What each shows of the sky; a side that is unknown is assumed."""
        sides = (self.width_arcsec, self.height_arcsec)
        assumed = (np.where(np.isfinite(side), side, ASSUMED_ARCSEC) for side in sides)
        return Footprints(self.ra, self.dec, *assumed)

    @property
    def any_id(self) -> np.ndarray:
        """The objID of each, or else its DR7 one, 0 where both are unknown."""
        return np.where(self._id("objID") != 0, self._id("objID"), self._id("dr7objid"))

    def _id(self, name: str) -> np.ndarray:
        return np.array(self.ids[name], np.int64)

    def evidence(self, *, min_overlap: float = 0.0, dask: str = "") -> dict[VerdictKind, Pairs]:
        """Every pair that bytes, ids and positions tell of, by kind; overlaps by a Dask cluster
        where its address is given, which finds the same.
        """
        objects = [same_id(*(self._id(name) for name in IDS))]
        objects.append(in_several_runs(self.ra, self.dec, self.any_id))
        return {
            VerdictKind.EXACT_FILE: same([o.sha256 for o in self.outcomes]),
            VerdictKind.SAME_OBJECT: _concatenate(objects),
            VerdictKind.BLEND: blends(self._id("objID"), self._id("parentID")),
            VerdictKind.OVERLAP: self._overlapping(min_overlap, dask),
            VerdictKind.NEAR_FIELD: near_fields(self.any_id, self.placed),
        }

    def _overlapping(self, min_overlap: float, dask: str) -> Pairs:
        if not dask:
            return self.footprints.overlapping(min_overlap=min_overlap)
        from galaxycurate.pipeline.cluster.sky import overlapping_on_cluster

        return overlapping_on_cluster(dask, self.footprints, min_overlap=min_overlap)


def read_kept(settings: Settings, ledger: Ledger) -> Kept:
    """The images that the ledger holds to be good, joined with their manifests.

    Images that no manifest lists, and those of an earlier request (another position, scale or
    size), take no part.

    Raises
    ------
    InputError
        There are none, files are missing or not as the ledger knows them, or two manifests tell
        of an imported image what cannot both be true.
    """
    about: dict[tuple[str, str], dict] = {}
    origins, told = set(), set()
    place = ("ra", "dec", "pixscale", "size_px")
    wanted = ("name", "label", *place, "source_file", *SCORES, *IDS, "parentID")
    for manifest in read_all([], folder=Path(settings.manifests)):
        origins.add(manifest.header.archive)
        told.add(manifest.sha256)
        there = [n for n in wanted if n in manifest.table.column_names]
        for row in manifest.rows(there):
            key = row["label"], row["name"]
            about[key] = one_of(about[key], row) if key in about else row
    listed = [o for o in ledger.outcomes(Status.OK) if (o.label, o.name) in about]
    outcomes = [o for o in listed if same_picture(o.request, about[o.label, o.name])]
    if not outcomes:
        raise InputError(
            f"no images in {settings.dataset}/ yet",
            hint="galaxycurate download, or galaxycurate import DIR --labels CSV",
        )
    _check_there(settings, ledger, outcomes)
    rows = [about[o.label, o.name] for o in outcomes]
    origins |= {o.provider for o in outcomes}
    sides = np.array([_sides(o, row) for o, row in zip(outcomes, rows, strict=True)])
    return Kept(
        outcomes=outcomes,
        ra=_floats(rows, "ra"),
        dec=_floats(rows, "dec"),
        width_arcsec=sides[:, 0],
        height_arcsec=sides[:, 1],
        pixscale=np.array(
            [
                o.pixscale or row.get("pixscale") or np.nan
                for o, row in zip(outcomes, rows, strict=True)
            ]
        ),
        score=np.array([next(filter(None, map(row.get, SCORES)), 0.0) for row in rows]),
        ids={n: [row.get(n) or 0 for row in rows] for n in (*IDS, "parentID")},
        origins=origins - {""},
        manifest_sha256=tuple(sorted(told)),
    )


def one_of(first: dict, second: dict) -> dict:
    """Of what two manifests tell of a cutout; of an import, that of the one which has its image."""
    files = {row["source_file"] for row in (first, second) if _is_import(row)}
    if not files:
        return second
    for row, other in ((first, second), (second, first)):
        if _is_import(row) and row["size_px"] is None:
            return other
    if (len(files) > 1 and not _one_file(*files)) or not _one_place(first, second):
        raise InputError(
            f"two manifests tell of {second['label']}/{second['name']} what cannot both be true: "
            f"{_told(first)}, and {_told(second)}",
            hint="move one of the manifests away; a collection of its own needs its own --dataset "
            "and --manifests",
        )
    return second


def _sides(outcome: Outcome, row: dict) -> tuple[float, float]:
    """Width and height on the sky [arcsec] of the picture itself; what the ledger does not tell
    the manifest does.
    """
    pixscale = outcome.pixscale or row.get("pixscale") or np.nan
    width = outcome.size_px or row.get("size_px") or np.nan
    return pixscale * width, pixscale * (outcome.height_px or width)


def _is_import(row: dict) -> bool:
    return bool(row.get("source_file"))


def _one_place(first: dict, second: dict) -> bool:
    sky = [row[axis] for row in (first, second) for axis in ("ra", "dec")]
    return None in sky or bool(separation(*sky) < _ONE_PLACE_ARCSEC)


def _one_file(first: str, second: str) -> bool:
    """Whether two paths lead to one file, or to the same bytes."""
    if Path(first).resolve() == Path(second).resolve():
        return True
    try:
        return filecmp.cmp(first, second, shallow=False)
    except OSError:  # one is gone since, or lies within an archive
        return False


def _told(row: dict) -> str:
    where = "" if row["ra"] is None else f" at {row['ra']:.5f} {row['dec']:+.5f}"
    return f"{row.get('source_file') or 'an archive'}{where}"


def _check_there(settings: Settings, ledger: Ledger, outcomes: list[Outcome]) -> None:
    """Stop where a picture is gone, or is another one than the ledger knows."""
    tree = open_tree(Path(settings.dataset))
    gone = [o.path for o in outcomes if tree.size(o.path) != o.n_bytes]
    if not gone:
        settled = _settled(ledger)
        gone = [o.path for o in outcomes if _is_another(tree, o, settled)]
    if gone:
        raise InputError(
            f"{many(len(gone), 'image is', 'images are')} no longer as the ledger knows them "
            f"(the first is {gone[0]})",
            hint="galaxycurate download fetches them again, a repeated import takes them again",
        )


def _settled(ledger: Ledger) -> dict[tuple[str, str], str]:
    """When the ledger last saw a picture, by its path and sha256."""
    lines = ledger.lines("path", "sha256", "time_utc")
    return {(path, sha256): when for some in lines for path, sha256, when in some}


def _is_another(tree, outcome: Outcome, settled: dict[tuple[str, str], str]) -> bool:
    """Whether a file that was written to after its outcome holds something else now."""
    if not outcome.sha256:
        return False
    try:
        written = tree.path(outcome.path).stat().st_mtime
    except FileNotFoundError:
        return False  # in a shard, which is only ever appended to
    if written <= datetime.fromisoformat(settled[outcome.path, outcome.sha256]).timestamp():
        return False
    return hashlib.sha256(tree.read(outcome.path)).hexdigest() != outcome.sha256


def _concatenate(many: list[Pairs]) -> Pairs:
    stacked = np.concatenate([np.stack([p.first, p.second], axis=1) for p in many])
    unique = np.unique(stacked, axis=0) if len(stacked) else stacked
    return Pairs(unique[:, 0], unique[:, 1], np.ones(len(unique)))


def _floats(rows: list[dict], name: str) -> np.ndarray:
    return np.array([np.nan if row.get(name) is None else row[name] for row in rows], float)
