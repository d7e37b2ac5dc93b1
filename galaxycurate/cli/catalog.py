"""`galaxycurate catalogs add` and `show`: tables that lie on this machine."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from galaxycurate.cli import face, options

if TYPE_CHECKING:
    from galaxycurate.errors import InputError
    from galaxycurate.pipeline.catalogs.known import Kept, Note
    from galaxycurate.pipeline.catalogs.local import Added, Contents

_NAMED = 5
"""So many columns that were completed are named."""

Catalog = Annotated[Path, typer.Option("--to", help="The DuckDB file, made where it is not there.")]


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
    """Add table files: those of CAS for SQL, others of Galaxy Zoo for `positives --table NAME`.

    Tables of CAS (Field, PhotoObjAll, zooSpec...) go into one DuckDB file; of rows whose id is
    there already only what is empty is filled. Others (GalaxyZoo1_DR_table2, gz2_hart16...) are
    read, checked and kept in the folder of the catalogues. Adding a file twice changes nothing.

    Example: galaxycurate catalogs add Field.csv PhotoObjAll.csv
    """
    from galaxycurate.errors import InputError, SomeFailed
    from galaxycurate.pipeline.catalogs.known import is_for_cas, keep
    from galaxycurate.pipeline.catalogs.local import add_files, contents

    refused: list[InputError] = []
    of_cas = [file for file in files if table or is_for_cas(file)]
    folder = Path(options.settings().catalogs)

    def note(file: Path, error: InputError) -> None:
        if not table and file.exists():
            own = f"galaxycurate positives --table {file} --scheme FILE.toml"
            error.hint = f"{error.hint}; if it is a table of your own: {own}"
        refused.append(error)

    kept: list[Kept] = []
    results: list[Added] = []
    with face.progress_bar("catalog") as bar:
        if of_cas:
            results = add_files(
                of_cas, to, table=table, dry_run=dry_run, progress=bar, refused=note
            )
        for file in (file for file in files if file not in of_cas):
            try:
                kept.append(keep(file, folder, dry_run=dry_run))
            except InputError as error:
                refused.append(error)
    if not results and not kept:
        for no in refused[1:]:
            face.complain(no)
        raise refused[0]
    if as_json:
        face.answer_json([_as_dict(r) for r in results] + [asdict(k) for k in kept])
    else:
        _say(results, dry_run)
        say_kept(kept, dry_run=dry_run)
        if results and not dry_run:
            made = contents(to)
            for question, gaps in made.short_of.items():
                face.talk(f"{question} needs {', '.join(gaps)}: add a file that has them")
            _end(made)
    if refused:
        for no in refused:
            face.complain(no)
        raise SomeFailed(
            f"{len(refused)} of {len(files)} files "
            + ("would not be added" if dry_run else "were not added"),
            hint="the others are there; correct these, and add them alone",
        )


def show(
    path: Annotated[Path, typer.Argument(help="The DuckDB file, or a folder of tables.")] = Path(
        "catalog.duckdb"
    ),
    as_json: options.Json = False,
) -> None:
    """What lies in a catalogue, and what it cannot be asked.

    Example: galaxycurate catalogs show
    """
    from galaxycurate.pipeline.catalogs.local import contents

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
        if r.table.lower().startswith("zoo"):
            face.talk(f"  for labels: galaxycurate positives --table {r.file} reads the file alone")
        if r.left_out:
            face.talk(f"  left out, not of {r.table} in CAS: {', '.join(r.left_out)}")


def say_kept(kept: list[Kept], *, dry_run: bool = False) -> None:
    """Tables that are ready, what was dealt with in each, and what comes next."""
    for one in kept:
        face.answer(
            f"{one.file}: {one.table} of {one.catalog}: {one.rows:,} rows "
            + ("would be kept" if dry_run else "ready")
        )
        for note in one.notes:
            face.talk(f"  {note_text(note)}")
    if kept and not dry_run:
        face.next_command(f"galaxycurate positives --table {kept[-1].table}")


def note_text(note: Note) -> str:
    """What was dealt with while a table was read, as a line."""
    column = f"{note.column}: " if note.column else ""
    return f"{column}{note.what}" + (f" ({note.rows:,} rows)" if note.rows else "")


def _end(found: Contents) -> None:
    if found.only_primaries:
        face.talk("only primary detections are here: a galaxy that another run saw may be missed")
    if found.answers("negatives_cell"):
        face.next_command(f"galaxycurate negatives --archive local:{found.path}")
    elif catalogs := [gz for gz in ("gz1", "gz2") if found.answers(f"positives_{gz}")]:
        said = "" if "gz1" in catalogs else " --catalog gz2"
        face.next_command(f"galaxycurate positives{said} --archive local:{found.path}")
    else:
        face.next_command("galaxycurate catalogs add FILE...  (Field and PhotoObjAll, or zooSpec)")


def _as_dict(result: Added) -> dict:
    return asdict(result) | {"repeated": result.repeated}
