"""A split as it lies on the disk, as dedupe takes a dataset."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galaxycurate.core.outcome import Outcome, Status
from galaxycurate.pipeline.classed import image_of
from galaxycurate.pipeline.dedupe.kept import Kept
from galaxycurate.pipeline.split.known import IDS, Told, add_manifests, add_table, by_names
from galaxycurate.pipeline.split.layout import File, Places, files_of, images_of


@dataclass(frozen=True)
class Folder:
    """A split on the disk.

    Parameters
    ----------
    root : Path
    kept : Kept
        The images, each once; paths are relative to `root`.
    places : dict of str to dict of int to File
        By tree and row of `kept`; there is one tree but for folds.
    told_of : int
        Images that the table of positions tells of.
    """

    root: Path
    kept: Kept
    places: Places
    told_of: int = 0

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
    """Find out what lies where, and who is known.

    Parameters
    ----------
    root : Path
        See `layout.files_of`; or a dataset of ours that was split.
    manifests : Path
        Of our own splits, which tell positions and ids.
    positions : Path, optional
        See `known.add_table`.

    Returns
    -------
    Folder

    Raises
    ------
    InputError
        No such folder, or it is no split.
    LayoutError
        The table tells of none of the images.
    """
    root = Path(root)
    if (root / "split" / "split.json").is_file():
        root = root / "split"
    images, places = images_of(root, files_of(root))
    files = [file for file, _ in images]
    told = by_names(files)
    if (root / "split.json").is_file() and Path(manifests).is_dir():
        add_manifests(told, _images(root, files), Path(manifests))
    told_of = 0 if positions is None else add_table(told, files, Path(positions))
    return Folder(root, _kept(root, images, told), places, told_of)


def _images(root: Path, files: list[File]) -> list[str]:
    """What each file of a split of ours is in the dataset."""
    trees = {tree: image_of(root / tree) for tree in {file.tree for file in files}}
    return [trees[file.tree](Path(file.path).relative_to(file.tree).as_posix()) for file in files]


def _kept(root: Path, images: list[tuple[File, str]], told: Told) -> Kept:
    outcomes = [
        Outcome(
            path=file.path, name=file.stem, label="", request="", status=Status.OK, sha256=sha256,
            n_bytes=(root / file.path).stat().st_size,
        )
        for file, sha256 in images
    ]  # fmt: skip
    unknown = np.full(len(images), np.nan)
    return Kept(
        outcomes=outcomes, ra=told["ra"], dec=told["dec"], pixscale=told["pixscale"],
        width_arcsec=unknown, height_arcsec=unknown, score=np.zeros(len(images)),
        ids={name: told[name].tolist() for name in IDS}, origins=_origin(root),
    )  # fmt: skip


def _origin(root: Path) -> set[str]:
    try:
        return {str(json.loads((root / "split.json").read_text()).get("origin", ""))} - {""}
    except (OSError, ValueError):
        return set()
