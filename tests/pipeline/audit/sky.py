"""A data set over a simulated catalogue: cutouts at chosen places, noise as pixels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from galaxycurate.core.geometry import from_plane
from galaxycurate.curation.vacancy import FieldArea
from tests import survey
from tests.pipeline.project import Project

SIDE, SCALE = 256, 0.396127


def tables(folder: Path, n: int = 24) -> Path:
    """Tables of some fields, all loaded; every tenth row is not clean."""
    survey.write(folder, n, zoo=100)
    path = folder / "PhotoObjAll.parquet"
    objects = pd.read_parquet(path)
    objects["clean"] = (np.arange(len(objects)) % 10 != 0).astype(int)
    objects.to_parquet(path)
    return folder


def places(folder: Path, n: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Random positions in the fields, their cutouts whole in them."""
    rng = np.random.default_rng(seed)
    fields = pd.read_parquet(folder / "Field.parquet")
    found = []
    for row in fields.itertuples():
        area = FieldArea(row.ra, row.dec, (row.muStart, row.muEnd), (row.nuStart, row.nuEnd))
        ra, dec = area.centres(SIDE * SCALE, 75.0, rng)
        found.append(np.stack([ra[: -(-n // len(fields))], dec[: -(-n // len(fields))]]))
    ra, dec = np.concatenate(found, axis=1)
    chosen = rng.permutation(ra.size)[:n]
    return ra[chosen], dec[chosen]


def project(root: Path, archive: str, ra, dec, label: str = "negative", **columns) -> Project:
    """Images at positions, downloaded as far as the ledger knows."""
    made = Project(root)
    made.settings = replace(made.settings, archive=archive)
    if label == "negative":
        columns.setdefault("objID", [0] * len(ra))
    made.fetch(made.manifest(label, len(ra), ra=ra, dec=dec, **columns))
    return made


def beside(ra: float, dec: float, dx: float, dy: float) -> tuple[float, float]:
    """The position so many pixels to the right of, and below, another one."""
    there = from_plane(-dx * SCALE, -dy * SCALE, ra, dec)
    return float(there[0]), float(there[1])
