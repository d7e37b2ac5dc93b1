"""The command that divides: split."""

from __future__ import annotations

from typing import Annotated

import typer

from galaxycurate.cli import face, options


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
    from galaxycurate.pipeline.split import split as verb

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
