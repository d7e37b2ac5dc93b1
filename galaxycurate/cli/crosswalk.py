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
        wanted = to.value if to else "what each row lacks"
        cuts = None if replace else {"to": wanted, "radius_arcsec": radius_arcsec}
        _check(path, [table, *(tables or [])], settings, cuts)
        _check_apply(apply, table, [path, *(tables or [])], cuts)
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
        from galaxycurate.store.keeping import keep

        keep(filled, apply, replace_old=replace, db=settings.db)
    if not found.unasked:
        shelf.clear()
    for note in found.notes:
        face.talk(f"  {note}")
    if as_json:
        face.answer_json({
            "crosswalk": str(path),
            "manifest": str(apply) if apply else None,
            "notes": found.notes,
            "questions": found.questions,
            "counts": found.counts,
            "conflicts": found.conflicts,
            "not_asked": found.unasked,
        })  # fmt: skip
    else:
        _tell(found, path, apply, table)
    if found.unasked:
        from galaxycurate.errors import SomeFailed

        raise SomeFailed(
            f"{found.unasked:,} of {len(found):,} objects were not asked about",
            hint="run the command again: what was answered is kept for a week",
        )


def _tell(found, path: Path, apply: Path | None, table: Path) -> None:
    """What was made, and the next command."""
    face.talk(face.table(found.counts))
    conflicts = f", {found.conflicts:,} in conflict (see reason)" if found.conflicts else ""
    face.answer(f"{path}: {len(found):,} objects, {found.unmatched:,} of them unmatched{conflicts}")
    if apply:
        face.answer(f"{apply}: {len(found.of_row):,} rows, as in {table}")
        has_images = "with an image" in found.parent.header.counts
        face.next_command(f"galaxycurate {'dedupe' if has_images else f'download {apply}'}")
    elif found.parent:
        face.next_command(f"galaxycurate crosswalk {table} --apply FILE")


def _check(path: Path, given: list[Path], settings, cuts: dict | None) -> None:
    """Find out before the work whether its result could be written, and what that would cost."""
    from galaxycurate.errors import UsageError
    from galaxycurate.store import crosswalk
    from galaxycurate.store.files import check_writable, existing, sha256_of

    if path.resolve() in {one.resolve() for one in given}:
        raise UsageError(f"{path} would be written over itself", hint="choose another --out")
    crosswalk.check_ending(path)
    if path.resolve().parent == Path(settings.manifests).resolve():
        raise UsageError(
            f"{path}: {settings.manifests} holds manifests, and a crosswalk is none",
            hint=f"--out {path.name}",
        )
    check_writable(path.parent)
    if cuts is None or not path.exists():
        return
    old = crosswalk.header_of(path)
    if old is None:
        raise UsageError(f"{path} is no crosswalk", hint="choose another --out, or --replace it")
    parents = [sha256_of(existing(one)) for one in given]
    names = old["cuts"].get("tables", [])
    is_same = old["parents"][: len(parents)] == parents and len(names) == len(parents) - 1
    is_same &= old["release"] == settings.release
    if not is_same or old["cuts"] != {**old["cuts"], **cuts}:
        raise UsageError(
            f"{path} answers another request: {old['command']}",
            hint="choose another --out, or --replace it",
        )


def _check_apply(apply: Path | None, table: Path, others: list[Path], cuts: dict | None) -> None:
    """Find out before the work whether the manifest could be written anew."""
    from galaxycurate.errors import UsageError
    from galaxycurate.pipeline.crosswalk.objects import manifest_at
    from galaxycurate.store import formats
    from galaxycurate.store.files import check_writable
    from galaxycurate.store.manifest import Manifest

    if not apply:
        return
    if apply.resolve() in {one.resolve() for one in (table, *others)}:
        raise UsageError(f"{apply} would be written over itself", hint="choose another --apply")
    formats.writer(apply)
    check_writable(apply.parent)
    parent = manifest_at(table)
    if parent is None:
        raise UsageError(
            f"{table} is no manifest: ids can be filled into a manifest only",
            hint="galaxycurate positives and import make manifests",
        )
    if cuts is None or not apply.exists():
        return
    old = Manifest.read(apply).header
    said = old.cuts.get("crosswalk")
    is_same = isinstance(said, dict) and said == {**said, **cuts}
    if old.parents != (parent.sha256,) or not is_same:
        raise UsageError(
            f"{apply} answers another request", hint="choose another --apply, or --replace it"
        )


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
