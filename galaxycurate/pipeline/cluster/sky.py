"""Overlaps of more cutouts than one process wants to hold, searched by the workers of a cluster.

The sky is cut into parts (HEALPix cells). Each part lends its neighbours the rows that reach over
their edges, then each is searched alone; the pairs are those of one search, bit by bit.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.pairs import Pairs
from galaxycurate.curation.sky.footprints import Footprints
from galaxycurate.curation.sky.partition import Part, Place, neighbours, parted
from galaxycurate.errors import InputError
from galaxycurate.pipeline.cluster.connection import connected

ROWS = 500_000
"""Of a part: half a second of work and a tenth of a gigabyte."""


@dataclass(frozen=True)
class CataloguePairs:
    """Overlapping rows of a catalogue.

    Parameters
    ----------
    pairs : Pairs
        Rows are counted through the catalogue, partition by partition.
    ids : ndarray of int64, shape (n,)
        The id of each row.
    """

    pairs: Pairs
    ids: np.ndarray


def overlapping_on_cluster(
    address: str,
    footprints: Footprints,
    *,
    min_overlap: float = 0.0,
    most_rows: int = ROWS,
    progress: Progress = silent,
) -> Pairs:
    """All pairs of cutouts that share sky, as `footprints.overlapping` finds them, on a cluster.

    Parameters
    ----------
    address : str
        ``tcp://host:port`` of a Dask scheduler, or ``local``: a process for each core.
    footprints : Footprints
    min_overlap : float
        See `footprints.overlapping`.
    most_rows : int
        Of a part.
    progress : callable
        Told of parts.

    Returns
    -------
    Pairs

    Raises
    ------
    SettingError
        No such address, or other versions there.
    Unreachable
        No scheduler answers, or it has no workers.
    """
    parts = parted(footprints, most_rows=most_rows)
    if not parts:
        return Pairs.none()
    with connected(address, len(parts)) as client:
        own = client.scatter(parts, hash=False)
        places = [part.place for part in parts]
        return _search(client, own, places, min_overlap, progress)


def overlapping_in_catalogue(
    address: str,
    path: str | Path,
    width_arcsec: float,
    *,
    id_column: str = "objID",
    min_overlap: float = 0.0,
    progress: Progress = silent,
) -> CataloguePairs:
    """All pairs of rows of a HATS catalogue whose cutouts would share sky.

    Parameters
    ----------
    address : str
        As for `overlapping_on_cluster`.
    path : str or Path
        Of the catalogue; its own partitions are the parts, read by the workers.
    width_arcsec : float
        Of every cutout.
    id_column : str
        Integers.
    min_overlap, progress
        As for `overlapping_on_cluster`.

    Returns
    -------
    CataloguePairs

    Raises
    ------
    InputError
        There is no such catalogue or column, or LSDB is not installed.
    """
    catalogue, columns = _opened(path, id_column)
    pixels = catalogue.get_ordered_healpix_pixels()
    places = [(pixel.order, pixel.pixel) for pixel in pixels]
    with connected(address, len(places)) as client:
        tables = client.compute(catalogue.to_delayed())
        ids = client.gather([client.submit(_column, table, id_column) for table in tables])
        begin = np.cumsum([0, *(len(some) for some in ids)])
        own = [
            client.submit(_part, table, columns, place, int(first), width_arcsec)
            for table, place, first in zip(tables, places, begin[:-1], strict=True)
        ]
        told = client.gather([client.submit(operator.attrgetter("place"), part) for part in own])
        pairs = _search(client, own, told, min_overlap, progress)
    return CataloguePairs(pairs, np.concatenate([*ids, np.empty(0, np.int64)]))


def _opened(path, id_column: str):
    """The catalogue, its positions and ids alone; and what the positions are called."""
    try:
        import lsdb
    except ImportError as error:
        raise InputError("HATS catalogues are read by LSDB, which is not installed",
                         hint="pip install 'galaxycurate[hats]'") from error  # fmt: skip
    try:
        about = lsdb.open_catalog(path)
        info = about.hc_structure.catalog_info
        columns = str(info.ra_column), str(info.dec_column)
        names = [*columns, id_column]
        absent = [name for name in names if name not in about.all_columns]
        if absent:
            raise InputError(f"{path} has no column {absent[0]}",
                             hint=f"it has {', '.join(about.all_columns)}")  # fmt: skip
        return lsdb.open_catalog(path, columns=names), columns
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} is no HATS catalogue: {error}",
            hint="name the folder that holds its hats.properties",
        ) from error


def _column(table, name: str) -> np.ndarray:
    return table[name].to_numpy(np.int64)


def _part(table, columns, place, first: int, width_arcsec: float) -> Part:
    """A partition of a catalogue; positions that are unknown take no part."""
    ra, dec = (table[name].to_numpy(float) for name in columns)
    footprints = Footprints(ra, dec, width_arcsec)
    known = footprints.known
    order, cell = place
    return Part(order, cell, first + known.astype(np.int64), footprints.take(known))


def _search(
    client, own: Sequence, places: Sequence[Place], min_overlap: float, progress: Progress
) -> Pairs:
    """Lend, search, and put together what the parts find."""
    from distributed import as_completed

    around = neighbours(places)
    lent: dict[tuple[int, int], object] = {}
    for k, others in enumerate(around):
        if others:
            all_of = client.submit(_lend, own[k], [places[other] for other in others], pure=False)
            for at, other in enumerate(others):
                lent[k, other] = client.submit(operator.getitem, all_of, at, pure=False)
    tasks = [
        client.submit(_pairs, own[k], [lent[other, k] for other in others], min_overlap, pure=False)
        for k, others in enumerate(around)
    ]
    lent.clear()
    found = []
    for done, (_, pairs) in enumerate(as_completed(tasks, loop=client.loop, with_results=True), 1):
        found.append(pairs)
        progress(done, len(tasks), "overlaps by part")
    return _together(found)


def _lend(part: Part, places: Sequence[Place]) -> list[Part]:
    return [part.lend(place) for place in places]


def _pairs(part: Part, lent: Sequence[Part], min_overlap: float) -> Pairs:
    return part.pairs(lent, min_overlap=min_overlap)


def _together(found: Sequence[Pairs]) -> Pairs:
    first, second = (np.concatenate([getattr(p, n) for p in found]) for n in ("first", "second"))
    order = np.lexsort((second, first))
    amount = np.concatenate([p.amount for p in found])
    return Pairs(first[order], second[order], amount[order])
