"""`galaxycurate crosswalk`: DR7 ids to those of DR8 and later, and back."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from galaxycurate.cli import casjobs, face, options


class ReleaseName(StrEnum):
    """Whose ids are wanted."""

    dr8 = "dr8"
    dr7 = "dr7"


def crosswalk(
    table: Annotated[Path, typer.Argument(help="A manifest, or a table with ids or positions.")],
    to: Annotated[
        ReleaseName | None, typer.Option(help="Whose ids are wanted [each row's missing one].")
    ] = None,
    tables: Annotated[
        list[Path] | None,
        typer.Option("--with", help="A table with both ids, or with ids and positions; repeat."),
    ] = None,
    radius_arcsec: Annotated[
        float, typer.Option(help="How far a position may be off [arcsec].")
    ] = 1.0,
    archive: Annotated[
        str | None, typer.Option(help="skyserver, casjobs, local:PATH, or none.")
    ] = None,
    server: options.Server = None,
    release: options.Release = None,
    manifests: options.Manifests = None,
    out: Annotated[
        Path | None, typer.Option(help="The crosswalk to write: .parquet, .csv or .ecsv.")
    ] = None,
    apply: Annotated[
        Path | None, typer.Option(help="Write TABLE, a manifest, anew with the ids filled in.")
    ] = None,
    replace: options.Replace = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Find what objects are called in another release: DR7 ids, and those of DR8 and later.

    Example: galaxycurate crosswalk gz2_hart16.csv --to dr8 --with zoo2MainSpecz.csv
    """
    from galaxycurate.pipeline.archive import archive_of, shelf_of
    from galaxycurate.pipeline.crosswalk import crosswalk as verb
    from galaxycurate.pipeline.crosswalk.counterparts import Asker

    settings = options.settings(
        server=server, release=release, archive=archive, manifests=manifests
    )
    path = out or Path("crosswalk.parquet")
    if not dry_run:
        _check(path, apply, [table, *(tables or [])])
    shelf = shelf_of(settings)
    with face.progress_bar("crosswalk") as progress:
        asker = None
        if settings.archive != "none":
            asked = archive_of(
                settings, shelf=shelf, talk=face.talk, confirm=face.confirm,
                credentials=casjobs.credentials,
            )  # fmt: skip
            asker = Asker(asked, shelf, progress, dry_run=dry_run)
        found = verb.crosswalk(
            settings, table, to=to.value if to else "", tables=tables or [],
            radius_arcsec=radius_arcsec, asker=asker, command=options.command_line(),
        )  # fmt: skip
    if dry_run:
        _tell_plan(found, settings, as_json)
        return
    filled = found.applied(command=options.command_line()) if apply else None
    found.write(path)
    if apply and filled:
        from galaxycurate.store.manifest import keep

        keep(filled, apply, replace_old=replace, db=settings.db)
    shelf.clear()
    for note in found.notes:
        face.talk(f"  {note}")
    if as_json:
        made = {
            "crosswalk": str(path),
            "manifest": str(apply) if apply else None,
            "notes": found.notes,
        }
        face.answer_json({**made, "questions": found.questions, "counts": found.counts})
        return
    face.talk(face.table(found.counts))
    face.answer(f"{path}: {len(found):,} objects, {found.unmatched:,} of them unmatched")
    if apply:
        face.answer(f"{apply}: {len(found.of_row):,} rows, as in {table}")
        face.next_command(f"galaxycurate download {apply}")
    elif found.parent:
        face.next_command(f"galaxycurate crosswalk {table} --apply FILE")


def _check(path: Path, apply: Path | None, given: list[Path]) -> None:
    """Find out before the work whether its results could be written."""
    from galaxycurate.errors import UsageError
    from galaxycurate.store import crosswalk, formats
    from galaxycurate.store.files import check_writable

    for made in filter(None, (path, apply)):
        if made.resolve() in {one.resolve() for one in given}:
            raise UsageError(f"{made} would be written over itself", hint="choose another --out")
    crosswalk.check_ending(path)
    check_writable(path.parent)
    if apply:
        formats.writer(apply)
        check_writable(apply.parent)


def _tell_plan(found, settings, as_json: bool) -> None:
    """How much is left for the archive, and what that costs."""
    left, n = found.unmatched, sum(found.questions.values())
    if as_json:
        told = {"objects": len(found), "left": left, "questions": found.questions}
        face.answer_json(told)
        return
    told = {"objects": len(found), "that the tables do not tell": left}
    face.talk(face.table(told | {f"questions: {name}": k for name, k in found.questions.items()}))
    pace = settings.queries_per_minute if settings.archive == "skyserver" else 0
    long = f", {-(-n // pace):,} minutes" if pace else ""
    face.answer(f"dry run: {n:,} questions to {settings.archive} at most{long}; nothing was asked")
