"""The rows of all manifests together, column by column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galaxycurate.core.outcome import Outcome
from galaxycurate.pipeline.recorded import Recorded
from galaxycurate.store.manifest import Manifest


@dataclass(frozen=True)
class Rows:
    """The distinct cutouts of all manifests, column by column; ``where`` finds the whole row.

    Arrays of shape (n,); positions are ICRS [deg], NaN where unknown, ``width`` [arcsec].
    """

    manifests: tuple[Manifest, ...]
    where: tuple[tuple[int, int], ...]
    keys: dict[tuple[str, str], int]
    label: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    width: np.ndarray

    @classmethod
    def of(cls, manifests: list[Manifest]) -> Rows:
        """Walk manifests; a cutout that two of them list counts once."""
        keys: dict[tuple[str, str], int] = {}
        where: list[tuple[int, int]] = []
        values = []
        for m, manifest in enumerate(manifests):
            columns = [manifest.column(name) for name in ("label", "name")]
            numbers = np.array(
                [manifest.column(name) for name in ("ra", "dec", "pixscale", "size_px")], float
            )
            for k, key in enumerate(zip(*columns, strict=True)):
                if key not in keys:
                    keys[key] = len(where)
                    where.append((m, k))
                    values.append(numbers[:, k])
        ra, dec, pixscale, size_px = np.array(values, float).reshape(-1, 4).T
        label = np.array([key[0] for key in keys], object)
        return cls(tuple(manifests), tuple(where), keys, label, ra, dec, pixscale * size_px)

    def __len__(self) -> int:
        return len(self.where)

    def index(self, label: str, name: str) -> int | None:
        """The row of a cutout, or None when no manifest lists it."""
        return self.keys.get((label, name))

    def numbers(self, name: str) -> np.ndarray:
        """A column of numbers, float64 of shape (n,); NaN where unknown."""
        parts = [np.array(manifest.column(name), float) for manifest in self.manifests]
        first = np.cumsum([0, *(len(part) for part in parts)])
        m, k = np.array(self.where, np.int64).reshape(-1, 2).T
        return np.concatenate([*parts, np.empty(0)])[first[m] + k]

    def whole(self, index: int) -> dict:
        """Every column of one row."""
        m, k = self.where[index]
        return self.manifests[m].table.slice(k, 1).to_pylist()[0]


def usable(records: Recorded) -> list[Outcome]:
    """The pictures that a network is given: those of the splits, or what is left for them."""
    places, out = records.in_splits, records.decided.left_out
    if records.split_run:
        return [outcome for outcome in records.kept if outcome.path in places]
    return [outcome for outcome in records.kept if outcome.path not in out]
