"""The windows that the galaxy detector learns from and is measured on, in two folds.

Each fold has its own real fields, point spreads, galaxies and seeds; the crowded field lends a
half to each.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.injections import Window, window
from benchmarks.pasted import galaxies
from benchmarks.simulated_skies import simulated_field
from benchmarks.skies import PIXSCALE, Field, real_field
from galaxycurate.curation.light.detect import detect
from galaxycurate.curation.light.features import measure
from galaxycurate.curation.light.flux import planes

SEED = 6
CROWDED = "5405"
KINDS = (("3918", "sim", CROWDED), ("4510", "sim", CROWDED))
"""Of the two folds."""

CROWDED_SHARE = 16
"""So many times fewer windows are crowded."""

FIELDS_PER_JOB, GALAXIES_PER_FIELD = 5, 5
PER_JOB = 4 * FIELDS_PER_JOB * GALAXIES_PER_FIELD

BRIGHTER = 20.5
"""r to which galaxies are made to learn from alone: a few weigh much among the aims."""

BRIGHTER_SHARE = 0.6
"""So many windows for each other one show such a galaxy."""

Job = tuple[str, int, str, int, bool]
"""Data, fold, kind, number, and whether its windows are made to learn from alone."""


@dataclass(frozen=True)
class Seen:
    """A window as measured: features of its sources, which are galaxies (-1: neither), truth.

    What is `staged` is made to learn from and counts in no figure.
    """

    fold: int
    kind: str
    staged: bool
    features: np.ndarray
    label: np.ndarray
    mag_r: float
    outside: bool
    real: bool
    signal: float
    beyond_star: float


def jobs(data: Path, n: int) -> list[Job]:
    """What makes about n windows of each kind and fold."""
    some, brighter = n // CROWDED_SHARE, round(BRIGHTER_SHARE * n)
    return [
        (str(data), fold, kind, k, staged)
        for staged in (False, True)
        for fold, kinds in enumerate(KINDS) for kind in kinds if kind != CROWDED or not staged
        for k in range(
            max((brighter if staged else some if kind == CROWDED else n) // PER_JOB, 1)
        )
    ]  # fmt: skip


def everything(data: Path, n: int, workers: int = 2) -> list[Seen]:
    """All windows of both folds."""
    for fold, kinds in enumerate(KINDS):
        for kind in set(kinds) - {"sim"}:
            field_of(str(data), kind, fold)  # read once; the workers are forked
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        return [one for some in pool.map(measured, jobs(data, n)) for one in some]


def measured(job: Job) -> list[Seen]:
    """The windows of a job, as the detector sees them."""
    return [seen(made, job[1], job[2], staged=staged) for made, staged in windows(job)]


@cache
def field_of(data: str, key: str, fold: int) -> Field:
    """A real field; of the crowded one a half."""
    found = real_field(Path(data), key)
    if key == CROWDED:
        half = found.flux.shape[2] // 2
        found.flux = found.flux[:, :, fold * half :][:, :, :half]
        found.forbidden = found.forbidden[:, :half]
    return found


def windows(job: Job) -> Iterator[tuple[Window, bool]]:
    """`PER_JOB` windows of one kind, about every other one with a galaxy; which are staged.

    Each galaxy is pasted in twice, every second time on purpose at the border; every fourth window
    without one gets more stars.
    """
    data, fold, kind, number, brighter = job
    seed = [SEED, fold, KINDS[fold].index(kind), number]
    rng = np.random.default_rng([*seed, 1] if brighter else seed)
    cutouts = sorted((Path(data) / "images/gz1_dr7").glob("*.jpeg"))[fold::2]
    for _ in range(FIELDS_PER_JOB):
        if kind == "sim":
            source = simulated_field(float(rng.uniform(1.0, 1.6)), rng)
        else:
            source = field_of(data, kind, fold)
        if brighter:
            yield from _brighter(source, rng, cutouts)
            continue
        for k, galaxy in enumerate(galaxies(GALAXIES_PER_FIELD, source.psf, rng, cutouts)):
            stars = int(rng.integers(2, 12)) if k % 2 else 0
            yield window(source, rng), False
            yield window(source, rng, galaxy), False
            yield window(source, rng, stars=stars), stars > 0
            yield window(source, rng, galaxy, edge=k % 2 == 0), k % 2 == 0


def _brighter(source: Field, rng, cutouts: list[Path]) -> Iterator[tuple[Window, bool]]:
    """Windows of one field to learn bright galaxies from, every other one at the border."""
    made = galaxies(2 * GALAXIES_PER_FIELD, source.psf, rng, cutouts, faintest=BRIGHTER)
    for galaxy in made:
        yield window(source, rng, galaxy), True
        yield window(source, rng, galaxy, edge=True), True


def seen(window: Window, fold: int, kind: str, *, staged: bool = False) -> Seen:
    """Measure a window; a source is a galaxy where most of its light is the galaxy's."""
    light = planes(window.rgb, scheme="sdss")
    sources = detect(light)
    features = measure(light, sources, PIXSCALE)
    label = np.zeros(len(sources), np.int8)
    if window.light is not None:
        flat, rows = sources.segments.ravel(), len(sources) + 1
        of_galaxy = np.bincount(flat, window.light.ravel(), rows)[1:]
        of_all = np.bincount(flat, sources.light.ravel(), rows)[1:]
        share = of_galaxy / np.maximum(of_all, 1e-6)
        label = np.where(share > 0.5, 1, np.where(share > 0.15, -1, 0)).astype(np.int8)
    return Seen(
        fold, kind, staged, features, label, window.mag_r, window.outside, window.real,
        window.signal, window.beyond_star,
    )  # fmt: skip
