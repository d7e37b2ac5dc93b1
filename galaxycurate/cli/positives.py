"""`galaxycurate positives`: votes to labels by a scheme, and why a galaxy got none."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from galaxycurate.cli import ask, completion, face, options
from galaxycurate.core.words import many

_BAR = 50  # characters of the tallest bin


class CatalogName(StrEnum):
    """Whose votes the archive is asked for."""

    gz1 = "gz1"
    gz2 = "gz2"


def positives(
    scheme: Annotated[
        str,
        typer.Option(
            help="How votes become labels: a name, or FILE.toml [the catalogue's].",
            autocompletion=completion.schemes,
        ),
    ] = "",
    threshold: Annotated[
        float | None, typer.Option(help="Fraction of the votes that a class needs [the scheme's].")
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(help="A file of votes, or a name of `catalogs list`; else SQL is asked."),
    ] = None,
    votes: Annotated[
        str | None, typer.Option(help="debiased or raw fractions [debiased where there are any].")
    ] = None,
    catalog: Annotated[
        CatalogName | None, typer.Option(help="Galaxy Zoo 1 or 2, of the archive [gz1].")
    ] = None,
    min_votes: Annotated[
        int | None, typer.Option(help="Volunteers at least [the scheme's].")
    ] = None,
    soft: Annotated[
        bool, typer.Option("--soft", help="Keep the fractions of all classes as soft labels.")
    ] = False,
    radii: Annotated[
        bool, typer.Option("--radii", help="With Petrosian radii, for `download --size-petro`.")
    ] = False,
    limit: options.Limit = None,
    size: options.Size = None,
    pixscale: options.Pixscale = None,
    seed: options.Seed = None,
    server: options.Server = None,
    release: options.Release = None,
    archive: options.ArchiveName = None,
    manifests: options.Manifests = None,
    out: options.Out = None,
    replace: options.Replace = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show each cut and how the votes lie; write nothing.")
    ] = False,
    compare: Annotated[
        str, typer.Option(help="Count the labels against another scheme's; with --explain.")
    ] = "",
    plot: Annotated[
        Path | None, typer.Option(help="Draw how the votes lie, as SVG; with --explain.")
    ] = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Label galaxies by Galaxy Zoo's votes, by a scheme.

    Example: galaxycurate positives --scheme gz1-binary --threshold 0.85
    """
    from galaxycurate.pipeline import positives as verb
    from galaxycurate.pipeline import wish as wishes
    from galaxycurate.pipeline.archive import shelf_of
    from galaxycurate.store.files import check_page

    settings = options.settings(
        limit=limit, size_px=size, pixscale=pixscale, seed=seed, server=server, release=release,
        archive=archive, manifests=manifests, min_votes=min_votes,
    )  # fmt: skip
    wish = wishes.Wish(
        scheme,
        table,
        catalog.value if catalog else "",
        kind=votes,
        threshold=threshold,
        soft=soft,
        radii=radii,
    )
    only_shown = explain or bool(compare) or plot is not None
    if table is None:  # a wrong wish is refused before anybody is asked
        question = wishes.query(settings, wish, all_votes=only_shown)
    if dry_run and table is None:
        ask.show_queries([question], settings, as_json)
        return
    path = out or Path(settings.manifests) / "positives.parquet"
    if plot is not None:
        check_page(plot, option="--plot", begins=b"<svg")
    if not (dry_run or only_shown):
        ask.check_free(path)
    shelf = shelf_of(settings)
    asked = ask.archive_of(settings, shelf) if table is None or radii else None
    with face.progress_bar("positives") as progress:
        if only_shown:
            told = verb.explain(settings, wish, other=compare, archive=asked, progress=progress)
        else:
            manifest, labels = verb.positives(
                settings, wish, archive=asked, command=options.command_line(), progress=progress
            )
    shelf.clear()
    if only_shown:
        _explain(told, plot, as_json)
    else:
        _keep(manifest, labels, None if dry_run else path, replace, settings, as_json)


def _keep(manifest, labels, path: Path | None, replace: bool, settings, as_json: bool) -> None:
    for warning in labels.warnings:
        face.talk(f"warning: {warning}")
    face.talk(face.table(labels.funnel))
    for conflict in labels.conflicts[:3]:
        face.talk(f"  {conflict.object} left out: {' and '.join(sorted(set(conflict.labels)))}")
    if len(labels.conflicts) > 3:
        face.talk(f"  and {len(labels.conflicts) - 3:,} more (--explain names them)")
    placeless = manifest.table.column("ra").null_count
    if placeless:
        face.talk(
            f"{placeless:,} rows have no position: good for imported images, not for download"
        )
    written = ask.keep(manifest, path, replace, settings) if len(manifest) and path else None
    if as_json:
        face.answer_json(
            {
                "manifest": str(path) if written else None,
                "rows": len(manifest),
                **labels.cuts,
                "funnel": labels.funnel,
                "conflicts": [asdict(conflict) for conflict in labels.conflicts],
                "warnings": labels.warnings,
            }
        )
    elif written:
        face.answer(f"{path}: {many(len(manifest), 'cutout')}")
        useless = placeless == len(manifest)
        face.next_command(
            "galaxycurate import DIR --labels CSV" if useless else "galaxycurate download"
        )
    else:
        face.answer(f"{many(len(manifest), 'cutout')}: nothing was written")


def _explain(told, plot: Path | None, as_json: bool) -> None:
    """Everything that is known about why a row has the label it has, or none."""
    labels = told.labels
    if plot:
        _draw(told, plot)
    if as_json:
        face.answer_json(
            {
                "source": told.source,
                **labels.cuts,
                "funnel": labels.funnel,
                "steps": [asdict(step) for step in labels.steps],
                "conflicts": [asdict(conflict) for conflict in labels.conflicts],
                "warnings": labels.warnings,
                "notes": [asdict(note) for note in told.notes],
                "spreads": {
                    name: {"counts": spread.counts.tolist(), "cut": spread.cut}
                    for name, spread in told.spreads.items()
                },
                "compared": told.compared,
            }
        )
        return
    face.answer(f"{labels.source}: {told.source}; nothing is written")
    for warning in labels.warnings:
        face.answer(textwrap.fill(f"warning: {warning}", 96, initial_indent="  ",
                                  subsequent_indent="    "))  # fmt: skip
    for note in told.notes:
        face.answer(f"  {note.column or 'the file'}: {note.what} ({note.rows:,} rows)")
    face.answer(face.table(labels.funnel))
    face.answer("\nrows that pass, cut by cut:")
    face.answer(face.table({f"{step.node}: {step.cut}": step.rows for step in labels.steps}))
    if labels.conflicts:
        face.answer("\nunder two labels, and left out:")
    for conflict in labels.conflicts:
        rows = ", ".join(f"{row + 1:,}" for row in conflict.rows)
        face.answer(f"  {conflict.object}: {', '.join(conflict.labels)} (rows {rows})")
    for name, spread in told.spreads.items():
        face.answer("\n" + _bars(name, spread))
    if told.compared:
        face.answer("\nlabels (rows) against the other scheme's (columns):")
        face.answer(face.grid(told.compared))
    if plot:
        face.answer(f"\n{plot}")


def _bars(name: str, spread) -> str:
    """A histogram as text; `|` and a line stand where the class begins."""
    counts, tallest = spread.counts.tolist(), max(1, int(spread.counts.max()))
    lines = [f"{name}: vote fraction of {sum(counts):,} rows"]
    for k, count in enumerate(counts):
        low, high = k / len(counts), (k + 1) / len(counts)
        if spread.cut is not None and low <= spread.cut < high + (k + 1 == len(counts)):
            lines.append(f"  {'':>12}| cut {spread.cut:g} " + "-" * (_BAR - 6))
        bar = "#" * round(_BAR * count / tallest) or ("." if count else "")
        lines.append(f"  {low:.2f} - {high:.2f} {bar:<{_BAR}} {count:>9,}")
    return "\n".join(lines)


def _draw(told, plot: Path) -> None:
    from galaxycurate.errors import UsageError
    from galaxycurate.store.files import replacing
    from galaxycurate.web.plots import vote_spreads

    if not told.spreads:
        raise UsageError(
            f"scheme {told.labels.scheme} has no vote fractions to draw",
            hint="leave --plot out, or choose a scheme of fractions: --scheme gz1-binary",
        )
    with replacing(plot) as part:
        part.write_text(vote_spreads(told.labels.source, told.spreads))
