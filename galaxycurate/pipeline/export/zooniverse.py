"""zooniverse: pictures and a manifest of subjects, for volunteers to look at them (again)."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from galaxycurate.core.columns import IDS
from galaxycurate.core.progress import Progress
from galaxycurate.errors import InputError
from galaxycurate.pipeline.export import provenance
from galaxycurate.pipeline.export.selection import Picture, Selection
from galaxycurate.pipeline.export.writing import cell, code, write_pictures, write_rows

ENDINGS = (".jpg", ".jpeg", ".png")
SUBJECTS = "manifest.csv"
MOST_BYTES = 1024 * 1024
"""Of a picture: the Panoptes command line refuses larger ones, and all others with them."""

_SHOWN = ("name", "ra", "dec", "redshift", *IDS)
"""What volunteers may read in Talk once they have classified: ``!``. The rest is hidden: ``#``."""
_UNKNOWN = "unknown"


def write(selection: Selection, folder: Path, progress: Progress) -> list[str]:
    """Write the pictures that are not too large, and the manifest of subjects.

    Parameters
    ----------
    selection : Selection
    folder : Path
        Empty.
    progress : callable

    Returns
    -------
    list of str
        How it is uploaded.
    """
    fit = [one for one in selection.pictures if one.outcome.n_bytes <= MOST_BYTES]
    fit.sort(key=_file)
    large = len(selection) - len(fit)
    if not fit:
        raise InputError(
            f"all {large:,} pictures are larger than 1 MB, which Zooniverse takes at most",
            hint="galaxycurate download --format jpg --size-px 424 --dataset smaller",
        )
    write_pictures(selection, folder, _file, progress, wanted=fit)
    columns = [name for name in selection.columns if any(_known(p, name) for p in fit)]
    head = ["image", *(f"{'!' if name in _SHOWN else '#'}{name}" for name in columns)]
    head += ["!origin"] if selection.is_simulated else []
    rows = [
        [_file(p), *(cell(p, name) if _known(p, name) else _UNKNOWN for name in columns)]
        + ([provenance.SIMULATED] if selection.is_simulated else [])
        for p in fit
    ]
    write_rows(folder / SUBJECTS, head, rows)
    told = f"Left out because they are larger than 1 MB: {large:,}." if large else ""
    return [
        *code(f"panoptes subject-set upload-subjects -f 1 SUBJECT_SET {SUBJECTS}", kind="sh"),
        f"{len(fit):,} subjects. {told}".rstrip(),
        "Columns with `#` are never shown to volunteers (the class, the votes), those with `!`",
        "only after they have classified. Nothing is empty: the uploader takes an empty cell for",
        "a file.",
    ]


def _known(picture: Picture, column: str) -> bool:
    value = picture.row.get(column)
    return value not in (None, "") and value == value and not (column in IDS and not value)


def _file(picture: Picture) -> str:
    """One folder, and neither class nor order of classes in the name: volunteers see it."""
    path = picture.outcome.path
    name = hashlib.sha256(path.encode()).hexdigest()[:16]
    return f"pictures/{name}{PurePosixPath(path).suffix.lower()}"
