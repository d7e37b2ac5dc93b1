"""What ``split.json`` tells of a split, and how far it is to be believed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from galaxycurate.errors import InputError
from train.data.listed import ANEW

NAME = "split.json"


def check(path: Path, facts: dict) -> None:
    """Refuse counts that are none, before they are believed or written into a report.

    Raises
    ------
    InputError
        They name the culprits.
    """
    splits = facts.get("splits") or {}
    nested = isinstance(splits, dict) and all(isinstance(one, dict) for one in splits.values())
    odd = [] if nested else [f"splits {splits!r}"]
    counts = {name: facts.get(name) for name in ("leaking_pairs", "without_footprint")}
    counts = {name: count for name, count in counts.items() if count is not None}
    for split, told in splits.items() if nested else ():
        counts |= {f"{split}/{name}": count for name, count in told.items()}
    odd += [f"{name} {count!r}" for name, count in counts.items() if not _is_count(count)]
    try:
        json.dumps(facts, allow_nan=False)
    except ValueError:
        odd.append("a number that is none")
    if odd:
        raise InputError(
            f"{path} is no account of a split: it has {', '.join(odd)}",
            hint=f"{ANEW}, or remove it",
        )


def doubts(path: Path, facts: dict, counts: Callable[[str], dict[str, int]]) -> Iterator[str]:
    """Why a split is not proved, a line for each reason.

    Parameters
    ----------
    path : Path
        Of ``split.json``.
    facts : dict
    counts : callable
        Takes a split, gives the images there by class.
    """
    if not facts:
        lost = "holds no facts" if path.is_file() else "is absent"
        yield f"{path} {lost}: no check for leaks between splits is known"
        return
    leaking = facts.get("leaking_pairs")
    if leaking is None:
        yield "split.json says nothing of leaking pairs: no check for leaks is known"
    elif leaking:
        yield f"split.json counts {leaking:,} leaking pairs: the test accuracy will be too good"
    for split, told in (facts.get("splits") or {}).items():
        there = counts(split)
        for name, count in told.items():
            if there.get(name, 0) != count:
                yield (
                    f"split.json counts {count:,} images in {split}/{name}, "
                    f"{there.get(name, 0):,} are there"
                )


def kind(facts: dict, *, proved: bool) -> str:
    """How a split came to be; see `train.data.tree.Tree.split_kind`."""
    leaking = facts.get("leaking_pairs")
    if leaking:
        return "folders, leaking"
    if leaking is None:
        return "folders, unproved"
    # files that came or went after the proof are not covered by it
    said = "sky groups, proved" if proved else "sky groups, changed since they were proved"
    unknown = facts.get("without_footprint")
    if proved and unknown:  # copies, ids and fields were compared, but not the sky of these
        said = f"groups kept whole, sky of {unknown:,} images not measured"
    return f"k-fold, {said}" if facts.get("fold") else said


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0
