"""CDS's hips2fits over the sandbox's sky: parameters, scale and errors as its users report them.

See `galaxycurate/imagery/providers/hips2fits.py` for the sources. Chosen here, for it is not known:
the texts of errors, and black outside the survey.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from galaxycurate.core.geometry import from_plane
from galaxycurate.errors import InputError
from galaxycurate.sandbox import imgcutout
from galaxycurate.sandbox.imgcutout import CutoutRequest
from galaxycurate.sandbox.sky import Sky

NAME = "hips2fits"
ROUTES = ("/hips-image-services/hips2fits",)
HIPS = "CDS/P/SDSS9/color"
MAX_PIXELS = 50_000_000
_FORMS = ("jpg", "png")
_AXES = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}


def parse(params: Mapping[str, str]) -> CutoutRequest:
    """Read the parameters: a WCS, or a position, a size and a field of view.

    Parameters
    ----------
    params : mapping of str to str

    Returns
    -------
    CutoutRequest
        Its ``opt`` is the format.

    Raises
    ------
    InputError
        HTTP 400.
    """
    if params.get("hips") != HIPS:
        raise InputError(f"HiPS {params.get('hips')!r} not found: the sandbox holds {HIPS}")
    if (form := params.get("format", "jpg")) not in _FORMS:
        raise InputError(f"format {form!r}: the sandbox draws {' and '.join(_FORMS)}")
    try:
        cards = json.loads(params["wcs"]) if "wcs" in params else _own_wcs(params)
        return _asked(cards, form)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{type(error).__name__}: {error}") from None


def picture(request: CutoutRequest, sky: Sky) -> tuple[int, bytes, str]:
    """Status, body and content type; outside the survey a black picture."""
    size = request.width, request.height
    rgb = sky.cutout(request.ra, request.dec, scale=request.scale, width=size[0], height=size[1])
    if rgb is None:
        rgb = np.zeros((request.height, request.width, 3), np.uint8)
    if request.opt == "png":
        return 200, _png(rgb, sky), "image/png"
    return 200, imgcutout.jpeg(rgb, sky), "image/jpeg"


def refusal(error: InputError) -> tuple[int, bytes, str]:
    """An error as the service has them (astroquery reads title and description)."""
    return 400, _error("Bad Request", str(error)), "application/json"


def failure() -> tuple[int, bytes, str]:
    """What a bad day makes of a request."""
    return (
        500,
        _error("Internal Server Error", "The picture could not be made."),
        "application/json",
    )


def _own_wcs(params: Mapping[str, str]) -> dict:
    """The WCS that the service makes of ``fov``: its middle is half a pixel off."""
    if params.get("projection", "TAN") != "TAN" or params.get("coordsys", "icrs") != "icrs":
        raise ValueError("the sandbox draws projection TAN, coordsys icrs")
    width, height = int(params["width"]), int(params["height"])
    half = np.radians(float(params["fov"])) / 2
    step = float(np.degrees(2 * np.tan(half))) / max(width, height)
    return _AXES | {
        "NAXIS1": width, "NAXIS2": height, "CRPIX1": width / 2, "CRPIX2": height / 2,
        "CDELT1": -step, "CDELT2": step,
        "CRVAL1": float(params["ra"]), "CRVAL2": float(params["dec"]),
    }  # fmt: skip


def _asked(cards: Mapping, form: str) -> CutoutRequest:
    """North up and east left; the sky at the middle of the picture from that at CRPIX."""
    width, height = int(cards["NAXIS1"]), int(cards["NAXIS2"])
    step_x, step_y = float(cards["CDELT1"]), float(cards["CDELT2"])
    turned = any(float(cards.get(name, 0.0)) for name in ("PC1_2", "PC2_1"))
    if (
        any(cards[name] != kind for name, kind in _AXES.items())
        or turned
        or not _square(step_x, step_y)
    ):
        raise ValueError("the sandbox draws RA---TAN, DEC--TAN, north up, in square pixels")
    if not (width > 0 and height > 0 and step_y > 0):
        raise ValueError("nothing to draw")
    if width * height > MAX_PIXELS:
        raise ValueError(f"{width} x {height} is more than {MAX_PIXELS:,} pixels")
    xi = ((width + 1) / 2 - float(cards["CRPIX1"])) * step_x * 3600
    eta = ((height + 1) / 2 - float(cards["CRPIX2"])) * step_y * 3600
    ra, dec = from_plane(xi, eta, float(cards["CRVAL1"]), float(cards["CRVAL2"]))
    return CutoutRequest(float(ra), float(dec), step_y * 3600, width, height, form)


def _square(step_x: float, step_y: float) -> bool:
    """Whether pixels are square and east is left; a header's numbers are rounded."""
    return abs(step_x + step_y) < 1e-6 * abs(step_y)


def _png(rgb: np.ndarray, sky: Sky) -> bytes:
    out, notes = io.BytesIO(), PngInfo()
    if sky.simulated:
        notes.add_text("Comment", imgcutout.SIMULATED)
    Image.fromarray(rgb).save(out, "PNG", pnginfo=notes, compress_level=1)
    return out.getvalue()


def _error(title: str, description: str) -> bytes:
    return json.dumps({"title": title, "description": description}).encode()
