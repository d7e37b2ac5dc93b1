"""A sky folder from real SDSS files: frames, survey catalogues, and what is measured here."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from galaxycurate.core import geometry, ids
from galaxycurate.errors import InputError, StorageError
from galaxycurate.sandbox.frames import Frame, FrameCache, find_frames, read_header
from galaxycurate.sandbox.tables import write_table

if TYPE_CHECKING:
    import pandas as pd

ROWS = (64, 1425)
COLUMNS = (64, 1984)
"""The field within its frame: what is left when the overlap with the neighbours is halved."""

ASSUMED_SCORE = 0.8
_TABLES = {"Field": "Field_run*_camcol*.csv", "PhotoObjAll": "PhotoObjAll_run*_camcol*_field*.csv"}
_NOTE = (
    "Real SDSS frames. Rows of {survey} are the survey's own. Rows of {measured} were measured on "
    "the frames by galaxycurate: positions, magnitudes, radii and types are not the survey's, and "
    "their score of {score} is assumed."
)
_CROWDED = 3000  # detections on a frame: more than photo finds in any of 815 high-latitude fields


def build_real_sky(
    data: Path, out: Path, *, progress: Callable[[float, str], None] = lambda part, text: None
) -> Path:
    """Make a sky of kind "real".

    Parameters
    ----------
    data : Path
        Folder with ``frames/`` (frame-{g,r,i}-*.fits.bz2) and ``catalogs/`` (Field and PhotoObjAll
        rows as CSV; ``<run>-<camcol>-<field>_gals.csv`` and ``_stars.csv`` say what is what).
    out : Path
        The folder to make; absent or empty. Frames are linked, not copied.
    progress : callable
        Told the fraction done and what is being done.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        There is nothing to make a sky of, or the folder is in use.
    """
    data, out = Path(data).resolve(), Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is there already", hint="remove it, or give another folder")
    frames = find_frames(data / "frames")
    if not frames:
        raise InputError(f"{data} holds no frames in g, r and i", hint="it needs a folder frames/")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise StorageError(f"cannot write beside {out}: {error.strerror}") from error
    try:
        _fill(making, data, frames, progress)
        making.chmod(0o755)
        os.replace(making, out)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return out


def _fill(folder: Path, data: Path, frames: list[Frame], progress) -> None:
    import pandas as pd

    (folder / "frames").mkdir()
    (folder / "tables").mkdir()
    for frame in frames:
        for path in frame.paths:
            (folder / "frames" / path.name).symlink_to(path)
    tables = {name: _survey_rows(data, pattern) for name, pattern in _TABLES.items()}
    crowded = []
    runs = {(row.run, row.camcol) for row in tables["Field"].itertuples()}
    for number, frame in enumerate(frames):
        progress(number / len(frames), f"measuring field {_label(frame)}")
        objects = _measured(frame, data)
        if len(objects) > _CROWDED:
            crowded.append(_label(frame))
        field = pd.DataFrame([field_row(frame, objects)])
        tables["PhotoObjAll"] = pd.concat([tables["PhotoObjAll"], objects], ignore_index=True)
        tables["Field"] = pd.concat([tables["Field"], field], ignore_index=True)
    for name, table in tables.items():
        write_table(folder / "tables", name, table)
    note = _NOTE.format(
        survey=", ".join(f"run {run} camcol {camcol}" for run, camcol in sorted(runs)) or "no run",
        measured=", ".join(_label(frame) for frame in frames),
        score=ASSUMED_SCORE,
    )
    if crowded:
        note += f" Crowded, so that blended stars pass for galaxies: {', '.join(crowded)}."
    (folder / "sky.toml").write_text(f'kind = "real"\nname = "SDSS frames"\nnote = "{note}"\n')
    progress(1.0, "done")


def _survey_rows(data: Path, pattern: str) -> pd.DataFrame:
    """Survey rows as they are, in types that keep integers whole beside gaps."""
    import pandas as pd

    files = sorted((data / "catalogs").glob(pattern))
    parts = [pd.read_csv(path, dtype_backend="numpy_nullable") for path in files]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _measured(frame: Frame, data: Path) -> pd.DataFrame:
    from galaxycurate.sandbox.measure import measure

    objects = measure(frame, FrameCache(1).get(frame), known_types(frame, data / "catalogs"))
    return objects.drop(columns="extended").assign(score=ASSUMED_SCORE, mjd=int(_mjd(frame)))


def known_types(frame: Frame, catalogs: Path):
    """The lists of galaxies and stars of a field, where they exist.

    Parameters
    ----------
    frame : Frame
    catalogs : Path
        Holds ``{run:06d}-{camcol}-{field:04d}_gals.csv`` and ``_stars.csv``: x, y on the r frame.

    Returns
    -------
    KnownTypes or None
    """
    from galaxycurate.sandbox.measure import KnownTypes

    stem = f"{frame.run:06d}-{frame.camcol}-{frame.field:04d}"
    files = [catalogs / f"{stem}_{kind}.csv" for kind in ("gals", "stars")]
    if not all(file.is_file() for file in files):
        return None
    return KnownTypes(*(np.loadtxt(file, delimiter=",", ndmin=2) for file in files))


def field_row(frame: Frame, objects: pd.DataFrame) -> dict:
    """A row of Field, from the r frame's header and the objects on it.

    Parameters
    ----------
    frame : Frame
    objects : pandas.DataFrame
        Its rows of PhotoObjAll.

    Returns
    -------
    dict
        CAS names; the score is assumed.
    """
    header = read_header(frame.paths[1])
    ra, dec, mu, nu = _outline(frame, header)
    centre = frame.centre
    galaxies = (objects["type"] == 3) & (objects["nChild"] == 0)
    where = dict(skyVersion=2, run=frame.run, rerun=301, camcol=frame.camcol, field=frame.field)
    return {
        "fieldID": ids.encode(**where),
        **where,
        "nTotal": len(objects),
        "nObjects": len(objects),
        "nChild": 0,
        "nGalaxy": int(galaxies.sum()),
        "nStars": int((objects["type"] == 6).sum()),
        "quality": 3,
        "mjd_r": _mjd(frame),
        "ra": float(np.degrees(np.arctan2(centre[1], centre[0])) % 360),
        "dec": float(np.degrees(np.arcsin(centre[2]))),
        "raMin": ra.min(),
        "raMax": ra.max(),
        "decMin": dec.min(),
        "decMax": dec.max(),
        "primaryArea": float(np.ptp(mu) * np.ptp(nu)),
        "muStart": mu.min(),
        "muEnd": mu.max(),
        "nuStart": nu.min(),
        "nuEnd": nu.max(),
        "pspStatus": 0,
        "photoStatus": 0,
        "imageStatus_r": 1,
        "calibStatus_r": 1,
        "score": ASSUMED_SCORE,
    }


def _outline(frame: Frame, header) -> tuple[np.ndarray, ...]:
    """Corners of the field as ra, dec, mu, nu [deg]; across RA 0 the angles go on below it."""
    x, y = (np.array(v) - 0.5 for v in zip(*[(c, r) for c in COLUMNS for r in ROWS], strict=True))
    vectors = np.linalg.solve(frame.project, np.stack([x, y, np.ones_like(x)]))
    vectors /= np.linalg.norm(vectors, axis=0)
    ra, dec = np.degrees(np.arctan2(vectors[1], vectors[0])), np.degrees(np.arcsin(vectors[2]))
    mu, nu = geometry.to_munu(ra, dec, header["INCL"], header["NODE"])
    return _unwrapped(ra), dec, _unwrapped(mu), nu


def _unwrapped(degrees: np.ndarray) -> np.ndarray:
    first = degrees[0] % 360
    return first + (degrees - first + 180) % 360 - 180


def _mjd(frame: Frame) -> float:
    return float(read_header(frame.paths[1])["TAI"]) / 86400


def _label(frame: Frame) -> str:
    return f"{frame.run}-{frame.camcol}-{frame.field}"
