"""`galaxycurate catalog`: CAS tables on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from galaxycurate.cli import face, options

if TYPE_CHECKING:
    from galaxycurate.errors import InputError
    from galaxycurate.pipeline.catalog import Added, Contents

app = typer.Typer(no_args_is_help=True, help="CAS tables on this machine: --archive local:PATH.")

_NAMED = 5
"""So many columns that were completed are named."""

Catalog = Annotated[Path, typer.Option("--to", help="The DuckDB file, made where it is not there.")]


@app.command("add")
def add(
    files: Annotated[list[Path], typer.Argument(help="CSV, Parquet, FITS or VOTable, or .gz.")],
    to: Catalog = Path("catalog.duckdb"),
    table: Annotated[
        str | None,
        typer.Option(help="What the files hold, such as Field or PhotoPrimary [columns tell]."),
    ] = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Add files of Field, PhotoObjAll, zooSpec... to a catalogue; ids are checked.

    Of rows whose id is there already only what is empty is filled, so that adding a file twice
    changes nothing.

    Example: galaxycurate catalog add Field.csv PhotoObjAll.csv
    """
    from galaxycurate.errors import SomeFailed
    from galaxycurate.pipeline.catalog import add_files, contents

    refused: list[InputError] = []

    def note(file: Path, error: InputError) -> None:
        refused.append(error)

    with face.progress_bar("catalog") as bar:
        results = add_files(files, to, table=table, dry_run=dry_run, progress=bar, refused=note)
    if not results:
        for error in refused[1:]:
            face.complain(error)
        raise refused[0]
    if as_json:
        face.answer_json([_as_dict(result) for result in results])
    else:
        _say(results, dry_run)
        if not dry_run:
            made = contents(to)
            for question, gaps in made.short_of.items():
                face.talk(f"{question} needs {', '.join(gaps)}: add a file that has them")
            _end(made)
    if refused:
        for error in refused:
            face.complain(error)
        raise SomeFailed(
            f"{len(refused)} of {len(files)} files "
            + ("would not be added" if dry_run else "were not added"),
            hint="the others are there; correct these, and add them alone",
        )


@app.command("show")
def show(
    path: Annotated[Path, typer.Argument(help="The DuckDB file, or a folder of tables.")] = Path(
        "catalog.duckdb"
    ),
    as_json: options.Json = False,
) -> None:
    """What lies in a catalogue, and what it cannot be asked.

    Example: galaxycurate catalog show
    """
    from galaxycurate.pipeline.catalog import contents

    found = contents(path)
    if as_json:
        face.answer_json(found.as_dict())
        return
    rows: dict[str, object] = {
        f"{table} ({found.columns[table]} columns)": n for table, n in found.rows.items()
    }
    if found.fields_made_up:
        rows["fields that only their objects tell of"] = found.fields_made_up
    rows |= {f"objects of mode {mode}": n for mode, n in found.modes.items()}
    if found.covered or found.bare:
        rows["fields with their objects"] = found.covered
        rows["fields without"] = found.bare
    face.answer(face.table(rows))
    if found.bare_fields:
        more = ", ..." if found.bare > len(found.bare_fields) else ""
        face.answer(f"  without objects: {', '.join(found.bare_fields)}{more}")
    for question, gaps in found.missing.items():
        if gaps:
            face.answer(f"  {question} cannot be asked: there is no {', '.join(gaps)}")
    _end(found)


def _say(results: list[Added], dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    for r in results:
        face.answer(
            f"{r.file}: {r.table}: {r.added:,} rows {would}added, {r.there_before:,} were there "
            f"before, {r.total:,} in all"
        )
        if r.completed:
            face.answer(
                f"  {r.completed:,} rows {would}completed: {', '.join(r.gaps[:_NAMED])}"
                + (f" and {len(r.gaps) - _NAMED} more" if len(r.gaps) > _NAMED else "")
            )
        if r.differ:
            kept = "would be kept" if dry_run else "kept"
            face.answer(
                f"  {r.there_before:,} rows there before, {r.differ:,} of them differ: {kept} as "
                "they were"
            )
        if r.repeated:
            face.answer(f"  {r.repeated:,} repeated in this file: the first of each counts")
        if r.note:
            face.talk(f"  {r.note}")
        if r.left_out:
            face.talk(f"  left out, not of {r.table} in CAS: {', '.join(r.left_out)}")


def _end(found: Contents) -> None:
    if found.only_primaries:
        face.talk("only primary detections are here: a galaxy that another run saw may be missed")
    if found.answers("negatives_cell"):
        face.next_command(f"galaxycurate negatives --archive local:{found.path}")
    elif catalogs := [gz for gz in ("gz1", "gz2") if found.answers(f"positives_{gz}")]:
        said = "" if "gz1" in catalogs else " --catalog gz2"
        face.next_command(f"galaxycurate positives{said} --archive local:{found.path}")
    else:
        face.next_command("galaxycurate catalog add FILE...  (Field and PhotoObjAll, or zooSpec)")


def _as_dict(result: Added) -> dict:
    from dataclasses import asdict

    return asdict(result) | {"repeated": result.repeated}
