"""Files of catalogues, opened by what they hold: CSV, words, fixed columns, JSON, FITS and others.

A file's ending is not asked: downloads are renamed. Texts come out as they stand, other formats
with types of their own; what the cells mean is told in `cells`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galaxycurate.catalogs.known import Layout
from galaxycurate.catalogs.reading.opened import (
    HEAD,
    Note,
    Opened,
    content,
    from_lists,
    unreadable,
)
from galaxycurate.catalogs.reading.text import separated, told_by, without_names
from galaxycurate.errors import InputError
from galaxycurate.store.files import existing

if TYPE_CHECKING:
    import pyarrow as pa


def opened(path: Path, layout: Layout | None = None) -> Opened:
    """Look into a file.

    Parameters
    ----------
    path : Path
        CSV, VOTable, FITS, Parquet, ECSV, JSON, or text in words or fixed columns; any of them may
        be compressed by gzip or bzip2, or be alone in a zip.
    layout : Layout, optional
        What it is; otherwise a text without a line of names is known by its name or first line.

    Returns
    -------
    Opened

    Raises
    ------
    InputError
        Missing, empty, cut off, or no table.
    """
    path = existing(Path(path))
    if path.is_dir():
        raise InputError(f"{path} is a folder, not a table", hint="name the file")
    with _parsing(path):
        head = content(path, HEAD)
        if not head.strip():
            raise InputError(f"{path} is empty", hint="was the download cut off?")
        look = _look(path, head, layout)

    def rows(wanted: Sequence[str]) -> pa.Table:
        with _parsing(path):
            return look.rows(wanted)

    return replace(look, rows=rows)


@contextmanager
def _parsing(path: Path) -> Iterator[None]:
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:  # each format's parser has errors of its own
        raise unreadable(path, error) from error


def _look(path: Path, head: bytes, layout: Layout | None) -> Opened:
    if head.startswith(b"\x89HDF"):
        raise InputError(
            f"{path} is an HDF5 file: images, not a table of votes",
            hint=f"galaxycurate import {path}",
        )
    if head.startswith(b"PAR1"):
        return _parquet(path)
    if head.startswith(b"SIMPLE  ="):
        return _astropy(path, "fits")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        if b"<VOTABLE" in head[:4096]:
            return _astropy(path, "votable")
        raise InputError(
            f"{path} is a web page or XML, not a table",
            hint="was the download answered by an error page? open the file and look",
        )
    if start.startswith(b"# %ECSV"):
        return _astropy(path, "ascii.ecsv")
    if start[:1] in (b"[", b"{"):
        return _json(path, layout)
    layout = layout or told_by(path, head)
    if layout and layout.shape in ("words", "fixed"):
        return without_names(path, layout)
    return separated(path, head)


def _json(path: Path, layout: Layout | None) -> Opened:
    """A list of objects; what is nested counts as if it were not."""
    import json

    data = json.loads(content(path))
    objects = data if isinstance(data, list) else [data]
    if len(objects) == 1 and isinstance(objects[0], dict) and "Rows" in objects[0]:
        objects = objects[0]["Rows"]  # SkyServer's JSON
    if not all(isinstance(one, dict) for one in objects):
        raise InputError(f"{path} is JSON, but no list of objects", hint="one object for each row")
    flat = []
    for one in objects:
        plain = {k: v for k, v in one.items() if not isinstance(v, (dict, list))}
        for inner in (v for v in one.values() if isinstance(v, dict)):
            plain |= {k: v for k, v in inner.items() if not isinstance(v, (dict, list))}
        flat.append(plain)
    names = tuple(dict.fromkeys(name for one in flat for name in one))
    return Opened(
        names, lambda wanted: from_lists({n: [o.get(n) for o in flat] for n in names}, wanted)
    )


def _parquet(path: Path) -> Opened:
    import pyarrow.parquet as pq

    names = tuple(pq.read_schema(path).names)
    return Opened(names, lambda wanted: pq.ParquetFile(path).read(columns=list(wanted)))


def _astropy(path: Path, form: str) -> Opened:
    """FITS, VOTable and ECSV; what is more than one number or text a row is left out."""
    from astropy.table import Table

    table: Any = Table.read(BytesIO(content(path)), format=form)
    columns = {name: table[name] for name in table.colnames if hasattr(table[name], "dtype")}
    names = tuple(name for name, column in columns.items() if column.ndim == 1)
    units = {name: str(columns[name].unit) for name in names if columns[name].unit}
    several = [name for name in table.colnames if name not in names]
    what = "hold several values a row: left out"
    notes = [Note(", ".join(several), what, len(table))] * bool(several)
    return Opened(names, lambda wanted: _from_astropy(table, wanted), units=units, notes=notes)


def _from_astropy(table: Any, wanted: Sequence[str]) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    columns = {}
    for name in wanted:
        values = np.asarray(table[name])
        if values.dtype.kind == "S":
            values = np.char.decode(values, "utf-8", "replace")
        if values.dtype.kind not in "iufb":
            values = values.astype(str)
        native = values.astype(values.dtype.newbyteorder("="))
        columns[name] = pa.array(native, mask=getattr(table[name], "mask", None))
    return pa.table(columns)
