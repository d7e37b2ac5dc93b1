"""`galaxycurate import`: images and labels that exist already."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from galaxycurate.cli import ask, face, options


class ModeName(StrEnum):
    """How an image enters the dataset."""

    copy = "copy"
    hardlink = "hardlink"
    reference = "reference"


def adopt(
    folder: Annotated[Path, typer.Argument(help="The images, at any depth.")],
    labels: Annotated[Path, typer.Option(help="A table with an id and a label for each image.")],
    id_column: Annotated[str | None, typer.Option(help="Column of the objIDs.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of the labels.")] = None,
    classes: Annotated[
        list[str] | None,
        typer.Option("--class", help="NEW=OLD,OLD: what becomes a class; patterns work."),
    ] = None,
    mode: Annotated[ModeName, typer.Option(help="How the images enter.")] = ModeName.copy,
    pixscale: Annotated[
        float | None, typer.Option(help="Pixel scale of all images [arcsec/pixel], when known.")
    ] = None,
    dataset: options.Dataset = None,
    manifests: options.Manifests = None,
    out: options.Out = None,
    replace: options.Replace = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Adopt an image collection that exists already, with identity and labels.

    Example: galaxycurate import images/ --labels labels.csv --class 'spiral=spiral_*'
    """
    from galaxycurate.errors import SomeFailed
    from galaxycurate.pipeline import adopt as verb
    from galaxycurate.pipeline.collection import Collection
    from galaxycurate.store.manifest import check_replaceable

    settings = options.settings(dataset=dataset, manifests=manifests)
    collection = Collection(
        folder=folder, labels=labels, id_column=id_column, label_column=label_column,
        classes=_classes(classes or []), mode=mode.value, pixscale=pixscale,
    )  # fmt: skip
    path = out or Path(settings.manifests) / f"{folder.resolve().name}.parquet"
    if not dry_run:
        ask.check_free(path)
        planned, _ = verb.adopt(settings, collection, dry_run=True)
        check_replaceable(planned.header, path, replace_old=replace)
    with face.progress_bar("import") as progress:
        manifest, done = verb.adopt(
            settings, collection, command=options.command_line(), dry_run=dry_run,
            progress=progress,
        )  # fmt: skip
    if not dry_run:
        ask.keep(manifest, path, replace, settings)
    for name, why in done.flawed[:10]:
        face.talk(f"  rejected {name}: {why}")
    counts = {
        "rows": done.rows,
        **{f"left out: {k}": v for k, v in done.left_out.items()},
        **{f"rejected: {k}": v for k, v in done.rejected.items()},
        **{f"failed: {k}": v for k, v in done.failed.items()},
        "there before": done.done_before,
        **{f"kept as {k}": v for k, v in sorted(done.by_label.items())},
    }
    if as_json:
        face.answer_json({"manifest": None if dry_run else str(path), **counts})
    else:
        face.talk(face.table(counts))
        kept = len(manifest) if dry_run else done.kept + done.done_before
        face.answer(f"{path}: {kept:,} images" + (" would be imported" if dry_run else ""))
        face.next_command("galaxycurate dedupe")
    if done.failed:
        raise SomeFailed(
            f"{done.failed.total():,} rows have no image", hint="are they in another folder?"
        )


def _classes(words: list[str]) -> dict[str, list[str]]:
    from galaxycurate.errors import SettingError

    result: dict[str, list[str]] = {}
    for word in words:
        new, sign, old = word.partition("=")
        if not (sign and new and old):
            raise SettingError(
                f"--class {word!r} is not NEW=OLD,OLD", hint="--class 'spiral=spiral_*'"
            )
        result.setdefault(new.strip(), []).extend(part.strip() for part in old.split(","))
    return result
