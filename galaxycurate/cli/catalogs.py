"""`galaxycurate catalogs`: what is known of Galaxy Zoo's tables, and getting them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from galaxycurate.cli import catalog, completion, face, options

if TYPE_CHECKING:
    from galaxycurate.errors import InputError
    from galaxycurate.pipeline.catalogs.fetching import Wanted
    from galaxycurate.pipeline.catalogs.known import Catalog, Checked

app = typer.Typer(no_args_is_help=True, help="Galaxy Zoo's catalogues, and CAS tables: get, look.")
app.command("add")(catalog.add)
app.command("show")(catalog.show)

_NAMED = 6
"""So many columns are named."""

Folder = Annotated[Path | None, typer.Option("--to", help="Folder of the catalogues [catalogs].")]


@app.command("list")
def list_(as_json: options.Json = False) -> None:
    """The catalogues that are known, and which of their tables are here.

    Example: galaxycurate catalogs list
    """
    from galaxycurate.pipeline.catalogs.known import here, known

    folder = Path(options.settings().catalogs)
    there = {c.name: [str(p) for t in c.tables for p in here(t, folder)] for c in known.catalogs()}
    if as_json:
        face.answer_json(
            [
                {"name": one.name, "title": one.title, "tables": [t.name for t in one.tables],
                 "rows": one.tables[0].rows, "here": there[one.name], "get": _how(one)}
                for one in known.catalogs()
            ]
        )  # fmt: skip
        return
    lines = [("name", "first table", "rows", "here", "how to get it")]
    for one in known.catalogs():
        first = one.tables[0]
        count = str(len(there[one.name]) or "-")
        lines.append((one.name, first.name, f"{first.rows:,}", count, _how(one)))
    wide = [max(len(line[k]) for line in lines) for k in range(4)]
    for name, table, rows, count, how in lines:
        face.answer(
            f"  {name:<{wide[0]}}  {table:<{wide[1]}}  {rows:>{wide[2]}}  {count:>{wide[3]}}  {how}"
        )
    face.next_command("galaxycurate catalogs describe gz1")


def _how(one: Catalog) -> str:
    files = [file for table in one.tables for file in table.files]
    if not files:
        return "no server is known"
    if all(file.login for file in files):
        return "log in where describe says"
    return f"galaxycurate catalogs fetch {one.name}"


@app.command("describe")
def describe(
    name: Annotated[
        str,
        typer.Argument(
            help="A catalogue, a table, or a file.", autocompletion=completion.catalogues
        ),
    ],
    as_json: options.Json = False,
) -> None:
    """All that is known of a catalogue or a table; or what a file holds, see check.

    Example: galaxycurate catalogs describe gz2
    """
    from galaxycurate.pipeline.catalogs.known import known, schemes_of

    if Path(name).is_file():
        _check([Path(name)], as_json)
        return
    one = known.find(name)
    tables = [t for t in one.tables if t.name.lower() == name.lower()] or list(one.tables)
    if as_json:
        facts = asdict(one) | {"schemes": schemes_of(one)}
        face.answer_json(facts | {"tables": [asdict(t) for t in tables]})
        return
    face.answer(f"{one.name}: {one.title}\n  {one.about}")
    for word, text in (
        ("licence", one.licence),
        ("cite", "; ".join(one.cite)),
        ("images", one.images),
        ("schemes", ", ".join(f"{s} (default)" if s == one.scheme else s for s in schemes_of(one))),
    ):
        if text:
            face.answer(f"  {word}: {text}")
    for table in tables:
        rows = f"{table.rows:,} rows, " if table.rows else ""
        face.answer(f"\n{table.name}: {table.title}: {rows}{len(table.columns)} columns")
        for file in table.files:
            size = f", {file.n_bytes:,} bytes" if file.n_bytes else ""
            face.answer(f"  {file.role}: {file.url}{size}")
            face.answer(f"    {file.checksum}") if file.checksum else None
        if table.vizier:
            face.answer(f"  VizieR: {table.vizier}")
        if table.cas:
            face.answer(f"  CAS: {table.cas}")
        if len(tables) == 1:
            wide = max(len(column.name) for column in table.columns)
            for column in table.columns:
                unit = f" [{column.unit}]" if column.unit else ""
                face.answer(f"  {column.name:<{wide}}  {column.kind:<8}  {column.meaning}{unit}")
    if len(tables) > 1:
        face.next_command(f"galaxycurate catalogs describe {tables[0].name}  (its columns)")


@app.command("check")
def check(
    files: Annotated[list[Path], typer.Argument(help="Table files of any catalogue, or yours.")],
    as_json: options.Json = False,
) -> None:
    """What a file holds: its table, rows, columns, traps, repeated objects, and who can use it.

    Example: galaxycurate catalogs check votes.csv
    """
    _check(files, as_json)


def _check(files: list[Path], as_json: bool) -> None:
    from galaxycurate.errors import InputError, SomeFailed
    from galaxycurate.pipeline.catalogs.known import check as look

    found: list[Checked] = []
    refused: list[InputError] = []
    for file in files:
        try:
            found.append(look(file))
        except InputError as error:
            refused.append(error)
    if as_json:
        face.answer_json([asdict(one) for one in found])
    else:
        for one in found:
            _say(one)
    for no in refused if found else refused[1:]:
        face.complain(no)
    if refused and not found:
        raise refused[0]
    if refused:
        raise SomeFailed(
            f"{len(refused)} of {len(files)} files were refused", hint="the others are all right"
        )


def _say(one: Checked) -> None:
    what = f"{one.table} of {one.catalog}" if one.catalog else "no table of a known catalogue"
    face.answer(f"{one.file}: {what}")
    rows: dict[str, object] = {"rows": one.rows}
    if one.published and one.published != one.rows:
        rows["of so many published"] = one.published
    if one.objects:
        rows |= {"different objects": one.objects, "rows of objects seen before": one.repeated}
    rows |= {'pairs within 1"': one.close, "of them at the same position": one.same}
    rows["columns documented"] = len(one.known)
    rows["columns besides"] = len(one.unknown)
    rows["columns not there"] = len(one.missing)
    face.answer(face.table(rows))
    for word, names in (("besides", one.unknown), ("not there", one.missing)):
        if names and one.catalog:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            face.answer(f"  {word}: {', '.join(names[:_NAMED])}{more}")
    for note in one.notes:
        face.answer(f"  {catalog.note_text(note)}")
    if one.schemes:
        face.next_command(
            f"{one.command} --scheme {one.schemes[0]}"
            + (f"  (or {', '.join(one.schemes[1:])})" if one.schemes[1:] else "")
        )
    else:
        face.talk(
            f"no label scheme reads these columns; one of yours: {one.command} --scheme FILE.toml"
        )


@app.command("fetch")
def fetch(
    names: Annotated[
        list[str],
        typer.Argument(
            help="Catalogues (their first table), or tables.", autocompletion=completion.catalogues
        ),
    ],
    table: Annotated[str | None, typer.Option(help="Another table of the catalogue.")] = None,
    images: Annotated[bool, typer.Option("--images", help="Its images as well.")] = False,
    source: Annotated[str | None, typer.Option("--from", help="vizier: the second source.")] = None,
    to: Folder = None,
    mirror: Annotated[
        str | None, typer.Option(help="Root of another server with the same paths.")
    ] = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Get the files of a catalogue, checked, and make them ready; repeat it to continue.

    Example: galaxycurate catalogs fetch gz1 --dry-run
    """
    from galaxycurate.errors import SettingError
    from galaxycurate.pipeline.catalogs import fetching

    folder = Path(options.settings(catalogs=str(to) if to else None).catalogs)
    if source not in (None, fetching.VIZIER):
        raise SettingError(f"--from {source} is no source", hint="--from vizier, or leave it out")
    if source:
        _from_vizier(names, folder, mirror or "", dry_run, as_json)
        return
    wanted = fetching.plan(names, folder, table=table, images=images, mirror=mirror or "")
    if not table and (more := fetching.others(names)):
        face.talk(f"other tables are fetched by their names: {', '.join(more)}")
    if dry_run:
        _say_plan(wanted, as_json)
        return
    got = []
    for one in wanted:
        with face.progress_bar(one.file.name) as bar:
            fetched = fetching.fetch(one, progress=bar)
        got.append(fetched)
        if not as_json:
            sure = "checksum as published" if one.file.checksum else "unverified: none is published"
            face.answer(f"{fetched.path}: {fetched.n_bytes:,} bytes, {fetched.how}, {sure}")
            face.talk(f"  sha256 {fetched.sha256}")
    _finish(wanted, [asdict(one) for one in got], folder, as_json)


def _say_plan(wanted: list[Wanted], as_json: bool) -> None:
    if as_json:
        face.answer_json(
            [
                {"table": one.layout.name, "path": str(one.path), "url": one.url,
                 "n_bytes": one.file.n_bytes, "checksum": one.file.checksum,
                 "role": one.file.role, "login": one.file.login, "here": one.is_here}
                for one in wanted
            ]
        )  # fmt: skip
        return
    for one in wanted:
        there = " (there already: it would be checked)" if one.is_here else ""
        login = " behind a login" if one.file.login else ""
        face.answer(f"{one.path}{there}\n  from {one.url}{login}\n  {one.facts}")


def _finish(wanted: list[Wanted], got: list[dict], folder: Path, as_json: bool) -> None:
    """Tables that have a typed form get it; for the others the next command is said."""
    from galaxycurate.pipeline.catalogs import known as catalogs

    kept = [
        catalogs.keep(one.path, folder)
        for one in wanted
        if one.file.role == "table" and one.layout.shape != "hdf5"
    ]
    if as_json:
        face.answer_json({"files": got, "tables": [asdict(one) for one in kept]})
        return
    catalog.say_kept(kept)
    for one in wanted:
        if one.layout.shape == "hdf5":
            face.next_command(f"galaxycurate import {one.path}")
        elif one.file.role == "images":
            face.next_command(f"unzip {one.path} -d {one.path.parent}")


def _from_vizier(names: list[str], folder: Path, mirror: str, dry_run: bool, as_json: bool) -> None:
    from galaxycurate.pipeline.catalogs import fetching
    from galaxycurate.pipeline.catalogs import known as catalogs

    kept = []
    for name in names:
        layout = fetching.vizier_table(name)
        if dry_run:
            face.answer(f"{layout.vizier} of VizieR would become {folder / layout.name}.fits")
            continue
        with face.progress_bar("VizieR") as bar:
            path = fetching.fetch_vizier(layout, folder, mirror=mirror, progress=bar)
        kept.append(catalogs.keep(path, folder))
    if as_json:
        face.answer_json([asdict(one) for one in kept])
    else:
        catalog.say_kept(kept)
