"""The viewer of the Legacy Surveys, which also draws SDSS: its layer ``sdss``.

Facts from the viewer's source (legacysurvey/imagine, `map/views.py`: `MapLayer.write_cutout`,
`MapLayer.get_cutout`, `SdssLayer`, `sdss_rgb`; `map/urls.py`): tangent plane, north up, position in
the very middle, drawn from coadds of g, r, i at 0.396 arcsec/pixel; a side of more than 3000 pixels
becomes 3000 without a word; a pixel that no image covers is a dark grey (22, 22, 22), for the
colours have an offset; where there is no coadd at all the viewer fails (an HTTP 500). An error is
an HTML page. `jpeg-cutout` is the older name of `cutout.jpg`.
"""

from __future__ import annotations

from galaxycurate.imagery.job import Job
from galaxycurate.imagery.providers.mosaic import MosaicService

PUBLIC = "https://www.legacysurvey.org"
PATH = "viewer/cutout.jpg"
LAYER = "sdss"


class Legacy(MosaicService):
    """Cutouts of the viewer's SDSS coadds: more than one run where runs overlap.

    Its colours are its own: asinh(20 I) of the mean of the bands, i, r, g scaled by 1, 1.5, 2.5.

    Parameters
    ----------
    server : str
        `PUBLIC`, or a sandbox.
    """

    name = "legacy"
    courteous = 1.0
    """The viewer names no limit. Each cutout is resampled from coadds on one machine that also
    serves everybody's maps, so it gets half of what SDSS does."""

    @property
    def called(self) -> str:
        """The provider and its layer."""
        return f"{self.name} {LAYER}"

    def url(self, job: Job) -> str:
        """The address of a cutout."""
        return (
            f"{self.server}/{PATH}?ra={job.ra:.8f}&dec={job.dec:.8f}&layer={LAYER}"
            f"&pixscale={job.pixscale:.9g}&size={int(job.size_px)}"
        )
