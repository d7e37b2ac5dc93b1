"""Which FITS files are the frames of a field, in g, r and i."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from galaxycurate.errors import InputError

BANDS = ("g", "r", "i")
ENDINGS = (".fits", ".fit", ".fits.fz", ".fits.gz", ".fits.bz2")
HINT = "frames are FITS images, plain or packed as .fz, .gz or .bz2"
_NAMED = re.compile(r"frame-(?P<band>[ugriz])-(?P<field>\d+-\d+-\d+)\.")


def gather(sources: Iterable[Path]) -> list[dict[str, Path]]:
    """The fields that files, folders or prefixes name.

    Parameters
    ----------
    sources : iterable of Path
        Frames; folders of frames; or what the names of a field's frames have in common, as in
        ``frames/003918-3-0213``.

    Returns
    -------
    list of dict of str to Path
        Band to file, in the order of the names.

    Raises
    ------
    InputError
        Nothing is found, or a field lacks a band.
    """
    frames: dict[str, dict[str, Path]] = {}
    for source in sources:
        for path in _files(Path(source)):
            band, name = _band_and_field(path)
            if band in BANDS:
                frames.setdefault(name, {})[band] = path
    if not frames:
        raise InputError(
            f"no g, r, i frames in {', '.join(str(s) for s in sources)}",
            hint="frames are called frame-r-003918-3-0213.fits, or their header says FILTER",
        )
    for files in frames.values():
        complete(files)
    return [frames[name] for name in sorted(frames)]


def complete(files: dict[str, Path]) -> None:
    """See that all three bands are there.

    Raises
    ------
    InputError
        One is absent.
    """
    absent = [band for band in BANDS if band not in files]
    if absent:
        beside = ", ".join(path.name for path in files.values()) or "nothing"
        raise InputError(
            f"no {' and no '.join(absent)} frame beside {beside}",
            hint="a field needs its frames in g, r and i",
        )


def field_name(path: Path) -> str:
    """``003918-3-0213`` of ``frame-r-003918-3-0213.fits.bz2``; else the name without endings."""
    named = _NAMED.match(path.name)
    return named["field"] if named else path.name.split(".")[0]


def _files(source: Path) -> list[Path]:
    if source.is_dir():
        return sorted(p for p in source.rglob("*") if p.name.lower().endswith(ENDINGS))
    if source.is_file():
        return [source]
    if source.parent.is_dir():
        near = (p for p in source.parent.iterdir() if source.name in p.name)
        found = sorted(p for p in near if p.name.lower().endswith(ENDINGS))
        if found:
            return found
    raise InputError(
        f"no such file, folder or field: {source}",
        hint="name three frames, their folder, or their field as in frames/003918-3-0213",
    )


def _band_and_field(path: Path) -> tuple[str, str]:
    """From the name; of other names from the header, the field being what the names share."""
    named = _NAMED.match(path.name)
    if named:
        return named["band"], named["field"]
    from astropy.io import fits

    try:
        with fits.open(path) as hdus:
            words = [str(h.header.get("FILTER", "")) for h in hdus]
    except (OSError, EOFError) as error:
        raise InputError(f"{path} is no FITS file, or a damaged one", hint=HINT) from error
    band = next((word.strip().lower()[:1] for word in words if word.strip()), "")
    return band, str(path.parent)
