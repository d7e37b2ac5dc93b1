"""Parcels of cutouts for the workers of a cluster: neighbours on the sky go together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from galaxycurate.core.healpix import cells
from galaxycurate.imagery.job import Job

WINDOW = 2000
"""So many cutouts are sorted at a time; more are never held."""

WHOLE = WINDOW // 4
"""A field of so many cutouts is one parcel, where fields must be whole."""

ORDER = 8
"""HEALPix cells about as large as a field."""

_Keyed = list[tuple[tuple[int, ...], Job]]


def parcels(
    jobs: Iterator[Job], size: Callable[[], int], *, by_field: bool = False
) -> Iterator[list[Job]]:
    """Cutouts of one field, or else of one cell, go together where that is no more than asked for.

    Parameters
    ----------
    jobs : iterator of Job
    size : callable
        How many the next parcel should have at most.
    by_field : bool
        The jobs come field by field, and none is torn, for the sake of who fetches it as a whole; a
        parcel may then have up to `WHOLE` cutouts.

    Yields
    ------
    list of Job
    """
    ordered: _Keyed = []
    least = WINDOW // 2 if by_field else 1  # then no field is torn where a window ends
    while True:
        if len(ordered) < least:
            ordered = sorted(ordered + _keyed([*islice(jobs, WINDOW - len(ordered))]), key=_key)
        if not ordered:
            return
        most = size()
        n = _cut(ordered, most, max(most, WHOLE) if by_field else most)
        yield [job for _, job in ordered[:n]]
        del ordered[:n]


def _keyed(jobs: list[Job]) -> _Keyed:
    if not jobs:
        return []
    pixels = cells([job.ra for job in jobs], [job.dec for job in jobs], order=ORDER)
    return [
        (job.field if any(job.field) else (0, 0, 0, int(pixel)), job)
        for job, pixel in zip(jobs, pixels, strict=True)
    ]


def _key(pair: tuple[tuple[int, ...], Job]) -> tuple[int, ...]:
    return pair[0]


def _cut(ordered: _Keyed, most: int, longest: int) -> int:
    """Where a field ends in the second half of the parcel, or soon after, or the whole length."""
    if len(ordered) <= most:
        return len(ordered)
    places = [*range(most, most // 2, -1), *range(most + 1, min(longest + 1, len(ordered)))]
    borders = (n for n in places if ordered[n][0] != ordered[n - 1][0])
    return next(borders, min(longest, len(ordered)))
