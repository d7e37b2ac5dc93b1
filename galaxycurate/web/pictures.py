"""Pictures inside a page: small JPEGs as data URLs."""

from __future__ import annotations

import base64
import io
from pathlib import Path

SIDE_PX = 120  # shown at 88: still sharp on paper and on fine screens
QUALITY = 80


def small_jpeg(picture: bytes) -> str:
    """A cutout as a small JPEG data URL.

    Parameters
    ----------
    picture : bytes
        Its file, in any format that Pillow reads.

    Returns
    -------
    str
        About 5 kB.

    Raises
    ------
    Exception
        It cannot be read as a picture; Pillow's decoders raise errors of many types.
    """
    from PIL import Image

    with Image.open(io.BytesIO(picture)) as image:
        image.draft("RGB", (2 * SIDE_PX, 2 * SIDE_PX))
        small = image.convert("RGB")
    small.thumbnail((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    body = io.BytesIO()
    small.save(body, "JPEG", quality=QUALITY, optimize=True)
    return _data_url("image/jpeg", body.getvalue())


def whole_png(path: Path, *, at_most: int = 600_000) -> str | None:
    """A PNG as it is, or None where it is absent or larger than so many bytes."""
    try:
        body = Path(path).read_bytes()
    except OSError:
        return None
    return _data_url("image/png", body) if len(body) <= at_most else None


def _data_url(kind: str, body: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(body).decode()}"
