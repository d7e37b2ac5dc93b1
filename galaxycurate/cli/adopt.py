"""`galaxycurate import`: images and labels that exist already."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from galaxycurate.cli import ask, completion, face, options
from galaxycurate.core.words import many


class ModeName(StrEnum):
    """How an image file enters the dataset."""

    copy = "copy"
    hardlink = "hardlink"
    reference = "reference"


class FormatName(StrEnum):
    """What the arrays of an HDF5 file become."""

    png = "png"
    jpg = "jpg"


class VotesName(StrEnum):
    """Which vote fractions."""

    debiased = "debiased"
    raw = "raw"


def adopt(
    source: Annotated[
        Path, typer.Argument(help="The images: a folder, or an HDF5 file such as Galaxy10's.")
    ],
    labels: Annotated[
        Path | None, typer.Option(help="The table that goes with a folder: a row for each image.")
    ] = None,
    scheme: Annotated[
        str | None,
        typer.Option(
            help="How votes become labels: a name, or FILE.toml.", autocompletion=completion.schemes
        ),
    ] = None,
    votes: Annotated[
        VotesName | None, typer.Option(help="Which fractions [debiased where there are any].")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Fraction of the votes that a class needs.")
    ] = None,
    min_votes: Annotated[int | None, typer.Option(help="Volunteers at least.")] = None,
    soft: Annotated[
        bool, typer.Option("--soft", help="Keep the vote fractions of all classes.")
    ] = False,
    mapping: Annotated[
        Path | None, typer.Option(help="gz2_filename_mapping.csv, when it lies elsewhere.")
    ] = None,
    id_column: Annotated[str | None, typer.Option(help="Column of the objIDs.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of the labels.")] = None,
    classes: Annotated[
        list[str] | None,
        typer.Option("--class", help="NEW=OLD,OLD: what becomes a class; patterns work."),
    ] = None,
    mode: Annotated[ModeName | None, typer.Option(help="How files enter [copy].")] = None,
    to: Annotated[
        FormatName | None,
        typer.Option("--format", help="What arrays become [png]; jpg is faster and smaller."),
    ] = None,
    pixscale: Annotated[
        float | None, typer.Option(help="Pixel scale of all images [arcsec/pixel], when known.")
    ] = None,
    dataset: options.Dataset = None,
    manifests: options.Manifests = None,
    out: options.Out = None,
    replace: options.Replace = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Adopt an image collection that exists already, with identity and labels.

    Example: galaxycurate import images/ --labels labels.csv --class 'spiral=spiral_*'

    Example: galaxycurate import Galaxy10_DECals.h5
    """
    from galaxycurate.errors import SomeFailed
    from galaxycurate.pipeline.adopt import adopt as verb
    from galaxycurate.pipeline.adopt.collection import Collection
    from galaxycurate.pipeline.adopt.relabelling import set_aside_relabelled
    from galaxycurate.store.keeping import check_replaceable
    from galaxycurate.store.manifest import Manifest

    settings = options.settings(dataset=dataset, manifests=manifests)
    by_scheme = dict(
        scheme=scheme, kind=votes.value if votes else None, threshold=threshold,
        min_votes=min_votes, soft=soft,
    )  # fmt: skip
    by_column = dict(column=label_column, classes=_classes(classes or []), id_column=id_column)
    collection = Collection(
        source, labels, by=_labelling(by_scheme, by_column), mapping=mapping,
        mode=_mode(mode, to), pixscale=pixscale,
    )  # fmt: skip
    path = out or Path(settings.manifests) / f"{_title(source)}.parquet"
    if not dry_run:
        ask.check_free(path)
    planned = verb.plan(settings, collection, command=options.command_line())
    _tell_plan(planned.joined)
    done, manifest = None, planned.manifest
    if not dry_run:
        check_replaceable(manifest.header, path, replace_old=replace)
        with face.progress_bar("import") as progress:
            manifest, done = verb.carry_out(settings, planned, progress=progress)
        old = Manifest.read(path) if path.exists() else None
        ask.keep(manifest, path, replace, settings)
        moved = set_aside_relabelled(settings, manifest, old) if old else 0
        if moved:
            face.talk(f"  {moved:,} images have another label: set aside under their old one")
        for name, why in done.flawed[:10]:
            face.talk(f"  rejected {name}: {why}")
    counts = _counts(planned.joined, done)
    if as_json:
        pairs = [
            {"first": a, "second": b, "separation_arcsec": s} for a, b, s in planned.joined.close
        ]
        face.answer_json(
            {"manifest": None if dry_run else str(path), **counts, "close_pairs": pairs}
        )
    else:
        face.talk(face.table(counts))
        kept = done.kept + done.done_before if done else len(manifest)
        face.answer(f"{path}: {kept:,} images" + (" would be imported" if dry_run else ""))
        face.next_command("galaxycurate dedupe")
    if done and done.failed:
        raise SomeFailed(
            f"{done.failed.total():,} rows have no image", hint="are they in another folder?"
        )


def _labelling(by_scheme: dict, by_column: dict):
    """By votes, by a column, or as the table itself suggests."""
    from galaxycurate.errors import SettingError
    from galaxycurate.pipeline.adopt.labelling import ByColumn, ByVotes

    votes, column = any(by_scheme.values()), any(by_column.values())
    if votes and column:
        raise SettingError(
            "labels come from votes or from a column, not from both",
            hint="leave out --scheme and its like, or --label-column, --id-column and --class",
        )
    if votes and not by_scheme["scheme"]:
        raise SettingError(
            "--votes, --threshold, --min-votes and --soft go with a scheme",
            hint="--scheme gz2-five, for one; galaxycurate positives --help tells more",
        )
    return ByVotes(**by_scheme) if votes else ByColumn(**by_column) if column else None


def _mode(mode: ModeName | None, to: FormatName | None) -> str:
    from galaxycurate.errors import SettingError

    if mode and to:
        raise SettingError(
            "--mode is for image files, --format for arrays", hint="leave one of them out"
        )
    chosen = mode or to
    return chosen.value if chosen else ""


def _tell_plan(joined) -> None:
    """What a person should know before the images are taken."""
    for warning in joined.labelled.warnings:
        face.talk(f"  warning: {warning}")
    for note in joined.notes:
        where = f"column {note.column}: " if note.column else ""
        face.talk(f"  {where}{note.what} ({note.rows:,} rows)")
    for how, n in joined.several.items():
        face.talk(f"  {n:,} objects have several images: {how} is taken")
    if n := len(joined.close):
        face.talk(f'  {many(n, "pair")} of images within 1": dedupe will put them into one group')


def _counts(joined, done) -> dict[str, int]:
    """Rows and images, each in one of the lines."""
    before = {
        "rows": joined.n_rows,
        **{f"left out: {k}": v for k, v in joined.left_out.items()},
        **{f"images not taken: {k}": v for k, v in joined.unused.items()},
    }
    if done is None:
        return before
    return {
        **before,
        **{f"rejected: {k}": v for k, v in done.rejected.items()},
        **{f"failed: {k}": v for k, v in done.failed.items()},
        **{f"there before as {k}": v for k, v in sorted(done.there_as.items())},
        **{f"kept as {k}": v for k, v in sorted(done.kept_as.items())},
    }


def _classes(words: list[str]) -> dict[str, list[str]]:
    from galaxycurate.errors import SettingError

    result: dict[str, list[str]] = {}
    for word in words:
        new, sign, old = word.partition("=")
        if not (sign and new and old):
            raise SettingError(
                f"--class {word!r} is not NEW=OLD,OLD", hint="--class 'spiral=spiral_*'"
            )
        result.setdefault(new.strip(), []).extend(part.strip() for part in old.split(","))
    return result


def _title(source: Path) -> str:
    """A folder's name whole, a file's without its ending."""
    return source.resolve().name if source.is_dir() else source.stem
