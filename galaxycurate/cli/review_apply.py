"""The two sides of review without a browser: decisions out of a file, and how people agree."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from galaxycurate.cli import face
from galaxycurate.core.words import many

if TYPE_CHECKING:
    from galaxycurate.pipeline.agreed import Agreed
    from galaxycurate.pipeline.review.wanted import Wanted
    from galaxycurate.store.settings import Settings


def apply(settings: Settings, wanted: Wanted, file: Path, *, dry_run: bool, as_json: bool) -> None:
    """Append a file's decisions to the ledger, and say what they were."""
    from galaxycurate.pipeline import applied
    from galaxycurate.pipeline.status import next_command

    found = applied.apply(
        settings, file, reviewer=wanted.who, classes=wanted.classes, dry_run=dry_run
    )
    if as_json:
        face.answer_json(found.as_dict())
        return
    for who, n in found.reviewers.items():
        face.talk(f"  {n:,} by {who}")
    if found.outdated:
        face.talk(f"  {found.outdated:,} are on another picture than today's: they say nothing")
    if found.unkept:
        face.talk(f"  {found.unkept:,} are on pictures that were not kept: they change nothing")
    kinds = ", ".join(f"{n:,} {kind}" for kind, n in found.kinds.items())
    done = f"{'would be ' if dry_run else ''}appended ({kinds})" if found.new else "new"
    face.answer(f"{file}: {many(found.lines, 'decision')}, {found.new:,} {done}")
    if dry_run:
        words = ["review", "--apply", str(file), *(f"--new-class={one}" for one in wanted.classes)]
        face.next_command(f"galaxycurate {shlex.join(words)}")
    else:
        face.next_command(next_command(settings))


def agreement(settings: Settings, *, as_json: bool) -> None:
    """Print what each reviewer decided, and how they agree."""
    from galaxycurate.pipeline.agreed import agreed
    from galaxycurate.pipeline.status import next_command

    found = agreed(settings)
    if as_json:
        face.answer_json(found.as_dict())
        return
    _tell(found)
    differ = any(both.agreed < both.n for both in found.agreements)
    disputed = "galaxycurate review --queue disputed"
    face.next_command(disputed if differ else next_command(settings))


def _tell(found: Agreed) -> None:
    face.answer(face.grid({one.name: one.kinds for one in found.reviewers}))
    for one in found.reviewers:
        pace = f"{one.median_s:g} s a picture (median)" if one.median_s else "time not measured"
        face.answer(f"  {one.name}: {one.blind:,} blind, {one.again:,} second looks, {pace}")
    for both in found.agreements:
        kappa = "none: chance alone would agree" if both.kappa is None else f"{both.kappa:.2f}"
        face.answer(
            f"  {both.first} and {both.second}: {both.agreed:,} of {both.n:,} alike, "
            f"Cohen's kappa {kappa}"
        )
