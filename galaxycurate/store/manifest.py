"""Manifests: what should exist, one row a cutout, frozen once written, with its provenance."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from galaxycurate import __version__
from galaxycurate.core.columns import COLUMNS, REQUIRED
from galaxycurate.errors import InputError, LayoutError
from galaxycurate.store import formats
from galaxycurate.store.files import existing, replacing, sha256_of
from galaxycurate.store.rowcheck import check_rows

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 4096
"""Rows that are looked at together: few enough to take no memory, enough to take no time."""


@dataclass(frozen=True)
class Header:
    """Where a manifest came from.

    Parameters
    ----------
    command : str
        The command line, or the library call.
    query, query_sha256 : str
        The question (a file of `sql/`) and the sha256 of its bound text; empty for files.
    archive : str
        Who answered: a URL with the server's own name, or a file with its sha256.
    release : str
        Data release.
    created_utc : str
        ISO 8601.
    cuts : mapping
        Every cut by name and value.
    counts : mapping
        The funnel: how many rows each cut left.
    parents : sequence of str
        sha256 of the manifests or files it was made from.
    version : str
        Of galaxycurate.
    """

    command: str
    created_utc: str
    archive: str = ""
    release: str = ""
    query: str = ""
    query_sha256: str = ""
    cuts: Mapping[str, object] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    parents: Sequence[str] = ()
    version: str = __version__

    def to_json(self) -> str:
        """As one line of ASCII JSON."""
        return json.dumps(asdict(self), ensure_ascii=True)

    @classmethod
    def from_json(cls, text: str, *, where: str) -> Header:
        """The inverse of `to_json`; names that a later version may add are left out.

        Raises
        ------
        LayoutError
            It is damaged.
        """
        try:
            values = {k: v for k, v in json.loads(text).items() if k in cls.__dataclass_fields__}
            header = cls(**{**values, "parents": tuple(values.get("parents", ()))})
        except (AttributeError, TypeError, ValueError):
            header = None
        if header is None or not header._is_sound():
            raise LayoutError(
                f"{where}: its galaxycurate header is damaged",
                hint="make the manifest again, or fetch another copy of it",
            )
        return header

    def _is_sound(self) -> bool:
        """Whether each value is of the kind that it is said to be."""
        texts = (self.command, self.created_utc, self.archive, self.release, self.query,
                 self.query_sha256, self.version, *self.parents)  # fmt: skip
        return all(isinstance(text, str) for text in texts) and all(
            isinstance(counted, dict) for counted in (self.cuts, self.counts)
        )

    def asks_the_same(self, other: Header) -> bool:
        """Whether two headers stand for one request to one archive."""
        keys = ("release", "query", "query_sha256", "cuts", "parents")
        mine, theirs = (json.loads(h.to_json()) for h in (self, other))
        address = [h.archive.split(" (")[0] for h in (self, other)]  # not the server's banner
        return address[0] == address[1] and all(mine[k] == theirs[k] for k in keys)


@dataclass(frozen=True)
class Manifest:
    """A frozen table of cutouts with its header.

    Parameters
    ----------
    header : Header
    table : pyarrow.Table
        Columns of `galaxycurate.core.columns`, in that order; ids are int64, 0 where unknown.
    path : Path or None
        The file it was read from.
    sha256 : str
        Of that file.
    """

    header: Header
    table: pa.Table
    path: Path | None = None
    sha256: str = ""

    def __len__(self) -> int:
        return self.table.num_rows

    @classmethod
    def build(cls, header: Header, columns: Mapping[str, Sequence], *, where: str) -> Manifest:
        """Check columns at the door and freeze them.

        Parameters
        ----------
        header : Header
        columns : mapping of str to sequence
            By column name; None marks an unknown value.
        where : str
            Their source, for messages.

        Returns
        -------
        Manifest

        Raises
        ------
        LayoutError
            A required column is absent, or a column is not in the list.
        InputError
            Two rows with one name and label, a position that is none.
        """
        unknown = sorted(name for name in columns if name not in COLUMNS)
        if unknown:
            raise LayoutError(f"{where}: no column of a manifest is called {', '.join(unknown)}")
        missing = [name for name in REQUIRED if name not in columns]
        if missing:
            raise LayoutError(f"{where}: a manifest needs the columns {', '.join(missing)}")
        manifest = cls(header, formats.arrow_table(columns))
        check_rows(manifest.table.to_batches(max_chunksize=BATCH_ROWS), where)
        return manifest

    def rows(self, columns: Sequence[str] | None = None, *, batch: int = BATCH_ROWS):
        """Walk the rows without holding them all.

        Parameters
        ----------
        columns : sequence of str, optional
            Only these.
        batch : int
            Rows converted at once.

        Yields
        ------
        dict
            Value by column name; None where unknown.
        """
        table = self.table.select(list(columns)) if columns else self.table
        for chunk in table.to_batches(max_chunksize=batch):
            yield from chunk.to_pylist()

    @property
    def release(self) -> str:
        """Its data release; of imported images their ids tell, empty where these do not."""
        return self.header.release or ("dr7" if any(self.column("dr7objid")) else "")

    def column(self, name: str) -> list:
        """The values of one column; all None where the manifest has it not."""
        if name not in self.table.column_names:
            return [None] * len(self)
        return self.table.column(name).to_pylist()

    def write(self, path: Path) -> Manifest:
        """Write it whole; the ending chooses the format.

        Parameters
        ----------
        path : Path
            `.parquet`, `.ecsv`, `.fits`, `.vot` or `.csv`.

        Returns
        -------
        Manifest
            The same, knowing its path and sha256.
        """
        path = Path(path)
        writer = formats.writer(path)
        with replacing(path) as part:
            writer(part, self.table, self.header.to_json())
        formats.finish(path, self.header.to_json())
        return replace(self, path=path, sha256=sha256_of(path))

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a manifest in any of the formats.

        Raises
        ------
        InputError
            The file is missing, unreadable, or has no rows.
        LayoutError, IdentityError
            Its columns are not those of a manifest; its ids went through a float.
        """
        path = existing(Path(path), what="manifest")
        table, header = formats.reader(path)(path)
        if header is None:
            raise _no_header(path, table.column_names)
        missing = [name for name in REQUIRED if name not in table.column_names]
        if missing:
            raise LayoutError(f"{path}: a manifest needs the columns {', '.join(missing)}")
        check_rows(table.to_batches(max_chunksize=BATCH_ROWS), str(path))
        return cls(Header.from_json(header, where=str(path)), table, path, sha256_of(path))


def _no_header(path: Path, columns: Sequence[str]) -> LayoutError:
    said = f"{path} is no manifest: it carries no galaxycurate header"
    hint = "galaxycurate import DIR --labels CSV adopts images and labels of your own"
    if path.suffix == ".csv" and not {"name", "label", "pixscale", "size_px"} - set(columns):
        beside = formats.csv_header_of(path)
        return LayoutError(
            f"{said}: {beside.name}, which holds it, is missing",
            hint=f"put {beside} back beside it, or make the manifest again",
        )
    if {"ra", "dec"} <= {name.lower() for name in columns}:
        hint = (
            f"positions of your own: galaxycurate positives --table {path} --scheme FILE.toml; "
            "docs/download.md shows such a file"
        )
    return LayoutError(said, hint=hint)


def read_all(paths: Sequence[Path], *, folder: Path) -> list[Manifest]:
    """Read the manifests that a command works on.

    Parameters
    ----------
    paths : sequence of Path
        Those named by the user; when empty, every manifest of the folder but those of which
        another one there was made.
    folder : Path

    Returns
    -------
    list of Manifest
        By path.

    Raises
    ------
    InputError
        There is none, or one has no rows.
    """
    return chosen(Manifest.read, paths, folder=folder)


class _Listed(Protocol):
    """What is known of a manifest before its rows are looked at."""

    @property
    def header(self) -> Header: ...
    @property
    def path(self) -> Path | None: ...
    @property
    def sha256(self) -> str: ...
    def __len__(self) -> int: ...


M = TypeVar("M", bound=_Listed)


def chosen(read: Callable[[Path], M], paths: Sequence[Path], *, folder: Path) -> list[M]:
    """The manifests that `read_all` means, however they are read.

    Parameters
    ----------
    read : callable
        Makes a manifest of a path.
    paths : sequence of Path
    folder : Path

    Returns
    -------
    list
    """
    found = [Path(p) for p in paths] or sorted(
        p
        for p in Path(folder).glob("*")
        if p.suffix in formats.ENDINGS and not p.name.startswith(".")
    )
    if not found:
        raise InputError(
            f"no manifests in {folder}/",
            hint="galaxycurate negatives --score 0.2, galaxycurate positives --threshold 0.85, "
            "or galaxycurate import DIR --labels CSV",
        )
    manifests = [read(p) for p in found]
    for manifest in manifests:
        if not len(manifest):
            raise InputError(
                f"{manifest.path} is empty: it lists no cutouts",
                hint="make it again with weaker cuts, or move it away",
            )
    made_anew = {sha for m in manifests for sha in m.header.parents}
    return manifests if paths else [m for m in manifests if m.sha256 not in made_anew]
