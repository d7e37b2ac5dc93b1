"""The field with its galaxies marked, as a picture to look at."""

from __future__ import annotations

import numpy as np

from train.detect.fields import Field
from train.detect.found import Found
from train.detect.picture import drawn

MOST_PX = 4096  # of the longer side; larger fields are drawn smaller
_STRIP_PX = 256
_COLOURS = ("#ffd24d", "#4dd2ff", "#ff7ab8", "#8dff6e", "#c9a0ff", "#ff9d4d")
_LISTED = "#ffffff"
_BAR_PX = 22


def annotated(field: Field, found: Found, *, title: str, listed: np.ndarray | None = None):
    """Draw boxes on the field.

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
    for box, score, name in zip(found.boxes, found.score, found.name, strict=True):
        left, bottom = place(box[0], box[1])
        right, top = place(box[2], box[3])
        draw.rectangle([left, top, right, bottom], outline=colour[name])
        text = f"{score:.2f}" if classes == ["galaxy"] else f"{name} {score:.2f}"
        draw.text((left, top - 13), text, fill=colour[name], font=font)
    simulated = "   SIMULATED SKY" if field.simulated else ""
    draw.text((6, 4), title + simulated, fill="white", font=font)
    return canvas


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
