"""Getting the files of catalogues: which, from where, and what to do where nobody answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from galaxycurate.archives import filefetch, vizier
from galaxycurate.catalogs import known
from galaxycurate.catalogs.known import Layout, RemoteFile
from galaxycurate.catalogs.table import names_of
from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import InputError, LayoutError, ServiceError, Unreachable

VIZIER = "vizier"


@dataclass(frozen=True)
class Wanted:
    """A file of a catalogue, and where it would lie on this machine."""

    layout: Layout
    file: RemoteFile
    path: Path
    url: str

    @property
    def is_here(self) -> bool:
        """Whether a file of that name is there."""
        return self.path.exists()

    @property
    def facts(self) -> str:
        """What is published of it besides its name."""
        size = f"{self.file.n_bytes:,} bytes" if self.file.n_bytes else "size not published"
        return f"{size}, {self.file.checksum or 'checksum not published'}"


def plan(
    names: Sequence[str],
    folder: Path,
    *,
    table: str | None = None,
    images: bool = False,
    mirror: str = "",
) -> list[Wanted]:
    """The files that `fetch` would get.

    Parameters
    ----------
    names : sequence of str
        Of catalogues, which stand for their first table, or of tables.
    folder : Path
        Where they go.
    table : str, optional
        Of one catalogue, another table than the first.
    images : bool
        Its images as well, and the list of which shows what.
    mirror : str
        Root of another server with the same paths.

    Returns
    -------
    list of Wanted

    Raises
    ------
    InputError
        There is no such table, or nobody offers its file.
    """
    wanted = []
    for name in names:
        catalog, layout = known.find(name), known.layout(table or name)
        if layout not in catalog.tables:
            raise InputError(
                f"{layout.name} is no table of {catalog.name}",
                hint=f"its tables are {', '.join(t.name for t in catalog.tables)}",
            )
        found = [(layout, f) for f in layout.files if f.role in ("table", "mapping")]
        if images:
            more = [(t, f) for t in catalog.tables for f in t.files]
            found += [(t, f) for t, f in more if f.role in ("mapping", "images")]
        if not found:
            others = [t.name for t in catalog.tables if t.files]
            raise InputError(
                f"no server is known that offers {layout.name} as a file",
                hint=f"galaxycurate catalogs fetch {' or '.join(others)}"
                if others
                else "galaxycurate catalogs add FILE takes a copy of yours",
            )
        wanted += [Wanted(t, f, folder / f.name, _address(f.url, mirror)) for t, f in found]
    return list({one.path: one for one in wanted}.values())


def others(names: Sequence[str]) -> list[str]:
    """Tables that are offered as files besides the first ones, which `plan` takes."""
    found = [table for name in names for table in known.find(name).tables[1:]]
    return [t.name for t in found if any(f.role == "table" and not f.login for f in t.files)]


def fetch(
    wanted: Wanted, *, progress: Progress = silent, sleep: Callable[[float], None] = time.sleep
) -> filefetch.Fetched:
    """Get one file: what is there already is checked, what is missing comes.

    Parameters
    ----------
    wanted : Wanted
    progress : callable
    sleep : callable
        Waits before another try.

    Returns
    -------
    Fetched

    Raises
    ------
    ServiceError
        It cannot be had from here; the hint says exactly what to put where.
    """
    file = wanted.file
    if file.login and not wanted.is_here:
        raise ServiceError(f"{file.name} is given only to who is logged in", hint=_by_hand(wanted))
    try:
        return filefetch.fetch(
            wanted.url,
            wanted.path,
            n_bytes=file.n_bytes,
            checksum=file.checksum,
            progress=progress,
            sleep=sleep,
        )
    except Unreachable as error:
        raise Unreachable(str(error), hint=_by_hand(wanted)) from error


def vizier_table(name: str) -> Layout:
    """The table that VizieR holds of a catalogue, or the one of that name.

    Raises
    ------
    InputError
        None is known here.
    """
    catalog, layout = known.find(name), known.layout(name)
    held = [t for t in catalog.tables if t.vizier]
    for one in held:
        if one == layout or name.lower() == catalog.name:
            return one
    raise InputError(
        f"no table of VizieR is known for {name}",
        hint=f"galaxycurate catalogs fetch {held[0].name if held else name}"
        + (" --from vizier" if held else ""),
    )


def fetch_vizier(
    layout: Layout, folder: Path, *, mirror: str = "", progress: Progress = silent
) -> Path:
    """Get a table from VizieR, the second source.

    Parameters
    ----------
    layout : Layout
        See `vizier_table`.
    folder : Path
    mirror : str
        Another VizieR.
    progress : callable

    Returns
    -------
    Path
        The FITS file.

    Raises
    ------
    LayoutError
        Its columns are others than those that are known here.
    """
    path = folder / f"{layout.name}.fits"
    vizier.fetch(layout.vizier, path, server=mirror or vizier.SERVER, progress=progress)
    _, names = names_of(path, layout.name)
    if not layout.fits(names):
        raise LayoutError(
            f"VizieR's {layout.vizier} has other columns than are known here: {', '.join(names)}",
            hint=f"it was written to {path}; galaxycurate catalogs fetch {layout.catalog} takes "
            "the project's own file",
        )
    return path


def _address(url: str, mirror: str) -> str:
    parts = urlsplit(url)
    return mirror.rstrip("/") + url.partition(parts.netloc)[2] if mirror else url


def _by_hand(wanted: Wanted) -> str:
    return (
        f"get {wanted.file.name} ({wanted.facts}) from {wanted.file.url}, put it at {wanted.path}, "
        f"then: galaxycurate catalogs fetch {wanted.layout.catalog}, which verifies it"
    )
