"""The Legacy Surveys' viewer over the sandbox's sky: its cutouts of the layer ``sdss``.

After `map/views.py` of legacysurvey/imagine (`get_cutout`, `write_cutout`, `sdss_rgb`). Chosen
here, for it depends on how the viewer is set up: the text of its error page.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from galaxycurate.errors import InputError
from galaxycurate.sandbox import imgcutout
from galaxycurate.sandbox.imgcutout import CutoutRequest
from galaxycurate.sandbox.sky import Sky

NAME = "legacy"
ROUTES = ("/viewer/cutout.jpg", "/viewer/jpeg-cutout")
LAYER = "sdss"
MAX_SIDE_PX = 3000
NATIVE_PIXSCALE = 0.396
NATIVE_ZOOM = 13
WEIGHTS = {"i": 1.0, "r": 1.5, "g": 2.5}
OFFSET, SOFTENING = 0.02, 20.0


def parse(params: Mapping[str, str]) -> CutoutRequest:
    """Read the parameters; a side of more than 3000 pixels becomes 3000 without a word.

    Parameters
    ----------
    params : mapping of str to str

    Returns
    -------
    CutoutRequest

    Raises
    ------
    InputError
        A parameter is missing or no number: the viewer fails.
    """
    if params.get("layer", "ls-dr9") != LAYER:
        raise InputError(f"layer {params.get('layer')!r}: the sandbox draws {LAYER}")
    try:
        size = params.get("size", "256")
        width, height = (
            min(int(params.get(name, size)), MAX_SIDE_PX) for name in ("width", "height")
        )
        ra, dec, scale = float(params["ra"]), float(params["dec"]), _pixscale(params)
    except (KeyError, ValueError) as error:
        raise InputError(f"{type(error).__name__}: {error}") from None
    if min(width, height) < 1 or not scale > 0:
        raise InputError("nothing to draw")
    return CutoutRequest(ra, dec, scale, width, height)


def picture(request: CutoutRequest, sky: Sky) -> tuple[int, bytes, str]:
    """Status, body and content type; where nothing lies near the viewer fails."""
    flux = sky.flux(
        request.ra, request.dec, scale=request.scale, width=request.width, height=request.height
    )
    if flux is None:
        return failure()
    return 200, imgcutout.jpeg(colours(*flux), sky), "image/jpeg"


def refusal(_error: InputError) -> tuple[int, bytes, str]:
    """The viewer checks nothing: what it cannot read lets it fail."""
    return failure()


def failure() -> tuple[int, bytes, str]:
    """The page of the framework."""
    return 500, b"<!doctype html><title>Server Error (500)</title>\n", "text/html"


def colours(g: np.ndarray, r: np.ndarray, i: np.ndarray) -> np.ndarray:
    """The viewer's colours of g, r, i fluxes [nanomaggy]; 0 becomes a dark grey.

    Parameters
    ----------
    g, r, i : ndarray of float32, shape (h, w)

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
    """
    rgb = np.stack(
        [band * np.float32(w) for band, w in zip((i, r, g), WEIGHTS.values(), strict=True)]
    )
    rgb += np.float32(OFFSET)
    mean = np.maximum(rgb, 0).mean(axis=0)
    gain = np.arcsinh(SOFTENING * mean) / np.sqrt(SOFTENING) / np.maximum(mean, 1e-6)
    return np.moveaxis(255 * np.clip(rgb * gain, 0, 1), 0, -1).astype(np.uint8)


def _pixscale(params: Mapping[str, str]) -> float:
    """A scale, or the zoom of a map, whose level 13 is the layer's own scale."""
    if "pixscale" in params or "zoom" not in params:
        return float(params.get("pixscale", NATIVE_PIXSCALE))
    return NATIVE_PIXSCALE * 2.0 ** (NATIVE_ZOOM - int(params["zoom"]))
