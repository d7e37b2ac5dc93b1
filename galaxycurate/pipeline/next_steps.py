"""What to type next, from what is recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from galaxycurate.core.outcome import Outcome, Status, VerdictKind
from galaxycurate.core.words import many
from galaxycurate.pipeline.recorded import Recorded
from galaxycurate.pipeline.split.trees import MADE, made_utc
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import SPECS, Settings
from galaxycurate.store.shards.tree import open_tree

_SPLIT = "galaxycurate split"


@dataclass(frozen=True)
class Step:
    """A command to type, and why."""

    command: str
    why: str


def next_steps(
    records: Recorded, undone: set, placeless: set, trained, settings: Settings
) -> Iterator[Step]:
    """The commands that come next, the most urgent first.

    Parameters
    ----------
    records : Recorded
    undone, placeless : set of (str, str)
        Cutouts (label, name) that were never asked for; those without a position.
    trained : Training or None
    settings : Settings

    Yields
    ------
    Step
    """
    failed = sum(o.status is Status.FAILED and o.provider != "import" for o in records.outcomes)
    if not undone and not records.outcomes:
        yield Step("galaxycurate negatives --score 0.2", "choose empty sky")
        yield Step("galaxycurate positives --threshold 0.85", "choose galaxies by their votes")
        yield Step("galaxycurate import DIR --labels CSV", "or adopt images of your own")
        return
    if undone - placeless:
        left = len(undone - placeless)
        was = "was" if left == 1 else "were"
        why = f"{many(left, 'cutout')} {was} not asked for yet"
        yield Step("galaxycurate download", why)
        return
    if undone:
        why = f"{len(undone):,} galaxies have no position: they need images of your own"
        yield Step("galaxycurate import DIR --labels CSV", why)
    if failed:
        yield Step("galaxycurate download --retry-failed", f"{many(failed, 'cutout')} failed")
    kept = {outcome.path for outcome in records.kept}
    if not kept:
        if not failed:
            yield Step("galaxycurate report", "no picture was kept: see the reasons")
        return
    tree = open_tree(Path(settings.dataset))
    hurt = [o for o in records.kept if tree.size(o.path) != o.n_bytes]
    if hurt:
        yield _again(hurt)
        return
    yield _after_images(records, kept, trained, settings)
    yield from _for_people(records, kept)


def _again(hurt: list[Outcome]) -> Step:
    """What brings back pictures that are not as the ledger knows them."""
    why = f"{many(len(hurt), 'image is', 'images are')} missing or changed"
    imported = sum(o.provider == "import" for o in hurt)
    if imported == len(hurt):
        return Step("galaxycurate import DIR --labels CSV", f"{why}: repeat the import")
    also = f"; {imported:,} of them need their import repeated" if imported else ""
    return Step("galaxycurate download", f"{why}{also}")


def _after_images(records: Recorded, kept: set[str], trained, settings: Settings) -> Step:
    seen = set(records.deduped) | {verdict.path for verdict in records.verdicts}
    new, gone = len(kept - seen), len(records.in_splits.keys() - kept)
    if not records.dedupe_run:
        return Step("galaxycurate dedupe", f"{len(kept):,} images may share objects or sky")
    if new:
        return Step("galaxycurate dedupe", f"{many(new, 'image')} came since the last time")
    if gone:
        return Step("galaxycurate dedupe", f"{gone:,} images of the split are wanted no more")
    if _changed(settings):
        return _REPLACED
    if records.wants_audit:
        never, since = "the images are deduped, not yet audited", "images came since the last audit"
        return Step("galaxycurate audit", never if records.audit_run is None else since)
    if not records.split_run:
        return Step(_SPLIT, "the images are deduped and audited, not yet split")
    if step := behind(records, settings) or _unfinished(settings):
        return step
    if trained is None:
        return Step(_train(settings), "the splits are ready")
    if _older(trained.folder / "metrics.json", Path(settings.dataset) / "split" / "split.json"):
        return Step(_train(settings), "the splits are newer than the training")
    return Step("galaxycurate report", "everything is made: look at it")


_REPLACED = Step("galaxycurate dedupe", "images came or changed since the last dedupe")


def behind(records: Recorded, settings: Settings) -> Step | None:
    """What the newest split does not know yet: status, report and export ask here.

    Parameters
    ----------
    records : Recorded
    settings : Settings

    Returns
    -------
    Step or None
        What to type first; None where a split made now would hold the same images under the same
        classes, or where there is none yet.
    """
    if not records.split_run:
        return None
    if _changed(settings):
        return _REPLACED
    if records.split_run < records.dedupe_run:
        return Step(_SPLIT, "dedupe ran again since the last split")
    if new := records.since_split:
        return Step(_SPLIT, f"{many(new, 'decision')} since the last split")
    if new := len(_judged_otherwise(records)):
        images = many(new, "image is", "images are")
        return Step(_SPLIT, f"{images} judged otherwise since the last split")
    return None


def _judged_otherwise(records: Recorded) -> set[str]:
    """Images of the split that are left out by now, and those that it left out and are not now."""
    out = records.decided.left_out
    there = [outcome.path for outcome in records.kept if outcome.path in records.split]
    return {path for path in there if (path in out) != (records.split[path][0] < 0)}


def _changed(settings: Settings) -> bool:
    """Whether dedupe does not know the pictures that there are; `split` asks the same."""
    with Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False) as ledger:
        return ledger.changed_since("dedupe")


def _unfinished(settings: Settings) -> Step | None:
    """A split that the ledger has, and whose trees did not come into their place."""
    with Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False) as ledger:
        last = ledger.last_run("split")
    made = last["parameters"].get(MADE) if last else None
    if made and made != made_utc(Path(settings.dataset)):
        return Step(_SPLIT, "the trees of the last split are not in their place")
    return None


_DOUBTFUL = (VerdictKind.CONTAMINATED, VerdictKind.BORDERLINE)


def _for_people(records: Recorded, kept: set[str]) -> Iterator[Step]:
    """What waits for a person's eyes, in one line."""
    disputed = records.decided.disputed.keys() & kept
    doubtful = {v.path: str(v.kind) for v in reversed(records.audit) if v.kind in _DOUBTFUL}
    waiting = Counter(doubtful[path] for path in doubtful.keys() & kept - records.seen)
    said = [f"{waiting[kind]:,} {kind}" for kind in map(str, _DOUBTFUL) if waiting[kind]]
    said += [f"{len(disputed):,} disputed"] if disputed else []
    if said:
        queue = "disputed" if disputed else "contaminated"
        yield Step(f"galaxycurate review --queue {queue}", f"for a person: {', '.join(said)}")


def _train(settings: Settings) -> str:
    """The first of the folds where there are some."""
    fold = "/fold-1" if (Path(settings.dataset) / "split" / "fold-1").is_dir() else ""
    if settings.dataset == SPECS["dataset"].default and not fold:
        return "python -m train"
    return f"python -m train --data {settings.dataset}/split{fold}"


def _older(path: Path, than: Path) -> bool:
    return than.exists() and path.stat().st_mtime < than.stat().st_mtime
