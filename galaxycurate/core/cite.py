"""Whom to cite: the survey, the data release used, Galaxy Zoo."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_RELEASES = {
    "dr7": "Abazajian et al. 2009, ApJS 182, 543",
    "dr8": "Aihara et al. 2011, ApJS 193, 29",
    "dr9": "Ahn et al. 2012, ApJS 203, 21",
    "dr10": "Ahn et al. 2014, ApJS 211, 17",
    "dr11": "Alam et al. 2015, ApJS 219, 12",
    "dr12": "Alam et al. 2015, ApJS 219, 12",
    "dr13": "Albareti et al. 2017, ApJS 233, 25",
    "dr14": "Abolfathi et al. 2018, ApJS 235, 42",
    "dr15": "Aguado et al. 2019, ApJS 240, 23",
    "dr16": "Ahumada et al. 2020, ApJS 249, 3",
    "dr17": "Abdurro'uf et al. 2022, ApJS 259, 35",
    "dr18": "Almeida et al. 2023, ApJS 267, 44",
    "dr19": "SDSS Collaboration 2025, arXiv:2507.07093",
}

_PHASES = (
    # the last release of a phase, its name, who paid, its page
    (7, "the SDSS and SDSS-II", "the Alfred P. Sloan Foundation, the Participating Institutions, "
     "the National Science Foundation, the U.S. Department of Energy, the National Aeronautics and "
     "Space Administration, the Japanese Monbukagakusho, the Max Planck Society, and the Higher "
     "Education Funding Council for England", "classic.sdss.org/collaboration/credits.html"),
    (12, "SDSS-III", "the Alfred P. Sloan Foundation, the Participating Institutions, the National "
     "Science Foundation, and the U.S. Department of Energy Office of Science",
     "www.sdss3.org/collaboration/boiler-plate.php"),
    (17, "the Sloan Digital Sky Survey IV", "the Alfred P. Sloan Foundation, the U.S. Department "
     "of Energy Office of Science, and the Participating Institutions",
     "www.sdss4.org/collaboration/citing-sdss"),
    (99, "the Sloan Digital Sky Survey V", "the Alfred P. Sloan Foundation, the Heising-Simons "
     "Foundation, the National Science Foundation, and the Participating Institutions",
     "www.sdss.org/collaboration/citing-sdss"),
)  # fmt: skip

_UNKNOWN = (
    "Of which data release they are is not known: each has an acknowledgement of its own.",
    "www.sdss.org/collaboration/citing-sdss",
)
"""What is said in place of an acknowledgement, and where those of all releases are."""

GALAXY_ZOO = (
    ("Galaxy Zoo 1", "Lintott et al. 2008, MNRAS 389, 1179"),
    ("Galaxy Zoo 1, data release", "Lintott et al. 2011, MNRAS 410, 166"),
    ("Galaxy Zoo 2", "Willett et al. 2013, MNRAS 435, 2835"),
)


@dataclass(frozen=True)
class Credit:
    """What to cite, as (for what, paper), and the short acknowledgement with its full page; where
    no release is known, `acknowledgement` says so.
    """

    papers: tuple[tuple[str, str], ...]
    acknowledgement: str
    page: str


def credit(releases: Iterable[str]) -> Credit:
    """Papers and acknowledgement for the data releases used.

    Parameters
    ----------
    releases : iterable of str
        Such as ``dr17``; unknown ones are left out.

    Returns
    -------
    Credit
        The survey, each known release, Galaxy Zoo; the acknowledgement is that of the newest one.
        References: the survey's "How to cite SDSS" pages, data.galaxyzoo.org.
    """
    known = sorted({r.lower() for r in releases} & _RELEASES.keys(), key=_number)
    papers = [("SDSS", "York et al. 2000, AJ 120, 1579")]
    papers += [(f"SDSS {release.upper()}", _RELEASES[release]) for release in known]
    if not known:
        return Credit((*papers, *GALAXY_ZOO), *_UNKNOWN)
    phase = next(row for row in _PHASES if _number(known[-1]) <= row[0])
    funding = f"Funding for {phase[1]} has been provided by {phase[2]}."
    return Credit((*papers, *GALAXY_ZOO), funding, phase[3])


def _number(release: str) -> int:
    return int(release.removeprefix("dr"))
