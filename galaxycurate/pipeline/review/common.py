"""The sky that the two pictures of a pair share, as a page draws it."""

from __future__ import annotations

from dataclasses import dataclass

from galaxycurate.core.placing import Placing
from galaxycurate.pipeline.dedupe.shown import is_placed
from galaxycurate.pipeline.review.entry import Entry
from galaxycurate.pipeline.review.pictures import Pictures

Points = list[list[float]]


@dataclass(frozen=True)
class Common:
    """The sky that the two pictures of a pair share.

    Parameters
    ----------
    outlines : list of list of [float, float]
        Corners on each picture, counted from its upper left corner [pixel].
    matrix : list of float
        Takes the second picture's places to the first one's, as SVG writes it: a, b, c, d, e, f.
    sizes : list of [int, int]
        Width and height of both [pixel].
    """

    outlines: list[Points]
    matrix: list[float]
    sizes: list[list[int]]


def common_of(entry: Entry, pictures: Pictures) -> Common | None:
    """How the second picture of an entry lies on its first, whichever way the verdict has it."""
    verdict = entry.verdict
    first, second = pictures.size(entry.path), pictures.size(entry.partner)
    if verdict is None or not is_placed(verdict) or first is None or second is None:
        return None
    placing = Placing(verdict.dx, verdict.dy, verdict.flip, verdict.scale)
    if verdict.partner != entry.path:  # the partner is the first picture of a verdict
        placing = placing.inverse(second, first)
    shared = placing.shared_on_both(first, second)
    if shared[0] is None or shared[1] is None:
        return None
    # pages count from the corner of the first pixel, placings from its middle
    outlines = [(corners + 0.5).round(2).tolist() for corners in shared if corners is not None]
    zero, right, down = placing.on_first([(-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5)], second) + 0.5
    matrix = [*(right - zero), *(down - zero), *zero]
    sides = [list(map(int, size)) for size in (first, second)]
    return Common(outlines, [round(float(value), 6) for value in matrix], sides)
