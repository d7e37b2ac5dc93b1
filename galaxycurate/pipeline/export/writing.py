"""What the writers of several formats need: the files of a folder, and tables of text."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from galaxycurate.core.columns import COLUMNS, IDS
from galaxycurate.core.progress import Progress
from galaxycurate.pipeline.export.selection import Picture, Selection


def write_pictures(
    selection: Selection,
    folder: Path,
    place: Callable[[Picture], str],
    progress: Progress,
    *,
    wanted: Sequence[Picture] | None = None,
) -> None:
    """Write pictures as files of their own, each checked against the ledger's sha256.

    Parameters
    ----------
    selection : Selection
    folder : Path
    place : callable
        Where a picture lies below the folder.
    progress : callable
    wanted : sequence of Picture, optional
        Only these.
    """
    some = selection.pictures if wanted is None else wanted
    for n, picture in enumerate(some, start=1):
        path = folder / place(picture)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(selection.read(picture))
        if n % 100 == 0 or n == len(some):
            progress(n, len(some), "written")


def code(*lines: str, kind: str = "python") -> list[str]:
    """Lines of code as a block of a README."""
    return [f"```{kind}", *lines, "```", ""]


_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CHECKED = ("name", "label", "split")


def cell(picture: Picture, column: str) -> str:
    """A value as text that comes back the same: ids in digits, 0 where unknown; see `harmless`."""
    value = harmless(column, picture.row.get(column))
    if value is None or value != value:
        return "0" if column in IDS else ""
    return f"{value:.9g}" if COLUMNS[column].dtype == "float32" else str(value)


def harmless(column: str, value: object) -> object:
    """A value that no spreadsheet takes for a formula.

    Parameters
    ----------
    column : str
    value : object

    Returns
    -------
    object
        Free text that begins as a formula does has an apostrophe before it. Names and classes,
        by which tables are joined, are as they were: they are letters, digits and ``+-._``.
    """
    is_free = COLUMNS[column].dtype == "str" and column not in _CHECKED
    return f"'{value}" if is_free and str(value).startswith(_FORMULA) else value


def write_rows(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV in UTF-8."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
