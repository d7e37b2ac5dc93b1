"""The command that looks for galaxies in negatives, and for strangers beside galaxies: audit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from galaxycurate.cli import casjobs, face, options
from galaxycurate.core.words import many


def audit(
    label: Annotated[
        list[str] | None, typer.Option(help="Only images of this label; may be repeated.")
    ] = None,
    negative: Annotated[
        list[str] | None,
        typer.Option(help="Another label that says: no galaxy; may be repeated."),
    ] = None,
    no_catalogue: Annotated[
        bool, typer.Option("--no-catalogue", help="Ask no archive; pixels judge alone.")
    ] = False,
    no_pixels: Annotated[
        bool, typer.Option("--no-pixels", help="Open no image; the catalogue judges alone.")
    ] = False,
    limit_mag: Annotated[
        float | None,
        typer.Option(help="No galaxy brighter than this [mag] [each row's own, else 20]."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Leave out of splits whatever is not clean.")
    ] = False,
    page: Annotated[
        Path | None, typer.Option(help="An HTML page that shows what was found, and where.")
    ] = None,
    archive: options.ArchiveName = None,
    server: options.Server = None,
    release: options.Release = None,
    dataset: options.Dataset = None,
    manifests: options.Manifests = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Look for galaxies in negatives, and for what spoils positives, by catalogue and by pixels.

    Example: galaxycurate audit --page audit.html
    """
    from galaxycurate.pipeline.audit import audit as verb
    from galaxycurate.pipeline.audit.asking import Remembering
    from galaxycurate.store.files import check_page

    settings = options.settings(
        archive=archive, server=server, release=release, dataset=dataset, manifests=manifests
    )
    if page is not None:
        check_page(page)
    asked = None
    if not (no_catalogue or dry_run):
        asked = Remembering(
            settings, talk=face.talk, confirm=face.confirm, credentials=casjobs.credentials
        )
    with face.progress_bar("audit") as progress:
        found = verb.audit(
            settings, labels=label or (), negatives=negative or (),
            catalogue=not no_catalogue, pixels=not no_pixels, limit_mag_r=limit_mag,
            strict=strict, dry_run=dry_run, archive=asked, workers=None,
            progress=progress,
        )  # fmt: skip
    if page and not dry_run:
        from galaxycurate.web import audit as web

        web.write(settings, found, page)
    if as_json:
        face.answer_json(found.as_dict())
    elif dry_run:
        _tell_plan(found)
    else:
        _tell(found, page)


def _tell_plan(found) -> None:
    face.talk(face.grid(found.counts))
    if found.archive:
        face.talk(f"  {found.archive} would be asked {found.questions:,} questions")
    for note in found.notes:
        face.talk(f"  {note}")
    face.answer(f"{many(found.images, 'image')} would be audited, {found.unread:,} of them opened")


def _tell(found, page: Path | None) -> None:
    if found.simulated:
        face.talk("  SIMULATED sky: nothing here is a measurement of the real one")
    face.talk(face.grid(found.counts))
    face.talk(face.table({f"told by {_WHO[who]}": n for who, n in sorted(found.told.items())}))
    for label, n in found.passed_over.items():
        face.talk(f"  {n:,} images labelled {label} are neither galaxies nor empty sky")
    for note in found.notes:
        face.talk(f"  {note}")
    shown = f"{page} shows them" if page else "--page audit.html shows what was found, and where"
    face.talk(f"  {shown}")
    kept = f" ({found.put_back:,} {face.PEOPLE['put_back']})" if found.put_back else ""
    face.answer(
        f"{many(found.images, 'image')} audited, {found.dropped:,} left out of splits{kept}"
    )
    face.next_command(f"galaxycurate {'split' if found.deduped else 'dedupe'}")


_WHO = {"catalogue": "the catalogue", "light": "pixels", "both": "both", "": "nobody"}
