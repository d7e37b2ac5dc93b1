"""Commands that judge images: dedupe and split."""

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
    from galaxycurate.pipeline import dedupe as verb

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


def split(
    fractions: Annotated[str, typer.Option(help="Train, val and test.")] = "0.8,0.1,0.1",
    seed: options.Seed = None,
    dataset: options.Dataset = None,
    manifests: options.Manifests = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Write train, val and test trees: stratified, no group torn apart, and proved.

    Example: galaxycurate split --fractions 0.7,0.15,0.15
    """
    from galaxycurate.errors import SettingError
    from galaxycurate.pipeline import split as verb

    settings = options.settings(dataset=dataset, manifests=manifests)
    try:
        shares = [float(part) for part in fractions.split(",")]
    except ValueError:
        raise SettingError(
            f"fractions {fractions!r} are no numbers", hint="--fractions 0.8,0.1,0.1"
        ) from None
    with face.progress_bar("split") as progress:
        made = verb.split(settings, fractions=shares, seed=seed, dry_run=dry_run, progress=progress)
    if as_json:
        face.answer_json(made.as_dict())
        return
    face.talk(face.grid(made.counts))
    for name, counts in made.counts.items():
        lacking = sorted(set(made.counts["train"]) - set(counts))
        if lacking:
            face.talk(f"  warning: {name} has no {' and no '.join(lacking)}")
    if len(made.counts["train"]) < 2:
        face.talk("  warning: there is one class only; a classifier needs two")
    if made.without_footprint:
        face.talk(
            f"  {made.without_footprint:,} images have no position or scale: whether they share "
            "sky across splits could not be measured"
        )
    if made.unlike:
        face.talk(f"  warning: {made.unlike}")
    checked = ", ".join(f"{n:,} {kind}" for kind, n in made.pairs_checked.items())
    face.answer(
        f"{settings.dataset}/{verb.FOLDER}{' would hold' if dry_run else ''}: "
        f"{made.images:,} images, {made.n_groups:,} groups; "
        f"pairs across splits: {made.leaking_pairs.total()} (checked anew: {checked})"
    )
    if not dry_run:
        face.next_command("python -m train")
