"""What the report says, as plain frozen values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from galaxycurate.pipeline.agreed import Agreed
    from galaxycurate.pipeline.dedupe.shown import Shown as Pairs
    from galaxycurate.pipeline.report.answered import Answered
    from galaxycurate.pipeline.report.shortcuts import Shortcuts
    from galaxycurate.pipeline.report.shown import Histogram, Sheet, SkyPoints, Suspects
    from galaxycurate.pipeline.report.training import Training
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
class Run:
    """The newest run of a command, as the ledger has it."""

    command: str
    number: int
    time_utc: str
    parameters: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, command: str, run: Mapping) -> Run:
        """From the ledger's own words."""
        return cls(command, run["id"], run["time_utc"], run["parameters"])

    @property
    def said(self) -> str:
        """Where figures come from, in a line."""
        return f"galaxycurate {self.command}, run {self.number}, {self.time_utc[:10]}"


@dataclass(frozen=True)
class AuditFacts:
    """What the newest audit found.

    ``counts`` are images by label and kind of verdict, those with several under the worst;
    ``told`` images by who told; ``left_out`` is how many splits leave out (what people put back is
    used), ``unsure`` those of the borderline that are used and that nobody looked at, ``flagged``
    those with something else against them that are used; ``catalogue`` is who was asked, empty for
    nobody; ``current`` says whether no image came after it.
    """

    counts: Mapping[str, Mapping[str, int]]
    told: Mapping[str, int]
    left_out: int
    catalogue: str
    current: bool
    unsure: int = 0
    flagged: int = 0


@dataclass(frozen=True)
class PeopleFacts:
    """What people decided: ``agreed`` counts by reviewer and compares them, ``counts`` is what it
    changed (`Decided.counted`), ``why`` the reasons of what was rejected, ``unsplit`` the lines
    that came after the newest split, where they would change it.
    """

    agreed: Agreed
    counts: Mapping[str, int]
    why: Mapping[str, int]
    unsplit: int = 0


@dataclass(frozen=True)
class Finding:
    """One line of the summary.

    ``level`` is ``good``, ``look`` (a person should), ``bad`` (mend it first) or ``unknown`` (it
    was not checked); ``do`` says what to do, empty where nothing is needed; ``section`` is the part
    of the page that shows more.
    """

    about: str
    level: str
    text: str
    do: str = ""
    section: str = ""

    @property
    def is_command(self) -> bool:
        """Whether what to do is a command that can be typed as it stands."""
        return self.do.startswith("galaxycurate ")


@dataclass(frozen=True)
class Framing:
    """How ``n`` cutouts are framed: their side [pixel] and scale [arcsec/pixel], None where the
    manifests do not say.
    """

    size_px: int | None
    pixscale: float | None
    n: int


@dataclass(frozen=True)
class ReportFacts:
    """Everything that the report shows; nothing of how it looks.

    ``lost`` tells by stage of the funnel why cutouts of the stage before are not in it;
    ``outdated`` counts images of the splits that are left out by now;
    ``false_rates`` are the estimated shares of false pairs among those that pixels tell of, by
    kind of verdict; ``queries`` the SQL that was sent, by the sha256 of its text.
    """

    dataset: str
    created_utc: str
    simulated: bool
    seed: int
    origins: tuple[str, ...]
    releases: tuple[str, ...]
    manifests: tuple[ManifestFacts, ...]
    runs: Mapping[str, Run]
    funnel: Mapping[str, int]
    lost: Mapping[str, Mapping[str, int]]
    undone: int
    outdated: int
    outcomes: Mapping[str, Mapping[str, int]]
    classes: Mapping[str, Mapping[str, int]]
    splits: Mapping[str, Mapping[str, int]]
    verdicts: Mapping[str, int]
    proof: SplitProof | None
    audit: AuditFacts | None
    people: PeopleFacts | None
    shortcuts: Shortcuts | None
    sheets: tuple[Sheet, ...]
    hardest: tuple[Sheet, ...]
    rejected: tuple[Sheet, ...]
    suspects: tuple[Suspects, ...]
    thrown_out: tuple[Sheet, ...]
    pairs: Pairs
    histograms: tuple[Histogram, ...]
    sky: SkyPoints
    framing: tuple[Framing, ...]
    training: Training | None
    tested: Answered
    software: Mapping[str, str]
    papers: tuple[tuple[str, str], ...] = ()
    queries: Mapping[str, str] = field(default_factory=dict)
    false_rates: Mapping[str, float] = field(default_factory=dict)
    summary: tuple[Finding, ...] = ()

    def as_dict(self) -> dict:
        """As JSON takes it: ids as strings; of positions and pictures only which and how many."""
        no_json = ("sky", "pairs", "shortcuts", "sheets", "hardest", "suspects", "thrown_out")
        plain = {key: value for key, value in vars(self).items() if key not in no_json}
        for key in ("manifests", "histograms", "framing", "summary"):
            plain[key] = [asdict(one) for one in getattr(self, key)]
        for key in ("audit", "people", "training"):
            plain[key] = asdict(getattr(self, key)) if getattr(self, key) else None
        plain["tested"] = self.tested.as_dict()
        plain["runs"] = {name: asdict(run) for name, run in self.runs.items()}
        plain["proof"] = {**asdict(self.proof), "holds": self.proof.holds} if self.proof else None
        plain["shortcuts"] = self.shortcuts.as_dict() if self.shortcuts else None
        plain["rejected"] = {sheet.title: sheet.total for sheet in self.rejected}
        plain["shown"] = {
            name: {sheet.title: [one.path for one in sheet.cutouts] for sheet in sheets}
            for name, sheets in (("random", self.sheets), ("hardest", self.hardest),
                                 ("thrown out", self.thrown_out))
        }  # fmt: skip
        plain["suspects"] = {one.title: one.total for one in self.suspects}
        plain["pairs"] = [{"first": p.names[0], "second": p.names[1], "kind": p.kind,
                           "evidence": p.caption} for p in self.pairs.pairs]  # fmt: skip
        plain["positions"] = len(self.sky)
        return without_nan(json.loads(json.dumps(plain, default=str)))


def without_nan(value):
    """The same without numbers that JSON does not know: None stands for unknown."""
    if isinstance(value, dict):
        return {key: without_nan(one) for key, one in value.items()}
    if isinstance(value, list):
        return [without_nan(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value
