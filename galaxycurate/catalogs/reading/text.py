"""Catalogues as text: separated by commas, tabs or blanks, in words, or in fixed columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galaxycurate.catalogs.known import Layout, catalogs
from galaxycurate.catalogs.reading.opened import HEAD, Note, Opened, content, from_lists, unreadable
from galaxycurate.errors import InputError, LayoutError

if TYPE_CHECKING:
    import pyarrow as pa

_DELIMITERS = ",\t;|"
_BLOCK = 1 << 23


def told_by(path: Path, head: bytes) -> Layout | None:
    """The layout of a text without a line of names, by its file's name or its first line."""
    first = head.split(b"\n", 1)[0].decode("utf-8", "replace")
    layouts = [t for c in catalogs() for t in c.tables if t.shape in ("words", "fixed")]
    for layout in layouts:
        if "first_line" in layout.options and str(layout.options["first_line"]) in first:
            return layout
    stem = path.name.split(".")[0].lower()
    return next((t for t in layouts if t.name.lower() == stem), None)


def separated(path: Path, head: bytes) -> Opened:
    """Cells with something between them, below a line of names."""
    names, at, delimiter = _header(path, head)
    notes: list[Note] = []

    def rows(wanted: Sequence[str]) -> pa.Table:
        data, start = content(path), at
        if delimiter == " ":
            trimmed = re.sub(rb"(?m)^[ \t]+|[ \t\r]+$", b"", data[at:])
            data, start = re.sub(rb"[ \t]+", b" ", trimmed), 0
        table, comments = _parsed(path, data, start, names, wanted, delimiter)
        if comments:
            notes.append(Note("", "lines among the rows are comments: left out", comments))
        return table

    return Opened(names, rows, notes=notes)


def _header(path: Path, head: bytes) -> tuple[tuple[str, ...], int, str]:
    """The names, where the rows begin, and what separates the cells.

    SkyServer starts with `#Table1`; others comment the names themselves.
    """
    import csv

    at = 3 if head.startswith(b"\xef\xbb\xbf") else 0
    lines = head[at:].splitlines(keepends=True)
    commented = ""
    for k, line in enumerate(lines):
        text = line.decode("utf-8", "replace").strip("\r\n")
        at += len(line)
        if not text.strip():
            continue
        if text.lstrip().startswith("#"):
            commented = text.lstrip().lstrip("#")
            continue
        delimiter = max(_DELIMITERS, key=text.count)
        if not text.count(delimiter):
            blank = len(text.split()) > 1
            delimiter = " " if blank else ","
        if _has_names(commented, text, delimiter):
            text, at = commented, at - len(line)
        cells = text.split() if delimiter == " " else next(csv.reader([text], delimiter=delimiter))
        names = tuple(cell.strip() for cell in cells)
        if all(_is_number(name) for name in names if name):
            raise LayoutError(
                f"{path}: its first line holds numbers, not the names of columns: {text[:60]}",
                hint="add a line with the names of the columns",
            )
        if len(lines) > k + 1 or len(head) < HEAD:
            return _different(names), at, delimiter
    raise InputError(
        f"{path} holds no columns", hint="a table starts with the names of its columns"
    )


def _has_names(comment: str, row: str, delimiter: str) -> bool:
    """Whether a comment before the first row holds the names."""
    cells = row.split(delimiter)
    same = len(comment.split(delimiter)) == len(cells) > 1
    return same and any(_is_number(cell) for cell in cells)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _different(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names that stand twice get a number."""
    return tuple(
        f"{name}_{names[: k + 1].count(name)}" if names[:k].count(name) else name
        for k, name in enumerate(names)
    )


def _parsed(
    path: Path,
    data: bytes,
    start: int,
    names: Sequence[str],
    wanted: Sequence[str],
    delimiter: str,
) -> tuple[pa.Table, int]:
    """The columns wanted, as text, and how many comments stood among the rows."""
    import pyarrow as pa
    from pyarrow import csv

    if not data[start : start + HEAD].strip():
        nothing = [pa.nulls(0, pa.string()) for _ in wanted]
        return pa.Table.from_arrays(nothing, names=list(wanted)), 0
    comments = []

    def leave_out_comments(row: Any) -> str:
        if not row.text.lstrip().startswith("#"):
            return "error"
        comments.append(row.number)
        return "skip"

    try:
        table = csv.read_csv(
            pa.BufferReader(memoryview(data)[start:]),
            read_options=csv.ReadOptions(column_names=list(names), block_size=_BLOCK),
            parse_options=csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=b'"' in data,
                invalid_row_handler=leave_out_comments,
            ),
            convert_options=csv.ConvertOptions(
                include_columns=list(wanted),
                column_types={name: pa.string() for name in wanted},
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pa.ArrowInvalid as error:
        raise unreadable(path, error) from error
    return table, len(comments)


def without_names(path: Path, layout: Layout) -> Opened:
    """Words or fixed columns: the names and places are those of the layout."""
    names = tuple(column.name for column in layout.columns)

    def rows(wanted: Sequence[str]) -> pa.Table:
        text = content(path).decode("utf-8-sig", "replace")
        lines = re.split(r"\r*\n|\r", text)
        skip = int(layout.options.get("skip", 0))  # type: ignore[call-overload]
        lines = [line for line in lines[skip:] if line.strip()]
        if layout.shape == "words":
            cells = [line.split() for line in lines]
        else:
            starts: Any = layout.options["starts"]
            ends = [*starts[1:], None]
            cells = [[line[a:b] for a, b in zip(starts, ends, strict=True)] for line in lines]
        for number, row in enumerate(cells, 1):
            if len(row) != len(names):
                raise LayoutError(
                    f"{path}: row {number} has {len(row)} columns, {layout.name} has {len(names)}",
                    hint="was the file edited? galaxycurate catalogs fetch gets it again",
                )
        columns = {name: [row[k] for row in cells] for k, name in enumerate(names)}
        return from_lists(columns, wanted)

    return Opened(names, rows, layout)
