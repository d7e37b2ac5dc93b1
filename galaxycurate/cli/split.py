"""The command that divides: split; and the one that looks whether a division leaks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from galaxycurate.cli import face, options
from galaxycurate.core.words import many

if TYPE_CHECKING:
    from galaxycurate.pipeline.split.check import Checked
    from galaxycurate.pipeline.split.split import Split

_MANY_DROPPED = 0.05


def split(
    fractions: Annotated[
        str | None,
        typer.Option(help="Train, val and test [0.8,0.1,0.1]; with --folds the test set kept aside "
                     "[1,0,0]."),
    ] = None,
    group: Annotated[
        str, typer.Option(help="Kept together by: overlap, object, field, field+next, healpix:N.")
    ] = "overlap",
    strategy: Annotated[str, typer.Option(help="stratified (by class) or random.")] = "stratified",
    folds: Annotated[int, typer.Option(help="Make so many folds: split/fold-1, fold-2...")] = 0,
    guard: Annotated[
        str,
        typer.Option(help="Where shared sky would cross: auto, tiles, tiles:DEG, or none."),
    ] = "auto",
    check: Annotated[
        Path | None, typer.Option(help="Look whether this split leaks, ours or any; make none.")
    ] = None,
    positions: Annotated[
        Path | None, typer.Option(help="With --check: a table of file, ra, dec, objID.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="With --check: a page with pictures of the leaking pairs.")
    ] = None,
    seed: options.Seed = None,
    dataset: options.Dataset = None,
    manifests: options.Manifests = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:  # fmt: skip
    """Write train, val and test trees: stratified, no group torn apart, and proved.

    Example: galaxycurate split --fractions 0.7,0.15,0.15
    """
    from galaxycurate.errors import UsageError

    settings = options.settings(dataset=dataset, manifests=manifests)
    if check is not None:
        making = {
            "--fractions": fractions, "--folds": folds, "--group": group != "overlap",
            "--strategy": strategy != "stratified", "--guard": guard != "auto",
            "--seed": seed is not None, "--dry-run": dry_run,
        }  # fmt: skip
        if given := [name for name, value in making.items() if value]:
            raise UsageError(
                f"{', '.join(given)} would make a split, and --check makes none",
                hint=f"galaxycurate split --check {check}",
            )
        _check(settings, check, positions, page, as_json)
        return
    if positions is not None or page is not None:
        raise UsageError("--positions and --page go with --check", hint="--check DIR")
    from galaxycurate.pipeline.split import split as verb

    manner = verb.Manner(_shares(fractions), group, strategy, folds, guard)
    with face.progress_bar("split") as progress:
        made = verb.split(settings, manner, seed=seed, dry_run=dry_run, progress=progress)
    if as_json:
        face.answer_json(made.as_dict())
        return
    face.talk(face.grid(made.counts))
    _warn(made, guard)
    checked = ", ".join(f"{n:,} {kind}" for kind, n in made.pairs_checked.items())
    face.answer(
        f"{settings.dataset}/{verb.FOLDER}{' would hold' if dry_run else ''}: "
        f"{many(made.images, 'image')}, {many(made.n_groups, 'group')}; "
        f"pairs across splits: {made.leaking_pairs.total()} (checked anew: {checked})"
        + (f"; grouped: overlaps above {made.min_overlap:g}" if made.min_overlap else "")
    )
    if not dry_run:
        one = f" --data {settings.dataset}/{verb.FOLDER}/fold-1" if folds else ""
        face.next_command(f"python -m train{one}")


def _shares(fractions: str | None) -> tuple[float, ...]:
    from galaxycurate.errors import SettingError

    try:
        return tuple(float(part) for part in fractions.split(",")) if fractions else ()
    except ValueError:
        raise SettingError(
            f"fractions {fractions!r} are no numbers", hint="--fractions 0.8,0.1,0.1"
        ) from None


def _warn(made: Split, guard: str) -> None:
    """What a person should know before training on it."""
    if told := [f"{n:,} {face.PEOPLE[what]}" for what, n in made.decided.items() if n]:
        face.talk(f"  people decided: {', '.join(told)}")
    classes = set().union(*made.counts.values())
    for name, counts in made.counts.items():
        if lacking := sorted(classes - set(counts)):
            face.talk(f"  warning: {name} has no {' and no '.join(lacking)}")
    if len(classes) < 2:
        face.talk("  warning: there is one class only; a classifier needs two")
    for words in made.uneven:
        face.talk(f"  warning: {words}")
    if made.uneven and guard == "none":
        face.talk("  hint: --guard auto cuts groups that are too large, and drops what they share")
    if made.cut or made.dropped:
        tiles = f", tiles of {made.tile_deg:.2g} degrees" if made.tile_deg else ""
        share = made.dropped / (made.images + made.dropped)
        face.talk(
            f"  guard band: {made.dropped:,} images dropped ({100 * share:.1f} %), they share "
            f"sky with another split ({made.cut:,} groups cut{tiles})"
        )
        if share > _MANY_DROPPED:
            face.talk("  hint: --group overlap drops fewer, --guard none says what would cross")
    if made.without_footprint:
        face.talk(
            f"  {made.without_footprint:,} images have no position or scale: whether they share "
            "sky across splits could not be measured"
        )
    if made.unlike:
        face.talk(f"  warning: {made.unlike}")


def _check(
    settings, folder: Path, positions: Path | None, page: Path | None, as_json: bool
) -> None:
    from galaxycurate.errors import SomeFailed
    from galaxycurate.pipeline.split import check as verb
    from galaxycurate.store.files import check_page

    if page is not None:
        check_page(page)
    with face.progress_bar("check") as progress:
        found = verb.check(folder, settings, positions=positions, progress=progress)
    if page is not None:
        from galaxycurate.web import leaks

        leaks.write(page, found)
    if as_json:
        face.answer_json(found.as_dict())
    else:
        _tell(found, page)
    if found.leaks:
        pairs = many(len(found.leaks), "pair")
        raise SomeFailed(
            f"{folder} leaks ({pairs})",
            hint=None if page else f"galaxycurate split --check {folder} --page leaks.html",
        )


def _tell(found: Checked, page: Path | None) -> None:
    face.talk(face.grid(found.counts))
    for leak in found.leaks[:20]:
        words = f"  ({leak.evidence})" if leak.evidence else ""
        face.talk(f"  {leak.kind}: {leak.first}  {leak.second}{words}")
    if len(found.leaks) > 20:
        face.talk(f"  ... and {len(found.leaks) - 20:,} more: --json or --page shows them")
    for pair in found.conflicts[:20]:
        face.talk(f"  two labels: {pair.first}  {pair.second}  ({pair.kind})")
    if found.told_of:
        face.talk(f"  the table tells of {found.told_of:,} of {found.images:,} images")
    if found.possible:
        face.talk(
            f"  {found.possible:,} more pairs may share sky by their ids or positions; nothing "
            "measures it (a table with pixscale would: --positions)"
        )
    if found.unreadable:
        face.talk(
            f"  {len(found.unreadable):,} files are no pictures: {next(iter(found.unreadable))}"
        )
    if page is not None:
        face.talk(f"  pictures: {page}")
    face.answer(found.summary)
