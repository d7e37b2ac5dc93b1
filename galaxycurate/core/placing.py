"""Where a picture lies on another one that was turned, mirrored, scaled and shifted.

The convention is that of `galaxycurate.curation.pairs.Matches`: a pixel (x, y) of the second
picture, turned by its flip, lies at ``scale * (x, y) + (dx, dy)`` of the first, counted from the
middle of the upper left pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Size = tuple[int, int]
"""Width and height [pixel]."""

NAMES = (
    "", "turned 90 deg", "turned 180 deg", "turned 270 deg", "mirrored", "mirrored, turned 90 deg",
    "mirrored, turned 180 deg", "mirrored, turned 270 deg",
)  # fmt: skip
"""What was done to the second picture, by flip."""


@dataclass(frozen=True)
class Placing:
    """How the second of two pictures lies on the first: `dx`, `dy` [pixel of the first], `flip`,
    `scale`, as in `Matches`.
    """

    dx: float = 0.0
    dy: float = 0.0
    flip: int = 0
    scale: float = 1.0

    def on_first(self, points, size: Size) -> np.ndarray:
        """Points of the second picture, of that size, on the first: (n, 2) of x, y."""
        linear, start = _turn(self.flip, size)
        turned = np.asarray(points, float) @ linear.T + start
        return self.scale * turned + (self.dx, self.dy)

    def inverse(self, first: Size, second: Size) -> Placing:
        """How the first lies on the second, whose sizes are given."""
        flip = self.flip if self.flip >= 4 else -self.flip % 4
        linear, start = _turn(self.flip, second)
        _, begin = _turn(flip, first)
        shift = -linear.T @ (np.array([self.dx, self.dy]) / self.scale + start)
        shift = shift - begin / self.scale
        return Placing(float(shift[0]), float(shift[1]), flip, 1 / self.scale)

    def shared(self, first: Size, second: Size) -> np.ndarray | None:
        """The part of the first picture that the second shows too.

        Returns
        -------
        ndarray of float64, shape (4, 2), or None
            Corners, x and y; None where they share nothing.
        """
        outer = (-0.5, -0.5), (second[0] - 0.5, second[1] - 0.5)
        corners = self.on_first(outer, second)
        low = np.maximum(corners.min(axis=0), -0.5)
        high = np.minimum(corners.max(axis=0), np.array(first) - 0.5)
        if (high <= low).any():
            return None
        return np.array([low, (high[0], low[1]), high, (low[0], high[1])])

    def shared_on_both(
        self, first: Size, second: Size
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        """The part that both show, as `shared` gives it, on the first picture and on the second."""
        return self.shared(first, second), self.inverse(first, second).shared(second, first)


def _turn(flip: int, size: Size) -> tuple[np.ndarray, np.ndarray]:
    """The matrix and the start that take a pixel's place to its place in the turned picture."""
    width, height = size
    linear, start = np.eye(2), np.zeros(2)
    for _ in range(flip % 4):  # (x, y) goes to (y, width - 1 - x)
        quarter = np.array([[0.0, 1.0], [-1.0, 0.0]])
        linear, start = quarter @ linear, quarter @ start + (0, width - 1)
        width, height = height, width
    if flip >= 4:
        mirror = np.diag([-1.0, 1.0])
        linear, start = mirror @ linear, mirror @ start + (width - 1, 0)
    return linear, start
