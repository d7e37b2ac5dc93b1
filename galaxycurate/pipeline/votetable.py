"""A table of votes with the scheme that reads it: from disk, or put away by `catalogs`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from galaxycurate.catalogs import known
from galaxycurate.catalogs.rules import shipped
from galaxycurate.catalogs.rules.scheme import Scheme
from galaxycurate.catalogs.table import CatalogTable
from galaxycurate.core.query import Query
from galaxycurate.errors import InputError, LayoutError
from galaxycurate.store.files import existing, sha256_of
from galaxycurate.store.settings import Settings

RADIUS = "petrorad_r"
"""A table's own Petrosian radii [arcsec], which its rows keep."""


@dataclass(frozen=True)
class Votes:
    """A table with the scheme that reads it.

    Parameters
    ----------
    table : CatalogTable
    scheme : Scheme
    asked : Query or None
        The question that it answers; None for a file.
    source : str
        The archive or the file, for the provenance.
    parents : tuple of str
        sha256 of the file.
    cut : bool
        Whether the archive may hold more than it was asked for.
    """

    table: CatalogTable
    scheme: Scheme
    asked: Query | None
    source: str
    parents: tuple[str, ...] = ()
    cut: bool = False


def from_file(
    settings: Settings,
    name: str | Path,
    wanted: str = "",
    kind: str | None = None,
    *,
    against: Scheme | None = None,
) -> Votes:
    """Read the columns of a table that a scheme wants.

    Parameters
    ----------
    settings : Settings
    name : str or Path
        A file, or a table or catalogue that lies in the settings' `catalogs`.
    wanted : str
        The scheme; by default the one of the catalogue that the table belongs to.
    kind : str, optional
        Which vote fractions.
    against : Scheme, optional
        Another one, whose columns are read, too.

    Returns
    -------
    Votes

    Raises
    ------
    InputError, LayoutError, IdentityError
        No such table; it is not what the scheme reads; its ids went through a float.
    """
    from galaxycurate.catalogs.table import names_of, read

    path = path_of(settings, name)
    layout, available = names_of(path)
    chosen = shipped.load(wanted or _scheme_of(layout, path, available))
    columns = chosen.wants(kind, available, str(path))
    if against:
        same = kind if kind in against.kinds else None
        columns += against.wants(same, available, str(path))
    columns += [name for name in available if name.lower() == RADIUS]
    columns = list(dict.fromkeys(columns))
    table = read(path, columns=columns, cache=Path(settings.catalogs))
    parent = table.sha256 or sha256_of(path)
    return Votes(table, chosen, None, f"file {path.name}", (parent,))


def _scheme_of(layout: known.Layout | None, path: Path, available: Sequence[str]) -> str:
    """The scheme of the catalogue that a file belongs to."""
    if layout is None:
        raise LayoutError(
            f"{path} is no vote table that is known here: its columns start "
            + ", ".join(available[:6]),
            hint="--scheme NAME or FILE.toml tells which columns hold votes; a vote table has "
            "p_el_debiased, p_cs_debiased or t01_smooth_or_features_a01_smooth_debiased, ...",
        )
    own = known.find(layout.catalog).scheme
    if not own:
        raise LayoutError(
            f"{path} is {layout.name}, which gives no labels by itself",
            hint="--scheme FILE.toml tells how its columns become labels (docs/schemes.md)",
        )
    return own


def path_of(settings: Settings, name: str | Path) -> Path:
    """The file of a table, by its path or by a name of `galaxycurate catalogs`.

    Raises
    ------
    InputError
        There is none, or there are several, and no single one of them is whole.
    """
    from galaxycurate.catalogs.reading.cache import named_copies

    names = {t.name.lower(): [t] for c in known.catalogs() for t in c.tables}
    names |= {c.name.lower(): list(c.tables) for c in known.catalogs()}
    tables = names.get(str(name).lower(), [])
    if Path(name).exists() or not tables:
        return existing(Path(name))
    folder = Path(settings.catalogs)
    for table in tables:
        if found := named_copies(folder, table.name):
            return _whole(found, table)
    raise InputError(
        f"{name} is not on this machine: there is no {folder}/{tables[0].name}-*.parquet",
        hint=f"galaxycurate catalogs fetch {tables[0].catalog}, or --table FILE",
    )


def _whole(copies: Sequence[Path], table: known.Layout) -> Path:
    """The only copy of a table, or of several the one that has as many rows as are published."""
    if len(copies) == 1:
        return copies[0]
    from galaxycurate.catalogs.reading.cache import n_rows

    rows = {path: n_rows(path) for path in copies}
    whole = [path for path, n in rows.items() if n == table.rows]
    if len(whole) == 1:
        return whole[0]
    raise InputError(
        f"{len(copies)} files are {table.name}, and it is not clear which is meant: "
        + ", ".join(f"{path} ({n:,} rows)" for path, n in rows.items()),
        hint="--table FILE names one of them; or remove the others",
    )
