"""The tables that lie beside a tree's images: one line for each path."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from galaxycurate.errors import InputError

ANEW = "make it anew with: galaxycurate split"


def read_listed(path: Path, columns: Iterable[str]) -> dict[str, tuple[int, dict[str, str]]]:
    """Read a table that has a column ``path`` and others.

    Parameters
    ----------
    path : Path
        A CSV file in UTF-8, with or without a byte order mark.
    columns : iterable of str
        Which it must have, beside ``path``; it may have more.

    Returns
    -------
    dict of str to (int, dict)
        By path: the number of its line, and its cells by column; those that are absent are empty.

    Raises
    ------
    InputError
        The file is no such table, lacks a column, or has a path twice.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="")
            lacks = [name for name in ("path", *columns) if name not in (reader.fieldnames or ())]
            if lacks:
                raise InputError(f"{path} has no column {', '.join(lacks)}", hint=ANEW)
            lines = [(reader.line_num, line) for line in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is no CSV table in UTF-8: {error}", hint=ANEW) from error
    found: dict[str, tuple[int, dict[str, str]]] = {}
    for number, line in lines:
        name = line["path"]
        if name in found:
            raise InputError(
                f"{path}: {name} stands in line {found[name][0]} and in line {number}",
                hint="keep one of them",
            )
        found[name] = number, line
    return found
