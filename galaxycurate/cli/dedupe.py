"""The command that compares images: dedupe."""

from __future__ import annotations

from typing import Annotated

import typer

from galaxycurate.cli import face, options


def dedupe(
    min_overlap: Annotated[
        float, typer.Option(help="Cutouts that share more sky than this belong together, 0 to 1.")
    ] = 0.0,
    dataset: options.Dataset = None,
    manifests: options.Manifests = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Find the same file, the same object and shared sky; group what belongs together.

    Example: galaxycurate dedupe --min-overlap 0.05
    """
    from galaxycurate.pipeline.dedupe import dedupe as verb

    settings = options.settings(dataset=dataset, manifests=manifests)
    with face.progress_bar("dedupe") as progress:
        found = verb.dedupe(settings, min_overlap=min_overlap, dry_run=dry_run, progress=progress)
    if as_json:
        face.answer_json(found.as_dict())
        return
    face.talk(face.table({
        "images": found.images,
        **{f"pairs: {k}": v for k, v in found.pairs.items()},
        **{f"left out of splits: {k}": v for k, v in found.dropped.items()},
        "largest group": found.largest_group,
    }))  # fmt: skip
    if found.without_position:
        face.talk(
            f"  {found.without_position:,} images have no position or scale, so overlap cannot be "
            "measured: those of one field, or of the next, are grouped"
        )
    if found.unlike:
        face.talk(f"  warning: {found.unlike}")
    if dry_run:
        face.answer(f"{found.n_groups:,} groups of {found.images:,} images would be recorded")
        return
    face.answer(f"{found.n_groups:,} groups of {found.images:,} images")
    face.next_command("galaxycurate split")
