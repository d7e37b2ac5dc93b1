"""Export: the dataset in a form that another tool opens."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from galaxycurate.core.progress import Progress, silent
from galaxycurate.core.words import size
from galaxycurate.errors import StorageError, UsageError
from galaxycurate.pipeline.export import hf_parquet, provenance
from galaxycurate.pipeline.export.choosing import select
from galaxycurate.pipeline.export.formats import Format, format_of
from galaxycurate.pipeline.export.selection import Selection
from galaxycurate.store.building import abandoned, building, clear, standing
from galaxycurate.store.files import check_parent, check_writable
from galaxycurate.store.settings import Settings

__all__ = ["Export", "Request", "export"]


@dataclass(frozen=True)
class Request:
    """What is to be exported, and where to.

    Parameters
    ----------
    to : str
        A format: see `galaxycurate.pipeline.export.formats`.
    out : Path or None
        The folder to make; None for ``export/<format>``.
    split : str
        One split only; empty for all.
    replace : bool
        Let it take the place of an older export.
    """

    to: str
    out: Path | None = None
    split: str = ""
    replace: bool = False

    @property
    def folder(self) -> Path:
        """The folder to make."""
        return Path("export", self.to) if self.out is None else Path(self.out)


@dataclass
class Export:
    """What was exported.

    Parameters
    ----------
    folder : Path
    to : str
    pictures : int
    counts : dict of str to dict of str to int
        By split and class.
    n_bytes : int
        On the disk; of a dry run those of the pictures, or of the tables where there are none.
    files : int
    usage : list of str
        How it is read.
    notes : list of str
        What a person should know.
    simulated : bool
    is_dry : bool
    """

    folder: Path
    to: str
    pictures: int
    counts: dict[str, dict[str, int]]
    n_bytes: int = 0
    files: int = 0
    usage: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    simulated: bool = False
    is_dry: bool = False

    def as_dict(self) -> dict:
        """For JSON."""
        return {**vars(self), "folder": str(self.folder)}


def export(
    settings: Settings,
    request: Request,
    *,
    dry_run: bool = False,
    progress: Progress = silent,
) -> Export:
    """Write a dataset in the form of another tool, with where it came from beside it.

    It holds what the newest split holds, with the classes that people gave; without a split, all
    that is in use. A folder appears whole or not at all.

    Parameters
    ----------
    settings : Settings
    request : Request
    dry_run : bool
        Count only.
    progress : callable

    Returns
    -------
    Export

    Raises
    ------
    UsageError
        There is no such format or split, the folder is there already, or none is there to hold it.
    InputError
        There is nothing to export, or the tool cannot open these pictures.
    StorageError
        The disk did not take it; nothing is left of it.
    """
    form = format_of(request.to)
    folder = request.folder
    if request.out is not None:
        check_parent(folder)
    left = abandoned(folder.parent)
    notes = _left_behind({f: n for f, n in left.items() if f == folder}, dry_run=dry_run)
    _check_target(folder, request.replace)
    selection = select(settings, request.split)
    if form.endings:
        selection.check_endings(form.endings, form.consumer)
    check_writable(folder.parent)
    made = _planned(folder, form, selection)
    made.is_dry = dry_run
    if dry_run:
        made.n_bytes = made.n_bytes or _bytes_of_tables(selection, form)
    others = {f: n for f, n in left.items() if f != folder}
    made.notes += notes + _left_behind(others, dry_run=dry_run)
    if not dry_run:
        _check_room(folder, made.n_bytes)
        made.usage = _build(folder, selection, form, progress, replace=request.replace)
        made.files, made.n_bytes = _weighed(folder)
    return made


def _planned(folder: Path, form: Format, selection: Selection) -> Export:
    """What would be written: of tables alone, that have no pictures, no bytes are known yet."""
    return Export(
        folder, form.name, len(selection), selection.counts,
        selection.n_bytes if form.has_pictures else 0,
        notes=list(selection.notes), simulated=selection.is_simulated,
    )  # fmt: skip


def _bytes_of_tables(selection: Selection, form: Format) -> int:
    """How large tables without pictures will be: they are small enough to be made and weighed."""
    with suppress(OSError, StorageError), tempfile.TemporaryDirectory() as room:
        _build(Path(room, "tables"), selection, form, silent)
        return _weighed(Path(room, "tables"))[1]
    return 0


def _weighed(folder: Path) -> tuple[int, int]:
    """Files and bytes."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes)


def _left_behind(left: dict[Path, int], *, dry_run: bool) -> list[str]:
    """Take away what killed exports left, before room is asked for; a dry run only tells.

    An older export that one of them had moved aside is put back.
    """
    told = []
    for folder, n_bytes in left.items():
        is_aside = standing(folder) != folder
        if not dry_run:
            try:
                clear(folder)
            except StorageError:  # another export into that folder began meanwhile
                continue
        if n_bytes:
            done = "the next export takes them away" if dry_run else "they were taken away"
            told.append(f"a killed export to {folder}/ left {n_bytes / 1e6:,.1f} MB: {done}")
        if is_aside:
            done = "the next export puts it back" if dry_run else "it was put back"
            told.append(f"a killed export had moved the older {folder}/ aside: {done}")
    return told


def _build(
    folder: Path, selection: Selection, form: Format, progress: Progress, *, replace: bool = False
) -> list[str]:
    with building(folder, f"an export to {folder}/") as part:
        _check_target(folder, replace)  # again: nobody else can put something there now
        usage = form.write(selection, part, progress)
        provenance.write(part, selection, form.name, usage)
        if form.write is hf_parquet.write:
            card = part / provenance.README
            text = "\n".join(hf_parquet.front_matter(selection)) + card.read_text(encoding="utf-8")
            card.write_text(text, encoding="utf-8")
    return usage


def _check_target(folder: Path, replace: bool) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UsageError(f"{folder} is no folder", hint="--out DIR names one to be made")
    there = standing(folder)  # of a dry run it may still lie aside
    if not there.is_dir() or not any(there.iterdir()):
        return
    if not (there / provenance.FACTS).is_file():
        raise UsageError(
            f"{folder}/ holds something else than an export", hint="--out DIR names a new folder"
        )
    if not replace:
        raise UsageError(
            f"{folder}/ holds an export already",
            hint="--replace puts the new one in its place, --out DIR another one beside it",
        )


def _check_room(folder: Path, n_bytes: int) -> None:
    place = folder.absolute().parent
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if n_bytes > free:
        raise StorageError(
            f"the export needs {size(n_bytes)}, and {place} has room for {size(free)}",
            hint="--out DIR on another disk, or --split test for a part",
        )
