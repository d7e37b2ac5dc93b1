"""What the status line and the report say, as plain frozen values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from galaxycurate.store.manifest import Manifest


@dataclass(frozen=True)
class ManifestFacts:
    """A manifest in short: its rows by label, and where it came from (see `Header`)."""

    path: str
    sha256: str
    rows: int
    labels: Mapping[str, int]
    command: str
    created_utc: str
    archive: str = ""
    release: str = ""
    query: str = ""
    query_sha256: str = ""
    cuts: Mapping[str, object] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    version: str = ""

    @classmethod
    def of(cls, manifest: Manifest) -> ManifestFacts:
        """The facts of a manifest that was read."""
        head = manifest.header
        return cls(
            path=str(manifest.path), sha256=manifest.sha256, rows=len(manifest),
            labels=dict(sorted(Counter(manifest.column("label")).items())),
            command=head.command, created_utc=head.created_utc, archive=head.archive,
            release=head.release, query=head.query, query_sha256=head.query_sha256,
            cuts=dict(head.cuts), counts=dict(head.counts), version=head.version,
        )  # fmt: skip


@dataclass(frozen=True)
class Training:
    """What `python -m train` measured on the test split.

    ``accuracy`` and its 95 % interval are fractions, None where the file does not say.
    """

    folder: Path
    accuracy: float | None = None
    interval: tuple[float, float] | None = None
    n: int | None = None
    origin: str = ""

    @classmethod
    def read(cls, folder: Path) -> Training | None:
        """The training in a folder, or None where there is none that can be read."""
        try:
            metrics = json.loads((Path(folder) / "metrics.json").read_text())
        except (OSError, ValueError):
            return None
        if not isinstance(metrics, dict):
            return None
        test = metrics["test"] if isinstance(metrics.get("test"), dict) else metrics
        interval = test.get("accuracy_interval") or []
        return cls(
            Path(folder),
            accuracy=test.get("accuracy"),
            interval=(interval[0], interval[1]) if interval else None,
            n=test.get("n"),
            origin=str(metrics.get("origin", "")),
        )

    @property
    def confusion(self) -> Path:
        """The picture of its confusion matrix."""
        return self.folder / "confusion.png"


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
    """A contact sheet: ``total`` cutouts are of this kind, ``cutouts`` are shown."""

    title: str
    total: int
    cutouts: tuple[Cutout, ...]


@dataclass(frozen=True)
class Pair:
    """Two cutouts of the same sky: the verdict, the shared fraction, and which one went."""

    first: Cutout
    second: Cutout
    kind: str
    shared: float
    kept: bool
    evidence: str = ""


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
class SplitProof:
    """That no group was torn, checked against the files' own positions.

    ``torn`` counts groups in more than one split; ``pairs_across`` the pairs that dedupe found
    whose two files stand in different splits; ``overlapping_across`` the pairs of footprints that
    share more than ``min_overlap`` of their sky across splits, found anew among the ``measured``
    images, those whose position and size are known. ``closest_arcsec`` is the least separation of
    two centres across splits, ``width_arcsec`` the widest footprint.
    """

    images: int
    groups: int
    torn: int
    pairs: int
    pairs_across: int
    measured: int
    overlapping_across: int
    min_overlap: float = 0.0
    closest_arcsec: float | None = None
    width_arcsec: float | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing was found to leak from one split to another."""
        return not (self.torn or self.pairs_across or self.overlapping_across)


@dataclass(frozen=True)
class SkyPoints:
    """Positions to draw: arrays of shape (n,), ICRS [deg], sides of the footprints [arcsec]."""

    ra: np.ndarray
    dec: np.ndarray
    width: np.ndarray
    label: np.ndarray

    def __len__(self) -> int:
        return len(self.ra)


@dataclass(frozen=True)
class ReportFacts:
    """Everything that the report shows; nothing of how it looks.

    ``false_rates`` are the estimated shares of false pairs among those that pixels tell of, by
    kind of verdict.
    """

    dataset: str
    created_utc: str
    simulated: bool
    seed: int
    origins: tuple[str, ...]
    releases: tuple[str, ...]
    manifests: tuple[ManifestFacts, ...]
    funnel: Mapping[str, int]
    undone: int
    outcomes: Mapping[str, Mapping[str, int]]
    classes: Mapping[str, Mapping[str, int]]
    splits: Mapping[str, Mapping[str, int]]
    verdicts: Mapping[str, int]
    proof: SplitProof | None
    sheets: tuple[Sheet, ...]
    rejected: tuple[Sheet, ...]
    pairs: tuple[Pair, ...]
    n_pairs: int
    histograms: tuple[Histogram, ...]
    sky: SkyPoints
    training: Training | None
    software: Mapping[str, str]
    false_rates: Mapping[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict:
        """As JSON takes it: ids as strings; of the positions and pictures only their number."""
        plain = {
            key: value for key, value in vars(self).items() if key not in ("sky", "sheets", "pairs")
        }
        plain["manifests"] = [asdict(manifest) for manifest in self.manifests]
        plain["histograms"] = [asdict(histogram) for histogram in self.histograms]
        plain["proof"] = {**asdict(self.proof), "holds": self.proof.holds} if self.proof else None
        plain["rejected"] = {sheet.title: sheet.total for sheet in self.rejected}
        plain["positions"] = len(self.sky)
        plain["training"] = asdict(self.training) if self.training else None
        return json.loads(json.dumps(plain, default=str))
