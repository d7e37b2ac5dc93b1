"""`galaxycurate negatives`, and what commands that make manifests share."""

from __future__ import annotations

import textwrap
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from galaxycurate.cli import casjobs, face, options


class StrategyName(StrEnum):
    """Where negatives are looked for."""

    field = "field"
    cell = "cell"
    star = "star"


def negatives(
    score: Annotated[float, typer.Option(help="Fields must score above this, 0 to 1.")] = 0.2,
    no_score: Annotated[bool, typer.Option("--no-score", help="Drop the score cut.")] = False,
    strategy: Annotated[
        StrategyName,
        typer.Option(help="field: whole fields; cell: windows; star: centred on a star."),
    ] = StrategyName.cell,
    limit_mag_r: Annotated[
        float | None, typer.Option(help="No galaxy brighter than this [mag] [20].")
    ] = None,
    margin_arcsec: Annotated[
        float | None, typer.Option(help="Free sky around the cutout [arcsec] [5].")
    ] = None,
    star_mag: Annotated[
        float | None,
        typer.Option(help="Keep clear of the halos of stars brighter than this, too [mag] [off]."),
    ] = None,
    masks: Annotated[
        bool, typer.Option("--masks", help="Keep clear of masked sky, too (table Mask).")
    ] = False,
    per_field: Annotated[
        int | None, typer.Option(help="Cutouts from one field at most [20].")
    ] = None,
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
        bool,
        typer.Option("--explain", help="Show the SQL, its rows, every dropped field and the odds."),
    ] = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Find cutouts that hold no galaxy to a limit.

    Example: galaxycurate negatives --score 0.2 --limit 500
    """
    from galaxycurate.pipeline import negatives as verb
    from galaxycurate.pipeline.archive import shelf_of
    from galaxycurate.pipeline.search import LABEL, Strategy
    from galaxycurate.store.keeping import check_replaceable

    settings = options.settings(
        limit=limit, size_px=size, pixscale=pixscale, seed=seed, server=server, release=release,
        archive=archive, manifests=manifests, limit_mag_r=limit_mag_r, margin_arcsec=margin_arcsec,
        star_mag_r=star_mag, per_field=per_field,
    )  # fmt: skip
    cut = None if no_score else verb.check_score(score)
    chosen = Strategy(strategy.value)
    if dry_run:
        show_queries(verb.queries(settings, chosen, cut, masks=masks), settings, as_json)
        return
    path = out or Path(settings.manifests) / "negatives.parquet"
    if not explain:
        check_free(path)
    shelf = shelf_of(settings)
    asked = archive_of(settings, shelf)
    if explain:
        _explain(settings, chosen, cut, masks, asked, as_json)
        shelf.clear()
        return
    planned = verb.request(settings, cut, chosen, masks=masks, archive=asked)
    check_replaceable(planned, path, replace_old=replace)
    with face.progress_bar("negatives") as progress:
        manifest, search = verb.negatives(
            settings, score=cut, strategy=chosen, masks=masks, archive=asked,
            command=options.command_line(), progress=progress,
        )  # fmt: skip
    _tell_fields(search, cut)
    written = keep(manifest, path, replace, settings) if len(manifest) else None
    shelf.clear()
    if as_json:
        face.answer_json(
            {
                "manifest": str(path) if written else None,
                "rows": len(manifest),
                "census": search.census,
                "dropped": [{"field": name, "why": why} for name, why in search.dropped],
                "warnings": search.warnings,
            }
        )
    elif written:
        face.answer(f"{path}: {len(manifest):,} cutouts labelled {LABEL}")
        face.next_command("galaxycurate positives --threshold 0.85")
    else:
        face.answer("no cutouts: nothing was written")
        weaker = "--strategy cell" if chosen == "field" else "--limit-mag-r 18 --size 128"
        face.next_command(f"galaxycurate negatives --score 0.2 {weaker}")


def archive_of(settings, shelf):
    """Whoever the settings name, with a person at hand to be asked."""
    from galaxycurate.pipeline import archive

    return archive.archive_of(
        settings, shelf=shelf, talk=face.talk, confirm=face.confirm,
        credentials=casjobs.credentials,
    )  # fmt: skip


def check_free(path: Path) -> None:
    """Find out before the work whether the manifest could be written."""
    from galaxycurate.store import formats
    from galaxycurate.store.files import check_writable

    formats.writer(path)
    check_writable(path.parent)


def keep(manifest, path: Path, replace: bool, settings):
    """Write a manifest, for the team too where there is one."""
    from galaxycurate.store import keeping

    return keeping.keep(manifest, path, replace_old=replace, db=settings.db)


def show_queries(queries, settings, as_json: bool) -> None:
    """The SQL of a dry run."""
    shown = [{"query": q.name, "sha256": q.sha256, "sql": q.sql} for q in queries]
    if as_json:
        face.answer_json({"archive": settings.archive, "server": settings.server, "queries": shown})
        return
    face.talk(f"dry run: nothing is asked of {settings.archive} ({settings.server})")
    for query in shown:
        face.answer(f"-- {query['query']} sha256 {query['sha256'][:16]}\n{query['sql']}\n")


def _explain(settings, strategy, cut: float | None, masks: bool, archive, as_json: bool) -> None:
    """Everything that is known about why a search ends as it does."""
    from dataclasses import asdict

    from galaxycurate.pipeline.explain import explain as verb

    with face.progress_bar("explain") as progress:
        told = verb(
            settings, score=cut, strategy=strategy, masks=masks, archive=archive, progress=progress
        )
    search = told.search
    if as_json:
        face.answer_json(
            {
                "queries": [
                    {"query": q.name, "sha256": q.sha256, "sql": q.sql, "rows": n}
                    for q, n in told.asked
                ],
                "found": len(search.rows),
                "census": search.census,
                "dropped": [{"field": name, "why": why} for name, why in search.dropped],
                "odds": [asdict(odds) for odds in told.odds],
                "windows": told.n_windows,
                "fields": told.n_fields,
                "warnings": search.warnings,
            }
        )
        return
    for query, rows in told.asked:
        face.answer(f"-- {query.name}: {rows:,} rows expected\n{query.sql}\n")
    face.answer(f"found {len(search.rows):,} of {settings.limit:,} cutouts; nothing is written")
    face.answer(face.table(search.census))
    for why, names in _by_reason(search.dropped).items():
        face.answer(f"  dropped {len(names):,}, {why}:")
        face.answer(textwrap.indent(textwrap.fill(", ".join(names), 92), "    "))
    for warning in search.warnings:
        face.answer(f"  warning: {warning}")
    if told.odds:
        face.answer(
            f"\n{told.n_windows:,} windows of {settings.size_px} px, {told.n_fields:,} good fields:"
            "\n  galaxies to   no centre inside   no disc reaches in"
        )
    for odds in told.odds:
        face.answer(f"  r < {odds.limit_mag_r:<8g} {odds.no_centre:>17.3f} {odds.clear:>20.3f}")


def _by_reason(dropped: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Fields with what is particular to them, by the reason that they share."""
    reasons: dict[str, list[str]] = {}
    for name, why in dropped:
        reason, _, detail = why.partition(": ")
        reasons.setdefault(reason, []).append(f"{name} ({detail})" if detail else name)
    return reasons


def _tell_fields(search, cut: float | None) -> None:
    """Which fields were dropped, and why."""
    census = {"fields in the archive": search.census["fields"]}
    census |= {f"  {k}": v for k, v in search.census.items() if k != "fields" and v}
    face.talk(face.table(census))
    for why, names in _by_reason(search.dropped).items():
        more = f" and {len(names) - 3:,} more (--explain names them)" if len(names) > 3 else ""
        face.talk(f"  dropped {len(names):,}, {why}: {', '.join(names[:3])}{more}")
    for warning in search.warnings:
        face.talk(f"  warning: {warning}")
    if search.strategy == "field" and not search.rows:
        asked = "" if cut is None else f" with a score above {cut:g}"
        face.talk(
            f"No field{asked} is without a galaxy. A good SDSS field holds at least 27 of them; "
            "fields without any are failed reductions. Look inside good fields instead: "
            "--strategy cell."
        )
