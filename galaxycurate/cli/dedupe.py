"""The command that compares images: dedupe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from galaxycurate.cli import face, options
from galaxycurate.core.words import many

if TYPE_CHECKING:
    from galaxycurate.pipeline.dedupe.dedupe import Deduped


def dedupe(
    min_overlap: Annotated[
        float, typer.Option(help="Cutouts that share more sky than this belong together, 0 to 1.")
    ] = 0.0,
    pixels: Annotated[bool, typer.Option(help="Compare the pictures themselves.")] = True,
    flips: Annotated[bool, typer.Option(help="Also turned by quarters and mirrored.")] = True,
    resized: Annotated[bool, typer.Option(help="Also at other pixel scales.")] = True,
    max_fdr: Annotated[
        float, typer.Option(help="Estimated share of false pairs that is allowed, 0 to 1.")
    ] = 0.001,
    register: Annotated[
        bool, typer.Option("--register", help="Measure shifts to fractions of a pixel.")
    ] = False,
    keep: Annotated[
        str, typer.Option(help="Of pictures of one thing the best, the first, or all.")
    ] = "best",
    page: Annotated[Path | None, typer.Option(help="Write pictures of the pairs here.")] = None,
    memory: Annotated[str | None, typer.Option(help="Memory to use at most [2GB].")] = None,
    dask: Annotated[
        str | None,
        typer.Option(help="Fingerprints and overlaps by Dask: tcp://HOST:PORT, or local."),
    ] = None,
    dataset: options.Dataset = None,
    manifests: options.Manifests = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Find the same file, picture, object and shared sky; group what belongs together.

    Example: galaxycurate dedupe --min-overlap 0.05 --page pairs.html
    """
    from galaxycurate.pipeline.dedupe import dedupe as verb
    from galaxycurate.pipeline.dedupe.seen import PixelSearch
    from galaxycurate.store.files import check_page

    settings = options.settings(dataset=dataset, manifests=manifests, memory=memory, dask=dask)
    if page is not None:
        check_page(page)
    how = PixelSearch(flips, resized, max_fdr, register)
    with face.progress_bar("dedupe") as progress:
        found = verb.dedupe(
            settings, min_overlap=min_overlap, pixels=how if pixels else None, keep=keep,
            dry_run=dry_run, progress=progress,
        )  # fmt: skip
    if page is not None and not dry_run:
        _write_page(page, settings, found)
    if as_json:
        face.answer_json(found.as_dict())
        return
    _say(found)
    if dry_run:
        face.answer(f"{_groups(found)} would be recorded")
        return
    face.answer(_groups(found))
    face.next_command(f"galaxycurate {'split' if found.audited else 'audit'}")


def _groups(found: Deduped) -> str:
    return f"{many(found.n_groups, 'group')} of {many(found.images, 'image')}"


def _say(found: Deduped) -> None:
    face.talk(face.table({
        "images": found.images,
        **({"pictures read now": found.pictures_read} if found.pictures_read else {}),
        **_compared(found),
        **{f"pairs: {k}": v for k, v in found.pairs.items()},
        **{f"left out of splits: {k}": v for k, v in found.dropped.items()},
        **({f"people: {face.PEOPLE['put_back']}": found.put_back} if found.put_back else {}),
        "largest group": found.largest_group,
    }))  # fmt: skip
    for tier, rate in found.false_rate.items():
        if tier != "pixels":
            said = "less than 1 in 10,000" if rate < 1e-4 else f"at most {rate:.2g}"
            face.talk(f"  false among the pairs found by {tier}: {said} (estimated with decoys)")
    if found.pictures_known < found.images:
        none = not found.pictures_known
        which = "pixels were not compared" if none else (
            f"pixels of {found.images - found.pictures_known:,} of {found.images:,} not compared"
        )  # fmt: skip
        face.talk(f"  {which}: copies and drift among them are unknown")
    if found.unsure:
        face.talk(
            f"  {found.unsure:,} pairs are less sure than --max-fdr allows: they do not count"
        )
    if found.without_position:
        face.talk(
            f"  {found.without_position:,} images have no position or scale, so overlap cannot be "
            "measured on the sky: those of one field, or of the next, are grouped"
        )
    if found.spared:
        are = many(len(found.spared), "image is", "images are")
        face.talk(
            f"  {are} used though people rejected a copy ({found.spared[0]}): "
            "galaxycurate review --queue pairs"
        )
    if found.unlike:
        face.talk(f"  warning: {found.unlike}")


def _compared(found: Deduped) -> dict[str, int]:
    """Pictures that were compared now, where others were before."""
    some = 0 < found.pictures_compared < found.images
    return {"pictures compared now": found.pictures_compared} if some else {}


def _write_page(page: Path, settings, found: Deduped) -> None:
    from galaxycurate.pipeline.dedupe.shown import of_each_kind
    from galaxycurate.web import pairs

    shown = of_each_kind(settings, found.verdicts, left_out=found.left_out)
    lead = (
        f"{many(shown.total, 'pair')} among {many(found.images, 'image')} of "
        f"{settings.dataset}; shown are {len(shown.pairs):,}, at most {shown.most:,} of each kind. "
        "Yellow: what both pictures show."
    )
    pairs.write(page, "Pairs that dedupe found", shown.pairs, lead, simulated=found.simulated)
    face.talk(f"  pictures of the pairs: {page}")
