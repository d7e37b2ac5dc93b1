"""Parcels of cutouts for the workers of a cluster: neighbours on the sky go together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from galaxycurate.core.healpix import cells
from galaxycurate.imagery.job import Job

WINDOW = 2000
"""So many cutouts are sorted at a time; more are never held."""

ORDER = 8
"""HEALPix cells about as large as a field."""


def parcels(jobs: Iterator[Job], size: Callable[[], int]) -> Iterator[list[Job]]:
    """Cutouts of one field, or else of one cell, go together where that is no more than asked for.

    Parameters
    ----------
    jobs : iterator of Job
    size : callable
        How many the next parcel should have at most.

    Yields
    ------
    list of Job
    """
    while window := list(islice(jobs, WINDOW)):
        ordered = _sorted(window)
        while ordered:
            n = _cut(ordered, size())
            yield [job for _, job in ordered[:n]]
            del ordered[:n]


def _sorted(window: list[Job]) -> list[tuple[tuple[int, ...], Job]]:
    pixels = cells([job.ra for job in window], [job.dec for job in window], order=ORDER)
    keyed = [
        (job.field if any(job.field) else (0, 0, 0, int(pixel)), job)
        for job, pixel in zip(window, pixels, strict=True)
    ]
    return sorted(keyed, key=lambda pair: pair[0])


def _cut(ordered: list[tuple[tuple[int, ...], Job]], most: int) -> int:
    """Where a field ends in the second half of the parcel, or its whole length."""
    if len(ordered) <= most:
        return len(ordered)
    borders = (n for n in range(most, most // 2, -1) if ordered[n][0] != ordered[n - 1][0])
    return next(borders, most)
