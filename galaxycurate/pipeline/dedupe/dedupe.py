"""Dedupe: find cutouts that show the same thing, and group what a split must not tear apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from galaxycurate.core.origin import is_simulated
from galaxycurate.core.outcome import Verdict, pairs_by_kind
from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.groups import groups
from galaxycurate.errors import SettingError
from galaxycurate.pipeline.audit.left_out import wants_audit
from galaxycurate.pipeline.decided import Decided
from galaxycurate.pipeline.decided import read as read_decided
from galaxycurate.pipeline.dedupe.cores import cores
from galaxycurate.pipeline.dedupe.evidence import gather
from galaxycurate.pipeline.dedupe.kept import Kept, read_kept
from galaxycurate.pipeline.dedupe.looks import unlike_looks
from galaxycurate.pipeline.dedupe.memory import megabytes
from galaxycurate.pipeline.dedupe.prints import FilesOf, Spread, store_of
from galaxycurate.pipeline.dedupe.seen import Means, PixelSearch, Seen, look, recall
from galaxycurate.pipeline.dedupe.verdicts import judge
from galaxycurate.store.files import check_writable
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import Settings

KEEP = ("best", "first", "all")


@dataclass
class Deduped:
    """What was found.

    Parameters
    ----------
    images, n_groups, largest_group, without_position : int
    pictures_read : int
        Decoded now; the other fingerprints were kept from earlier.
    pictures_compared : int
        Compared with all now; the others among themselves were compared earlier.
    pictures_known : int
        Compared now or earlier; the pixels of the others were not.
    unsure : int
        Pairs that pixels tell of, but less surely than asked for: they do not count.
    pairs : Counter
        Pairs by kind.
    false_rate : dict of str to float
        Estimated share of false pairs among those that pixels tell of, by tier.
    dropped : Counter
        Images that a split leaves out because of these verdicts, by kind.
    put_back : int
        Images that it uses all the same, because people kept them.
    spared : list of str
        Images that it uses though people rejected a copy of them: nobody decided on themselves.
    left_out : collection of str
        Whatever a split leaves out, for whatever reason.
    unlike : str
        How classes differ in provider, size or scale, empty where they do not.
    audited : bool
        Whether no image came after the last audit; where there was none, whether a split did
        without it.
    simulated : bool
        Whether any of the images is of a simulated sky.
    verdicts : list of Verdict
    """

    images: int = 0
    n_groups: int = 0
    largest_group: int = 0
    without_position: int = 0
    pictures_read: int = 0
    pictures_compared: int = 0
    pictures_known: int = 0
    unsure: int = 0
    pairs: Counter = field(default_factory=Counter)
    false_rate: dict[str, float] = field(default_factory=dict)
    dropped: Counter = field(default_factory=Counter)
    put_back: int = 0
    spared: list[str] = field(default_factory=list)
    left_out: Collection[str] = field(default=(), repr=False)
    unlike: str = ""
    audited: bool = False
    simulated: bool = False
    verdicts: list[Verdict] = field(default_factory=list, repr=False)

    def as_dict(self) -> dict:
        """For JSON: the counts; verdicts are in the ledger."""
        plain = {k: dict(v) if isinstance(v, Counter) else v for k, v in vars(self).items()}
        del plain["verdicts"], plain["left_out"]
        return plain


def dedupe(
    settings: Settings,
    *,
    min_overlap: float = 0.0,
    pixels: PixelSearch | None = PixelSearch(),
    keep: str = "best",
    dry_run: bool = False,
    progress: Progress = silent,
) -> Deduped:
    """Find pairs, judge duplicates, and write verdicts and groups to the ledger.

    Nothing is deleted: of pictures of one thing (the same bytes, pixels or object, or a copy) one
    stays, the others get a verdict and are left out of splits; so are an object under two labels,
    and pictures that are not where their id says. Images that share sky stay, in one group. What
    people decided changes no verdict; it is counted here as a split will take it.

    Parameters
    ----------
    settings : Settings
    min_overlap : float
        Two cutouts belong together when they share more than this fraction of the smaller.
    pixels : PixelSearch or None
        How pictures are compared; None compares ids, positions and bytes only. What was found in
        the pixels before, with any options, goes on counting.
    keep : {'best', 'first', 'all'}
        Which of several pictures of one thing stays.
    dry_run : bool
        Count only.
    progress : callable

    Returns
    -------
    Deduped
    """
    _check(min_overlap, keep)
    memory_mb = megabytes(settings.memory)
    with Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False) as ledger:
        kept = read_kept(settings, ledger)
        if not dry_run:
            check_writable(Path(settings.dataset))
        max_fdr = pixels.max_fdr if pixels else _last_max_fdr(ledger)
        if pixels is not None:
            seen = look_at(settings, kept, pixels, memory_mb, dry_run, progress)
        else:
            seen = recall(kept, store_of(Path(settings.dataset), read_only=True), max_fdr)
        progress(0, 3, f"{len(kept):,} images")
        evidence = gather(kept, seen, min_overlap=min_overlap, dask=settings.dask)
        progress(1, 3, "pairs found")
        group = groups(len(kept), evidence.all)
        verdicts = judge(kept, evidence, seen, keep=keep)
        result = _summary(kept, seen, group, verdicts, read_decided(ledger, dedupe=verdicts))
        result.audited = not wants_audit(ledger)
        if not dry_run:
            about = {"min_overlap": min_overlap, "keep": keep}
            about |= {"pixels": vars(pixels) if pixels else None, "max_fdr": max_fdr}
            about |= {"images": len(kept), "pictures_compared": seen.known}
            places = ((p, int(g), "") for p, g in zip(kept.paths, group, strict=True))
            ledger.record("dedupe", about, verdicts=verdicts, places=places)
        progress(3, 3, f"{result.n_groups:,} groups")
    return result


def look_at(
    settings: Settings, kept: Kept, how: PixelSearch, memory_mb: int, dry_run: bool,
    progress: Progress,
) -> Seen:  # fmt: skip
    """Compare the pixels of a dataset; fingerprints are kept there, but not of a dry run."""
    from galaxycurate.pipeline.dedupe.register import registered

    read = FilesOf(Path(settings.dataset))
    store = store_of(Path(settings.dataset), read_only=dry_run)
    means = Means(memory_mb, None if dry_run else _afar(settings, memory_mb))
    seen = look(kept, read, store, how, means=means, progress=progress)
    return registered(seen, kept.paths, read, progress=progress) if how.register else seen


def _afar(settings: Settings, memory_mb: int) -> Spread | None:
    """The cluster that looks at the files, where there is one."""
    if not settings.dask:
        return None
    from galaxycurate.pipeline.cluster.spread import spread_on_cluster

    root, workers = Path(settings.dataset), cores(memory_mb)
    return partial(spread_on_cluster, settings.dask, root=root, workers=workers)


def _last_max_fdr(ledger: Ledger) -> float:
    """How sure the pairs had to be that were found in the pixels before."""
    last = ledger.last_run("dedupe")
    return float(last["parameters"].get("max_fdr", 0.001)) if last else 0.001


def _check(min_overlap: float, keep: str) -> None:
    if not 0 <= min_overlap < 1:
        raise SettingError(
            f"min-overlap = {min_overlap:g} is outside 0 to 1",
            hint="0 groups cutouts that share any sky at all",
        )
    if keep not in KEEP:
        raise SettingError(
            f"keep = {keep!r} is none of {', '.join(KEEP)}",
            hint="best keeps the best centred and sharpest picture of each thing",
        )


def _summary(
    kept: Kept, seen: Seen, group: np.ndarray, verdicts: list[Verdict], decided: Decided
) -> Deduped:
    against = {v.path: str(v.kind) for v in reversed(verdicts) if not v.keep}
    dropped = {path: kind for path, kind in against.items() if path in decided.left_out}
    return Deduped(
        images=len(kept),
        n_groups=int(group.max()) + 1,
        largest_group=int(np.bincount(group).max()),
        without_position=int((~kept.placed).sum()),
        pictures_read=seen.read,
        pictures_compared=seen.compared,
        pictures_known=seen.known,
        unsure=seen.unsure,
        pairs=pairs_by_kind(verdicts),
        false_rate=seen.rates,
        dropped=Counter(dropped.values()),
        put_back=len(against) - len(dropped),
        spared=decided.spared,
        left_out=decided.left_out.keys(),
        unlike=unlike_looks(
            replace(o, label=decided.label_of(o.path))
            for o in kept.outcomes
            if o.path not in decided.left_out
        ),
        simulated=is_simulated(*kept.origins),
        verdicts=verdicts,
    )
