"""ImgCutout/getjpeg: parameters, pictures and refusals as SkyServer has them.

After `getJpegController.cs`, `Validation.cs` and `ImgCutout.cs` of sciserver/SkyServerWS.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import simplejpeg
from PIL import Image, ImageDraw, ImageFont

from galaxycurate.errors import InputError

if TYPE_CHECKING:
    from galaxycurate.sandbox.sky import Sky

OUTSIDE = "NOT FOUND. Requested (ra, dec) is outside the SDSS footprint."
FAILED = "INTERNAL SERVER ERROR. The picture could not be made."
SIMULATED = "simulated sky, not SDSS"
JPEG_QUALITY = 75  # GDI+ default, measured on recorded cutouts of DR7 to DR18
_GREEN = (0, 255, 0)


@dataclass(frozen=True)
class CutoutRequest:
    """One cutout: centre [deg], pixel scale [arcsec/pixel], size [pixel], option letters."""

    ra: float
    dec: float
    scale: float = 0.396127
    width: int = 128
    height: int = 128
    opt: str = ""


def parse(params: Mapping[str, str]) -> CutoutRequest:
    """Read the parameters; sizes and scale are clamped without a word, positions wrapped.

    Parameters
    ----------
    params : mapping of str to str
        Names in lower case. ``ra`` and ``dec`` in degrees or sexagesimal with colons.

    Returns
    -------
    CutoutRequest

    Raises
    ------
    InputError
        A parameter is missing or not a number: HTTP 400.
    """
    for name in ("ra", "dec"):
        if not params.get(name, "").strip():
            raise InputError(f"parameter {name} is missing")
    ra = _angle(params["ra"], "ra", hours=True)
    dec = _angle(params["dec"], "dec", hours=False)
    ra, dec = _wrapped(ra, dec)
    return CutoutRequest(
        ra=ra,
        dec=dec,
        scale=float(np.clip(_number(params, "scale", 0.396127), 0.015, 2400.0)),
        width=int(np.clip(_number(params, "width", 128), 64, 2048)),
        height=int(np.clip(_number(params, "height", 128), 64, 2048)),
        opt=params.get("opt", "").upper(),
    )


def picture(request: CutoutRequest, sky: Sky) -> tuple[int, str, bytes]:
    """Render a cutout.

    Parameters
    ----------
    request : CutoutRequest
    sky : Sky

    Returns
    -------
    status : int
        200; 404 outside the footprint; 500 when a frame cannot be read.
    reason : str
        The HTTP reason phrase.
    body : bytes
        A JPEG in each case.
    """
    size = request.width, request.height
    try:
        rgb = sky.cutout(
            request.ra, request.dec, scale=request.scale, width=size[0], height=size[1]
        )
    except InputError as error:
        text = f"getFrames() has failed:\n\nException Message:{error}"
        return 500, FAILED, jpeg(text_tile(text, *size), sky)
    if rgb is None:
        text = "Requested (ra, dec) is outside\nthe SDSS footprint."
        return 404, OUTSIDE, jpeg(text_tile(text, *size), sky)
    return 200, "OK", jpeg(_with_options(rgb, request), sky)


def error_tile(request: CutoutRequest, sky: Sky) -> bytes:
    """A tile with an error text where the sky should be, as one was found in a training set."""
    text = (
        "getFrames() has failed:\nSELECT img , f.a, f.b, f.c, f.d, f.e, f.f, f.node, f.incl,\n"
        "f.ra, f.dec, f.fieldID, dbo.fSDSS(f.fieldID)\n"
        f"FROM dbo.fGetNearbyFrameEq({request.ra}, {request.dec}, 8.4)\n"
        "WHERE f.fieldID = n.fieldID and zoom = 0\n\n"
        "Exception Message:Parameter is not valid."
    )
    return jpeg(text_tile(text, request.width, request.height), sky)


def text_tile(text: str, width: int, height: int) -> np.ndarray:
    """White text on black, cut off where it does not fit; uint8 (height, width, 3)."""
    image = Image.new("RGB", (width, height))
    ImageDraw.Draw(image).multiline_text(
        (12, 10), text, fill="white", font=ImageFont.load_default(13)
    )
    return np.asarray(image)


def jpeg(rgb: np.ndarray, sky: Sky, *, quality: int = JPEG_QUALITY) -> bytes:
    """Encode as ImgCutout does; a simulated sky says so in the file's comment."""
    data = simplejpeg.encode_jpeg(
        np.ascontiguousarray(rgb), quality=quality, colorspace="RGB", colorsubsampling="420"
    )
    if not sky.simulated:
        return data
    comment = SIMULATED.encode()
    after_app0 = 4 + struct.unpack(">H", data[4:6])[0]
    segment = b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment
    return data[:after_app0] + segment + data[after_app0:]


def _with_options(rgb: np.ndarray, request: CutoutRequest) -> np.ndarray:
    """G draws a grid, L a label, I inverts; the service's other letters mark catalogues."""
    if "I" in request.opt:
        rgb = 255 - rgb
    if not set("GL") & set(request.opt):
        return rgb
    image = Image.fromarray(rgb)
    draw = ImageDraw.Draw(image)
    if "G" in request.opt:
        _draw_grid(draw, request)
    if "L" in request.opt:
        text = f"RA: {request.ra:.5f}  Dec: {request.dec:.5f}\nscale: {request.scale:g} arcsec/pix"
        draw.text((10, request.height - 36), text, fill=_GREEN, font=ImageFont.load_default(12))
    return np.asarray(image)


def _draw_grid(draw: ImageDraw.ImageDraw, request: CutoutRequest) -> None:
    """Cross-hairs open in the middle, the compass, and a bar of a round length."""
    w, h = request.width, request.height
    gap = min(w, h) // 20
    for x0, y0, x1, y1 in (
        (w // 8, h // 2, w // 2 - gap, h // 2),
        (w // 2 + gap, h // 2, w - w // 8, h // 2),
        (w // 2, h // 8, w // 2, h // 2 - gap),
        (w // 2, h // 2 + gap, w // 2, h - h // 8),
    ):
        draw.line((x0, y0, x1, y1), fill=_GREEN)
    font = ImageFont.load_default(12)
    compass = {"N": (w // 2, 14), "S": (w // 2, h - 14), "E": (12, h // 2), "W": (w - 12, h // 2)}
    for letter, (x, y) in compass.items():
        draw.text((x, y), letter, fill="white", font=font, anchor="mm")
    length = _round_length(request.scale * w / 6)
    draw.line((20, 36, 20 + length / request.scale, 36), fill=_GREEN)
    draw.text((20, 18), f'{length:g}"', fill="white", font=font)


def _round_length(arcsec: float) -> float:
    power = 10.0 ** np.floor(np.log10(arcsec))
    return float(max(n for n in (1, 2, 5) if n * power <= arcsec * 1.0001) * power)


def _angle(text: str, name: str, *, hours: bool) -> float:
    text = text.strip()
    try:
        if ":" not in text:
            value = float(text)
        else:
            parts = [float(part) for part in text.lstrip("+-").split(":")]
            size = sum(part / 60**n for n, part in enumerate(parts))
            value = (-size if text.startswith("-") else size) * (15 if hours else 1)
    except ValueError:
        raise InputError(f"parameter {name} = {text!r} is not a position") from None
    if not np.isfinite(value):
        raise InputError(f"parameter {name} = {text!r} is not a position")
    return value


def _wrapped(ra: float, dec: float) -> tuple[float, float]:
    """Over the pole and round the equator, as the service does instead of refusing."""
    if abs(dec) > 90:
        dec = (dec + 180) % 360 - 180
    if abs(dec) > 90:
        ra, dec = ra + 180, float(np.copysign(180, dec)) - dec
    return ra % 360, dec


def _number(params: Mapping[str, str], name: str, default: float) -> float:
    text = params.get(name, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise InputError(f"parameter {name} = {text!r} is not a number")
    return value
