"""A CSV file of decisions: its lines, as text."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path

from galaxycurate.core.decision import Decision
from galaxycurate.errors import InputError, LayoutError
from galaxycurate.store.files import existing

COLUMNS = tuple(spec.name for spec in fields(Decision) if spec.name != "time_utc")
"""Of such a file; path and kind are needed, and what the kind needs."""

KEY = "key"
"""What a page calls a picture: it tells which, and whether it is a second look."""


@dataclass(frozen=True)
class Row:
    """A line of the file: where it begins, and its cells by column."""

    where: str
    cells: Mapping[str, str]

    def wrong(self, column: str, said: str, *, hint: str = "") -> InputError:
        """The error that names this line and a column."""
        return InputError(
            f"{self.where}, column {column}: {said}",
            hint=hint or "correct the line and apply the file again; nothing was written",
        )


def rows_of(file: Path) -> list[Row]:
    """The lines of a file of decisions, as text.

    Parameters
    ----------
    file : Path
        UTF-8, with a line of names among `COLUMNS`, and `KEY`.

    Returns
    -------
    list of Row

    Raises
    ------
    LayoutError, InputError
        It is missing, cannot be read, or its columns are not those of decisions.
    """
    file = existing(Path(file))
    reader = csv.reader(io.StringIO(_text(file), newline=""), strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        _check_names(file, names)
        rows, begin = [], reader.line_num + 1
        for cells in reader:
            where, begin = f"{file}, line {begin}", reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(names):
                raise InputError(
                    f"{where} has {len(cells)} cells, the first line names {len(names)} columns",
                    hint='a comma in a cell needs quotes: "bright star, at the border"',
                )
            rows.append(Row(where, dict(zip(names, map(_plain, cells), strict=False))))
    except csv.Error as error:
        raise InputError(f"{file}, line {reader.line_num}: {error}", hint="is it a CSV?") from None
    if not rows:
        raise InputError(f"{file} holds no decision", hint="a line is path,kind,label,...")
    return rows


def _plain(cell: str) -> str:
    """A cell without the apostrophe that keeps a spreadsheet from taking it for a formula."""
    return re.sub(r"^'(?=[=+@'-])", "", cell.strip())


def _text(file: Path) -> str:
    if file.is_dir():
        raise InputError(
            f"{file} is a folder, not a file of decisions", hint=f"look with: ls {file}"
        )
    body = file.read_bytes()
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{file} is UTF-16", hint="save it as CSV UTF-8")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        raise InputError(f"{file}, line {line} is not UTF-8", hint="save it as CSV UTF-8") from None


def _check_names(file: Path, names: list[str]) -> None:
    twice = [name for name, n in Counter(names).items() if n > 1 and name]
    unknown = [name for name in names if name not in (*COLUMNS, KEY)]
    missing = [name for name in ("path", "kind") if name not in names]
    if twice:
        raise LayoutError(f"{file} has the column {twice[0]} twice", hint="leave one of them out")
    if len(names) == 1 and ";" in names[0]:
        raise LayoutError(f"{file} is separated by semicolons", hint="save it as CSV with commas")
    if unknown:
        near = get_close_matches(unknown[0], COLUMNS, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise LayoutError(
            f"{file}: decisions have no column {unknown[0]!r}",
            hint=f"{meant}columns: {', '.join(COLUMNS)}",
        )
    if missing:
        raise LayoutError(
            f"{file} has no column {' and no column '.join(missing)}",
            hint="its first line is path,kind,label,reason,...",
        )
