"""Which pictures an export holds, and what is known of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from galaxycurate.core.columns import IDS
from galaxycurate.core.outcome import Outcome
from galaxycurate.errors import InputError, UsageError
from galaxycurate.pipeline.classed import below_class, label_of
from galaxycurate.pipeline.decided import Decided
from galaxycurate.pipeline.dedupe.kept import one_of
from galaxycurate.pipeline.export.selection import PEOPLE, Picture, Row, Selection, changed
from galaxycurate.pipeline.next_steps import behind
from galaxycurate.pipeline.recorded import Recorded, recorded
from galaxycurate.pipeline.status import cutouts_of
from galaxycurate.store.manifest import Manifest, read_all
from galaxycurate.store.settings import Settings
from galaxycurate.store.shards.tree import open_tree


def select(settings: Settings, split: str = "") -> Selection:
    """Choose what an export holds.

    Parameters
    ----------
    settings : Settings
    split : str
        The pictures of this one only; empty for all that the newest split holds, or, where there
        is none, for all that dedupe, audit and people left.

    Returns
    -------
    Selection

    Raises
    ------
    InputError
        There are no manifests or pictures, or files are missing.
    UsageError
        There is no such split.
    """
    manifests = read_all((), folder=Path(settings.manifests))
    records = recorded(settings, cutouts_of(manifests))
    notes: list[str] = []
    places = _places(records, split, notes)
    if step := behind(records, settings):
        notes.append(f"the split is out of date: {step.why} (next: {step.command})")
    there = sorted((one for one in records.kept if one.path in places), key=lambda one: one.path)
    gone = len(places) - len(there)
    since = _since(records)
    outcomes = [one for one in there if one.path not in since.out]
    notes += since.told(one.path for one in there)
    if not outcomes:
        raise InputError(
            f"there is nothing to export: no picture of {settings.dataset}/ is in use",
            hint="galaxycurate status",
        )
    _check_there(Path(settings.dataset), outcomes)
    if gone:
        notes.append(f"images of the split that are wanted no more: {gone:,}")
    return Selection(
        _pictures(outcomes, places, records.decided, _rows(manifests, outcomes)), manifests,
        Path(settings.dataset), _about(records, split), notes,
        settings.seed,
    )  # fmt: skip


def _places(records: Recorded, split: str, notes: list[str]) -> dict[str, tuple[int, str]]:
    """Group and split of each picture that is wanted."""
    if not records.in_splits:
        if split:
            raise UsageError("there is no split yet", hint="galaxycurate split, or no --split")
        left = {one.path for one in records.kept} - records.decided.left_out.keys()
        notes.append(f"there is no split: all {len(left):,} pictures in use lie in one part")
        return {path: (records.deduped.get(path, (-1, ""))[0], "") for path in left}
    names = {name for _group, name in records.in_splits.values()}
    if split and split not in names:
        raise _no_split(split, names)
    return {p: place for p, place in records.in_splits.items() if split in ("", place[1])}


@dataclass(frozen=True)
class _Since:
    """What people's decisions since the newest split change: images left out, put back, and of
    another class. The first and the last tear no group; a part for the second only a split gives.
    """

    out: Set[str] = frozenset()
    back: Set[str] = frozenset()
    other: Set[str] = frozenset()

    def told(self, paths: Iterable[str]) -> Iterator[str]:
        """What it comes to for these images of the split, in words."""
        here = set(paths)
        out, other = len(here & self.out), len(here & self.other - self.out)
        if out or other:
            yield (
                f"decisions since the split count here: {other:,} of another class, "
                f"{out:,} left out"
            )
        if self.back:
            yield f"put back since the split, and not in it: {len(self.back):,}"


def _since(records: Recorded) -> _Since:
    if not records.in_splits:
        return _Since()
    now, then = records.decided, records.decided_at_split
    split = records.in_splits.keys()
    kept = {one.path for one in records.kept}
    return _Since(
        out=split & (now.left_out.keys() - then.left_out.keys()),
        back=(then.left_out.keys() - now.left_out.keys()) & kept - split,
        other={path for path in split if now.label_of(path) != then.label_of(path)},
    )


def _no_split(split: str, names: set[str]) -> UsageError:
    import difflib

    near = difflib.get_close_matches(split, names, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    return UsageError(f"there is no split {split!r}", hint=f"{meant}{', '.join(sorted(names))}")


def _check_there(dataset: Path, outcomes: list[Outcome]) -> None:
    tree = open_tree(dataset)
    for one in outcomes:
        if tree.size(one.path) != one.n_bytes:
            raise changed(one.path)


def _rows(manifests: list[Manifest], outcomes: list[Outcome]) -> dict[tuple[str, str], Row]:
    """What manifests tell of these cutouts; where two tell of one, as dedupe takes it."""
    found: dict[tuple[str, str], Row] = {}
    wanted = {(one.label, one.name) for one in outcomes}
    for manifest in manifests:
        for row in manifest.rows():
            key = row["label"], row["name"]
            if key not in wanted:
                continue
            full = dict.fromkeys(("source_file", "size_px", "ra", "dec")) | row
            found[key] = one_of(found[key], full) if key in found else full
    return found


def _pictures(
    outcomes: list[Outcome],
    places: Mapping[str, tuple[int, str]],
    decided: Decided,
    rows: Mapping[tuple[str, str], Row],
) -> list[Picture]:
    labels = [decided.label_of(one.path) for one in outcomes]
    names = below_class([one.path for one in outcomes], labels)
    found = []
    for one, label, name in zip(outcomes, labels, names, strict=True):
        group, split = places[one.path]
        row = rows[one.label, one.name] | {
            "name": PurePosixPath(name).stem, "label": label, "group": group, "split": split,
        }  # fmt: skip
        if label != label_of(one.path):
            row["label_source"] = f"{PEOPLE} (before: {label_of(one.path)})"
            if "vote_fraction" in row:  # the votes were for the label before
                row["vote_fraction"] = float("nan")
        if row["source_file"]:  # where it lay is nobody else's business
            row["source_file"] = Path(str(row["source_file"])).name
        row |= {n: row.get(n) or 0 for n in IDS}
        row["pixscale"] = one.pixscale or row.get("pixscale")
        row["size_px"] = one.size_px or row.get("size_px")
        found.append(Picture(one, name, label, split, row))
    return sorted(found, key=lambda picture: picture.place)


def _about(records: Recorded, split: str) -> dict[str, object]:
    decided = records.decided
    return {
        "split": split or ("all splits" if records.in_splits else "no split"),
        "split_run": records.split_run,
        "decisions": {
            "lines": decided.lines,
            **decided.counted(outcome.path for outcome in records.kept),
        },
        "left_out": decided.grounds(outcome.path for outcome in records.kept),
        "groups": len({g for g, _ in (records.in_splits or records.deduped).values()}),
    }
