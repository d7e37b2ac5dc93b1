"""Import: adopt an image collection that exists already, with identity and labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from galaxycurate.core.outcome import Outcome, Reason, Status
from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import InputError
from galaxycurate.imagery.check import Checked, check_file
from galaxycurate.pipeline.clock import utc_now
from galaxycurate.pipeline.collection import Collection, Item, join
from galaxycurate.store.files import sha256_of
from galaxycurate.store.images import ImageTree
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.settings import Settings

_BATCH = 256
PROVIDER = "import"


@dataclass
class Adoption:
    """What became of a collection: the counts add up to the rows of its table.

    Parameters
    ----------
    rows, left_out, kept, done_before : int
    by_label, rejected, failed : Counter
        Kept images by label; others by reason.
    flawed : list of (str, str)
        File and reason of those that were rejected.
    """

    rows: int = 0
    left_out: Counter = field(default_factory=Counter)
    kept: int = 0
    done_before: int = 0
    by_label: Counter = field(default_factory=Counter)
    rejected: Counter = field(default_factory=Counter)
    failed: Counter = field(default_factory=Counter)
    flawed: list[tuple[str, str]] = field(default_factory=list)


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
    joined = join(collection)
    adoption = Adoption(rows=joined.n_rows, left_out=joined.left_out)
    manifest = Manifest.build(
        _header(settings, collection, adoption, len(joined.items), command),
        joined.columns,
        where=str(collection.labels),
    )
    if not dry_run:
        with Ledger.open(settings.ledger_url, settings.ledger_dataset) as ledger:
            sizes = _take(settings, collection, joined.items, ledger, adoption, progress)
        manifest = _with_sizes(manifest, sizes)
    return manifest, adoption


def _take(settings, collection, items, ledger, adoption, progress) -> dict[str, int]:
    """Check and adopt each image; the sizes [pixel] of those that were read, by name."""
    tree = ImageTree(Path(settings.dataset))
    tree.clean()
    done = {o.path: o for o in ledger.outcomes()}
    _keep_others(items, tree, done)
    run = ledger.start("import", {"folder": collection.folder, "labels": collection.labels})
    sizes: dict[str, int] = {}
    pending: list[Outcome] = []
    try:
        with ThreadPoolExecutor(2) as pool:
            for n, (item, checked) in enumerate(_checked(items, pool), 1):
                outcome = _settle(item, checked, collection, tree, done, adoption)
                if checked and checked.width:
                    sizes[item.name] = min(checked.width, checked.height)
                if outcome:
                    pending.append(outcome)
                if len(pending) >= _BATCH:
                    ledger.add_outcomes(run, pending)
                    pending = []
                if n % 50 == 0 or n == len(items):
                    progress(n, len(items), f"{adoption.kept + adoption.done_before:,} kept")
    finally:  # an interrupt loses no line of what was done
        ledger.add_outcomes(run, pending)
    return sizes


def _keep_others(items: list[Item], tree: ImageTree, done: Mapping[str, Outcome]) -> None:
    """Refuse to write over what was downloaded."""
    for item in items:
        before = done.get(_path(item, tree))
        if before and before.status is Status.OK and before.provider != PROVIDER:
            raise InputError(
                f"{before.path} is in the dataset already: it was downloaded",
                hint="import into a folder of its own: --dataset other --manifests other/manifests",
            )


def _path(item: Item, tree: ImageTree) -> str:
    ending = "jpg" if item.source is None else item.source.suffix.lower()[1:]
    return tree.relative(item.label, item.name, "jpg" if ending == "jpeg" else ending)


def _checked(items: list[Item], pool: ThreadPoolExecutor) -> Iterator[tuple[Item, Checked | None]]:
    """Decode ahead, a bounded number at once."""
    for start in range(0, len(items), _BATCH):
        batch = items[start : start + _BATCH]
        results = pool.map(lambda item: check_file(item.source) if item.source else None, batch)
        yield from zip(batch, results, strict=True)


def _settle(item, checked, collection, tree, done, adoption: Adoption) -> Outcome | None:
    """Write one image where it is good; its outcome, or None when the ledger knows it already."""
    path = _path(item, tree)
    request = f"import {item.wanted} sha256 {checked.sha256 if checked else ''}"
    base = dict(path=path, name=item.name, label=item.label, request=request, provider=PROVIDER)
    if checked is None:
        adoption.failed[str(Reason.NO_FILE)] += 1
        return Outcome(**base, status=Status.FAILED, reason=Reason.NO_FILE, detail=item.wanted)
    if checked.flaw:
        reason, detail = checked.flaw
        tree.set_aside(path)  # an earlier, good version of this file
        adoption.rejected[str(reason)] += 1
        adoption.flawed.append((item.wanted, f"{reason}: {detail}"))
        return Outcome(
            **base, status=Status.REJECTED, reason=reason, detail=detail, sha256=checked.sha256
        )
    before = done.get(path)
    if before and before.request == request and tree.size(path) == checked.n_bytes:
        adoption.done_before += 1
        adoption.by_label[item.label] += 1
        return None
    tree.adopt(item.source, path, collection.mode)
    adoption.kept += 1
    adoption.by_label[item.label] += 1
    return Outcome(
        **base, status=Status.OK, sha256=checked.sha256, n_bytes=checked.n_bytes,
        url=str(item.source),
    )  # fmt: skip


def _header(settings, collection, adoption, n_items: int, command: str) -> Header:
    return Header(
        command=command or "galaxycurate.adopt(...)",
        created_utc=utc_now(),
        archive=f"folder {collection.folder.name}, labels {collection.labels.name}",
        cuts={
            "classes": {k: list(v) for k, v in collection.classes.items()},
            "label_column": collection.label_column or "",
        },
        counts={"rows": adoption.rows, "with a class": n_items},
        parents=(sha256_of(collection.labels),),
    )


def _with_sizes(manifest: Manifest, sizes: Mapping[str, int]) -> Manifest:
    columns = {n: manifest.column(n) for n in manifest.table.column_names}
    columns["size_px"] = [sizes.get(name) for name in columns["name"]]
    return Manifest.build(manifest.header, columns, where="import")
