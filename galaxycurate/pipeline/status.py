"""Where a project stands, and what to type next. Looks only; makes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from galaxycurate.core.origin import is_simulated
from galaxycurate.core.outcome import Outcome, Status, Verdict, pairs_by_kind
from galaxycurate.curation.decisions import standing
from galaxycurate.curation.split.assign import NAMES
from galaxycurate.errors import InputError
from galaxycurate.pipeline.classed import label_of
from galaxycurate.pipeline.next_steps import Step, next_steps
from galaxycurate.pipeline.recorded import Recorded, recorded
from galaxycurate.pipeline.report.facts import ManifestFacts
from galaxycurate.pipeline.report.training import Training
from galaxycurate.store import formats
from galaxycurate.store.manifest import Manifest
from galaxycurate.store.settings import Settings

TRAINING = "training"
"""Where `python -m train` writes, unless told otherwise."""


@dataclass(frozen=True)
class ProjectStatus:
    """Where a project stands.

    ``rows`` counts the distinct cutouts of all manifests, ``undone`` those that were never asked
    for; ``outcomes`` is by status, then reason, and so is ``vain``: attempts at another picture
    (provider, size or format) than the one that stands, which stays; ``splits`` by split, then
    label; ``verdicts`` counts pairs of pictures, and unreadable ones, and ``audit`` images, by
    kind; ``catalogue`` is what the audit asked, empty where it asked none; ``unread``
    names the files among the manifests that are none, with the reason. ``decisions`` counts those
    of people that stand, by kind, ``reviewers`` by who made them, and ``decided`` the images that
    they changed (see `Decided.counted`).
    """

    manifests: tuple[ManifestFacts, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    rows: int = 0
    undone: int = 0
    outcomes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    vain: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    images: Mapping[str, int] = field(default_factory=dict)
    verdicts: Mapping[str, int] = field(default_factory=dict)
    audit: Mapping[str, int] = field(default_factory=dict)
    audit_left_out: int = 0
    catalogue: str = ""
    decisions: Mapping[str, int] = field(default_factory=dict)
    reviewers: Mapping[str, int] = field(default_factory=dict)
    decided: Mapping[str, int] = field(default_factory=dict)
    duplicates: int = 0
    groups: int = 0
    splits: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    training: Training | None = None
    simulated: bool = False
    next: tuple[Step, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing was made yet."""
        return not (self.manifests or self.unread or self.outcomes)

    def as_dict(self) -> dict:
        """As JSON takes it."""
        plain = asdict(self)
        if self.training:
            plain["training"]["folder"] = str(self.training.folder)
        return plain


def status(settings: Settings, *, training: Path | None = None) -> ProjectStatus:
    """Look where a project stands and what comes next.

    Parameters
    ----------
    settings : Settings
        They name the folder of the manifests, the dataset and the ledger.
    training : Path, optional
        Where `python -m train` wrote; `training`.

    Returns
    -------
    ProjectStatus
        Of an empty folder too: its `next` says how to begin.

    Raises
    ------
    StorageError
        There is a ledger, and it does not open.
    """
    manifests, unread = _manifests(Path(settings.manifests))
    asked = cutouts_of(manifests)
    records = recorded(settings, asked)
    known = {(o.label, o.name) for o in (*records.outcomes, *records.vain)}
    trained = Training.read(training or Path(TRAINING))
    facts = tuple(ManifestFacts.of(manifest) for manifest in manifests)
    origins = [o.provider for o in records.kept] + [m.archive for m in facts]
    groups = (records.in_splits or records.deduped).values()
    said = standing(records.decisions)
    return ProjectStatus(
        manifests=facts,
        unread=unread,
        rows=len(asked),
        undone=len(asked - known),
        outcomes=by_reason(records.outcomes),
        vain=by_reason(records.vain),
        images=_sorted_counts(outcome.label for outcome in records.kept),
        verdicts=_verdicts(records.verdicts),
        audit=_audited(records),
        audit_left_out=audit_left_out(records),
        catalogue=_catalogue(records.audit_run),
        decisions=dict(Counter(str(one.kind) for one in said).most_common()),
        reviewers=dict(Counter(one.reviewer or "somebody" for one in said).most_common()),
        decided=records.decided.counted(o.path for o in records.kept) if said else {},
        duplicates=len(records.dropped),
        groups=len({group for group, _split in groups}),
        splits=by_split(records.in_splits, records.decided_at_split.label_of),
        training=trained,
        simulated=is_simulated(*set(origins)),
        next=tuple(next_steps(records, asked - known, _placeless(manifests), trained, settings)),
    )


def next_command(settings: Settings) -> str:
    """What a project's status says to type next, for commands that end with it.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    str
    """
    return status(settings).next[0].command


def audit_left_out(records: Recorded) -> int:
    """Images that the newest audit does not keep, and that nobody put back."""
    return len({v.path for v in records.audit if not v.keep} & records.decided.left_out.keys())


def cutouts_of(manifests: Iterable[Manifest]) -> set[tuple[str, str]]:
    """The distinct cutouts of manifests: (label, name)."""
    return {
        pair
        for manifest in manifests
        for pair in zip(manifest.column("label"), manifest.column("name"), strict=True)
    }


def _placeless(manifests: Iterable[Manifest]) -> set[tuple[str, str]]:
    """The cutouts that no manifest gives a position: nobody can download them."""
    rows = (row for m in manifests for row in m.rows(["label", "name", "ra"]))
    return {(row["label"], row["name"]) for row in rows if row["ra"] is None}


def by_reason(outcomes: Iterable[Outcome]) -> dict[str, dict[str, int]]:
    """Outcomes counted by status, then reason ("" for a kept picture)."""
    counts: dict[str, Counter] = {}
    for outcome in outcomes:
        counts.setdefault(str(outcome.status), Counter())[outcome.reason] += 1
    return {
        str(status): dict(counts[status].most_common()) for status in Status if status in counts
    }


def by_split(
    places: Mapping[str, tuple[int, str]], class_of: Callable[[str], str] = label_of
) -> dict[str, dict[str, int]]:
    """Places counted by split, then class; splits in the order of their use.

    Parameters
    ----------
    places : mapping of str to (int, str)
        Group and split by path.
    class_of : callable
        The class of a path; `Decided.label_of` knows what people decided.

    Returns
    -------
    dict of str to dict of str to int
    """
    counts: dict[str, Counter] = {}
    for path, (_group, split) in places.items():
        counts.setdefault(split, Counter())[class_of(path)] += 1
    order = [name for name in NAMES if name in counts] + sorted(set(counts) - set(NAMES))
    return {name: dict(sorted(counts[name].items())) for name in order}


def _manifests(folder: Path) -> tuple[list[Manifest], dict[str, str]]:
    """The manifests of a folder, and the files that are none."""
    found, unread = [], {}
    for path in sorted(folder.glob("*")):
        if path.suffix not in formats.ENDINGS or path.name.startswith("."):
            continue
        try:
            found.append(Manifest.read(path))
        except InputError as error:
            unread[str(path)] = str(error)
    return found, unread


def _sorted_counts(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))


def _verdicts(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """Pairs of pictures by kind, and pictures that dedupe left out alone."""
    alone = Counter(str(verdict.kind) for verdict in verdicts if not verdict.partner)
    return dict(sorted((pairs_by_kind(verdicts) + alone).items()))


def _audited(records: Recorded) -> dict[str, int]:
    """Images by what the newest audit thinks of them: what it leaves out, or else the first."""
    kinds: dict[str, str] = {}
    for verdict in sorted(records.audit, key=lambda verdict: verdict.keep):
        kinds.setdefault(verdict.path, str(verdict.kind))
    return _sorted_counts(kinds.values())


def _catalogue(run: Mapping | None) -> str:
    told = (run or {}).get("catalogue") or (run or {}).get("archive") or ""
    return told if isinstance(told, str) else "asked"
