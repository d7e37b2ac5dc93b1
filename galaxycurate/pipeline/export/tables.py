"""fits, votable, csv: a table without pictures, that is a manifest of its own."""

from __future__ import annotations

from pathlib import Path

from galaxycurate.core.progress import Progress
from galaxycurate.pipeline.export.provenance import header
from galaxycurate.pipeline.export.selection import Selection
from galaxycurate.pipeline.export.writing import code, harmless
from galaxycurate.store.manifest import REQUIRED, Manifest

NAMES = {"fits": "galaxies.fits", "votable": "galaxies.vot", "csv": "galaxies.csv"}
_IDS = {
    "fits": "Ids are 64-bit integers (TFORM K), 0 where unknown; units and UCDs are in the header.",
    "votable": "Ids are of the type long, 0 where unknown; units and UCDs are in the fields.",
    "csv": "Ids are digits, 0 where unknown: spreadsheets and R make floats of them unless the "
    "column is read as text. Units are in galaxies.csv-metadata.json (CSV on the Web).",
}


def write(selection: Selection, folder: Path, progress: Progress, *, to: str) -> list[str]:
    """Write the table.

    Parameters
    ----------
    selection : Selection
    folder : Path
        Empty.
    progress : callable
    to : {'fits', 'votable', 'csv'}

    Returns
    -------
    list of str
        How it is read.
    """
    columns = list(dict.fromkeys([*REQUIRED, *selection.columns]))
    value = harmless if to == "csv" else lambda _column, value: value
    values = {n: [value(n, one.row.get(n)) for one in selection.pictures] for n in columns}
    file = folder / NAMES[to]
    Manifest.build(header(selection, to), values, where=str(file)).write(file)
    progress(len(selection), len(selection), "written")
    reader = {"csv": "pandas.read_csv"}.get(to, "astropy.table.Table.read")
    return [
        *code(f"{reader}('DIR/{file.name}')"),
        "TOPCAT opens it, too. One row a picture: `label` as people decided, `split`, and `group`",
        "(pictures that must not be torn apart).",
        _IDS[to],
    ]
