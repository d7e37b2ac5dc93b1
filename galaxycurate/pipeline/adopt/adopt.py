"""Import: adopt an image collection that exists already, with identity and labels."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from galaxycurate.core.outcome import Outcome, Status
from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import InputError
from galaxycurate.pipeline.adopt.collection import Collection
from galaxycurate.pipeline.adopt.joining import Joined, join
from galaxycurate.pipeline.adopt.taking import PROVIDER, Done, Taken, path_of, same_source, take
from galaxycurate.pipeline.clock import utc_now
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.settings import Settings
from galaxycurate.store.shards.tree import Tree, open_tree

_BATCH = 512


@dataclass(frozen=True)
class Plan:
    """What an import would do.

    Parameters
    ----------
    collection : Collection
    joined : Joined
    manifest : Manifest
        Not yet written: the rows that should exist.
    """

    collection: Collection
    joined: Joined
    manifest: Manifest


@dataclass
class Adoption:
    """What became of a collection: the counts add up to the rows of its table.

    Parameters
    ----------
    rows : int
    kept_as, there_as : Counter
        Images by label: taken now, and taken before.
    left_out, rejected, failed : Counter
        Other rows, by reason.
    flawed : list of (str, str)
        File and reason of those that were rejected.
    """

    rows: int = 0
    left_out: Counter = field(default_factory=Counter)
    kept_as: Counter = field(default_factory=Counter)
    there_as: Counter = field(default_factory=Counter)
    rejected: Counter = field(default_factory=Counter)
    failed: Counter = field(default_factory=Counter)
    flawed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def kept(self) -> int:
        """Images that were taken now."""
        return self.kept_as.total()

    @property
    def done_before(self) -> int:
        """Images that were there before."""
        return self.there_as.total()

    @property
    def by_label(self) -> Counter:
        """All of them, by label."""
        return self.kept_as + self.there_as

    def count(self, taken: Taken) -> None:
        """Add one item."""
        outcome = taken.outcome
        if outcome.status is Status.OK:
            (self.there_as if taken.is_known else self.kept_as)[outcome.label] += 1
        elif outcome.status is Status.REJECTED:
            self.rejected[str(outcome.reason)] += 1
            self.flawed.append((taken.item.wanted, f"{outcome.reason}: {outcome.detail}"))
        else:
            self.failed[str(outcome.reason)] += 1


def adopt(
    settings: Settings,
    collection: Collection,
    *,
    command: str = "",
    dry_run: bool = False,
    progress: Progress = silent,
) -> tuple[Manifest, Adoption]:
    """Take images into the dataset, each checked, each with its outcome in the ledger.

    Parameters
    ----------
    settings : Settings
    collection : Collection
    command : str
        The command line, for the provenance.
    dry_run : bool
        Read and join the tables only; nothing is written.
    progress : callable

    Returns
    -------
    Manifest
        Not yet written: the rows that should exist.
    Adoption

    Raises
    ------
    InputError
        The folder or table is missing, or no image matches the table.
    IdentityError
        No ids, ids that went through a float, or an id that stands twice.
    """
    planned = plan(settings, collection, command=command)
    if dry_run:
        return planned.manifest, _nothing_yet(planned.joined)
    return carry_out(settings, planned, progress=progress)


def plan(settings: Settings, collection: Collection, *, command: str = "") -> Plan:
    """Read and join the tables; nothing is written but the cache of catalogues.

    Parameters
    ----------
    settings : Settings
    collection : Collection
    command : str
        The command line, for the provenance.

    Returns
    -------
    Plan
    """
    joined = join(collection, cache=Path(settings.catalogs))
    header = _header(collection, joined, command)
    manifest = Manifest.build(header, joined.columns, where=str(collection.table))
    return Plan(collection, joined, manifest)


def carry_out(
    settings: Settings, planned: Plan, *, progress: Progress = silent
) -> tuple[Manifest, Adoption]:
    """Do what was planned; see `adopt`."""
    adoption = _nothing_yet(planned.joined)
    with Ledger.open(settings.ledger_url, settings.ledger_dataset) as ledger:
        sizes = _take(settings, planned, ledger, adoption, progress)
    columns = {**planned.joined.columns}
    columns["size_px"] = [sizes.get(name) for name in columns["name"]]
    return Manifest.build(planned.manifest.header, columns, where="import"), adoption


def _take(settings, planned: Plan, ledger, adoption, progress) -> dict[str, int]:
    """Adopt each image; the sizes [pixel] of those that were read, by name."""
    collection, items = planned.collection, planned.joined.items
    tree = open_tree(Path(settings.dataset))
    tree.clean()
    done = {(o.label, o.name): o for o in ledger.outcomes()}
    _keep_others(planned, tree, done)
    run = ledger.start("import", {"folder": collection.source, "labels": collection.labels})
    sizes: dict[str, int] = {}
    pending: list[Outcome] = []
    try:
        for n, taken in enumerate(take(items, collection, planned.joined.sha256, tree, done), 1):
            adoption.count(taken)
            if taken.size_px:
                sizes[taken.item.name] = taken.size_px
            if not taken.is_known:
                before = done.get((taken.item.label, taken.item.name))
                if before and before.path != taken.outcome.path:
                    pending.append(_given_up(before))
                pending.append(taken.outcome)
            if len(pending) >= _BATCH:
                ledger.add_outcomes(run, pending)
                pending = []
            if n % 50 == 0 or n == len(items):
                progress(n, len(items), f"{adoption.kept + adoption.done_before:,} kept")
    finally:  # an interrupt loses no line of what was done
        ledger.add_outcomes(run, pending)
    tree.finish()
    return sizes


def _given_up(before: Outcome) -> Outcome:
    """The last line of a path whose cutout has a file of another ending now: it is nobody's."""
    return replace(before, name="", label="", status=Status.REJECTED, reason="another ending now")


def _keep_others(planned: Plan, tree: Tree, done: Done) -> None:
    """Refuse to write over what was downloaded or came from another collection, or to keep an array
    in two formats.
    """
    collection = planned.collection
    for item in planned.joined.items:
        before = done.get((item.label, item.name))
        if before is None or before.status is not Status.OK or item.source is None:
            continue
        if before.provider != PROVIDER:
            raise _taken(before, "it was downloaded")
        if tree.size(before.path) is None:
            continue
        if not same_source(before, item, collection, planned.joined.sha256):
            raise _taken(before, f"it came from {before.url}")
        if collection.is_arrays and before.path != path_of(item, collection, tree):
            ending = before.path.rpartition(".")[2]
            raise _taken(
                before,
                f"the arrays were imported as {ending}",
                f"go on with --format {ending}, or ",
            )


def _taken(before: Outcome, why: str, way: str = "") -> InputError:
    return InputError(
        f"{before.path} is in the dataset already: {why}",
        hint=way + "import into a folder of its own: --dataset other --manifests other/manifests",
    )


def _nothing_yet(joined: Joined) -> Adoption:
    return Adoption(rows=joined.n_rows, left_out=joined.left_out)


def _header(collection: Collection, joined: Joined, command: str) -> Header:
    if collection.is_arrays:
        archive = f"file {collection.source.name}"
    else:
        archive = f"folder {collection.source.name}, labels {collection.table.name}"
    shape = {"format": collection.mode} if collection.is_arrays else {}
    return Header(
        command=command or "galaxycurate.adopt(...)",
        created_utc=utc_now(),
        archive=archive,
        cuts={**joined.labelled.cuts, **shape},
        counts={
            "rows": joined.n_rows,
            "with a class": joined.labelled.row.size,
            "with an image": sum(item.source is not None for item in joined.items),
        },
        parents=(joined.sha256,),
    )
