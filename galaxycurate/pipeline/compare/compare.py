"""compare: the same positions through two providers, and how their pictures lie on each other."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from galaxycurate.core.contactsheet import Card, contact_sheet
from galaxycurate.core.encode import png
from galaxycurate.core.origin import is_simulated
from galaxycurate.core.outcome import Reason, Status
from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.registration import aligned, register
from galaxycurate.errors import UsageError
from galaxycurate.imagery.check import pixels
from galaxycurate.imagery.engine.engine import fetch
from galaxycurate.imagery.job import Job, LaneState, Limits, Settled
from galaxycurate.imagery.providers.known import providers
from galaxycurate.imagery.providers.provider import Provider, has_position
from galaxycurate.pipeline.compare.comparison import COLUMNS, Comparison, Pair
from galaxycurate.pipeline.download import sheaves
from galaxycurate.pipeline.download.asking import unpacked
from galaxycurate.store.files import replacing
from galaxycurate.store.manifest import Manifest, read_all
from galaxycurate.store.settings import Settings

SHOWN = 12
"""Pairs on the contact sheet, the worst first."""

CONTRAST, DARKEST = 4.0, 110.0
"""The sheet shows differences on grey, so many times as large, but hardly one above so many DN."""


def compare(
    settings: Settings,
    manifests: Sequence[Path] = (),
    *,
    names: Sequence[str] = ("skyserver", "frames"),
    sample: int = 20,
    progress: Progress = silent,
    limits: Limits | None = None,
) -> Comparison:
    """Draw a sample of positions, get each through two providers, and lay the pictures together.

    The ledger and the image tree are left alone.

    Parameters
    ----------
    settings : Settings
        Its ``seed`` draws the sample; addresses as for a download.
    manifests : sequence of Path
        Empty: all in the folder of the settings.
    names : sequence of str
        Two providers.
    sample : int
        Positions at most.
    progress : callable, optional
        Called with (done, total, text).
    limits : Limits, optional
        Connections from the settings, the rate from each provider.

    Returns
    -------
    Comparison
        Its table and contact sheet are ``compare/<a>-<b>.csv`` and ``.png`` in the dataset.

    Raises
    ------
    UsageError
        Not two providers; one draws a simulated sky and the other a real one.
    InputError
        No manifest.
    Unreachable
        A provider does not answer.
    """
    if len(names) != 2:
        raise UsageError(
            f"a comparison is of two providers, not of {len(names)}",
            hint="--compare skyserver,hips2fits",
        )
    asked = providers(
        names, server=settings.server, release=settings.release,
        hips2fits=settings.hips2fits, legacy=settings.legacy, sas=settings.sas,
    )  # fmt: skip
    read = read_all(manifests, folder=Path(settings.manifests))
    drawn = list(_sampled(read, sample, settings.seed))
    by_field = any(provider.by_field for provider in asked)
    jobs = _with_fields(settings, drawn) if by_field else [job for job, _ in drawn]
    limits = limits or Limits(
        rate=settings.rate if settings.said("rate") else None, concurrency=settings.concurrency
    )
    album = [_fetched(jobs, provider, limits, progress) for provider in asked]
    _check_same_sky(album)
    pairs, views = [], []
    for n, job in enumerate(jobs):
        progress(n, len(jobs), "laying pictures on each other")
        pair, view = _paired(job, *(sink.pictures.get(job.path) for sink in album))
        lacks = [sink.lacks.get(job.path, "") for sink in album]
        pairs.append(replace(pair, lack_a=lacks[0], lack_b=lacks[1]))
        views.append(view)
    origins = {name: "; ".join(sink.origins) for name, sink in zip(names, album, strict=True)}
    made = Comparison(names[0], names[1], origins, pairs)
    return _written(made, views, Path(settings.dataset) / "compare")


@dataclass
class _Album:
    """The engine's sink: pictures in memory, by the job's path."""

    progress: Progress
    name: str
    total: int
    pictures: dict[str, np.ndarray] = field(default_factory=dict)
    lacks: dict[str, str] = field(default_factory=dict)
    origins: dict[str, None] = field(default_factory=dict)
    n_settled: int = 0

    def keep(self, job: Job, body: bytes, origin: str) -> None:
        self.pictures[job.path] = pixels(body)

    def reject(self, job: Job, body: bytes, reason: Reason) -> None:
        pass

    def settle(self, result: Settled) -> None:
        self.n_settled += 1
        if result.status is Status.OK:
            self.origins[result.origin] = None
        else:
            self.lacks[result.job.path] = str(result.reason or result.status)

    def beat(self, lanes: Sequence[LaneState]) -> None:
        self.progress(self.n_settled, self.total, f"asking {self.name}")


def _sampled(
    manifests: Sequence[Manifest], sample: int, seed: int
) -> Iterator[tuple[Job, Mapping]]:
    """Jobs and rows, drawn by the seed from all manifests alike; each has a position and a size."""
    sizes = np.array([len(manifest) for manifest in manifests])
    order = np.random.default_rng(seed).permutation(int(sizes.sum()))
    which = np.searchsorted(np.cumsum(sizes), order, side="right")
    at = order - (np.cumsum(sizes) - sizes)[which]
    found = (_job(manifests, *place) for place in zip(which.tolist(), at.tolist(), strict=True))
    return islice((one for one in found if one is not None), sample)


def _job(manifests: Sequence[Manifest], which: int, at: int) -> tuple[Job, Mapping] | None:
    """A row; None where it asks for no picture."""
    manifest = manifests[which]
    row = {name: _cell(manifest, name, at) for name in (*COLUMNS, *sheaves.COLUMNS)}
    if not (has_position(row) and row["pixscale"] and row["size_px"]):
        return None
    job = Job(
        ra=row["ra"], dec=row["dec"], pixscale=row["pixscale"], size_px=int(row["size_px"]),
        path=f"{which}/{at}", name=row["name"], label=row["label"], manifest=manifest.sha256,
        format="png",
    )  # fmt: skip
    return job, row


def _cell(manifest: Manifest, name: str, at: int):
    return manifest.table.column(name)[at].as_py() if name in manifest.table.column_names else None


def _with_fields(settings: Settings, drawn: Sequence[tuple[Job, Mapping]]) -> list[Job]:
    """Jobs that know their run, camcol and field; the archive is asked for those not told."""
    from galaxycurate.pipeline.download.fields import find_fields

    columns = {name: [row[name] for _, row in drawn] for name in sheaves.COLUMNS}
    fields = sheaves.fields_of([columns], partial(find_fields, settings))
    return [
        replace(job, field=unpacked(field))
        for (job, _), field in zip(drawn, fields.tolist(), strict=True)
    ]


def _fetched(jobs: list[Job], provider: Provider, limits: Limits, progress: Progress) -> _Album:
    album = _Album(progress, provider.name, len(jobs))
    fetch(iter(jobs), [provider], album, limits)
    return album


def _check_same_sky(album: Sequence[_Album]) -> None:
    drawn = {is_simulated(*sink.origins) for sink in album if sink.origins}
    if len(drawn) > 1:
        said = " and ".join(origin for sink in album for origin in sink.origins)
        raise UsageError(
            f"a simulated sky is not compared with a real one: {said}",
            hint="galaxycurate config show tells the addresses",
        )


def _paired(
    job: Job, a: np.ndarray | None, b: np.ndarray | None
) -> tuple[Pair, tuple[np.ndarray, ...]]:
    """How two pictures lie on each other, and what the sheet shows of them."""
    if a is None or b is None:
        return Pair(job), ()
    found = register(a, b)
    if not found.certain:
        return Pair(job, found=found), (a, b, np.full_like(a, 128))
    laid = aligned(b, found)
    difference = laid - a.astype(np.float32)
    inside = aligned(np.ones(a.shape[:2], np.float32), found) > 0.999
    red, green, blue = np.median(np.abs(difference[inside]), axis=0).tolist()
    difference[~inside] = 0
    times = min(CONTRAST, DARKEST / max(1.0, float(np.percentile(np.abs(difference), 99))))
    shown = np.clip(128 + times * difference, 0, 255).astype(np.uint8)
    return Pair(job, found=found, colour=(red, green, blue)), (a, b, shown)


def _written(made: Comparison, views: Sequence, folder: Path) -> Comparison:
    """The table, and the sheet where there is something to see."""
    stem = folder / f"{made.a}-{made.b}"
    table, picture = stem.with_suffix(".csv"), stem.with_suffix(".png")
    with replacing(table) as part, part.open("w", newline="") as file:
        drawn_by = {"a": made.origins[made.a], "b": made.origins[made.b]}
        rows = [pair.as_row() | drawn_by for pair in made.pairs]
        writer = csv.DictWriter(file, rows[0] if rows else drawn_by)
        writer.writeheader()
        writer.writerows(rows)
    with replacing(picture) as part:
        part.write_bytes(png(_sheet(made, views)))
    return replace(made, table=str(table), picture=str(picture))


def _sheet(made: Comparison, views: Sequence) -> np.ndarray:
    """Pairs and their differences, the worst first."""
    drawn = [n for n, pair in enumerate(made.pairs) if pair.drawn]
    order = sorted(drawn, key=lambda n: _badness(made.pairs[n]), reverse=True)[:SHOWN]
    cards = [_card(made.pairs[n], views[n]) for n in order]
    values = made.values()
    shown = f"their difference, up to {CONTRAST:g} times, on grey"
    lines = [f"left {made.a}, middle {made.b}, right {shown}"]
    if values:
        lines.append(
            f"{len(made.told)} of {len(made.pairs)} positions compared: offset, median "
            f"{values['offset_px'][0]:.3f} px, worst {values['offset_px'][1]:.3f} px"
        )
    lines += [
        f"no picture from {name}: " + ", ".join(f"{n} {reason}" for reason, n in reasons.items())
        for name, reasons in made.missing().items()
        if reasons
    ]
    alarm = "simulated sky, not SDSS" if made.simulated else ""
    return contact_sheet(f"{made.a} and {made.b}", lines, cards, alarm=alarm)


def _badness(pair: Pair) -> tuple[bool, bool, float]:
    """Nothing in common, then mirrored, then off: a hundredth of scale counts as a pixel."""
    found = pair.found
    off = found.offset + 100 * abs(found.scale - 1) + abs(found.rotation_deg)
    return not found.certain, found.mirrored, off


def _card(pair: Pair, view: tuple[np.ndarray, ...]) -> Card:
    job, found = pair.job, pair.found
    title = f'{job.name}   RA {job.ra:.5f}  Dec {job.dec:+.5f}   {job.pixscale:.4g}"/px'
    if not found.certain:
        alarm = f"nothing in common was found (peak {found.peak:.1f})"
        return Card(view, title, ("",), alarm)
    where = (
        f'offset {found.dx:+.3f} {found.dy:+.3f} px = {pair.offset_arcsec:.3f}"   '
        f"scale {found.scale:.5f}   rotation {found.rotation_deg:+.3f}°"
    )
    colour = "difference " + "  ".join(
        f"{c} {v:.1f}" for c, v in zip("RGB", pair.colour, strict=True)
    )
    return Card(view, title, (where, f"{colour} DN"), "mirrored" if found.mirrored else "")
