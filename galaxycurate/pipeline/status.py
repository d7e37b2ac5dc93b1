"""Where a project stands, and what to type next. Looks only; makes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from galaxycurate.core.origin import is_simulated
from galaxycurate.core.outcome import Outcome, Reason, Status, Verdict, pairs_by_kind
from galaxycurate.curation.split.assign import NAMES
from galaxycurate.errors import InputError
from galaxycurate.pipeline.report.facts import ManifestFacts, Training
from galaxycurate.store import formats
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import Manifest
from galaxycurate.store.settings import SPECS, Settings
from galaxycurate.store.shards.tree import open_tree

TRAINING = "training"
"""Where `python -m train` writes, unless told otherwise."""


@dataclass(frozen=True)
class Recorded:
    """What the ledger holds: the newest outcome of each path, the newest verdicts and places;
    ``vain`` are attempts at another picture than the one that stands.
    """

    outcomes: tuple[Outcome, ...] = ()
    vain: tuple[Outcome, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    deduped: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    split: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    dedupe_run: int = 0
    split_run: int = 0
    min_overlap: float = 0.0
    audit: tuple[Verdict, ...] = ()
    audit_run: Mapping | None = None
    is_audited: bool = False

    @property
    def in_splits(self) -> dict[str, tuple[int, str]]:
        """(group, split) by path, of the images that the newest split holds."""
        return {path: place for path, place in self.split.items() if place[1]}

    @property
    def kept(self) -> list[Outcome]:
        """The outcomes whose picture is in the dataset."""
        return [outcome for outcome in self.outcomes if outcome.status is Status.OK]

    @property
    def dropped(self) -> set[str]:
        """Paths that dedupe took out: of each pair, the one that went."""
        return {verdict.path for verdict in self.verdicts if not verdict.keep}

    @property
    def survivors(self) -> list[Outcome]:
        """The kept pictures that dedupe left."""
        dropped = self.dropped
        return [outcome for outcome in self.kept if outcome.path not in dropped]


def recorded(settings: Settings, asked: set[tuple[str, str]]) -> Recorded:
    """Read what the ledger knows of the cutouts asked for; an absent one is empty.

    A picture that gave way to another format is no outcome of its cutout: the other one is.
    """
    try:
        ledger = Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False)
    except InputError:
        return Recorded()
    with ledger:
        dedupe, split = ledger.last_run("dedupe"), ledger.last_run("split")
        audit = ledger.last_run("audit")
        return Recorded(
            outcomes=tuple(
                outcome
                for outcome in ledger.outcomes()
                if (outcome.label, outcome.name) in asked and outcome.reason != Reason.REPLACED
            ),
            vain=tuple(o for o in ledger.vain() if (o.label, o.name) in asked),
            verdicts=tuple(ledger.verdicts()),
            deduped=ledger.places("dedupe"),
            split=ledger.places("split"),
            dedupe_run=dedupe["id"] if dedupe else 0,
            split_run=split["id"] if split else 0,
            min_overlap=float(dedupe["parameters"].get("min_overlap", 0)) if dedupe else 0.0,
            audit=tuple(ledger.verdicts("audit")),
            audit_run=audit["parameters"] if audit else None,
            is_audited=not ledger.changed_since("audit"),
        )


@dataclass(frozen=True)
class Step:
    """A command to type, and why."""

    command: str
    why: str


@dataclass(frozen=True)
class ProjectStatus:
    """Where a project stands.

    ``rows`` counts the distinct cutouts of all manifests, ``undone`` those that were never asked
    for; ``outcomes`` is by status, then reason, and so is ``vain``: attempts at another picture
    (provider, size or format) than the one that stands, which stays; ``splits`` by split, then
    label; ``verdicts`` counts pairs of pictures, and unreadable ones, and ``audit`` images, by
    kind; ``catalogue`` is what the audit asked, empty where it asked none; ``unread``
    names the files among the manifests that are none, with the reason.
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
        audit_left_out=len({v.path for v in records.audit if not v.keep}),
        catalogue=_catalogue(records.audit_run),
        duplicates=len(records.dropped),
        groups=len({group for group, _split in groups}),
        splits=by_split(records.in_splits),
        training=trained,
        simulated=is_simulated(*set(origins)),
        next=tuple(_next(records, asked - known, _placeless(manifests), trained, settings)),
    )


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


def by_split(places: Mapping[str, tuple[int, str]]) -> dict[str, dict[str, int]]:
    """Places counted by split, then label; splits in the order of their use."""
    counts: dict[str, Counter] = {}
    for path, (_group, split) in places.items():
        counts.setdefault(split, Counter())[label_of(path)] += 1
    order = [name for name in NAMES if name in counts] + sorted(set(counts) - set(NAMES))
    return {name: dict(sorted(counts[name].items())) for name in order}


def label_of(path: str) -> str:
    """The label in a path of the dataset: `images/<label>/<name>.jpg`."""
    return path.split("/")[1]


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


def _next(records: Recorded, undone: set, placeless: set, trained, settings: Settings):
    """The commands that come next, the most urgent first."""
    failed = sum(o.status is Status.FAILED and o.provider != "import" for o in records.outcomes)
    if not undone and not records.outcomes:
        yield Step("galaxycurate negatives --score 0.2", "choose empty sky")
        yield Step("galaxycurate positives --threshold 0.85", "choose galaxies by their votes")
        yield Step("galaxycurate import DIR --labels CSV", "or adopt images of your own")
        return
    if undone - placeless:
        many = len(undone - placeless)
        yield Step("galaxycurate download", f"{many:,} cutouts were not asked for yet")
        return
    if undone:
        why = f"{len(undone):,} galaxies have no position: they need images of your own"
        yield Step("galaxycurate import DIR --labels CSV", why)
    if failed:
        yield Step("galaxycurate download --retry-failed", f"{failed:,} cutouts failed")
    kept = {outcome.path for outcome in records.kept}
    if not kept:
        if not failed:
            yield Step("galaxycurate report", "no picture was kept: see the reasons")
        return
    tree = open_tree(Path(settings.dataset))
    hurt = sum(tree.size(o.path) != o.n_bytes for o in records.kept)
    if hurt:
        again = "galaxycurate download"
        yield Step(again, f"{hurt:,} images are missing or changed; imports: repeat the import")
        return
    yield _after_images(records, kept, trained, settings)


def _after_images(records: Recorded, kept: set[str], trained, settings: Settings) -> Step:
    seen = set(records.deduped) | {verdict.path for verdict in records.verdicts}
    new, gone = len(kept - seen), len(records.in_splits.keys() - kept)
    if not records.dedupe_run:
        return Step("galaxycurate dedupe", f"{len(kept):,} images may share objects or sky")
    if new:
        return Step("galaxycurate dedupe", f"{new:,} images came since the last time")
    if gone:
        return Step("galaxycurate dedupe", f"{gone:,} images of the split are wanted no more")
    if records.audit_run is None and not records.split_run:
        return Step("galaxycurate audit", "the images are deduped, not yet audited")
    if records.audit_run is not None and not records.is_audited:
        return Step("galaxycurate audit", "images came since the last audit")
    if not records.split_run:
        return Step("galaxycurate split", "the images are deduped and audited, not yet split")
    if records.split_run < records.dedupe_run:
        return Step("galaxycurate split", "dedupe ran again since the last split")
    if trained is None:
        return Step(_train(settings), "the splits are ready")
    if _older(trained.folder / "metrics.json", Path(settings.dataset) / "split" / "split.json"):
        return Step(_train(settings), "the splits are newer than the training")
    return Step("galaxycurate report", "everything is made: look at it")


def _train(settings: Settings) -> str:
    """The first of the folds where there are some."""
    fold = "/fold-1" if (Path(settings.dataset) / "split" / "fold-1").is_dir() else ""
    if settings.dataset == SPECS["dataset"].default and not fold:
        return "python -m train"
    return f"python -m train --data {settings.dataset}/split{fold}"


def _older(path: Path, than: Path) -> bool:
    return than.exists() and path.stat().st_mtime < than.stat().st_mtime
