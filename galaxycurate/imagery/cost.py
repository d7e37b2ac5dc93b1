"""What cutouts cost a server: requests and bytes, by who draws them."""

from __future__ import annotations

import math
from dataclasses import dataclass

BYTES_PER_PIXEL = 20_000 / 256**2
"""Of a typical ImgCutout JPEG (quality 75)."""

FRAMES_BYTES = 10_130_000
"""g, r and i of a field, compressed: mean of three, 10.0 to 10.2 million."""

JPEG_BYTES = 1_110_000
"""The colour JPEG of a field: mean of thirteen, 0.88 to 1.75 million."""

HEAD_BYTES = 327_680
"""The part of an r frame that is asked for to learn where its JPEG lies: the header is in the first
block of bzip2, which took 240,000 to 248,000 bytes in three frames."""

FIELD_ROWS, RIM_ROWS = 1361, 64
"""From one field to the next, and what a frame holds beyond its field on either side."""

BYTES_A_SECOND = 5e6
"""Of a line across the world; assumed, not measured."""

_BY_FIELD = {"frames": (3, FRAMES_BYTES), "frames-irg": (2, JPEG_BYTES + HEAD_BYTES)}


@dataclass(frozen=True)
class Cost:
    """Of all cutouts together; estimated."""

    requests: int
    n_bytes: int

    def seconds(self, rate: float) -> float:
        """How long it keeps a server busy with us: its requests at so many a second, its bytes."""
        return self.requests / rate + self.n_bytes / BYTES_A_SECOND


def cost(name: str, *, cutouts: int, pixels: int, fields: int) -> Cost:
    """What a provider is asked for.

    Parameters
    ----------
    name : str
        A provider: ``frames`` and ``frames-irg`` fetch fields, every other a picture a cutout.
    cutouts : int
    pixels : int
        Of all cutouts together; taken as no coarser than the survey's.
    fields : int
        Different fields that they lie in.

    Returns
    -------
    Cost
    """
    if name not in _BY_FIELD:
        return Cost(cutouts, round(BYTES_PER_PIXEL * pixels))
    requests, n_bytes = _BY_FIELD[name]
    needed = fields + _neighbours(cutouts, pixels, fields)
    return Cost(math.ceil(requests * needed), round(n_bytes * needed))


def _neighbours(cutouts: int, pixels: int, fields: int) -> float:
    """Fields that are fetched only because a cutout reaches into them.

    An upper estimate: a neighbour may be wanted for its own sake, too. The centre of a cutout is
    anywhere along the scan, its sides at any angle with it: on average it reaches 2/pi sides to
    either end.
    """
    if not (cutouts and fields):
        return 0.0
    side = math.sqrt(pixels / cutouts)
    reaches = min(1.0, max(0.0, 2 / math.pi * side - RIM_ROWS) / FIELD_ROWS)
    return 2 * fields * (1 - (1 - reaches) ** (cutouts / fields))
