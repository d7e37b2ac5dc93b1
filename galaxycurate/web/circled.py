"""A picture with a circle around what an audit found in it, as a template draws it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from galaxycurate.core.encode import jpeg
from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.pipeline.audit.judged import LIGHT

SIDE_PX = 144
"""A picture is sent no larger than this, twice over for fine screens."""

AROUND = 0.12
"""Of the side: so much sky around the picture is drawn, for what reaches in from outside."""

_LEAST_RADIUS = 0.03


def figure(
    verdict: Verdict, rgb: np.ndarray | None, radius_px: float = 0.0, *, side_px: int = 2 * SIDE_PX
) -> dict:
    """What the macro ``circled`` of ``figures.html`` draws, in units of the picture's side.

    Parameters
    ----------
    verdict : Verdict
    rgb : ndarray of uint8, shape (h, w, 3), or None
        None where it cannot be read.
    radius_px : float
        Reach of the object's light; 0 where unknown.
    side_px : int
        A larger picture is made smaller.

    Returns
    -------
    dict
    """
    return {
        "url": None if rgb is None else _small(rgb, side_px),
        "circle": None if rgb is None else _circle(verdict, rgb.shape[1], radius_px),
        "name": Path(verdict.path).stem,
        "caption": " · ".join(_caption(verdict)),
        "tip": " · ".join(text for text in (verdict.path, verdict.evidence) if text),
        "evidence": verdict.evidence,
    }


def _circle(verdict: Verdict, width: int, radius_px: float) -> dict | None:
    """Where the object should be, and how far it reaches; none where none is meant."""
    if not (verdict.dx or verdict.dy or radius_px or verdict.score) or not width:
        return None
    if verdict.kind is VerdictKind.CLEAN and not (verdict.dx or verdict.dy):
        return None
    return {
        "x": f"{verdict.dx / width:.4f}",
        "y": f"{verdict.dy / width:.4f}",
        "r": f"{max(radius_px / width, _LEAST_RADIUS):.4f}",
        "dashed": verdict.tier == LIGHT,
    }


def _caption(verdict: Verdict) -> Iterator[str]:
    if verdict.mag_r:
        yield f"r = {verdict.mag_r:.2f}"
    if verdict.partner:
        yield verdict.partner
    elif verdict.kind is VerdictKind.STAR_OVER:  # a galaxy's probability says nothing of a star
        yield "pixels alone"
    elif verdict.score and verdict.kind is not VerdictKind.CLEAN:
        yield f"pixels alone, p\u00a0=\u00a0{verdict.score:.2f}"


def _small(rgb: np.ndarray, side_px: int) -> str:
    from PIL import Image

    image = Image.fromarray(rgb)
    image.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg(np.asarray(image))).decode()}"
