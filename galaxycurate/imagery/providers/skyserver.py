"""SkyServer's ImgCutout: how a cutout is asked for.

Facts from the service's source (sciserver/SkyServerWS, `getJpegController.cs`, `ImgCutout.cs`):
outside the footprint is a 404 with a JPEG body, a failure inside is a 500 with a JPEG body, and a
position that does not parse is a 400.
"""

from __future__ import annotations

from galaxycurate.core.releases import release_of
from galaxycurate.imagery.job import Job
from galaxycurate.imagery.providers.service import PictureService


class SkyServer(PictureService):
    """The cutout service of one data release.

    Parameters
    ----------
    server : str
        Such as ``https://skyserver.sdss.org``.
    release : str
        ``dr8`` to ``dr19``.
    """

    name = "skyserver"
    courteous = 2.0

    def __init__(self, server: str, release: str):
        super().__init__(server)
        found = release_of(release)
        self._release = found.name
        self._base = f"{self.server}/{found.name}/{found.cutout}"

    @property
    def called(self) -> str:
        """Such as ``skyserver dr17``."""
        return f"{self.name} {self._release}"

    def url(self, job: Job) -> str:
        """The address of a cutout."""
        size = int(job.size_px)
        return (
            f"{self._base}?ra={job.ra:.8f}&dec={job.dec:.8f}"
            f"&scale={job.pixscale:.9g}&width={size}&height={size}"
        )
