"""The command that hands a dataset over to other tools: export."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from galaxycurate.cli import face, options


def export(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="imagefolder, webdataset, hf-parquet, zoobot, zooniverse, fits, votable, or csv.",
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="The folder to make [export/FORMAT].")] = None,
    split: Annotated[
        str, typer.Option(help="Only train, val, test, or fold-K [all of the newest split].")
    ] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of an older export.")
    ] = False,
    dataset: options.Dataset = None,
    manifests: options.Manifests = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Write the dataset as other tools open it, with its classes, splits, votes and origin.

    Example: galaxycurate export --to imagefolder
    """
    from galaxycurate.core.words import many
    from galaxycurate.pipeline.export import export as verb
    from galaxycurate.pipeline.export.formats import format_of

    request = verb.Request(to, out, split, replace)
    settings = options.settings(dataset=dataset, manifests=manifests)
    with face.progress_bar("export") as progress:
        made = verb.export(settings, request, dry_run=dry_run, progress=progress)
    if as_json:
        face.answer_json(made.as_dict())
        return
    if made.simulated:
        face.talk("  SIMULATED SKY: these are not SDSS data, and the export says so")
    for note in made.notes:
        face.talk(f"  note: {note}")
    face.talk(face.grid(made.counts))
    done = "would hold" if dry_run else "holds"
    what = "picture" if format_of(to).has_pictures else "row"
    size = f", {made.n_bytes / 1e6:.1f} MB" if made.n_bytes else ""
    files = f" in {many(made.files, 'file')}" if made.files else ""
    face.answer(f"{made.folder}/ {done} {many(made.pictures, what)}{files}{size}")
    if dry_run:
        where = f" --out {shlex.quote(str(out))}" if out else ""
        part = f" --split {split}" if split else ""
        instead = " --replace" if replace else ""
        face.next_command(f"galaxycurate export --to {to}{where}{part}{instead}")
    else:
        card = shlex.quote(str(made.folder / "README.md"))
        face.next_command(f"cat {card} (how it is read, whom to cite)")
