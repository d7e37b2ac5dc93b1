"""The data releases with these services, and under which addresses they answer.

Paths of SQL as in the release tables of astroquery.sdss, whose remote tests cover DR8 to DR10 and
DR12 to DR18, and as seen in public code for DR12 to DR19. Not verified: that every release takes a
POST where this says so.

Paths of cutouts as seen in public code for DR12 to DR19. DR7 to DR12 once answered at
http://skyservice.pha.jhu.edu/DR10/ImgCutout/getjpeg.aspx with the same parameters (public code for
DR7 to DR10 and DR12; none for DR11); no public code asks skyserver.sdss.org for cutouts of DR8 to
DR11, so that they are there is not verified. Nothing is lost: the imaging of DR9 and later is the
same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from galaxycurate.errors import SettingError


@dataclass(frozen=True)
class Search:
    """An address that answers SQL.

    Parameters
    ----------
    path : str
        Below the server and the release.
    methods : tuple of str
        How it is asked, the best first: a GET holds a short query only.
    form : dict
        What it wants to know beside ``cmd`` and ``format``.
    """

    path: str
    methods: tuple[str, ...] = ("GET",)
    form: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Release:
    """One data release.

    Parameters
    ----------
    name : str
        Such as ``dr17``.
    searches : tuple of Search
        Where SQL is answered; where the first is gone, the next may not be.
    cutout : str
        Path of ImgCutout below the server and the release.
    """

    name: str
    searches: tuple[Search, ...]
    cutout: str = "SkyServerWS/ImgCutout/getjpeg"


_SERVICE = Search("SkyServerWS/SearchTools/SqlSearch", ("POST", "GET"))
_RESULTS = Search("en/tools/search/x_results.aspx", form={"searchtool": "SQL"})

RELEASES = {
    release.name: release
    for release in (
        Release("dr8", (Search("en/tools/search/x_sql.asp"),)),
        Release("dr9", (Search("en/tools/search/x_sql.asp"),)),
        Release("dr10", (Search("en/tools/search/x_sql.aspx"),)),
        Release("dr11", (Search("en/tools/search/x_results.aspx"),)),
        *(Release(f"dr{n}", (_SERVICE, _RESULTS)) for n in range(12, 20)),
    )
}
"""By name."""


def explore_url(release: str, objid: int) -> str:
    """Where SkyServer explains an object to a person.

    Addresses as in public code: of DR7, of DR8 to DR15, and of DR16 and later. Not verified on the
    live server.

    Parameters
    ----------
    release : str
        Of the objID: a DR7 id means another object in later releases, or none.
    objid : int

    Returns
    -------
    str
        Empty for a release without such a page.
    """
    name = release.lower()
    if name == "dr7":
        return f"https://skyserver.sdss.org/dr7/en/tools/explore/obj.asp?id={objid}"
    if name not in RELEASES:
        return ""
    if int(name.removeprefix("dr")) < 16:
        return f"https://skyserver.sdss.org/{name}/en/tools/explore/summary.aspx?id={objid}"
    return f"https://skyserver.sdss.org/{name}/VisualTools/explore/summary?objId={objid}"


def release_of(name: str) -> Release:
    """The release of a name, in capitals or not.

    Parameters
    ----------
    name : str

    Returns
    -------
    Release

    Raises
    ------
    SettingError
        There is none.
    """
    try:
        return RELEASES[name.lower()]
    except KeyError:
        raise SettingError(
            f"release = {name!r} is no data release with these services",
            hint=f"choose one of {', '.join(RELEASES)}",
        ) from None
