"""A field in memory: three planes of pixels, each with its own place on the sky."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from galaxycurate.core.projection import Grid, project
from galaxycurate.core.sampling import reach, sample, samples_per_side
from galaxycurate.core.sas import Where
from galaxycurate.imagery.engine.wire import Reply

BANDS = ("i", "r", "g")
"""The order of planes, which is that of red, green and blue."""

FEATHER_PX = 64
"""Over so many rows at its ends a field gives way to the next one; they share 128."""


@dataclass(frozen=True)
class Plane:
    """An image: pixels with the first row in the south of the scan, and `projection` of them.

    ``rim`` pixels at each of its edges are not good.
    """

    pixels: np.ndarray = field(repr=False)
    project: np.ndarray = field(repr=False)
    pixscale: float
    rim: int = 0

    def ends(self, grid: Grid) -> tuple[tuple[float, float], tuple[float, float]]:
        """First and last row, first and last column between which a picture's pixels may lie.

        The one rule of what is beyond an edge. A pixel of a coarse picture is a mean over several
        of the plane's, and needs all of them.
        """
        inset = self.rim + (samples_per_side(grid.pixscale, self.pixscale) - 1) / 2
        height, width = self.pixels.shape
        return (inset, height - 1 - inset), (inset, width - 1 - inset)

    def excess(self, grid: Grid) -> tuple[float, float, float, float]:
        """How far a picture goes on beyond the first and last row, the first and last column
        [pixel]; negative where it does not.
        """
        here = reach(self.project @ grid.to_sky, (grid.height, grid.width), edge=0.0)
        (bottom, top), (left, right) = self.ends(grid)
        return bottom - here[0], here[1] - top, left - here[2], here[3] - right

    def weight(self, grid: Grid) -> np.ndarray:
        """How much each pixel of a picture is this plane's: 1 inside, 0 where it does not reach.

        Returns
        -------
        ndarray of float32, shape (height, width)
        """
        x, y = project(self.project @ grid.to_sky, np.arange(grid.height), np.arange(grid.width))
        (first, last), (left, right) = self.ends(grid)
        to_end = np.minimum(y - first, last - y)
        inside = (to_end >= 0) & (x >= left) & (x <= right)
        return np.where(inside, np.clip((to_end + 1) / FEATHER_PX, 0, 1), 0).astype(np.float32)

    def on(self, grid: Grid) -> np.ndarray:
        """The picture's pixels; float32, in this plane's unit per pixel of its own."""
        n = samples_per_side(grid.pixscale, self.pixscale)
        return sample(self.pixels, self.project @ grid.to_sky, (grid.height, grid.width), n)


@dataclass(frozen=True)
class Field:
    """One field; ``reply`` is the server's, without the body."""

    where: Where
    planes: tuple[Plane, Plane, Plane]
    reply: Reply

    def ends_within(self, grid: Grid, side: int) -> bool:
        """Whether a picture goes on beyond the first (-1) or the last row (+1)."""
        return any(plane.excess(grid)[side > 0] > 0 for plane in self.planes)

    def is_as_wide(self, grid: Grid) -> bool:
        """Whether no part of a picture lies beyond the first or last column."""
        return all(max(plane.excess(grid)[2:]) <= 0 for plane in self.planes)


@dataclass(frozen=True)
class Drawing:
    """A picture before it is coloured.

    ``planes`` is float32, shape (3, height, width), the northern row first, in the unit of the
    planes per pixel of theirs; ``uncovered`` is the fraction of it on which no field lies;
    ``area`` [of a pixel of each plane] is how large its pixels are.
    """

    grid: Grid
    planes: np.ndarray = field(repr=False)
    uncovered: float
    area: tuple[float, float, float]
    fields: tuple[Where, ...]


def draw(fields: Sequence[Field], grid: Grid) -> Drawing:
    """Draw a picture from the fields that it lies on.

    Where two of them overlap, one gives way to the other smoothly along the scan: they hold the
    same pixels of the camera there, so that nothing is averaged away and no seam is left.

    Parameters
    ----------
    fields : sequence of Field
        The picture's own first, then its neighbours along the scan.
    grid : Grid

    Returns
    -------
    Drawing
        0 where no field lies.
    """
    planes = np.zeros((3, grid.height, grid.width), np.float32)
    total = np.zeros((grid.height, grid.width), np.float32)
    used = []
    for one in fields:
        weight = np.minimum.reduce([plane.weight(grid) for plane in one.planes])
        if not weight.any():
            continue
        for plane, out in zip(one.planes, planes, strict=True):
            out += weight * plane.on(grid)
        total += weight
        used.append(one.where)
    covered = total > 0
    planes /= np.where(covered, total, 1)
    first, second, third = ((grid.pixscale / p.pixscale) ** 2 for p in fields[0].planes)
    area = first, second, third
    return Drawing(grid, planes, float((~covered).mean()), area, tuple(used))
