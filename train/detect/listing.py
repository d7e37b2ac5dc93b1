"""Catalogues: which galaxies and stars a table places on a field, and the boxes around them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galaxycurate.errors import InputError, LayoutError
from train.detect.fields import Field

GALAXY, STAR = 3, 6
"""`type` of PhotoObjAll."""

TABLES = (".csv", ".ecsv", ".parquet", ".fits", ".fits.gz")
_NAMES = {  # the first that a table has; case does not count
    "type": ("type", "objc_type"),
    "mag_r": ("mag_r", "modelMag_r", "petroMag_r", "cModelMag_r"),
    "radius": ("petroRad_r",),
}
_TWIN_PX = 2.5  # rows nearer to each other are one object, seen by two runs or fields


@dataclass(frozen=True)
class Listing:
    """What catalogues have on a field.

    Attributes
    ----------
    xy : ndarray of float64, shape (n, 2)
        Pixels of r.
    galaxy : ndarray of bool, shape (n,)
        False: a star.
    radius_px : ndarray of float64, shape (n,)
        Petrosian radius; NaN where the table has none.
    mag_r : ndarray of float64, shape (n,)
        NaN where the table has none.
    """

    xy: np.ndarray
    galaxy: np.ndarray
    radius_px: np.ndarray
    mag_r: np.ndarray

    def __len__(self) -> int:
        return len(self.xy)

    def where(self, mask: np.ndarray) -> Listing:
        """Some of the rows."""
        return Listing(self.xy[mask], self.galaxy[mask], self.radius_px[mask], self.mag_r[mask])


def boxes_around(xy, radius_px, *, least_side_px: float) -> np.ndarray:
    """Squares around positions, one Petrosian radius to each side.

    Parameters
    ----------
    xy : ndarray, shape (n, 2)
    radius_px : ndarray, shape (n,)
    least_side_px : float
        Where the radius is smaller than half of this, or unknown.

    Returns
    -------
    ndarray of float64, shape (n, 4)
        x0, y0, x1, y1 in the pixels of `xy`.
    """
    half = np.fmax(np.asarray(radius_px, float), least_side_px / 2)[:, None]
    xy = np.asarray(xy, float).reshape(-1, 2)
    return np.concatenate([xy - half, xy + half], axis=1)


def read(path: Path):
    """A table with sky positions, or a bare list of pixels.

    Parameters
    ----------
    path : Path
        CSV, ECSV, Parquet or FITS with ra and dec [deg]; or a CSV without a header: x, y [pixel].

    Returns
    -------
    astropy.table.Table
        Names in lower case.

    Raises
    ------
    InputError
        It is absent or cannot be read.
    LayoutError
        It has neither ra and dec nor x and y.
    """
    from astropy.table import Table

    path = Path(path)
    try:
        table = _parsed(path, Table)
    except FileNotFoundError as error:
        raise InputError(f"no such table: {path}", hint="check the name") from error
    except Exception as error:  # each reader of astropy has its own
        raise InputError(
            f"{path} cannot be read as a table: {str(error).splitlines()[0][:120]}",
            hint="CSV, ECSV, Parquet or FITS",
        ) from error
    for name in table.colnames:
        table.rename_column(name, name.lower())
    if not ({"ra", "dec"} <= set(table.colnames) or {"x", "y"} <= set(table.colnames)):
        raise LayoutError(
            f"{path} has neither ra and dec nor x and y",
            hint="the columns of PhotoObjAll: ra, dec, type, petroRad_r, modelMag_r",
        )
    return table


def on_field(field: Field, tables: list) -> Listing:
    """The rows that lie on a field, each object once.

    Parameters
    ----------
    field : Field
    tables : list of astropy.table.Table
        Of `read`. A table without a column ``type`` lists galaxies. Of rows less than a pixel or
        two apart the first counts, stars before galaxies.

    Returns
    -------
    Listing
    """
    from scipy.spatial import cKDTree

    parts = [_placed(field, table) for table in tables]
    both = Listing(
        *(np.concatenate([getattr(part, name) for part in parts] or [np.zeros(shape)])
          for name, shape in (("xy", (0, 2)), ("galaxy", 0), ("radius_px", 0), ("mag_r", 0)))
    )  # fmt: skip
    both = both.where(np.argsort(both.galaxy, kind="stable"))
    if not len(both):
        return both
    pairs = cKDTree(both.xy).query_pairs(_TWIN_PX, output_type="ndarray")
    first = np.ones(len(both), bool)
    first[pairs.max(axis=1)] = False
    return both.where(first)


def tables_under(folder: Path) -> list:
    """The tables of a folder of training that tell positions; frames and other files are passed."""
    found = []
    for path in sorted(Path(folder).rglob("*")):
        if path.name.lower().endswith(TABLES) and not path.name.startswith(("frame-", ".")):
            try:
                found.append(read(path))
            except LayoutError:
                continue
    return found


def _parsed(path: Path, kind):
    if path.suffix == ".parquet":
        return _columns(path, kind)
    if path.suffix != ".csv":
        return kind.read(path, **({"hdu": 1} if ".fits" in path.name else {}))
    with path.open(encoding="utf-8") as file:
        first = file.readline()
    try:
        bare = len([float(cell) for cell in first.split(",")]) == 2
    except ValueError:
        bare = False
    if bare:
        return kind.read(path, format="ascii.no_header", delimiter=",", names=["x", "y"])
    return kind.read(path, format="ascii.csv", comment="#")


def _columns(path: Path, kind):
    """What is read of a Parquet table: astropy would read all of it, and warn of each text."""
    from pyarrow import parquet

    wanted = {"ra", "dec", "x", "y", *(n.lower() for names in _NAMES.values() for n in names)}
    named = [name for name in parquet.read_schema(path).names if name.lower() in wanted]
    table = parquet.read_table(path, columns=named)
    return kind({name: table.column(name).to_numpy() for name in named})


def _placed(field: Field, table) -> Listing:
    if "ra" in table.colnames:
        x, y = field.pixel(table["ra"], table["dec"])
    else:
        x, y = (np.asarray(table[name], float) for name in ("x", "y"))
    kind = _column(table, "type", GALAXY)
    height, width = field.shape
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height) & np.isin(kind, (GALAXY, STAR))
    radius = _column(table, "radius", np.nan) / field.pixscale
    found = Listing(np.stack([x, y], axis=1), kind == GALAXY, radius, _column(table, "mag_r"))
    return found.where(inside)


def _column(table, what: str, default: float = np.nan) -> np.ndarray:
    for name in _NAMES[what]:
        if name.lower() in table.colnames:
            values = table[name.lower()]
            return np.ma.filled(np.ma.asarray(values).astype(float), np.nan)
    return np.full(len(table), default)
