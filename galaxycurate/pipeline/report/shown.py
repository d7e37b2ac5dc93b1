"""What the report shows in pictures and plots, as plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from galaxycurate.core.outcome import Verdict


@dataclass(frozen=True)
class Cutout:
    """One picture of a contact sheet, and what is known of it.

    ``picture`` is its file's bytes, None where there is none to show; ``note`` says why then.
    Positions are ICRS [deg], magnitudes [mag], distances [arcsec]; None where unknown.
    """

    path: str
    label: str
    name: str
    picture: bytes | None = field(default=None, repr=False)
    note: str = ""
    objid: str = ""
    ra: float | None = None
    dec: float | None = None
    vote_fraction: float | None = None
    r: float | None = None
    clear_arcsec: float | None = None
    score: float | None = None
    split: str = ""


@dataclass(frozen=True)
class Sheet:
    """A contact sheet: ``total`` cutouts are of this kind, ``cutouts`` are shown; ``order`` says in
    words how they were chosen, where it was no random draw.
    """

    title: str
    total: int
    cutouts: tuple[Cutout, ...]
    order: str = ""


@dataclass(frozen=True)
class Suspects:
    """Pictures that an audit holds something against, each with its verdict: ``total`` are of this
    kind, ``cutouts`` are shown.
    """

    title: str
    total: int
    cutouts: tuple[tuple[Cutout, Verdict], ...]


@dataclass(frozen=True)
class Histogram:
    """Counts by label in common bins, with the cuts that the manifests made there.

    ``edges`` has one entry more than each list of ``counts``; ``beyond`` counts the values that
    stand for "none within reach" and are not drawn.
    """

    title: str
    quantity: str
    edges: tuple[float, ...]
    counts: Mapping[str, tuple[int, ...]]
    cuts: tuple[float, ...] = ()
    beyond: int = 0


@dataclass(frozen=True)
class SkyPoints:
    """Positions to draw: arrays of shape (n,), ICRS [deg], sides of the footprints [arcsec]."""

    ra: np.ndarray
    dec: np.ndarray
    width: np.ndarray
    label: np.ndarray

    def __len__(self) -> int:
        return len(self.ra)
