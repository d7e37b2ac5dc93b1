"""CDS's hips2fits, which draws from HiPS tiles: here the colour pictures of SDSS DR9.

The service's source is not public. Known of it: parameters and errors from astroquery.hips2fits
(its client); a cutout has 50 megapixels at most and blank pixels outside the survey (public notes
of users). With ``fov`` it makes a WCS of its own: a user quotes CDELT1 = -0.0015000856795217 and
CRPIX1 = 500.0 of a reply for 1.5 degrees on 1000 pixels (August 2026). That is 2 tan(fov/2) /
width, and the position half a pixel off the middle. So we give the WCS ourselves, the service's
other way to be asked (astroquery's ``query_with_wcs``): scale and middle are then those of every
other provider. Not verified: that it says 429 or 503 when it has enough.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from galaxycurate.imagery.job import Job
from galaxycurate.imagery.providers.mosaic import MosaicService
from galaxycurate.imagery.providers.provider import Answer, Ask, Next

PUBLIC = "https://alasky.cds.unistra.fr"
MIRROR = "https://alaskybis.cds.unistra.fr"
PATH = "hips-image-services/hips2fits"
HIPS = "CDS/P/SDSS9/color"


class Hips2Fits(MosaicService):
    """Cutouts from the colour HiPS of SDSS DR9.

    Its tiles are JPEGs made for the survey as a whole: their stretch is not that of SkyServer, and
    a pixel went through a resampling more.

    Parameters
    ----------
    server : str
        `PUBLIC`, its `MIRROR`, or a sandbox.
    """

    name = "hips2fits"
    courteous = 2.0
    """CDS names no limit for it. It renders 500,000 pixels a second (T. Boch, IVOA Interop, October
    2019), two cutouts of 256 x 256 are a quarter of that; SIMBAD next door bears 8 queries a
    second."""

    @property
    def called(self) -> str:
        """The provider and its HiPS."""
        return f"{self.name} {HIPS}"

    def url(self, job: Job) -> str:
        """The address of a cutout; a PNG where the picture must not be compressed once more."""
        form = "jpg" if job.format == "jpg" else "png"
        wcs = json.dumps(wcs_header(job), separators=(",", ":"))
        return f"{self.server}/{PATH}?{urlencode({'hips': HIPS, 'format': form, 'wcs': wcs})}"

    async def bring(self, job: Job, ask: Ask) -> Answer:
        """Ask once; what the service says of an error is in its body."""
        answer = await super().bring(job, ask)
        if answer.judgement.next is Next.CHECK or not (said := _said(answer.reply.body)):
            return answer
        detail = f"{answer.judgement.detail}: {said}"
        return replace(answer, judgement=replace(answer.judgement, detail=detail))


def wcs_header(job: Job) -> Mapping[str, object]:
    """North up, east left, tangent plane, the position in the very middle.

    Parameters
    ----------
    job : Job

    Returns
    -------
    mapping of str to object
        FITS cards.
    """
    size, step = int(job.size_px), float(f"{job.pixscale / 3600:.12g}")
    middle = (size + 1) / 2
    return {
        "NAXIS1": size, "NAXIS2": size, "WCSAXES": 2, "CRPIX1": middle, "CRPIX2": middle,
        "CDELT1": -step, "CDELT2": step, "CUNIT1": "deg", "CUNIT2": "deg",
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN",
        "CRVAL1": round(job.ra, 8), "CRVAL2": round(job.dec, 8), "RADESYS": "ICRS",
    }  # fmt: skip


def _said(body: bytes) -> str:
    """Title and description of an error, or nothing."""
    try:
        found = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(found, dict):
        return ""
    return ": ".join(str(found[key])[:200] for key in ("title", "description") if found.get(key))
