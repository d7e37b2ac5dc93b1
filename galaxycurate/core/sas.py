"""Addresses of the Science Archive Server: where a field's calibrated frames and its JPEG lie.

As in astroquery.sdss 0.4.11 (`IMAGING_URL_SUFFIX`) for the surveys of each release. Not verified on
the live server: DR8, whose files once lay under ``dr8/groups/boss``.
"""

from __future__ import annotations

from galaxycurate.core.releases import release_of

ROOT = "https://data.sdss.org/sas"
RERUN = 301
"""The only rerun of the imaging since DR8."""

Where = tuple[int, int, int]
"""Run, camcol, field."""


def frame_path(release: str, where: Where, band: str) -> str:
    """Path of a calibrated frame below the server's root, compressed by bzip2.

    Parameters
    ----------
    release : str
        ``dr8`` to ``dr19``.
    where : tuple of int
        Run, camcol, field.
    band : str
        One of u, g, r, i, z.

    Returns
    -------
    str
    """
    return f"{_folder(release, where)}/frame-{band}-{_numbers(where)}.fits.bz2"


def jpeg_path(release: str, where: Where) -> str:
    """Path of the colour picture of a field; see `frame_path`."""
    return f"{_folder(release, where)}/frame-irg-{_numbers(where)}.jpg"


def survey_of(release: str) -> str:
    """The folder that holds the imaging of a release, such as ``eboss`` for ``dr17``."""
    number = int(release_of(release).name[2:])
    if number > 17:
        return "prior-surveys/sdss4-dr17-eboss"
    return "eboss" if number > 12 else "boss"


def _folder(release: str, where: Where) -> str:
    run, camcol, _ = where
    name = release_of(release).name
    return f"{name}/{survey_of(name)}/photoObj/frames/{RERUN}/{run}/{camcol}"


def _numbers(where: Where) -> str:
    return "{:06d}-{}-{:04d}".format(*where)
