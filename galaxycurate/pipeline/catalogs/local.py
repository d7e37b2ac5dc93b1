"""A catalogue on this machine: files go in, and what it can be asked comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from galaxycurate.archives.local.adding import Added as Added
from galaxycurate.archives.local.adding import add
from galaxycurate.archives.local.archive import LocalArchive
from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import InputError
from galaxycurate.store import sqlfiles
from galaxycurate.store.files import check_writable

CATALOG = Path("catalog.duckdb")
_NAMED = 5
"""So many fields without objects are named."""


@dataclass(frozen=True)
class Contents:
    """What lies in a catalogue.

    Parameters
    ----------
    path : str
    rows, columns : dict of str to int
        By table.
    fields_made_up : int
        Fields of which only objects tell: they are asked as well, but are no rows of Field.
    modes : dict of int to int
        Rows of PhotoObjAll by mode.
    covered, bare : int
        Fields with and without rows of PhotoObjAll, of those in which objects were detected.
    bare_fields : list of str
        The first of those without, as run-camcol-field.
    missing : dict of str to list of str
        By question of `sql/`, the tables and columns it needs that are not here.
    """

    path: str
    rows: dict[str, int]
    columns: dict[str, int]
    fields_made_up: int = 0
    modes: dict[int, int] = field(default_factory=dict)
    covered: int = 0
    bare: int = 0
    bare_fields: list[str] = field(default_factory=list)
    missing: dict[str, list[str]] = field(default_factory=dict)

    @property
    def only_primaries(self) -> bool:
        """Without secondary detections absence is claimed of sky that only other runs saw."""
        return set(self.modes) == {1}

    @property
    def short_of(self) -> dict[str, list[str]]:
        """Questions whose tables are all here, but not the columns."""
        return {q: gaps for q, gaps in self.missing.items() if gaps and all("." in g for g in gaps)}

    def answers(self, question: str) -> bool:
        """Whether a question, or any of those whose names start so, can be asked."""
        return any(not gaps for q, gaps in self.missing.items() if q.startswith(question))

    def as_dict(self) -> dict:
        """For JSON."""
        return asdict(self) | {"only_primaries": self.only_primaries}


def add_files(
    files: Sequence[Path],
    to: Path = CATALOG,
    *,
    table: str | None = None,
    dry_run: bool = False,
    progress: Progress = silent,
    refused: Callable[[Path, InputError], None] | None = None,
) -> list[Added]:
    """Add table files to a catalogue, see `archives.adding.add`."""
    if not dry_run:
        check_writable(to.parent)
    return add(files, to, table=table, dry_run=dry_run, progress=progress, refused=refused)


def contents(path: Path = CATALOG) -> Contents:
    """Look at a catalogue.

    Parameters
    ----------
    path : Path
        A DuckDB file, or a folder of tables.

    Returns
    -------
    Contents

    Raises
    ------
    InputError
        No such file, or no tables in it.
    """
    if not path.exists():
        raise InputError(
            f"there is no catalogue {path}", hint=f"galaxycurate catalogs add FILE... --to {path}"
        )
    archive = LocalArchive(path)
    counts = {t: archive.execute(f"SELECT COUNT(*) AS n FROM {t}").n[0] for t in archive.tables}
    if archive.fields_made_up:
        counts["Field"] -= archive.fields_made_up
    columns = {table: len(archive.schema[table]) for table in archive.tables}
    modes = {}
    if not archive.lacks("SELECT p.mode FROM PhotoObjAll AS p"):
        found = archive.execute("SELECT mode, COUNT(*) AS n FROM PhotoObjAll GROUP BY mode")
        modes = {int(mode): int(n) for mode, n in zip(found["mode"], found["n"], strict=True)}
    return Contents(
        path=str(path),
        rows={table: int(n) for table, n in counts.items()},
        columns=columns,
        fields_made_up=archive.fields_made_up,
        modes=dict(sorted(modes.items())),
        missing={name: archive.lacks(_statement(name)) for name in _questions()},
        **_coverage(archive),
    )


_WITH_OBJECTS = "f.fieldID IN (SELECT p.fieldID FROM PhotoObjAll AS p)"
_FIELDS = "SELECT {} FROM Field AS f WHERE f.nTotal > 0 AND {}"


def _coverage(archive: LocalArchive) -> dict:
    if archive.lacks(_FIELDS.format("f.fieldID", _WITH_OBJECTS)):
        return {}
    count = "COUNT(*) AS n"
    covered = archive.execute(_FIELDS.format(count, _WITH_OBJECTS)).n[0]
    bare = archive.execute(_FIELDS.format(count, f"NOT {_WITH_OBJECTS}")).n[0]
    first = archive.execute(
        _FIELDS.format(
            f"TOP {_NAMED} dbo.fRun(f.fieldID) AS run, dbo.fCamcol(f.fieldID) AS camcol, "
            "dbo.fField(f.fieldID) AS field",
            f"NOT {_WITH_OBJECTS} ORDER BY f.fieldID",
        )
    )
    names = [f"{row.run}-{row.camcol}-{row.field}" for row in first.itertuples()]
    return {"covered": int(covered), "bare": int(bare), "bare_fields": names}


def _questions() -> list[str]:
    return sorted(path.stem for path in sqlfiles.folder().glob("*.sql"))


def _statement(name: str) -> str:
    return sqlfiles.read(name).bind().sql
