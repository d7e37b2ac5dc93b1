"""Files to fingerprints: decoded once, on all cores, and never again while the print is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.core.progress import Progress, silent
from galaxycurate.curation import keep
from galaxycurate.curation.keep import Quality, measure
from galaxycurate.errors import GalaxyCurateError, first_line
from galaxycurate.pipeline.dedupe.cores import can_travel, cores, spread
from galaxycurate.pipeline.dedupe.decode import Unreadable, decode, head_of
from galaxycurate.store.prints import FOLDER, KEY, PrintStore
from galaxycurate.store.shards.tree import open_tree

if TYPE_CHECKING:
    import pyarrow as pa

    from galaxycurate.curation.pixels.fingerprint import Fingerprint
    from galaxycurate.curation.pixels.prints import Prints

Body = tuple[str, Callable[[], bytes]]
"""A picture's key, the sha256 of its file, and how to read it; to use more than one core, a reader
that pickle can send to another process (`functools.partial` of a module's function, no lambda).
"""

PART_ROWS = 4096
"""New fingerprints are kept on the disk after so many, and at the end."""

AT_ONCE, AT_ONCE_AFAR = 32, 128
"""Pictures that go to a process, or to a worker of a cluster, and come back, together."""

Spread = Callable[[Callable, Iterable[Sequence]], Iterator]
"""Calls a function of a module with each of some parts, elsewhere."""

FEW = 400
"""Fewer are looked at here: another process takes longer to start."""

_LARGE_PIXELS = 8_000_000
"""Larger pictures are decoded one at a time: each takes hundreds of megabytes, whatever its file
does."""

_TOLD = ["off_centre", "detail", "form", "has_colour", "power", "is_seen"]
"""Of a picture's quality, kept beside its fingerprint."""


Looked = tuple[str, "tuple[Fingerprint, Quality] | str"]
"""A picture's key, and what was seen of it, or why nothing."""


class Passing(str):
    """Why a file could not be read this time; that is nothing to keep."""


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


class FilesOf:
    """The files of a dataset by their paths, for this process and for others.

    Parameters
    ----------
    dataset : Path
    """

    def __init__(self, dataset: Path):
        self._dataset = Path(dataset).absolute()
        self._tree = open_tree(self._dataset)

    def __call__(self, path: str) -> bytes:
        """The bytes of an image."""
        return self._tree.read(path)

    def __reduce__(self):
        """Another process opens the same folder, once."""
        return _files_of, (self._dataset,)


@lru_cache(maxsize=1)
def _files_of(dataset: Path) -> FilesOf:
    return FilesOf(dataset)


def store_of(folder: Path, *, read_only: bool = False) -> PrintStore:
    """Where the fingerprints of a dataset, or of any folder, are kept."""
    from galaxycurate.curation.pixels.fingerprint import VERSION

    version = f"{VERSION}.{keep.VERSION}"
    return PrintStore(Path(folder) / FOLDER, version, read_only=read_only)


def fingerprints(
    bodies: Iterable[Body],
    store: PrintStore | None,
    *,
    workers: int | None = None,
    progress: Progress = silent,
) -> tuple[Prints, dict[str, str]]:
    """Fingerprints of files, of which only the new ones are read.

    Parameters
    ----------
    bodies : iterable of (str, callable)
        Keys, and how to read each file.
    store : PrintStore or None
        None keeps nothing.
    workers : int, optional
        Processes; as many as there are cores.
    progress : callable

    Returns
    -------
    Prints
        In the order given, without those that no picture can be made of.
    dict of str to str
        Why not, by key.
    """
    made = printed(bodies, store, workers=workers, progress=progress)
    return made.prints, made.unreadable


def printed(
    bodies: Iterable[Body],
    store: PrintStore | None,
    *,
    workers: int | None = None,
    afar: Spread | None = None,
    only_stored: bool = False,
    progress: Progress = silent,
) -> Printed:
    """The same as `fingerprints`, with everything that is known of the pixels.

    Parameters
    ----------
    bodies : iterable of (str, callable)
    store : PrintStore or None
    workers : int, optional
    afar : callable, optional
        Lets a cluster look at the files, where there are many: they are seen alike.
    only_stored : bool
        No file is read.
    progress : callable

    Returns
    -------
    Printed
    """
    bodies = list(bodies)
    keys = [key for key, _ in bodies]
    known, rows, flaws = (None, np.full(len(keys), -1), {}) if store is None else store.read(keys)
    new = () if only_stored else zip(bodies, rows, strict=True)
    wanted = dict(body for body, row in new if row < 0 and body[0] not in flaws)
    tables = [] if known is None else [known]
    looked = _looked_at(wanted, workers or cores(), afar)
    for part, bad in _parts(looked, len(wanted), progress):
        flaws |= bad
        if store is not None:
            store.append(part, {k: why for k, why in bad.items() if not isinstance(why, Passing)})
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
    told = table.select(_TOLD).take(index).to_pylist()
    del tables
    prints = Prints.from_arrow(table.drop_columns([KEY, *_TOLD]))
    del table
    if not np.array_equal(index, np.arange(len(prints))):
        prints = prints.take(index)
    sizes = (prints.width.astype(np.int64) * prints.height).tolist()
    quality = [_quality(row, pixels) for row, pixels in zip(told, sizes, strict=True)]
    return Printed(prints, rows, quality, flaws, read)


def _quality(told: dict, pixels: int) -> Quality:
    power = tuple(np.frombuffer(told.pop("power"), np.float16).tolist())
    return Quality(**told, pixels=pixels, power=power)


def _parts(
    looked: Iterator[list[Looked]], n: int, progress: Progress
) -> Iterator[tuple[pa.Table | None, dict[str, str]]]:
    """Tables of new fingerprints, and what could not be read, a part at a time."""
    prints: list[tuple[str, Fingerprint, Quality]] = []
    flaws: dict[str, str] = {}
    done = 0
    for lot in looked:
        for key, found in lot:
            if isinstance(found, str):
                flaws[key] = found
            else:
                prints.append((key, *found))
        done += len(lot)
        if len(prints) + len(flaws) >= PART_ROWS or done == n:
            yield _table(prints), flaws
            prints, flaws = [], {}
        progress(done, n, "pictures read")


def _table(made: list[tuple[str, Fingerprint, Quality]]) -> pa.Table | None:
    import pyarrow as pa

    from galaxycurate.curation.pixels.prints import Prints

    if not made:
        return None
    table = Prints.of([one for _, one, _ in made]).to_arrow().replace_schema_metadata(None)
    table = table.append_column(KEY, pa.array([key for key, _, _ in made]))
    for name in _TOLD:
        values = [getattr(quality, name) for _, _, quality in made]
        if name == "power":
            values = [np.array(power, np.float16).tobytes() for power in values]
        table = table.append_column(name, pa.array(values))
    return table


def _looked_at(
    wanted: dict[str, Callable[[], bytes]], workers: int, afar: Spread | None
) -> Iterator[list[Looked]]:
    """Fingerprint and quality of each file, or why there are none; some at a time."""
    bodies = list(wanted.items())
    travels = len(bodies) > FEW and can_travel(bodies[0])
    step = AT_ONCE_AFAR if travels and afar else AT_ONCE
    lots = [bodies[k : k + step] for k in range(0, len(bodies), step)]
    if travels and afar:
        yield from afar(_look_at_all, lots)
    elif workers == 1 or not travels:
        yield from map(_look_at_all, lots)
    else:
        yield from spread(_look_at_all, lots, workers=min(workers, len(lots)), begin=_begin)


_large: AbstractContextManager = nullcontext()  # in a process beside others: their lock


def _begin(lock: AbstractContextManager) -> None:
    """In a process that shares the work: the others have the other cores."""
    global _large
    import cv2

    _large = lock
    cv2.setNumThreads(1)


def _look_at_all(bodies: Sequence[Body]) -> list[Looked]:
    return [(key, _look(read)) for key, read in bodies]


def _look(read: Callable[[], bytes]) -> tuple[Fingerprint, Quality] | str:
    """One file; whatever is wrong with it is words, never an end of the whole."""
    from galaxycurate.curation.pixels.fingerprint import fingerprint

    try:
        body = read()
        head = head_of(body)
        with _large if head.n_pixels >= _LARGE_PIXELS else nullcontext():
            rgb = decode(body)
            return fingerprint(rgb), replace(measure(rgb), form=head.form)
    except Unreadable as error:
        return first_line(error)
    except (GalaxyCurateError, OSError) as error:
        return Passing(first_line(error))
    except MemoryError:
        return Passing("there is not enough memory for it")
