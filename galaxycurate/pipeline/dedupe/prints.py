"""Files to fingerprints: each decoded once, on threads, and never again while its print is kept."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation.keep import Quality, measure
from galaxycurate.errors import GalaxyCurateError, first_line
from galaxycurate.pipeline.dedupe.decode import decode
from galaxycurate.store.prints import FOLDER, KEY, PrintStore

if TYPE_CHECKING:
    import pyarrow as pa

    from galaxycurate.curation.pixels.fingerprint import Fingerprint
    from galaxycurate.curation.pixels.prints import Prints

Body = tuple[str, Callable[[], bytes]]
"""A picture's key, the sha256 of its file, and how to read it."""

PART_ROWS = 4096
"""New fingerprints are kept on the disk after so many, and at the end."""

_LARGE_BYTES = 4 << 20
"""Larger files are decoded one at a time: each may become hundreds of megabytes of pixels."""


@dataclass(frozen=True)
class Printed:
    """What is known of the pixels of some files.

    Parameters
    ----------
    prints : Prints
        Of the files that are pictures, in their order.
    rows : ndarray of int64, shape (len(prints),)
        Which files these are.
    quality : list of Quality
        Of each print.
    unreadable : dict of str to str
        Why no picture can be made of a file, by its key.
    read : int
        How many were decoded now; the others' prints were stored.
    """

    prints: Prints
    rows: np.ndarray
    quality: list[Quality]
    unreadable: dict[str, str] = field(default_factory=dict)
    read: int = 0


def store_of(folder: Path, *, read_only: bool = False) -> PrintStore:
    """Where the fingerprints of a dataset, or of any folder, are kept."""
    from galaxycurate.curation.pixels.fingerprint import VERSION

    return PrintStore(Path(folder) / FOLDER, VERSION, read_only=read_only)


def fingerprints(
    bodies: Iterable[Body], store: PrintStore | None, *, progress: Progress = silent
) -> tuple[Prints, dict[str, str]]:
    """Fingerprints of files, of which only the new ones are read.

    Parameters
    ----------
    bodies : iterable of (str, callable)
        Keys, and how to read each file.
    store : PrintStore or None
        None keeps nothing.
    progress : callable

    Returns
    -------
    Prints
        In the order given, without those that no picture can be made of.
    dict of str to str
        Why not, by key.
    """
    made = printed(bodies, store, progress=progress)
    return made.prints, made.unreadable


def printed(
    bodies: Iterable[Body], store: PrintStore | None, *, progress: Progress = silent
) -> Printed:
    """The same as `fingerprints`, with everything that is known of the pixels.

    Parameters
    ----------
    bodies : iterable of (str, callable)
    store : PrintStore or None
    progress : callable

    Returns
    -------
    Printed
    """
    bodies = list(bodies)
    keys = [key for key, _ in bodies]
    known, rows, flaws = (None, np.full(len(keys), -1), {}) if store is None else store.read(keys)
    wanted = dict(b for b, row in zip(bodies, rows, strict=True) if row < 0 and b[0] not in flaws)
    tables = [] if known is None else [known]
    for part, bad in _parts(wanted, progress):
        flaws |= bad
        if store is not None:
            store.append(part, bad)
        if part is not None:
            tables.append(part)
    if store is not None and wanted:
        store.tidy()
    return _together(keys, tables, flaws, len(wanted))


def _together(
    keys: Sequence[str], tables: list[pa.Table], flaws: dict[str, str], read: int
) -> Printed:
    import pyarrow as pa

    from galaxycurate.curation.pixels.prints import Prints

    if not tables:
        return Printed(Prints.of([]), np.empty(0, np.int64), [], flaws, read)
    table = pa.concat_tables(tables)
    row_of = {key: row for row, key in enumerate(table[KEY].to_pylist())}
    rows = np.array([k for k, key in enumerate(keys) if key in row_of], np.int64)
    index = np.array([row_of[keys[k]] for k in rows.tolist()], np.int64)
    prints = Prints.from_arrow(table.drop_columns([KEY, "off_centre", "detail"])).take(index)
    columns = (table[name].to_numpy()[index].tolist() for name in ("off_centre", "detail"))
    sizes = (prints.width.astype(np.int64) * prints.height).tolist()
    quality = [Quality(*row) for row in zip(*columns, sizes, strict=True)]
    return Printed(prints, rows, quality, flaws, read)


def _parts(
    wanted: dict[str, Callable[[], bytes]], progress: Progress
) -> Iterator[tuple[pa.Table | None, dict[str, str]]]:
    """Tables of new fingerprints, and what could not be read, a part at a time."""
    prints: list[tuple[str, Fingerprint, Quality]] = []
    flaws: dict[str, str] = {}
    for done, (key, found) in enumerate(_looked_at(wanted), 1):
        if isinstance(found, str):
            flaws[key] = found
        else:
            prints.append((key, *found))
        if done % 50 == 0 or done == len(wanted):
            progress(done, len(wanted), "pictures read")
        if len(prints) + len(flaws) >= PART_ROWS or done == len(wanted):
            yield _table(prints), flaws
            prints, flaws = [], {}


def _table(made: list[tuple[str, Fingerprint, Quality]]) -> pa.Table | None:
    import pyarrow as pa

    from galaxycurate.curation.pixels.prints import Prints

    if not made:
        return None
    table = Prints.of([one for _, one, _ in made]).to_arrow().replace_schema_metadata(None)
    table = table.append_column(KEY, pa.array([key for key, _, _ in made]))
    for name in ("off_centre", "detail"):
        values = [getattr(quality, name) for _, _, quality in made]
        table = table.append_column(name, pa.array(values, pa.float64()))
    return table


def _looked_at(
    wanted: dict[str, Callable[[], bytes]],
) -> Iterator[tuple[str, tuple[Fingerprint, Quality] | str]]:
    """Fingerprint and quality of each file, or why there are none; a few at once, in order."""
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
    large = threading.Lock()
    with ThreadPoolExecutor(threads, "galaxycurate-prints") as pool:
        ahead: deque[tuple[str, Future]] = deque()
        for key, read in wanted.items():
            ahead.append((key, pool.submit(_look, read, large)))
            if len(ahead) > 4 * threads:
                first, future = ahead.popleft()
                yield first, future.result()
        for key, future in ahead:
            yield key, future.result()


def _look(read: Callable[[], bytes], large: threading.Lock) -> tuple[Fingerprint, Quality] | str:
    """One file; whatever is wrong with it is words, never an end of the whole."""
    from galaxycurate.curation.pixels.fingerprint import fingerprint

    try:
        body = read()
        if len(body) < _LARGE_BYTES:
            rgb = decode(body)
            return fingerprint(rgb), measure(rgb)
        with large:
            rgb = decode(body)
            return fingerprint(rgb), measure(rgb)
    except (GalaxyCurateError, OSError, MemoryError) as error:
        return first_line(error)
