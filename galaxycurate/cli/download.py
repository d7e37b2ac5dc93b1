"""The command `download`: fetch cutouts, verify them, compare two providers."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from galaxycurate.cli import face, options
from galaxycurate.core.words import many

Paths = Annotated[
    list[Path] | None, typer.Argument(metavar="[MANIFEST]...", help="[all in manifests/]")
]
Provider = Annotated[
    str | None,
    typer.Option(
        help="Who draws the cutouts: skyserver, hips2fits, legacy, frames, frames-irg; "
        "several with commas are asked in that order [skyserver]."
    ),
]
Format = Annotated[str | None, typer.Option(help="jpg, png, fits (frames) or npz [jpg].")]
Layout = Annotated[
    str | None, typer.Option(help="imagefolder: files; webdataset: tar files [imagefolder].")
]
Rate = Annotated[
    float | None,
    typer.Option(help="Cutouts a second at most; 0: no limit [2 of SDSS, others their own]."),
]
Concurrency = Annotated[int | None, typer.Option(help="Connections to one provider at most [4].")]
SizePx = Annotated[
    int | None, typer.Option("--size-px", help="Side of the cutouts [pixel] [as the manifest].")
]
Scale = Annotated[
    float | None, typer.Option("--pixscale", help="Scale [arcsec/pixel] [as the manifest].")
]
SizePetro = Annotated[
    float | None,
    typer.Option("--size-petro", help="Side of the cutouts in Petrosian diameters of the galaxy."),
]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Only those that failed before.")]
KeepRejects = Annotated[
    bool, typer.Option("--keep-rejects", help="Keep what was no picture in dataset/rejected/.")
]
Verify = Annotated[
    bool, typer.Option("--verify", help="Ask nobody: check every image against the ledger.")
]
Compare = Annotated[
    str | None, typer.Option(help="Two providers, A,B: the same positions through both.")
]
Sample = Annotated[int | None, typer.Option(help="Positions to compare [20].")]
Dask = Annotated[
    str | None, typer.Option(help="Share the work: tcp://HOST:PORT of a Dask scheduler, or local.")
]


def download(
    paths: Paths = None,
    provider: Provider = None,
    format: Format = None,
    layout: Layout = None,
    size_px: SizePx = None,
    pixscale: Scale = None,
    size_petro: SizePetro = None,
    rate: Rate = None,
    concurrency: Concurrency = None,
    retry_failed: RetryFailed = False,
    keep_rejects: KeepRejects = False,
    verify: Verify = False,
    compare: Compare = None,
    sample: Sample = None,
    dask: Dask = None,
    server: options.Server = None,
    release: options.Release = None,
    dataset: options.Dataset = None,
    manifests: options.Manifests = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Fetch the cutouts that the manifests list, each one checked; repeat to continue.

    Example: galaxycurate download --provider skyserver,hips2fits --rate 2
    """
    _one_of({"--verify": verify, "--compare": compare, "--retry-failed": retry_failed})
    _one_of({"--verify": verify, "--compare": compare, "--dry-run": dry_run})
    if verify or compare is not None:
        what, others = ("--verify", {"--sample": sample}) if verify else ("--compare", {})
        _refuse_with(what, {
            "--provider": provider, "--format": format, "--layout": layout, "--size-px": size_px,
            "--pixscale": pixscale, "--size-petro": size_petro, "--dask": dask,
            "--keep-rejects": keep_rejects, **others,
        })  # fmt: skip
    settings = options.settings(
        rate=rate, concurrency=concurrency, server=server, release=release, dataset=dataset,
        manifests=manifests, provider=provider, format=format, layout=layout, dask=dask,
        keep_rejects=1 if keep_rejects else None,
    )  # fmt: skip
    if verify:
        _verify(settings, paths, as_json)
    elif compare is not None:
        _compare(settings, paths or [], compare, 20 if sample is None else sample, as_json)
    else:
        _only_with("--sample", sample, "--compare")
        from galaxycurate.pipeline.download.framing import Framing

        framing = Framing(size_px=size_px, pixscale=pixscale, petro=size_petro)
        _download(settings, paths or [], framing, retry_failed, dry_run, as_json)


@contextmanager
def _ended_gently() -> Iterator[None]:
    """SIGTERM does what Ctrl-C does, so that a batch system's end drains and writes the ledger."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _download(settings, paths, framing, retry_failed, dry_run, as_json) -> None:
    from galaxycurate.errors import StorageError
    from galaxycurate.pipeline.download import download as verb

    try:
        with _ended_gently(), face.progress_bar("download") as progress:
            summary = verb.download(
                settings, paths, framing=framing, retry_failed=retry_failed, dry_run=dry_run,
                progress=progress, notice=lambda text: face.notice(f"download: {text}"),
            )  # fmt: skip
    except KeyboardInterrupt as stopped:
        if stopped.args:
            _tell(settings, stopped.args[0], as_json)
        raise
    except (verb.StoppedEarly, StorageError) as stopped:
        if stopped.summary is not None:
            _tell(settings, stopped.summary, as_json)
        raise
    if dry_run and not as_json:
        _tell_outlook(summary)
        return
    _tell(settings, summary, as_json)
    problem = summary.problem()
    if problem:
        raise problem
    if not (dry_run or as_json):
        _tell_next(settings, summary, retry_failed)


def _place(settings) -> str:
    """Where the images are; a dataset that has shards goes on with them."""
    from galaxycurate.store.shards.tree import ShardTree, open_tree

    tree = open_tree(Path(settings.dataset), settings.layout)
    return f"{settings.dataset}/{'shards' if isinstance(tree, ShardTree) else 'images'}"


def _tell_next(settings, summary, retry_failed: bool) -> None:
    ended = summary.kept + sum(summary.rejected.values())
    if retry_failed and not ended and summary.never_tried:
        face.talk(f"nothing failed before; {summary.never_tried:,} cutouts were never tried")
        face.next_command("galaxycurate download")
        return
    face.next_command(_next(settings))


def _next(settings) -> str:
    if settings.format in ("jpg", "png"):
        return "galaxycurate dedupe"
    return f"galaxycurate dedupe (training reads jpg and png, not {settings.format})"


def _tell(settings, summary, as_json: bool) -> None:
    if as_json:
        face.answer_json(summary.as_dict())
        return
    _tell_summary(summary)
    place = _place(settings)
    if settings.said("layout") and settings.layout == "imagefolder" and place.endswith("shards"):
        face.talk("  warning: this dataset has shards, and goes on with them; for single files "
                  "download into another --dataset")  # fmt: skip
    n = sum(summary.labels.values())
    imported = f" and {summary.imported:,} imported" if summary.imported else ""
    face.answer(f"{place}: {many(n, 'cutout')}{imported}")


def _tell_summary(summary) -> None:
    others = {"imported, not downloaded": summary.imported, "asked for twice": summary.twins,
              "left to do": summary.left}  # fmt: skip
    counts = {
        **({"rows in the manifests": summary.listed} if summary.listed != summary.rows else {}),
        "cutouts wanted": summary.rows,
        **_settled_before(summary),
        "kept": summary.kept,
        **{f"rejected: {k}": v for k, v in summary.rejected.items()},
        **{f"failed: {k}": v for k, v in summary.failed.items()},
        **{name: n for name, n in others.items() if n},
        **{f"replaced: pictures of {kind}": n for kind, n in summary.replaced.items()},
        **{f"in the tree as {k}": v for k, v in sorted(summary.labels.items())},
    }
    face.talk(face.table(counts))
    for warning in summary.warnings:
        face.talk(f"  warning: {warning}")
    if summary.kept:
        rate = summary.kept / max(summary.seconds, 1e-9)
        face.talk(
            f"  {summary.bytes / 1e6:,.1f} MB in {summary.seconds:,.1f} s ({rate:,.1f}/s) "
            f"from {summary.origin}"
        )
    if len(summary.providers) > 1:
        given = ", ".join(f"{n:,} by {name}" for name, n in summary.providers.items())
        face.talk(f"  drawn: {given}")


def _settled_before(summary) -> dict[str, int]:
    kept = summary.done_before - summary.rejected_before
    both = {"kept before": kept, "rejected before": summary.rejected_before}
    return {name: n for name, n in both.items() if n}


def _tell_outlook(summary) -> None:
    from galaxycurate.pipeline.download.talk import duration

    size = summary.estimated_bytes / 1e6
    n = summary.left - summary.never_tried
    face.answer(f"{n:,} of {summary.rows:,} cutouts to fetch, about {size:,.1f} MB")
    if summary.never_tried:
        face.answer(f"  {summary.never_tried:,} were never tried: galaxycurate download")
    for kind, replaced in summary.replaced.items():
        face.answer(f"  replaces {many(replaced, 'picture')} of {kind}")
    for url in summary.urls:
        face.answer(f"  {url}")
    for name, cost in summary.costs.items():
        face.answer(
            f"  {name + ':':<12} {cost['requests']:,} requests, {cost['bytes'] / 1e6:,.1f} MB, "
            f"{duration(cost['seconds'])} at its courteous pace and 5 MB/s"
        )
    if summary.kinder:
        face.answer(f"  kindest to the servers, as it is done soonest: --provider {summary.kinder}")


def _verify(settings, paths, as_json: bool) -> None:
    from galaxycurate.errors import UsageError
    from galaxycurate.pipeline import verify as verb

    if paths:
        raise UsageError(
            "--verify checks all images of the dataset, not those of one manifest",
            hint="galaxycurate download --verify",
        )
    with face.progress_bar("verify") as progress:
        found = verb.verify(settings, progress=progress)
    if as_json:
        face.answer_json(found.as_dict())
    else:
        for kind in ("missing", "changed", "strangers"):
            for path in getattr(found, kind):
                face.answer(f"{'not in the ledger' if kind == 'strangers' else kind}: {path}")
        face.answer(f"{found.images:,} images ({found.bytes / 1e6:,.1f} MB) are as they were kept")
    problem = found.problem()
    if problem:
        raise problem


def _compare(settings, paths, names: str, sample: int, as_json: bool) -> None:
    from galaxycurate.errors import SettingError
    from galaxycurate.pipeline.compare import compare as verb

    if sample < 1:
        raise SettingError(f"sample = {sample} is less than 1", hint="--sample 20")
    with face.progress_bar("compare") as progress:
        made = verb.compare(settings, paths, names=[n.strip() for n in names.split(",")],
                            sample=sample, progress=progress)  # fmt: skip
    if as_json:
        face.answer_json(made.as_dict())
        return
    for row in [("quantity", "median", "worst"), *made.rows()]:
        face.answer("  ".join(f"{cell:<26}" for cell in row).rstrip())
    face.answer(f"{made.table} and {made.picture}")


def _one_of(given: dict[str, object]) -> None:
    """Refuse options that ask for different work."""
    from galaxycurate.errors import UsageError

    names = [name for name, value in given.items() if value not in (None, False)]
    if len(names) > 1:
        raise UsageError(f"{' and '.join(names)} exclude each other", hint="give one of them")


def _refuse_with(what: str, options: dict[str, object]) -> None:
    """Refuse options that would have no say."""
    from galaxycurate.errors import UsageError

    given = [name for name, value in options.items() if value not in (None, False)]
    if given:
        raise UsageError(
            f"{what} goes without {', '.join(given)}", hint=f"leave it out, or leave {what} out"
        )


def _only_with(name: str, value: object, other: str) -> None:
    from galaxycurate.errors import UsageError

    if value is not None:
        raise UsageError(f"{name} goes with {other}", hint=f"galaxycurate download {other} A,B")
