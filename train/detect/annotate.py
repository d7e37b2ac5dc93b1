"""The field with its galaxies marked, as a picture to look at."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from train.detect.fields import Field
from train.detect.found import Found
from train.detect.picture import drawn

MOST_PX = 4096  # of the longer side; larger fields are drawn smaller
_STRIP_PX = 256
_COLOURS = ("#ffd24d", "#4dd2ff", "#ff7ab8", "#8dff6e", "#c9a0ff", "#ff9d4d")
_LISTED = "#ffffff"
_BAR_PX, _TEXT_PX = 22, 13


def annotated(field: Field, found: Found, *, title: str, listed: np.ndarray | None = None):
    """Draw boxes on the field, each with its class's probability, or its score without a class.

    A label stands at a corner of its box where it covers no better one's; where there is no such
    corner it is left out.

    Parameters
    ----------
    field : Field
        Drawn by strips: it may be larger than memory.
    found : Found
    title : str
        The line on top; says "simulated" where the field is.
    listed : ndarray, shape (n, 2), optional
        Galaxies of a list, marked by circles.

    Returns
    -------
    PIL.Image.Image
        The field's last row on top, as the survey's pictures are.
    """
    from PIL import Image, ImageDraw, ImageFont

    height, width = field.shape
    scale = min(1.0, MOST_PX / max(height, width))
    picture = Image.fromarray(_shrunk(field, scale))
    canvas = Image.new("RGB", (picture.width, picture.height + _BAR_PX), "black")
    canvas.paste(picture, (0, _BAR_PX))
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(12)
    classes = sorted(set(found.name.tolist()))
    colour = {name: _COLOURS[k % len(_COLOURS)] for k, name in enumerate(classes)}

    def place(x, y):
        return (x + 0.5) * scale, (height - 0.5 - y) * scale + _BAR_PX

    for x, y in listed if listed is not None else ():
        a, b = place(x, y)
        draw.ellipse([a - 4, b - 4, a + 4, b + 4], outline=_LISTED)
    drawn_boxes = [(*place(x0, y1), *place(x1, y0)) for x0, y0, x1, y1 in found.boxes]
    for box, name in zip(drawn_boxes, found.name, strict=True):
        draw.rectangle(box, outline=colour[name])
    texts = _texts(found)
    wide = [draw.textlength(text, font=font) for text in texts]
    for text, spot, name in zip(texts, _spots(drawn_boxes, wide, canvas), found.name, strict=True):
        if spot is not None:
            draw.text(spot, text, fill=colour[name], font=font)
    simulated = "   SIMULATED SKY" if field.simulated else ""
    draw.text((6, 4), title + simulated, fill="white", font=font)
    return canvas


def _texts(found: Found) -> list[str]:
    """What stands at each box: the class and its probability, or how sure the detector is."""
    rows = zip(found.name, found.p_class, found.score, strict=True)
    return [f"{score:.2f}" if np.isnan(p) else f"{name} {p:.2f}" for name, p, score in rows]


def _spots(boxes: list, wide: list[float], canvas) -> Iterator[tuple[float, float] | None]:
    """Where each label goes so that none covers another; None where there is no room."""
    taken = np.zeros((0, 4))
    for (left, top, right, bottom), width in zip(boxes, wide, strict=True):
        corners = (
            (left, top - _TEXT_PX), (left, bottom), (right - width, top - _TEXT_PX),
            (right - width, bottom), (right + 2, top), (left - width - 2, top),
        )  # fmt: skip
        for x, y in corners:
            inside = x >= 0 and y >= _BAR_PX and x + width <= canvas.width
            inside &= y + _TEXT_PX <= canvas.height
            across = (taken[:, 0] < x + width) & (taken[:, 2] > x)
            if inside and not (across & (taken[:, 1] < y + _TEXT_PX) & (taken[:, 3] > y)).any():
                taken = np.vstack([taken, [x, y, x + width, y + _TEXT_PX]])
                yield x, y
                break
        else:
            yield None


def _shrunk(field: Field, scale: float) -> np.ndarray:
    import cv2

    height, width = field.shape
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    out = np.zeros((size[1], size[0], 3), np.uint8)
    for top in range(0, height, _STRIP_PX):
        bottom = min(top + _STRIP_PX, height)
        first, last = round(top * scale), round(bottom * scale)
        if last > first:
            strip = drawn(field.window(top, bottom, 0, width))
            out[first:last] = cv2.resize(
                strip, (size[0], last - first), interpolation=cv2.INTER_AREA
            )
    return out[::-1]
