"""Pictures inside a page: small JPEGs as data URLs."""

from __future__ import annotations

import base64
import io

from galaxycurate.pipeline.dedupe.decode import decode

SIDE_PX = 120  # shown at 88: still sharp on paper and on fine screens
QUALITY = 80


def small_jpeg(picture: bytes) -> str:
    """A cutout as a small JPEG data URL.

    Parameters
    ----------
    picture : bytes
        Its file, in any form that is decoded: a FITS or NumPy array is stretched.

    Returns
    -------
    str
        About 5 kB.

    Raises
    ------
    Unreadable
        No picture can be made of it.
    """
    from PIL import Image

    small = Image.fromarray(decode(picture))
    small.thumbnail((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    body = io.BytesIO()
    small.save(body, "JPEG", quality=QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(body.getvalue()).decode()}"
