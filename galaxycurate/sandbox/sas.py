"""The Science Archive Server's frames: calibrated images by band, and the JPEG of a field."""

from __future__ import annotations

import bz2
import gzip
import io
from functools import lru_cache
from pathlib import Path

from galaxycurate.core.sas import survey_of
from galaxycurate.errors import SettingError
from galaxycurate.sandbox import imgcutout
from galaxycurate.sandbox.frames import uncompressed
from galaxycurate.sandbox.sky import Sky

ROUTE = (
    r"/sas/{release:dr\d+}/{survey:boss|eboss|prior-surveys/sdss4-dr17-eboss}"
    r"/photoObj/frames/301/{run:\d+}/{camcol:[1-6]}"
    r"/{name:frame-(?:[ugriz]|irg)-\d{6}-[1-6]-\d{4}\.(?:fits\.bz2|jpg)}"
)
_ENDINGS = (".fits.bz2", ".fits.gz", ".fits.fz", ".fits")
_JPEG_QUALITY = 90  # measured on the survey's files
_KEPT = 8  # compressed frames in memory, about 10 MB each


class Frames:
    """The frames of a sky under the addresses of SAS."""

    def __init__(self, sky: Sky):
        self._sky = sky
        self._folder = sky.folder / "frames"
        self._packed = lru_cache(_KEPT)(_packed)

    def read(
        self, *, release: str, survey: str, run: str, camcol: str, name: str
    ) -> tuple[bytes, str] | None:
        """One file.

        Parameters
        ----------
        release, survey, run, camcol, name : str
            The parts of its address.

        Returns
        -------
        (bytes, str) or None
            Body and content type; None where there is no such file.
        """
        _, band, name_run, name_camcol, name_field = name.split(".")[0].split("-")
        where = int(name_run), int(name_camcol), int(name_field)
        if survey != _survey(release) or where[:2] != (int(run), int(camcol)):
            return None
        if name.endswith(".jpg"):
            return self._jpeg(name, where) if band == "irg" else None
        stem = name.removesuffix(".fits.bz2")
        for path in (self._folder / f"{stem}{ending}" for ending in _ENDINGS):
            if path.exists():
                return self._packed(path), "application/x-bzip2"
        return None

    def _jpeg(self, name: str, where: tuple[int, int, int]) -> tuple[bytes, str] | None:
        path = self._folder / name
        if path.exists():
            return path.read_bytes(), "image/jpeg"
        picture = self._sky.field(*where)
        if picture is None:
            return None
        return imgcutout.jpeg(picture, self._sky, quality=_JPEG_QUALITY), "image/jpeg"


def ranged(body: bytes, wanted: slice) -> tuple[int, bytes, dict[str, str]]:
    """The part of a file that a Range header asks for (RFC 9110, 14.2).

    Parameters
    ----------
    body : bytes
    wanted : slice
        As aiohttp reads the header; from nothing to nothing where there is none.

    Returns
    -------
    status : int
        200 for the whole, 206 for a part, 416 where nothing of it is there.
    body : bytes
    headers : dict of str to str
    """
    if wanted.start is None and wanted.stop is None:
        return 200, body, {"Accept-Ranges": "bytes"}
    first, last, _ = wanted.indices(len(body))
    if first >= last:
        return 416, b"", {"Content-Range": f"bytes */{len(body)}"}
    return 206, body[first:last], {"Content-Range": f"bytes {first}-{last - 1}/{len(body)}"}


def _survey(release: str) -> str:
    """Empty for a release without frames."""
    try:
        return survey_of(release)
    except SettingError:
        return ""


def _packed(path: Path) -> bytes:
    """The file as bzip2, whatever it is on disk."""
    if path.suffix == ".bz2":
        return path.read_bytes()
    if path.suffix == ".gz":
        return bz2.compress(gzip.decompress(path.read_bytes()))
    if path.suffix == ".fz":
        out = io.BytesIO()
        uncompressed(path).writeto(out)
        return bz2.compress(out.getvalue())
    return bz2.compress(path.read_bytes())
